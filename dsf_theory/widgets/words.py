"""Numbers in sentences: with a few digits, never as 1.7e+02."""

import math

import numpy as np

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def digits(value: float, count: int = 2) -> str:
    r"""A number with a count of significant digits, in full from a ten-thousandth to a million.

    >>> digits(170.4), digits(-0.012345, 3), digits(2.4e-6), digits(0.96, 1), digits(12345.6, 3)
    ('170', '−0.0123', '2.4\xa0×\xa010⁻⁶', '1', '12,300')
    """
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value).replace("-", "−").replace("inf", "∞")
    rounded = f"{abs(value):.{count - 1}e}"
    sign, (mantissa, power) = "−" * (value < 0), rounded.split("e")
    if -4 <= int(power) < 6:
        whole, _, rest = np.format_float_positional(float(rounded), trim="-").partition(".")
        return f"{sign}{int(whole):,}{'.' * bool(rest)}{rest}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{sign}{mantissa}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10{str(int(power)).translate(RAISED)}"


def span(values: np.ndarray, count: int = 2) -> str:
    """What some numbers do, in words: the range that they lie in, or the one number that they are.

    >>> span(np.array([0.25, 3.0])), span(np.array([1.0, 1.0]))
    ('lies between 0.25 and 3', 'is 1 throughout')
    """
    low, high = digits(np.min(values), count), digits(np.max(values), count)
    return f"is {low} throughout" if low == high else f"lies between {low} and {high}"


def uneven(title: str, d: int, heads: int) -> str:
    """What a reader is told whose heads do not share the channels evenly, and what would do."""
    title = title[:1].upper() + title[1:]
    fitting = [str(k) for k in range(1, d + 1) if d % k == 0]
    choices = f"{', '.join(fitting[:-1])} or {fitting[-1]} heads" if len(fitting) > 1 else "1 head"
    return (
        f"{title}: {heads} heads cannot share {d} channel{'s' * (d > 1)} evenly. Choose {choices}, "
        f"or a multiple of {heads} channels."
    )
