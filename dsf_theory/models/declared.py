"""A class that takes what it declares: parameters and options, given, drawn at random or as symbols."""

from copy import copy
from typing import ClassVar

import numpy as np

from dsf_theory.arrays import Array, Namespace, checks, namespace
from dsf_theory.arrays.names import meant
from dsf_theory.models.declaration import Option, Parameter


class Declared:
    """What takes its arguments by the :class:`Parameter` and :class:`Option` records of its class.

    Args:
        **arguments: parameters and options under their names.

    Raises:
        TypeError: for an unknown or missing parameter.
        ValueError: for a wrong shape, a value that is not finite or outside its domain, mixed array libraries or a bad
            option.
    """

    name: ClassVar[str]
    """Name in the registry."""
    spec: ClassVar[dict[str, Parameter]] = {}
    """The parameters, in the order in which they are drawn; collected from the class."""
    options: ClassVar[dict[str, Option]] = {}
    """The options; collected from the class."""
    free_sizes: ClassVar[tuple[str, ...]] = ()
    """Sizes beyond d and n that :meth:`random` and :meth:`symbolic` accept."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        found = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Parameter | Option):
                    found[name] = value
                else:
                    found.pop(name, None)
        cls.spec = {name: one for name, one in found.items() if isinstance(one, Parameter)}
        cls.options = {name: one for name, one in found.items() if isinstance(one, Option)}

    def __init__(self, **arguments):
        given = {name: value for name, value in arguments.items() if name in self.spec and value is not None}
        self.refuse_unknown(arguments, f"{self.name}: no parameter", "it has", (*self.spec, *self.options))
        self.refuse_missing(given)
        self.parameters = {
            name: one.take(name, given[name]) for name, one in self.spec.items() if name in given
        }
        vars(self).update({**dict.fromkeys(self.spec), **self.parameters, **self.chosen(arguments)})
        namespace(**self.parameters)
        self.sizes = checks.bind_shapes({name: one.axes for name, one in self.spec.items()}, self.parameters)
        for name, array in self.parameters.items():
            self.spec[name].check(name, array)
        checks.one_precision(self.parameters)
        self.check()

    @classmethod
    def refuse_missing(cls, given: dict) -> None:
        """Refuse arguments that lack a parameter."""
        for name, one in cls.spec.items():
            if name not in given and not one.optional:
                raise TypeError(f"{cls.name}: missing parameter {name!r} of shape ({one.shape})")

    @staticmethod
    def refuse_unknown(arguments: dict, what: str, takes: str, known: tuple[str, ...]) -> None:
        """Refuse arguments under other names than those known, in the words of the caller."""
        for name in arguments:
            if name not in known:
                raise TypeError(f"{what} {name!r}; {takes} {', '.join(known)}{meant(name, known)}")

    @classmethod
    def chosen(cls, arguments: dict) -> dict:
        """The options among some arguments, and the defaults of the others."""
        return {name: one.take(name, arguments.get(name, one.default)) for name, one in cls.options.items()}

    @classmethod
    def customary(cls) -> tuple[str, ...]:
        """The optional parameters that a layer has if nothing else is asked for."""
        return tuple(name for name, one in cls.spec.items() if one.customary)

    @classmethod
    def shapes(cls) -> dict[str, str]:
        """Parameter -> names of its axes."""
        return {name: one.shape for name, one in cls.spec.items()}

    @property
    def xp(self) -> Namespace:
        """The array namespace of the parameters."""
        return namespace(parameter=next(iter(self.parameters.values())))

    def check(self) -> None:
        """Refuse parameters that do not fit each other or the options."""

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
        """Parameters as the literature initialises them; those not named start by :meth:`Parameter.start`."""
        return {}

    @classmethod
    def random(cls, d: int, n: int | None = None, seed: int = 0, optional: tuple[str, ...] = (), **options):
        """The model with float64 NumPy parameters, at the scale at which it is usually initialised.

        Args:
            d: channels.
            n: state expansion, default 4; gated recurrent networks have one state a channel whatever is asked, and
                complex models round up to whole conjugate pairs.
            seed: of NumPy's default generator.
            optional: names of optional parameters to have as well; biases start at zero.
            **options: the model's options, and sizes in :attr:`free_sizes`.

        Raises:
            TypeError: for an option that the model does not have.
            ValueError: if a size is below one or sizes do not fit each other.
        """
        cls.refuse_unknown_start(options, "random", ("d", "n", "seed", "optional"))
        n = 4 if n is None else n
        checks.positive_size(d=d, n=n)
        for name in optional:
            checks.known("optional", name, [name for name, one in cls.spec.items() if one.optional])
        chosen = {name: value for name, value in options.items() if name in cls.options}
        cls.chosen(chosen)
        rng = np.random.default_rng(checks.whole_number("seed", seed))
        sizes = cls.dimensions(d, n, **options)
        values = cls.initial(rng, sizes)
        for name, one in cls.spec.items():
            if name not in values and (name in optional or not one.optional):
                values[name] = one.start(rng, cls.shape_of(name, sizes))
        return cls(**values, **chosen)

    @classmethod
    def shape_of(cls, name: str, sizes: dict[str, int]) -> tuple[int, ...]:
        """The shape of a parameter at some sizes."""
        missing = set(cls.spec[name].axes) - set(sizes)
        if missing:
            raise ValueError(
                f"{cls.name}: expected dimensions() to give the size {min(missing)!r} of {name}, found {sizes}"
            )
        return tuple(sizes[axis] for axis in cls.spec[name].axes)

    @classmethod
    def symbolic(cls, d: int, n: int | None = None, optional: tuple[str, ...] = (), **options):
        """The model with SymPy symbols for the parameters of :meth:`random`, entry ``W[0, 1]`` named ``W_0_1``.

        Args and errors as for :meth:`random`. Its inputs are single sequences (length, d).
        """
        from dsf_theory.system.symbolic import symbols

        cls.refuse_unknown_start(options, "symbolic", ("d", "n", "optional"))
        values = {}
        for name, array in cls.random(d, n, optional=optional, **options).parameters.items():
            one = cls.spec[name]
            values[name] = symbols(name, array.shape, complex=one.complex, positive=one.domain == "positive")
        return cls(**values, **{name: value for name, value in options.items() if name in cls.options})

    @classmethod
    def refuse_unknown_start(cls, arguments: dict, caller: str, own: tuple[str, ...]) -> None:
        """Refuse arguments that are neither options nor free sizes, in the name of a caller with arguments of its own.

        Raises:
            TypeError: with all that the caller takes.
        """
        known = (*own, *cls.free_sizes, *cls.options)
        cls.refuse_unknown(arguments, f"{cls.name}: {caller}() has no argument", "it takes", known)

    def with_parameters(self, parameters: dict[str, Array]):
        """The same model with other parameters of the same names and shapes, None for none; not checked again."""
        model = copy(self)
        model.parameters = {name: value for name, value in parameters.items() if value is not None}
        model.trusted = True
        vars(model).update(parameters)
        return model

    trusted: bool = False
    """Whether values go unchecked, as in a layer that trains."""
