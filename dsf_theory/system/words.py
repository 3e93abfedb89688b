"""Words with formulas in them: plain in a terminal, typeset everywhere else.

Words mark their formulas by dollars, and write them as plain text that reads well in a terminal:
``"the decays $exp(Δ_i A)$ of a token"``.
"""

import html
import math
import re
import unicodedata

MARKED = re.compile(r"\$([^$]+)\$")
"""A formula in words."""

FUNCTIONS = "exp log max min det dim lim tanh".split()
OPERATORS = "rank diag vec sign softplus Re Im act id".split()
"""Names that stand upright: those that LaTeX has, and others."""

UPRIGHT = "heads S4D".split()
ARROWS = {"up": r"\uparrow", "down": r"\downarrow"}

SIGNS = {
    **{"...": r"\ldots", "<=": r"\le", ">=": r"\ge", "<": r"\lt", ">": r"\gt", "≤": r"\le", "≥": r"\ge"},
    **{
        "⊗": r"\otimes",
        "⊙": r"\odot",
        "·": r"\cdot",
        "×": r"\times",
        "⋯": r"\cdots",
        "±": r"\pm",
        "≠": r"\ne",
    },
    **{
        "→": r"\to",
        "↓": r"^{\downarrow}",
        "∞": r"\infty",
        "∂": r"\partial",
        "∫": r"\int",
        "∏": r"\prod",
        "Π": r"\prod",
    },
    **{
        "|": r"\vert",
        "‖": r"\Vert",
        "⌊": r"\lfloor",
        "⌋": r"\rfloor",
        "⌈": r"\lceil",
        "⌉": r"\rceil",
        "∈": r"\in",
    },
}
"""What stands in plain formulas, and how LaTeX spells it."""

ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0307": r"\dot"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ", [*"0123456789+-n", r"\top"], strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))

PART = re.compile(
    r"(?P<script>[_^])(?:\{(?P<braced>[^{}]*)\}|(?P<bare>½|[A-Za-z0-9\u0370-\u03ff]+))"
    rf"|(?P<raised>[{''.join(RAISED)}]+)|(?P<lowered>[{''.join(LOWERED)}]+)"
    r"|(?P<root>√)|(?P<half>½)|(?P<sum>Σ(?=_))"
    rf"|(?P<accented>\w[{''.join(ACCENTS)}])"
    r"|(?P<word>[A-Za-z][A-Za-z0-9]+)|(?P<greek>[\u0370-\u03ff])"
    rf"|(?P<sign>{'|'.join(map(re.escape, SIGNS))})"
    r"|(?P<plain>[A-Za-z0-9 ,;:.!=+\-/()\[\]'])"
)


def latex(formula: str) -> str:
    r"""The LaTeX of a plain formula: indices and powers, Greek letters, accents, roots, signs and functions.

    Args:
        formula: such as ``Λ_{i-1}``, ``q_iᵀk_j``, ``√(1 - a²)`` or ``W_up``.

    Raises:
        ValueError: for a character that formulas do not have.

    >>> latex("Λ_{i-1} <= κ^{i+1} W_v q_iᵀk_j")
    '\\Lambda_{i-1} \\le \\kappa^{i+1} W_{v} q_{i}^{\\top}k_{j}'
    """
    text = "".join(unicodedata.normalize("NFD", c) if c.isalpha() else c for c in formula)
    found, place = [], 0
    while place < len(text):
        part = PART.match(text, place)
        if part is None:
            raise ValueError(f"formula: expected no {text[place]!r} in a formula, found {formula!r}")
        place, piece = part.end(), spelt(part)
        if part.lastgroup == "root":
            place, under = radicand(text, place)
            piece = rf"\sqrt{{{latex(under)}}}"
        if found and re.search(r"\\[A-Za-z]+$", found[-1]) and re.match(r"[A-Za-z]", piece):
            piece = " " + piece  # where a command ends and a letter begins
        found.append(piece)
    return "".join(found)


def spelt(part: re.Match) -> str:
    """One part of a formula in LaTeX."""
    kind, text = part.lastgroup, part[0]
    if kind in ("braced", "bare"):
        inner = part["braced"] if kind == "braced" else part["bare"]
        return f"{part['script']}{{{ARROWS.get(inner) or latex(inner)}}}"
    if kind == "word":
        return word(text)
    if kind == "accented":
        return f"{ACCENTS[text[1]]}{{{latex(text[0])}}}"
    if kind == "greek":
        return "\\" + GREEK[text]
    spellings = {
        "raised": lambda: f"^{{{''.join(map(RAISED.get, text))}}}",
        "lowered": lambda: f"_{{{''.join(map(LOWERED.get, text))}}}",
        "half": lambda: "1/2",
        "sum": lambda: r"\sum",
        "sign": lambda: SIGNS[text],
    }
    return spellings.get(kind, lambda: text)()


def greek() -> dict[str, str]:
    """Greek letters and their names in LaTeX, as Unicode has them."""
    letters = {}
    for code in range(0x391, 0x3CA):
        *_, name = unicodedata.name(chr(code), "").split()[:4] or [""]
        small = name.lower().replace("lamda", "lambda")
        letters[chr(code)] = small if code >= 0x3B1 else small.capitalize()
    return letters | {"φ": "phi", "ϕ": "phi", "ε": "varepsilon"}


GREEK = greek()


def word(text: str) -> str:
    """A run of letters: a function, an upright name, or a product of its letters."""
    if text in FUNCTIONS:
        return "\\" + text
    if text in OPERATORS:
        return rf"\operatorname{{{text}}}"
    return rf"\mathrm{{{text}}}" if text in UPRIGHT else text


def radicand(text: str, place: int) -> tuple[int, str]:
    """What stands under a root that begins here, and where it ends: a bracket, or one character."""
    if not text.startswith("(", place):
        return place + 1, text[place]
    depth, end = 0, place
    while depth or end == place:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return end, text[place + 1 : end - 1]


def typeset(words: str) -> str:
    r"""Words for Markdown or HTML, the formulas in them as LaTeX.

    >>> typeset("the decays $exp(Δ_i A)$ of a token")
    'the decays $\\exp(\\Delta_{i} A)$ of a token'
    """
    parts = MARKED.split(words)
    return "".join(
        f"${latex(part)}$" if k % 2 else html.escape(part, quote=False) for k, part in enumerate(parts)
    )


def scientific(number: float) -> str:
    r"""A number with two digits as LaTeX, never in the notation of a program.

    >>> scientific(2.94e-16), scientific(170.4), scientific(0.0)
    ('2.9 \\cdot 10^{-16}', '170', '0')
    """
    if not math.isfinite(number):
        return {math.inf: r"\infty", -math.inf: r"-\infty"}.get(number, r"\text{not a number}")
    mantissa, exponent = f"{number:.1e}".split("e")
    if not -3 <= int(exponent) < 4:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return f"{float(f'{number:.2g}'):g}"


def plain(words: str) -> str:
    """Words for a terminal: without the marks of formulas.

    >>> plain("the decays $exp(Δ_i A)$ of a token")
    'the decays exp(Δ_i A) of a token'
    """
    return MARKED.sub(r"\1", words)
