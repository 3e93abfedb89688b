"""Names that a user may misspell: one error for all of them, with what was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

FEW = 10
"""How many names an error lists; of more it gives the number."""


class UnknownNameError(KeyError, ValueError):
    """A name that is not among those known: a ``ValueError`` of functions, a ``KeyError`` of mappings."""

    def __str__(self):
        return self.args[0]  # a KeyError shows the quoted form of its argument


class Named(dict):
    """A dictionary by name whose missing names raise :class:`UnknownNameError`, with what was meant.

    Args:
        kind: what is named, such as ``"model"``.
        *args, **entries: as for ``dict``.

    >>> Named("model", s6=1)["S6"]
    Traceback (most recent call last):
    ...
    dsf_theory.arrays.names.UnknownNameError: model: expected one of 's6', found 'S6'; did you mean 's6'?
    """

    def __init__(self, kind: str, /, *args, **entries):
        super().__init__(*args, **entries)
        self.kind = kind

    def __missing__(self, name):
        known(self.kind, name, self)


def known(kind: str, name, names: Iterable) -> None:
    """Refuse a name that is not among those known.

    Args:
        kind: what is named, such as ``"model"``; the error begins with it.
        name: what the user gave.
        names: what there is.

    Raises:
        UnknownNameError: with the names that are spelt alike, and all names if they are few.

    >>> known("model", "lr", ["lru", "s4"])
    Traceback (most recent call last):
    ...
    dsf_theory.arrays.names.UnknownNameError: model: expected one of 'lru', 's4', found 'lr'; did you mean 'lru'?
    """
    names = list(names)
    if name not in names:
        raise UnknownNameError(unknown(kind, name, names))


def unknown(kind: str, name, names: Iterable) -> str:
    """The sentence for a name that is not among those known: what was expected, what was found and was meant."""
    names = list(names)
    listed = ", ".join(map(repr, names)) if len(names) <= FEW else f"{len(names)} names"
    return f"{kind}: expected one of {listed}, found {name!r}{meant(name, names)}"


def meant(name, names: Iterable) -> str:
    """``"; did you mean ...?"`` with the names that are spelt like this one or begin with it; empty if none is.

    >>> meant("head", ["d", "n", "heads"])
    "; did you mean 'heads'?"
    """
    plain = {simplified(other): other for other in names if isinstance(other, str)}
    if not isinstance(name, str):
        return ""
    close = get_close_matches(simplified(name), plain, n=3, cutoff=0.6)
    if simplified(name) in plain:
        close = [simplified(name)]
    close = close or [one for one in plain if name and f"_{one}_".find(f"_{simplified(name)}_") >= 0][:3]
    return f"; did you mean {' or '.join(repr(plain[one]) for one in close)}?" if close else ""


def simplified(name: str) -> str:
    """A name without what is easily got wrong: case, and which of space, hyphen and underscore joins words."""
    return name.strip().casefold().replace("-", "_").replace(" ", "_")
