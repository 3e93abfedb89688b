"""Any model as a torch layer: the same definition, with parameters that train."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dsf_theory.arrays import checks, namespace
from dsf_theory.models import MODELS, Model, Parameter
from dsf_theory.system import System

TORCH = namespace(of_tensors=torch.empty(0))  # found now, as torch.compile cannot follow an import

FORMS = ("chunked", "scan", "convolutional", "recurrent")
"""Ways to evaluate a system, all of the same values."""

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
"""Precisions of a layer."""


class Mixer(nn.Module):
    """A sequence model of the registry as a layer, (batch, length, d) -> (batch, length, d).

    Parameters start where the model's literature starts them. Complex ones are kept as pairs of real numbers;
    positive ones (steps Δ) and stable ones (poles A) through a logarithm, so that no step of an optimiser leaves
    the model's domain. The HiPPO matrix of S4 and the directions of FAVOR+ are not trained; modules among the options,
    such as :class:`~dsf_theory.LearnedFeatures` for φ, are.

    A layer takes its numbers as they come. From the first step of a row that is not finite on, the outputs of that row
    are NaN; those before are what they were. A finite step that overflows inside may spoil earlier ones.

    Args:
        name: registry name.
        d: channels.
        n: state expansion.
        seed: of the initial parameters; drawn from torch's generator if not given.
        dtype: ``torch.float32``, ``float64``, ``bfloat16`` or ``float16``. Half types only keep numbers, parameters
            and y: in between, all is computed in single precision, under autocast too.
        optional: names of the optional parameters to have, default those customary in a layer.
        **options: of the model, such as ``heads``.

    Raises:
        ValueError: for an unknown name or form, or sizes that do not fit.

    >>> Mixer("s6", d=4, n=2)(torch.ones(1, 3, 4)).shape
    torch.Size([1, 3, 4])
    """

    def __init__(
        self,
        name: str,
        d: int,
        n: int | None = None,
        *,
        seed: int | None = None,
        dtype=torch.float32,
        optional: tuple[str, ...] | None = None,
        form: str = FORMS[0],
        **options,
    ):
        super().__init__()
        checks.known("name", name, MODELS)
        checks.choice("dtype", dtype, DTYPES)
        checks.choice("form", form, FORMS)
        self.form = form
        model_class = MODELS[name]
        seed = int(torch.randint(2**31, ())) if seed is None else seed
        model_class.refuse_unknown_start(options, "Mixer", ("d", "n", "seed", "dtype", "optional", "form"))
        if optional is None:
            optional = model_class.customary()
        self.template = model_class.random(d, n, seed=seed, optional=optional, **options)
        self.raw = nn.ParameterDict()
        for key, array in self.template.parameters.items():
            one = model_class.spec[key]
            value = to_free(torch.from_numpy(array.copy()), one).to(dtype)
            self.raw[key] = nn.Parameter(value, requires_grad=one.trained)
        learned = {key: value for key, value in options.items() if isinstance(value, nn.Module)}
        self.learned = nn.ModuleDict(learned).to(dtype)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the parameters."""
        return next(iter(self.raw.values())).dtype

    @property
    def model(self) -> Model:
        """The model with the layer's present parameters, differentiable."""
        spec = self.template.spec
        return self.template.with_parameters(
            {key: from_free(TORCH.working(raw), spec[key]) for key, raw in self.raw.items()}
        )

    def system(self, u: Tensor) -> System:
        """The linear time-varying system of an input (batch, length, d)."""
        return self.model.system(self.taken(u))

    def forward(self, u: Tensor) -> Tensor:
        """y (batch, length, d) of u (batch, length, d).

        Raises:
            ValueError: for another shape, or a form that the model does not have.
        """
        taken = self.taken(u)
        if torch.is_autocast_enabled(u.device.type):
            with torch.autocast(u.device.type, enabled=False):
                return causal(self.evaluated, taken).to(u.dtype)
        return causal(self.evaluated, taken).to(u.dtype)

    def taken(self, u: Tensor) -> Tensor:
        """An input that has been checked, in the precision that is computed in."""
        if not isinstance(u, Tensor):
            raise ValueError(f"u: expected a tensor of {self.dtype}, found {type(u).__name__}")
        half = torch.is_autocast_enabled(u.device.type) and TORCH.is_half(u)  # what comes from a layer before
        if u.dtype != self.dtype and not half:
            raise ValueError(f"u: expected a tensor of {self.dtype}, found {u.dtype}")
        checks.input_shape(u, self.template.d)
        return u.to(TORCH.working(next(iter(self.raw.values()))).dtype)

    def evaluated(self, u: Tensor) -> Tensor:
        """y (batch, length, d) of an input that has been taken, in the form of the layer."""
        if self.form == FORMS[0]:
            return self.model.respond(u)
        return getattr(self.model.build(u), self.form)()

    def extra_repr(self) -> str:
        """The model and its sizes."""
        return repr(self.template)


def causal(evaluated: Callable[[Tensor], Tensor], u: Tensor) -> Tensor:
    """The output of finite steps, and NaN from the first other step of a row on.

    In products over time a later NaN would meet earlier steps: zero times NaN is NaN.
    """
    zeros = (0 * u.detach()).sum(-1, keepdim=True)  # NaN where a step is not finite
    if namespace(u=u).throughout(zeros == 0):
        return evaluated(u)
    return evaluated(u.masked_fill(zeros != 0, 0)) + zeros.cumsum(-2)


def to_free(value: Tensor, declared: Parameter) -> Tensor:
    """A parameter as real numbers that an optimiser may move anywhere."""
    if declared.domain == "positive":
        return value.log()
    if declared.domain == "stable":
        decay = (-value.real).log()
        value = torch.complex(decay, value.imag) if declared.complex else decay
    return torch.view_as_real(value) if value.is_complex() else value


def from_free(raw: Tensor, declared: Parameter) -> Tensor:
    """The parameter of :func:`to_free`."""
    if declared.domain == "positive":
        return raw.exp()
    real = raw[..., 0] if declared.complex else raw
    if declared.domain == "stable":
        real = -real.exp()
    return torch.complex(real, raw[..., 1]) if declared.complex else real
