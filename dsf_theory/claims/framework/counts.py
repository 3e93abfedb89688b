"""What models cost: parameters, numbers kept from step to step, multiplications."""

from dataclasses import replace
from math import comb

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.models import MODELS
from dsf_theory.studies.costs import multiplications

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

parameters = Claim(
    id="parameter-counts",
    title="How many parameters each model has.",
    statement="With d channels, n states a channel, keys of size m in s heads, steps of rank r, G groups and P states "
    "in all, attention has 2md + 2d² parameters, S6 d(2r + 3n + 2), SSD d² + sd + 2Gnd + 3s, the quasi-LSTM 4d² + 3d; "
    "complex numbers count twice, and what is not trained counts too, such as the r directions of FAVOR+, rm/s.",
    latex=r"2md + 2d^2, \quad d(2r + 3n + 2), \quad d^2 + sd + 2Gnd + 3s, \quad 4d^2 + 3d",
    source="counted from the definitions; attention, S6 and the quasi-LSTM agree with the released code of Sieber et "
    "al. 2024, S6_2 but for d weights that it never uses",
    models=tuple(PARAMETERS),
    notebook="00_start_here",
)


@parameters.step(
    "The axes that each model declares multiply and add up to the count, at any sizes", "identity"
)
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


@parameters.numbers("The models that the registry builds have these counts")
def built(_rng):
    return [counted(name, optional) - count_of(name) for name, (_, optional) in PARAMETERS.items()]


parameters.hypothesis(
    "the biases of gates and steps are counted, those of q, k, v and the output are not",
    r"b_\Delta, b_f, \ldots \in \theta",
    violation=lambda optional: len(set(PARAMETERS["s6"][1].split()) ^ set(optional.split())),
    holds="b_delta",
    dropped="",
)(lambda optional: counted("s6", optional) - count_of("s6"))


states = Claim(
    id="state-sizes",
    title="How many numbers each model keeps from one step to the next.",
    statement="Separable attention keeps d·m/s numbers, and m more where a running row sum normalises it; "
    "Taylor attention of order p keeps (d + s) C(m/s + p, p), diagonal state space models and SSD nd, gated recurrent "
    "networks d. At a fixed key size, heads shrink the state.",
    latex=r"N = \frac{dm}{s}, \qquad N + m \;\text{(row sum)}, \qquad N = nd, \qquad N = d",
    source="Sieber et al. 2024, where N = nd; the normaliser and the heads counted once: derived here",
    models=tuple(name for name in MODELS if name not in ("softmax_attention", "lstm")),
    notebook="01_the_framework",
)

SIZES = [(channels, expansion) for channels in (2, 4, 6) for expansion in (2, 4, 6)]
"""Channels and states at which a count that is bilinear in both is determined more than twice over."""

KEPT = {
    name: d * n
    for name in ("linear_attention", "norm_attention", "s4d", "s4", "s5", "lru", "s6", "s6_2", "ssd")
}
KEPT |= {name: (d + 1) * n for name in ("linear_attention_elu", "separable_attention", "favor_attention")}
KEPT |= {"taylor_attention": (d + 1) * (n + 1) * (n + 2) / 2}
KEPT |= {name: d for name in ("qlstm", "qlstm_rev", "rglru")}


def kept(name: str, channels: int, expansion: int, **options) -> int:
    """Numbers that the system of a model keeps."""
    model = MODELS[name].random(d=channels, n=expansion, **options)
    return model.system(np.full((1, channels), 0.5)).state_size


@states.step(
    "One head: nd, n(d+1) with a running row sum, or d, at sizes that determine the formula", "identity"
)
def one_head():
    for name, count in KEPT.items():
        found = np.array([kept(name, *size) for size in SIZES], dtype=object)
        yield found, np.array([count.subs({d: c, n: e}) for c, e in SIZES], dtype=object)


