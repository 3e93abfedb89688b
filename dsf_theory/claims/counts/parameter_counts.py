"""The claim ``parameter-counts``: how many parameters each model has."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.models import MODELS

d, n, m, r, s, G, P = sp.symbols("d n m r s G P", positive=True, integer=True)

AXES = {
    "d": d,
    "n": n,
    "m": m,
    "m/heads": m / s,
    "r": r,
    "heads": s,
    "groups*n": G * n,
    "n/2": n / 2,
    "P": P,
    "P/2": P / 2,
}
"""Name of an axis in a model's declaration -> its size."""

NUMBERS = {d: 6, n: 4, m: 4, r: 2, s: 2, G: 2, P: 12}
"""Sizes at which models are built and their numbers counted."""

attention = 2 * m * d + 2 * d**2
PARAMETERS = {
    "softmax_attention": (attention, "W_o"),
    "linear_attention": (attention, "W_o"),
    "linear_attention_elu": (attention, "W_o"),
    "norm_attention": (attention + s * (d + 1), "W_o b_eta"),
    "taylor_attention": (attention, "W_o"),
    "favor_attention": (attention + r * m / s, "W_o"),
    "s4d": (3 * d * n + 2 * d, ""),
    "s4": (n**2 + n + d * n + 2 * d, ""),
    "s5": (2 * d * P + 3 * P / 2 + d, ""),
    "lru": (4 * d * P + 3 * P + d, ""),
    "s6": (d * (r + 2 * n) + r * d + d + d * n + d, "b_delta"),
    "s6_2": (d * (1 + 2 * n) + d + 1 + d, "b_delta"),
    "ssd": (d**2 + s * d + 2 * G * n * d + 3 * s, "b_delta"),
    "lstm": (8 * d**2 + 4 * d, "b_f b_i b_o b_u"),
    "qlstm": (4 * d**2 + 3 * d, "b_f b_i b_o"),
    "qlstm_rev": (4 * d**2 + 3 * d + 1, "b_f b_i b_o"),
    "rglru": (2 * d**2 + 3 * d, "b_a b_x"),
}
"""Model -> its number of real parameters, and which optional ones are counted."""

claim = Claim(
    id="parameter-counts",
    title="How many parameters each model has.",
    statement="With $d$ channels, $n$ states a channel, keys of size $m$ in $s$ heads, steps of rank $r$, $G$ groups "
    "and $P$ states in all, attention has $2md + 2d²$ parameters, S6 $d(2r + 3n + 2)$, SSD $d² + sd + 2Gnd "
    "+ 3s$, the quasi-LSTM $4d² + 3d$; complex numbers count twice, and what is not trained counts too, "
    "such as the $r$ directions of FAVOR+, $rm/s$.",
    latex=r"2md + 2d^2, \quad d(2r + 3n + 2), \quad d^2 + sd + 2Gnd + 3s, \quad 4d^2 + 3d",
    source="counted from the definitions; attention, S6 and the quasi-LSTM agree with the released code of Sieber "
    "et al. 2024, S6_2 but for $d$ weights that it never uses",
    models=tuple(PARAMETERS),
    notebook="00_start_here",
)


@claim.step("The axes that each model declares multiply and add up to the count, at any sizes", "identity")
def declared():
    for name, (count, optional) in PARAMETERS.items():
        model = MODELS[name]
        total = 0
        for key, parameter in model.spec.items():
            if not parameter.optional or key in optional.split():
                total += (1 + parameter.complex) * sp.prod([AXES[axis] for axis in parameter.axes])
        yield total, sp.expand(count)


def counted(name: str, optional: str) -> int:
    """Real parameters of a model that is built."""
    model = MODELS[name]
    wanted = {"heads": 2} if "heads" in model.options else {}
    wanted |= {"groups": 2} if "groups" in model.options else {}
    wanted |= dict.fromkeys({"r", "features"} & set(model.free_sizes), 2)
    shapes = " ".join(model.shapes().values())
    size = 2 if "m" in shapes.split() else NUMBERS[n]
    size = NUMBERS[P] // NUMBERS[d] if "P" in shapes else size
    made = model.random(d=6, n=size, optional=tuple(optional.split()), **wanted)
    return sum(
        np.size(p) * (2 if np.iscomplexobj(p) else 1)
        for key, p in made.parameters.items()
        if not model.spec[key].optional or key in optional.split()
    )


def count_of(name: str) -> int:
    """The claimed number at the sizes that are built."""
    size = {**NUMBERS, P: NUMBERS[P] // 2} if name == "lru" else NUMBERS  # P complex states are 2P real ones
    return int(PARAMETERS[name][0].subs(size))


@claim.numbers("The models that the registry builds have these counts")
def built(_rng):
    return [counted(name, optional) - count_of(name) for name, (_, optional) in PARAMETERS.items()]


claim.hypothesis(
    "the biases of gates and steps are counted, those of $q$, $k$, $v$ and the output are not",
    r"b_\Delta, b_f, \ldots \in \theta",
    violation=lambda optional: len(set(PARAMETERS["s6"][1].split()) ^ set(optional.split())),
    holds="b_delta",
    dropped="",
)(lambda optional: counted("s6", optional) - count_of("s6"))
