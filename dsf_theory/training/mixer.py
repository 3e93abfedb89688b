"""Any model as a torch layer: the same definition, with parameters that train."""

import torch
from torch import Tensor, nn

from dsf_theory.arrays import checks
from dsf_theory.models import MODELS, Model
from dsf_theory.system import System


class Mixer(nn.Module):
    """A sequence model of the registry as a layer, (batch, length, d) -> (batch, length, d).

    Parameters start where the model's literature starts them. Complex ones are kept as pairs of real numbers;
    positive ones (steps Δ) and stable ones (poles A) through a logarithm, so that no step of an optimiser leaves
    the model's domain. The HiPPO matrix of S4 and the directions of FAVOR+ are not trained; modules among the options,
    such as :class:`~dsf_theory.LearnedFeatures` for φ, are.

    Args:
        name: registry name.
        d: channels.
        n: state expansion.
        seed: of the initial parameters; drawn from torch's generator if not given.
        dtype: ``torch.float32`` or ``torch.float64``.
        **options: of the model, such as ``heads``.

    Raises:
        ValueError: for an unknown name or sizes that do not fit.

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
        **options,
    ):
        super().__init__()
        checks.choice("name", name, tuple(MODELS))
        checks.choice("dtype", dtype, (torch.float32, torch.float64))
        model_class = MODELS[name]
        seed = int(torch.randint(2**31, ())) if seed is None else seed
        self.template = model_class.random(d, n, seed=seed, optional=model_class.customary, **options)
        self.raw = nn.ParameterDict()
        for key, array in self.template.parameters.items():
            kind = model_class.constraints.get(key)
            value = to_free(torch.from_numpy(array.copy()), kind).to(dtype)
            self.raw[key] = nn.Parameter(value, requires_grad=kind != "fixed")
        learned = {key: value for key, value in options.items() if isinstance(value, nn.Module)}
        self.learned = nn.ModuleDict(learned).to(dtype)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the parameters."""
        return next(iter(self.raw.values())).dtype

    @property
    def model(self) -> Model:
        """The model with the layer's present parameters, differentiable."""
        constraints, complex_names = self.template.constraints, self.template.complex_parameters
        return self.template.with_parameters(
            {key: from_free(raw, constraints.get(key), key in complex_names) for key, raw in self.raw.items()}
        )

    def system(self, u: Tensor) -> System:
        """The linear time-varying system of an input (batch, length, d)."""
        return self.model.system(u)

    def forward(self, u: Tensor) -> Tensor:
        """y (batch, length, d) of u (batch, length, d).

        Raises:
            ValueError: for another shape.
        """
        if not isinstance(u, Tensor) or u.dtype != self.dtype:
            found = u.dtype if isinstance(u, Tensor) else type(u).__name__
            raise ValueError(f"u: expected a tensor of {self.dtype}, found {found}")
        checks.input_shape(u, self.template.d)
        return self.model.respond(u)

    def extra_repr(self) -> str:
        """The model and its sizes."""
        return repr(self.template)


def to_free(value: Tensor, kind: str | None) -> Tensor:
    """A parameter as numbers that an optimiser may move anywhere."""
    if kind == "positive":
        return value.log()
    if kind == "stable":
        value = torch.complex((-value.real).log(), value.imag)
    return torch.view_as_real(value) if value.is_complex() else value


def from_free(raw: Tensor, kind: str | None, is_complex: bool) -> Tensor:
    """The parameter of :func:`to_free`."""
    if kind == "positive":
        return raw.exp()
    if not is_complex:
        return raw
    real = -raw[..., 0].exp() if kind == "stable" else raw[..., 0]
    return torch.complex(real, raw[..., 1])
