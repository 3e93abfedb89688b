"""Arguments of commands: what is wrong with one is a sentence that says what is possible."""

import argparse
import re
from collections.abc import Callable, Iterable


class Parser(argparse.ArgumentParser):
    """A parser that raises a ``ValueError`` in place of printing its usage, and says which option was meant."""

    def error(self, message: str):
        """Refuse the arguments, in one sentence."""
        raise ValueError(message)

    def parse_known_args(self, args=None, namespace=None):
        """Parse as usual, but refuse an option that is not this command's.

        Raises:
            ValueError: with the options that are.
        """
        from dsf_theory.arrays.names import known

        found, rest = super().parse_known_args(args, namespace)
        usage = self.format_usage().replace(self.prog, "")
        options = sorted(set(re.findall(r"(?<!\w)--?[a-z][a-z-]*", usage)))
        for text in rest:
            if text.startswith("-"):
                known("option", text.split("=")[0], options)
        return found, rest


def one_of(kind: str, names: Iterable[str]) -> Callable[[str], str]:
    """What takes one of some names.

    >>> one_of("scale", ["laptop"])("labtop")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: scale: expected one of 'laptop', found 'labtop'; did you mean 'laptop'?
    """

    def taken(text: str) -> str:
        from dsf_theory.arrays.names import unknown

        if text not in names:
            raise argparse.ArgumentTypeError(unknown(kind, text, names))
        return text

    return taken


def whole(text: str) -> int:
    """What takes a whole number; how large it may be, its use says.

    >>> whole("2.5")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: expected a whole number, found '2.5'
    """
    return converted(int, text, "a whole number")


def seed(text: str) -> int:
    """What takes a seed of random numbers.

    >>> seed("-1")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: expected a whole number >= 0, found '-1'
    """
    if (value := converted(int, text, "a whole number >= 0")) >= 0:
        return value
    raise argparse.ArgumentTypeError(f"expected a whole number >= 0, found {text!r}")


def number(text: str) -> float:
    """What takes a number.

    >>> number("1e-3")
    0.001
    """
    return converted(float, text, "a number")


def converted(kind: Callable, text: str, expected: str):
    """A text as a value of some kind, refused in words if it is none."""
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}") from None