@states.step("With s heads and keys of size m in all: dm/s, and m more for the row sum", "identity")
def more_heads():
    for heads in (1, 2, 3):
        keys = [12 // heads * (k + 1) for k in range(2)]
        names = ("linear_attention", "separable_attention", "taylor_attention")
        found = [kept(name, 6, size, heads=heads) for size in keys for name in names]
        claimed = [[6 * k, (6 + heads) * k, (6 + heads) * comb(k + 2, 2)] for k in keys]
        yield np.array(found, dtype=object), np.array(claimed, dtype=object).ravel()


def normaliser_residual(eta: str) -> float:
    """How far two inputs of one history are apart when only the N states are kept and the rest is forgotten."""
    model = MODELS["separable_attention"].random(d=3, n=2, seed=1, eta=eta)
    u = np.random.default_rng(1).standard_normal((6, 3))
    system = model.system(u)
    h = replace(system, gauge=None, output_gain=None).states()[3]  # un-normalised: what the memory holds
    after = model.system(u[4:])  # its normaliser starts anew: what came before is forgotten
    bare = replace(system, gauge=None, output_gain=None)
    y = bare.C[4] @ (h + bare.B[4] @ bare.u[4])
    if after.output_gain is not None:
        y = y * np.exp(after.output_gain.log[0].item())
    return np.max(np.abs(y - system.recurrent()[4]))


def moved(eta: str) -> float:
    """How far ``log η_i`` of later tokens moves where the first token is changed; nothing moves where η is one."""
    model, u = MODELS["separable_attention"].random(d=3, n=2, seed=1, eta=eta), np.ones((4, 3))
    gains = [model.system(np.vstack([first * u[:1], u[1:]])).output_gain for first in (1, -1)]
    return 0.0 if gains[0] is None else np.max(np.abs(gains[0].log[1:] - gains[1].log[1:]))


states.hypothesis(
    "the normaliser is a function of the token, or is counted as state",
    r"\eta_i = \eta(u_i)",
    violation=moved,
    holds="one",
    dropped="row_sum",
)(normaliser_residual)


@states.numbers("The state that the dense matrices act on has the dimension N")
def dense_sizes(_rng):
    found = []
    for name in ("linear_attention", "s6", "ssd", "qlstm", "s4"):
        system = MODELS[name].random(d=4, n=2).system(np.full((2, 4), 0.5))
        found.append(system.Lambda.shape[-1] - KEPT[name].subs({d: 4, n: 2}))
    return np.array(found, dtype=float)


costs = Claim(
    id="operation-counts",
    title="What each form of evaluation costs.",
    statement="For un-normalised linear attention the recurrence takes (3L - 1)nd multiplications, the scan "
    "nd(4L - log₂ L - 2) where L is a power of two, the kernel form L²(n + d + 1), and the chunked form grows linearly "
    "in L. The recurrence is the cheaper once L is above about 3nd/(n + d + 1).",
    latex=r"(3L - 1)\,nd, \qquad nd\,(4L - \log_2 L - 2), \qquad L^2 (n + d + 1)",
    source="counted here; orders as in Sieber et al. 2024",
    models=("linear_attention",),
    notebook="01_the_framework",
)

GRID = [(length, c, e) for length in (4, 8, 16) for c in (2, 3, 5) for e in (1, 2, 4)]


def count(form: str) -> np.ndarray:
    """Multiplications of a form at every size of the grid."""
    return np.array([multiplications(length, c, e)[form] for length, c, e in GRID], dtype=object)


@costs.step("Recurrence, scan and kernel form, at sizes that determine the polynomials", "identity")
def polynomials():
    L, channels, expansion = (np.array(part, dtype=object) for part in zip(*GRID, strict=True))
    depth = np.array([int(length).bit_length() - 1 for length in L], dtype=object)
    yield count("recurrent"), (3 * L - 1) * expansion * channels
    yield count("scan"), expansion * channels * (4 * L - depth - 2)
    yield count("convolutional"), L**2 * (expansion + channels + 1)


@costs.step("The chunked form grows linearly: its second difference vanishes", "identity")
def linear():
    for form, change in (("chunked", 0), ("convolutional", 2 * 64**2 * (2 + 3 + 1))):
        first, second, third = (multiplications(64 * k, 3, 2, chunk=8)[form] for k in (1, 2, 3))
        yield third - 2 * second + first, change


@costs.numbers("The length at which the recurrence becomes the cheaper, by counting")
def crossing(_rng):
    cheaper = [
        c["recurrent"] < c["convolutional"] for c in (multiplications(L, 8, 8, chunk=4) for L in range(1, 20))
    ]
    root = (3 * 64 + np.sqrt((3 * 64) ** 2 - 4 * 17 * 64)) / (2 * 17)  # of L²(n + d + 1) = (3L - 1)nd
    return cheaper.index(True) + 1 - np.ceil(root)


costs.hypothesis(
    "the sequence is long",
    r"L > \frac{3nd}{n + d + 1}",
    violation=lambda length: np.maximum(0.0, 3 * 64 / 17 - length),
    holds=16,
    dropped=4,
)(
    lambda length: np.maximum(
        0.0, multiplications(length, 8, 8)["recurrent"] / multiplications(length, 8, 8)["convolutional"] - 1
    )
)
