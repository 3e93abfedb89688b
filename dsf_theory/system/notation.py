"""The glossary: the paper's symbol, our name, its shape and what it is; formulas are LaTeX."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One line of the glossary."""

    symbol: str
    name: str
    shape: str
    meaning: str


GLOSSARY = (
    Entry("u_i", "u", "(..., length, d)", "input at step $i$"),
    Entry("y_i", "y", "(..., length, d)", "output at step $i$"),
    Entry("h_i", "states()", "(..., length, N)", "state, read after it is written; $h_{-1} = 0$"),
    Entry(r"\Lambda_i", "Lambda", "(..., length, N, N)", "state transition"),
    Entry("B_i", "B", "(..., length, N, d)", "input matrix"),
    Entry("C_i", "C", "(..., length, d, N)", "output matrix"),
    Entry("D_i", "D", "(..., length, d, d)", "feedthrough, past the state"),
    Entry(
        r"\Phi_{ij}",
        "kernel()",
        "(..., length, length, d, d)",
        r"weight of $u_j$ in $y_i$: $C_i \Lambda_i \cdots \Lambda_{j+1} B_j$",
    ),
    Entry("L", "length", "", r"number of steps; $i = 0, \ldots, L - 1$"),
    Entry("d", "d", "", "channels"),
    Entry("n", "n", "", "state expansion: states kept for each channel"),
    Entry("N", "N", "", "dimension of the state, $n d$; its index is $n$ times the channel, plus the state"),
    Entry("m", "m", "", "key size of all heads together"),
    Entry("q_i, k_i, v_i", "q, k, v", "(..., length, heads, m/heads)", "query, key, value"),
    Entry(r"\phi, \psi", "phi, psi", "m/heads -> n", "feature maps of queries and keys"),
    Entry(r"\eta_i", "eta", "(..., length, heads)", "normaliser of attention"),
    Entry(r"\Delta_i", "delta", "(..., length, d)", "step of the discretisation"),
    Entry("A", "A", "(d, n)", "transition in continuous time"),
    Entry("t_i, T_i", "gauge", "(..., length, N)", r"change of basis of the state, $\tilde h_i = T_i h_i$"),
)


def glossary() -> str:
    """The glossary as a Markdown table.

    >>> print(glossary().splitlines()[0])
    | symbol | name | shape | meaning |
    """
    rows = ["| symbol | name | shape | meaning |", "|---|---|---|---|"]
    rows += [
        f"| ${e.symbol}$ | `{e.name}` | {f'`{e.shape}`' if e.shape else ''} | {e.meaning} |" for e in GLOSSARY
    ]
    return "\n".join(rows)
