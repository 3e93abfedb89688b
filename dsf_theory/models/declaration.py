"""The two records by which a model says what it takes: :class:`Parameter` and :class:`Option`."""

from dataclasses import dataclass

import numpy as np

from dsf_theory.arrays import Array, as_array, as_numbers, checks, domains, namespace

DOMAINS = {"positive": domains.positive, "stable": domains.stable, "stable matrix": domains.stable_matrix}
"""What may be asked of the entries of a parameter, and the check that refuses others."""


@dataclass(frozen=True)
class Parameter:
    """An array that a model takes, declared as an attribute of its class: ``W_q = Parameter("n d")``.

    Args:
        shape: the names of its axes, ``""`` for a single number. One name has one size throughout the model; ``"d"`` is
            the channels of the input.
        domain: ``"positive"`` (steps Δ), ``"stable"`` (poles, Re <= 0) or ``"stable matrix"`` (eigenvalues, Re <= 0);
            by default any number. Others are refused, and a layer that trains cannot leave the first two.
        complex: whether it may be complex.
        optional: whether it may be left out; it is None then.
        customary: whether a layer has it although it is optional.
        trained: whether a layer trains it.

    Raises:
        ValueError: for an unknown domain, or a customary parameter that is not optional.

    >>> Parameter("n d").axes
    ('n', 'd')
    """

    shape: str
    domain: str | None = None
    complex: bool = False
    optional: bool = False
    customary: bool = False
    trained: bool = True

    def __post_init__(self):
        if self.domain is not None:
            checks.known("domain", self.domain, DOMAINS)
        if self.customary and not self.optional:
            raise ValueError("customary: expected an optional parameter, found one that every model has")

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of its axes."""
        return tuple(self.shape.split())

    def take(self, name: str, value: Array) -> Array:
        """The value that a user gave as an array, complex if the parameter is.

        Raises:
            ValueError: for anything but numbers or symbols, and for complex numbers where real ones are expected.
        """
        array = as_array(name, value)
        if self.complex:
            return namespace(array=array).to_complex(array)
        checks.real(name, array)
        return array

    def check(self, name: str, array: Array) -> None:
        """Refuse entries outside the domain.

        Raises:
            ValueError: naming the parameter.
        """
        numbers = as_numbers(array)
        checks.finite(name, numbers)
        if self.domain is not None:
            DOMAINS[self.domain](name, numbers)

    def start(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Entries to start from: a weight (outputs, inputs) of variance 1 / inputs, zeros for a bias.

        Inside a domain: their exponentials, with the sign that the domain asks for; minus the identity as a matrix.
        """
        if self.domain == "stable matrix":
            return -np.eye(*shape)
        weight = rng.standard_normal(shape) / np.sqrt(shape[-1]) if len(shape) > 1 else np.zeros(shape)
        if self.domain is not None:
            weight = np.exp(weight) if self.domain == "positive" else -np.exp(weight)
        return weight + 1j * rng.standard_normal(shape) if self.complex else weight


@dataclass(frozen=True)
class Option:
    """A setting of a model that is no array, declared as an attribute of its class: ``heads = Option(1, whole=True)``.

    A subclass that settles it (``heads = 1``) does not have the option any more.

    Args:
        default: its value if none is given.
        choices: the values allowed; by default any.
        function: whether it is a function, or may be one beside the choices.
        whole: whether it is a whole number of at least one; None only as the default.

    >>> Option("zoh", choices=("zoh", "bilinear")).take("rule", "bilinear")
    'bilinear'
    """

    default: object
    choices: tuple = ()
    function: bool = False
    whole: bool = False

    def take(self, name: str, value):
        """The value, if it is one of those allowed.

        Raises:
            ValueError: naming the option.
        """
        if self.whole and not (value is None and self.default is None):
            checks.positive_size(**{name: value})
        if self.function and callable(value):
            return value
        if self.choices:
            checks.choice(name, value, self.choices)
        elif self.function:
            raise ValueError(f"{name}: expected a function, found {value!r}")
        return value
