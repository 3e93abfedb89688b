"""The sequence model: its one definition, what follows from it, and the registry of all models."""

from typing import ClassVar

from dsf_theory.arrays import Array, checks, joined
from dsf_theory.arrays.names import Named
from dsf_theory.models.declared import Declared
from dsf_theory.system import System

MODELS: dict[str, type["Model"]] = Named("model")
"""Registry name -> model class."""


class NoFiniteSystemError(ValueError):
    """The model is no linear time-varying system of finite state."""


class Model(Declared):
    """A sequence model: a pure map from parameters and an input u to a :class:`~dsf_theory.System`.

    A subclass declares its parameters and options, one :class:`Parameter` or :class:`Option` each, and writes its
    definition once, in :meth:`build`, over the array namespace ``self.xp``. Parameters are NumPy arrays, torch tensors
    or object arrays of SymPy expressions. With a ``name`` of its own it is registered in :data:`MODELS`.

    Args:
        **arguments: parameters and options under their names.

    Raises:
        TypeError: for an unknown or missing parameter.
        ValueError: for a wrong shape, a value that is not finite or outside its domain, mixed array libraries or a bad
            option.

    >>> from dsf_theory.models import MODELS, Parameter
    >>> from dsf_theory.system.transition import Diagonal
    >>> class Leaky(Model):
    ...     name, title = "leaky", "leaky integrator"
    ...     rate = Parameter("d", domain="positive")
    ...
    ...     def build(self, u):
    ...         log = -self.rate[None, None, :, None]  # (length, heads, channel, state)
    ...         one = self.xp.ones_like(log)
    ...         return System(u=u, transition=Diagonal(log), write=one, read=one)
    >>> Leaky(rate=[1.0]).output([[1.0], [0.0]])
    array([[1.   ], [0.368]])
    >>> MODELS.pop("leaky").shapes()
    {'rate': 'd'}
    """

    title: ClassVar[str]
    """Name in prose."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        taken = [name for name in (*cls.spec, *cls.options) if name in RESERVED]
        if taken:
            raise TypeError(f"{cls.__name__}: expected another name than {taken[0]!r}, which every model has")
        if "name" in vars(cls):
            register(cls)

    @property
    def d(self) -> int:
        """Channels."""
        return self.sizes["d"]

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
        model, u, _ = self.taken(u)
        return model.build(u)

    def output(self, u: Array) -> Array:
        """y (..., length, d) of u (..., length, d), in the precision of u."""
        model, u, dtype = self.taken(u)
        y = model.respond(u)
        return y if y.dtype == dtype else self.xp.astype(y, dtype)

    def kernel(self, u: Array) -> Array:
        """Φ (..., length, length, d, d) of u (..., length, d), with ``y_i = Σ_j Φ[i, j] u_j``.

        With a bias on values or outputs the map is affine: Φ has a last column more, for ``[u_j; 1]``.
        """
        return self.system(u).kernel()

    def respond(self, u: Array) -> Array:
        """The output of an input that has been checked."""
        return self.build(u).chunked()

    def state_size(self, length: int) -> int:
        """Real numbers kept from one step to the next, to run over a sequence step by step.

        Those of the system where there is one; a model that keeps its past instead needs more the longer it is.

        Args:
            length: of the sequence.

        Raises:
            ValueError: for a length below one.

        >>> from dsf_theory.models import SSD, SoftmaxAttention
        >>> (
        ...     SSD.random(d=4, n=2).state_size(length=100),
        ...     SoftmaxAttention.random(d=4, n=2).state_size(length=100),
        ... )
        (8, 600)
        """
        checks.positive_size(length=length)
        return self.kept(length)

    def kept(self, length: int) -> int:
        """The :meth:`state_size` over a length that has been checked."""
        xp, parameter = self.xp, next(iter(self.parameters.values()))
        u = xp.new_ones(xp.real(parameter), (1, self.d)) / 2
        return self.with_parameters(self.parameters).build(u).state_size

    def taken(self, u: Array) -> tuple["Model", Array, object]:
        """The model and an input that has been checked, in the precision that is computed in, and the input's dtype.

        Half types keep numbers, no more: where one is among the input and the parameters, single precision is.
        """
        xp, u = joined("u", u, **self.parameters)
        checks.model_input(xp, u, self.d, self.parameters.values())
        if not any(map(xp.is_half, (u, *self.parameters.values()))):
            return self, u, u.dtype
        parameters = {name: xp.working(array) for name, array in self.parameters.items()}
        return self.with_parameters(parameters), xp.working(u), u.dtype


RESERVED = frozenset(dir(Model)) | {"name", "title", "parameters", "sizes"}
"""Names that no parameter or option may have."""


def register(model: type[Model]) -> None:
    """Enter a class in the registry under its name.

    A class of the same name in the same module takes the place of the one before: it is a notebook's cell run again.

    Raises:
        ValueError: if another class has the name.
    """
    other = MODELS.get(model.name)
    if other is not None and (other.__module__, other.__qualname__) != (model.__module__, model.__qualname__):
        raise ValueError(
            f"name: expected one that no other model has, found {model.name!r} of {other.__module__}."
            f"{other.__qualname__}"
        )
    MODELS[model.name] = model
