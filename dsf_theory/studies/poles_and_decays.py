"""Poles under two discretisations, S4D, S6 and SSD on marked tokens, and the decay and scale of S6."""

import numpy as np

from dsf_theory.models import S4D, S6, SSD
from dsf_theory.models.base import Model
from dsf_theory.models.selective import inverse_softplus


def discrete_poles(poles: np.ndarray, delta: float, rule: str) -> np.ndarray:
    """Where a rule sends continuous poles (modes,): the diagonal of Λ of an S4D that has them."""
    row = np.asarray(poles, complex)[None, :]
    ones = np.ones_like(row)
    model = S4D(A=row, B=ones, C=ones, delta=np.array([delta]), D=np.zeros(1), rule=rule)
    return np.diagonal(model.system(np.ones((1, 1))).Lambda[0])


LENGTH, MARKED = 32, (8, 20)
"""Length of the sequence of `03_selectivity`, and its marked tokens."""


def marked_tokens() -> np.ndarray:
    """A sequence (32, 2) whose first channel is one, and whose second is one at two marked tokens."""
    u = np.zeros((LENGTH, 2))
    u[:, 0] = 1
    u[list(MARKED), 1] = 1
    return u


def selective_models() -> dict[str, Model]:
    """S4D, S6 and SSD with two channels and two states each.

    A mark multiplies the step of S6's first channel by ten, that of SSD's only head as well, and leaves S6's
    second channel nearly alone. B and C answer to the first channel of the input, which is constant.
    """
    calm, mark = 0.12, inverse_softplus(np.array([1.2, 0.16]))
    bias = inverse_softplus(np.array([calm, calm]))
    both, rates = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.25], [1.0, 0.25]])
    s4d = {"A": -rates[:, :1] / 2 + 0j, "B": np.ones((2, 1)), "C": np.ones((2, 1)) / 2}
    s6 = {"W_delta_down": np.array([[0.0, 1.0]]), "W_delta_up": (mark - bias)[:, None], "b_delta": bias}
    ssd = {"W_delta": np.array([[0.0, mark[0] - bias[0]]]), "b_delta": bias[:1], "A_log": np.zeros(1)}
    return {
        "s4d": S4D(**s4d, delta=np.array([calm, calm]), D=np.zeros(2)),
        "s6": S6(**s6, A_log=np.log(rates), W_B=both, W_C=both, D=np.zeros(2)),
        "ssd": SSD(**ssd, W_x=np.eye(2), W_B=both, W_C=both, D=np.zeros(1)),
    }


def decay_and_scale(x: np.ndarray, a: float, b_rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Λ and B of S6 with Δ = softplus(x), A = -a and W_B u = 1, for each x (length,)."""
    reads_x, reads_one, zero = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), np.zeros((2, 1))
    steps = {"W_delta_down": reads_x, "W_delta_up": zero + 1, "A_log": zero + np.log(a)}
    model = S6(**steps, W_B=reads_one, W_C=reads_one, D=np.zeros(2), b_rule=b_rule)
    system = model.system(np.stack([x, np.ones_like(x)], axis=1))
    return system.Lambda[:, 0, 0], system.B[:, 0, 0]


def poles_and_images(delta: float = 0.25) -> dict[str, dict[str, np.ndarray]]:
    """Poles times the step, ``"continuous"``, and where each rule sends them.

    Each holds a ``row`` of real poles that ends at ``aΔ = -100`` and some ``fast`` ones on it, and a ``column`` of
    oscillating ones with the ``modes`` of S4D as it starts on it.
    """
    modes = S4D.random(d=1, n=14).A[0]
    found = {
        "row": -np.geomspace(0.02, 100.0, 200) / delta,
        "fast": -0.24 * 2.0 ** np.arange(6) / delta,
        "column": -0.5 + 1j * np.linspace(0, modes.imag.max(), 200),
        "modes": modes,
    }
    images = {
        rule: {name: discrete_poles(poles, delta, rule) for name, poles in found.items()}
        for rule in ("zoh", "bilinear")
    }
    return {"continuous": {name: poles * delta for name, poles in found.items()}} | images


def selective_kernels() -> dict[str, np.ndarray]:
    """Kernels of :func:`selective_models` on :func:`marked_tokens`, and the steps that S6 and SSD take."""
    u, models = marked_tokens(), selective_models()
    s4d, s6, ssd = (model.kernel(u) for model in models.values())
    data = {"marked": np.array(MARKED)}
    data |= {"step_s6": models["s6"].step(u), "step_ssd": models["ssd"].step(u)}
    data |= {"s4d": s4d[..., 0, 0], "s6_0": s6[..., 0, 0], "s6_1": s6[..., 1, 1], "ssd": ssd[..., 0, 0]}
    return data


STEPS_MARKED = np.array([0.01, 1.0, 5.0])
"""Steps at which :func:`decays_scales_and_gains` gives gains too."""


def decays_scales_and_gains() -> dict[str, np.ndarray]:
    """Decay and scale of S6 by ``x`` for three ``rates``, and the gain of a constant input by the step ``delta``."""
    x, rates, delta = np.linspace(-6, 6, 121), np.array([0.3, 1.0, 4.0]), np.geomspace(0.01, 10, 100)
    data = {"x": x, "rates": rates}
    for a in rates:
        data[f"decay_{a:g}"], data[f"zoh_scale_{a:g}"] = decay_and_scale(x, a, "zoh")
    data["euler_scale"] = decay_and_scale(x, 1.0, "euler")[1]
    for rule in ("zoh", "euler"):
        for steps, name in ((delta, rule), (STEPS_MARKED, f"{rule}_marked")):
            decay, scale = decay_and_scale(inverse_softplus(steps), 1.0, rule)
            data[f"gain_{name}"] = scale / (1 - decay)
    return data | {"delta": delta}
