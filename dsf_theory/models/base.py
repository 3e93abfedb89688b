"""What every model shares: named parameters of declared shapes, and the registry."""

from copy import copy
from typing import ClassVar

import numpy as np

from dsf_theory.arrays import Array, Namespace, checks, namespace
from dsf_theory.system import System

MODELS: dict[str, type["Model"]] = {}
"""Registry name -> model class."""


class NoFiniteSystemError(ValueError):
    """The model is no linear time-varying system of finite state."""


class Model:
    """A sequence model: a pure map from parameters and an input u to a :class:`~dsf_theory.System`.

    A subclass declares its parameters and their shapes and writes its definition once, in :meth:`build`, over the
    array namespace ``self.xp``. Parameters are NumPy arrays, torch tensors or object arrays of SymPy expressions.

    Args:
        **arguments: parameters and options under the names of :attr:`spec` and :attr:`options`.

    Raises:
        TypeError: for an unknown or missing parameter.
        ValueError: for a wrong shape, a value that is not finite, mixed array libraries or a bad option.
    """

    name: ClassVar[str]
    """Name in the registry."""
    title: ClassVar[str]
    """Name in prose."""
    spec: ClassVar[dict[str, str]]
    """Parameter -> names of its axes; a name that ends in ``?`` may be left out."""
    options: ClassVar[dict[str, object]] = {}
    """Option -> default."""
    choices: ClassVar[dict[str, tuple]] = {}
    """Option -> allowed values."""
    callable_options: ClassVar[tuple[str, ...]] = ()
    """Options that may also be a function."""
    complex_parameters: ClassVar[frozenset[str]] = frozenset()
    """Parameters that may be complex."""
    customary: ClassVar[tuple[str, ...]] = ()
    """Optional parameters that a trained layer has."""
    constraints: ClassVar[dict[str, str]] = {}
    """Parameter -> ``"positive"``, ``"stable"`` (Re <= 0) or ``"fixed"`` (not trained)."""
    trusted: bool = False
    """Whether values go unchecked, as in a layer that trains."""
    fixed_n: ClassVar[int | None] = None
    """The state expansion, where the definition leaves no choice."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "name" in vars(cls):
            MODELS[cls.name] = cls

    def __init__(self, **arguments):
        self.parameters = self._take_parameters(arguments)
        self._take_options(arguments)
        if arguments:
            known = ", ".join([*self.shapes(), *self.options])
            raise TypeError(f"{self.name}: no parameter {next(iter(arguments))!r}; it has {known}")
        namespace(**self.parameters)
        axes = {name: tuple(shape.split()) for name, shape in self.shapes().items()}
        self.sizes = checks.bind_shapes(axes, self.parameters)
        for name, array in self.parameters.items():
            checks.finite(name, array)
            setattr(self, name, array)
        checks.one_precision(self.parameters)
        self.check()

    def _take_parameters(self, arguments: dict) -> dict[str, Array]:
        """The parameters among the arguments, as arrays; removes them from the arguments."""
        found = {}
        for declared in self.spec:
            name = declared.rstrip("?")
            value = arguments.pop(name, None)
            if value is not None:
                array = checks.as_array(name, value)
                self._check_real(name, array)
                found[name] = (
                    namespace(array=array).to_complex(array) if name in self.complex_parameters else array
                )
            elif name == declared:
                raise TypeError(f"{self.name}: missing parameter {name!r} of shape ({self.spec[declared]})")
            else:
                setattr(self, name, None)
        return found

    def _check_real(self, name: str, array: Array) -> None:
        if name not in self.complex_parameters and "complex" in str(array.dtype):
            raise ValueError(f"{name}: expected real numbers, found {array.dtype}")

    def _take_options(self, arguments: dict) -> None:
        for option, default in self.options.items():
            value = arguments.pop(option, default)
            if option in self.choices and not (callable(value) and option in self.callable_options):
                checks.choice(option, value, self.choices[option])
            setattr(self, option, value)
        for option in ("heads", "groups"):
            if option in self.options and (
                getattr(self, option) is not None or self.options[option] is not None
            ):
                checks.positive_size(**{option: getattr(self, option)})

    @classmethod
    def shapes(cls) -> dict[str, str]:
        """Parameter -> names of its axes."""
        return {name.rstrip("?"): shape for name, shape in cls.spec.items()}

    @property
    def xp(self) -> Namespace:
        """The array namespace of the parameters."""
        return namespace(parameter=next(iter(self.parameters.values())))

    @property
    def d(self) -> int:
        """Channels."""
        return self.sizes["d"]

    def check(self) -> None:
        """Refuse parameters outside the model's domain."""

    # ---------------------------------------------------------------- the definition and what follows from it

    def build(self, u: Array) -> System:
        """The definition: the structured system of an input that has been checked."""
        raise NoFiniteSystemError(f"{self.name} has no linear system")

    def system(self, u: Array) -> System:
        """The linear time-varying system of an input.

        Args:
            u: (..., length, d), of the parameters' array library. Symbolic inputs have no leading axes.

        Raises:
            ValueError: for a wrong shape, a value that is not finite or another array library.
        """
        return self.build(self._input(u))

    def output(self, u: Array) -> Array:
        """y (..., length, d) of u (..., length, d)."""
        return self.respond(self._input(u))

    def kernel(self, u: Array) -> Array:
        """Φ (..., length, length, d, d) of u (..., length, d), with ``y_i = Σ_j Φ[i, j] u_j``.

        With a bias on values or outputs the map is affine: Φ has a last column more, for ``[u_j; 1]``.
        """
        return self.system(u).kernel()

    def respond(self, u: Array) -> Array:
        """The output of an input that has been checked."""
        return self.build(u).chunked()

    def _input(self, u: Array) -> Array:
        u = checks.as_array("u", u)
        namespace(**self.parameters, u=u)
        checks.input_shape(u, self.d)
        checks.finite("u", u)
        if self.xp.name == "sympy" and u.ndim != 2:
            raise ValueError(f"u: expected shape (length, d={self.d}) for symbols, found {tuple(u.shape)}")
        self._check_real("u", u)
        if self.xp.name == "torch":
            expected = {(p.real if p.is_complex() else p).dtype for p in self.parameters.values()}
            if u.dtype not in expected:
                raise ValueError(f"u: expected dtype {' or '.join(map(str, expected))}, found {u.dtype}")
        return u

    def with_parameters(self, parameters: dict[str, Array]) -> "Model":
        """The same model with other parameters of the same names and shapes, which are not checked again."""
        model = copy(self)
        model.parameters, model.trusted = parameters, True
        vars(model).update(parameters)
        return model

    def __repr__(self):
        options = "".join(f", {name}={getattr(self, name)!r}" for name in self.options)
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
        return f"{type(self).__name__}({sizes}{options}; {self.xp.name})"

    # ---------------------------------------------------------------- parameters to start from

    @classmethod
    def dimensions(cls, d: int, n: int, **options) -> dict[str, int]:
        """Size name -> size, for d channels of state expansion n."""
        return {"d": d, "n": n}

    @classmethod
    def initial(cls, rng: np.random.Generator, size: dict[str, int]) -> dict[str, np.ndarray]:
        """Parameters as the literature initialises them; those not named are drawn by :func:`linear`."""
        return {}

    free_sizes: ClassVar[tuple[str, ...]] = ()
    """Sizes beyond d and n that :meth:`random` and :meth:`symbolic` accept."""

    @classmethod
    def random(
        cls, d: int, n: int | None = None, seed: int = 0, optional: tuple[str, ...] = (), **options
    ) -> "Model":
        """The model with float64 NumPy parameters, at the scale at which it is usually initialised.

        Args:
            d: channels.
            n: state expansion, default 4; gated recurrent networks have one state a channel whatever is asked, and
                complex models round up to whole conjugate pairs.
            seed: of NumPy's default generator.
            optional: names of optional parameters to have as well; biases start at zero.
            **options: the model's options, and sizes in :attr:`free_sizes`.

        Raises:
            ValueError: if a size is below one or sizes do not fit each other.
        """
        n = 4 if n is None else n
        checks.positive_size(d=d, n=n)
        checks.positive_size(
            **{key: options[key] for key in ("heads", "groups") if options.get(key) is not None}
        )
        for name in optional:
            checks.choice("optional", f"{name}?", tuple(key for key in cls.spec if key.endswith("?")))
        sizes = cls.dimensions(d, cls.fixed_n or n, **options)
        rng = np.random.default_rng(seed)
        values = cls.initial(rng, sizes)
        for declared, shape in cls.spec.items():
            name = declared.rstrip("?")
            if name not in values and (name == declared or name in optional):
                values[name] = linear(rng, tuple(sizes[axis] for axis in shape.split()))
        return cls(**values, **{k: v for k, v in options.items() if k not in cls.free_sizes})

    @classmethod
    def symbolic(cls, d: int, n: int | None = None, optional: tuple[str, ...] = (), **options) -> "Model":
        """The model with SymPy symbols for the parameters of :meth:`random`, entry ``W[0, 1]`` named ``W_0_1``.

        Args and errors as for :meth:`random`. Its inputs are single sequences (length, d).
        """
        from dsf_theory.system.symbolic import symbols

        values = {}
        for name, array in cls.random(d, n, optional=optional, **options).parameters.items():
            positive = cls.constraints.get(name) == "positive"
            values[name] = symbols(
                name, array.shape, complex=name in cls.complex_parameters, positive=positive
            )
        return cls(**values, **{k: v for k, v in options.items() if k not in cls.free_sizes})


def linear(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A weight matrix (outputs, inputs) of variance 1 / inputs; zeros where the shape is that of a bias."""
    if len(shape) < 2:
        return np.zeros(shape)
    return rng.standard_normal(shape) / np.sqrt(shape[-1])
