"""The claim ``state-sizes``: how many numbers each model keeps from one step to the next."""

from dataclasses import replace
from math import comb

import numpy as np

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.counts.parameter_counts import d, n
from dsf_theory.models import MODELS

claim = Claim(
    id="state-sizes",
    title="How many numbers each model keeps from one step to the next.",
    statement="Separable attention keeps $d·m/s$ numbers, and $m$ more where a running row sum normalises it; Taylor "
    "attention of order $p$ keeps $(d + s) C(m/s + p, p)$, diagonal state space models and SSD $nd$, gated "
    "recurrent networks $d$. At a fixed key size, heads shrink the state.",
    latex=r"N = \frac{dm}{s}, \qquad N + m \;\text{(row sum)}, \qquad N = nd, \qquad N = d",
    source="Sieber et al. 2024, where $N = nd$; the normaliser and the heads counted once: derived here",
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


@claim.step(
    "One head: $nd$, $n(d+1)$ with a running row sum, or $d$, at sizes that determine the formula", "identity"
)
def one_head():
    for name, count in KEPT.items():
        found = np.array([kept(name, *size) for size in SIZES], dtype=object)
        yield found, np.array([count.subs({d: c, n: e}) for c, e in SIZES], dtype=object)


@claim.step("With $s$ heads and keys of size $m$ in all: $dm/s$, and $m$ more for the row sum", "identity")
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


claim.hypothesis(
    "the normaliser is a function of the token, or is counted as state",
    r"\eta_i = \eta(u_i)",
    violation=moved,
    holds="one",
    dropped="row_sum",
)(normaliser_residual)


@claim.numbers("The state that the dense matrices act on has the dimension $N$")
def dense_sizes(_rng):
    found = []
    for name in ("linear_attention", "s6", "ssd", "qlstm", "s4"):
        system = MODELS[name].random(d=4, n=2).system(np.full((2, 4), 0.5))
        found.append(system.Lambda.shape[-1] - KEPT[name].subs({d: 4, n: 2}))
    return np.array(found, dtype=float)
