"""One channel of the quasi-LSTM, the reversed sigmoid and the RG-LRU, read by its forget gate alone."""

from dataclasses import replace
from functools import cache

import numpy as np

from dsf_theory.models import QLSTM, RGLRU, Model, QLSTMReversed
from dsf_theory.system import System

OPEN = 40.0
"""A bias at which the sigmoid is one in double precision."""


def one_channel(
    name: str,
    power: float = 1,
    forget: float = 0,
    write: float = OPEN,
    follow: float = 0,
    floor: float = 0.5,
) -> Model:
    """A model of one channel whose token is the pre-activation of its forget gate, less the gate's bias.

    Values are the tokens themselves, and the output gate stands open.

    Args:
        name: ``"qlstm"``, ``"qlstm_rev"`` or ``"rglru"``.
        power: α of the reversed sigmoid, c of the RG-LRU; the quasi-LSTM has none.
        forget: bias of the forget gate; in the RG-LRU, of the recurrence gate.
        write: bias of the input gate.
        follow: weight of the token in the input gate.
        floor: ``σ(Λ_p)^8``, the least decay of the RG-LRU at its usual power.
    """
    one, shut = np.ones((1, 1)), np.zeros((1, 1))
    forget, write = np.array([float(forget)]), np.array([float(write)])
    if name == "rglru":
        lambda_p = logit(np.array([floor ** (1 / 8)]))
        return RGLRU(W_a=one, b_a=forget, W_x=follow * one, b_x=write, Lambda_p=lambda_p, c=power)
    gates = {
        "W_f": one,
        "b_f": forget,
        "W_i": follow * one,
        "b_i": write,
        "W_o": shut,
        "b_o": np.array([OPEN]),
    }
    if name == "qlstm":
        return QLSTM(**gates, W_u=one)
    return QLSTMReversed(**gates, W_u=one, alpha=np.array(float(power)))


@cache
def takes_power(name: str) -> bool:
    """Whether the power plays a part in :func:`one_channel`: it does unless two of them give the same gate.

    >>> takes_power("qlstm"), takes_power("qlstm_rev")
    (False, True)
    """
    token = np.ones(1)
    return bool((decays(one_channel(name, 1), token) != decays(one_channel(name, 2), token)).any())


def logit(p: np.ndarray) -> np.ndarray:
    """x with ``σ(x) = p``."""
    return np.log(p) - np.log1p(-p)


def decays(model: Model, tokens: np.ndarray) -> np.ndarray:
    """Λ_i, (length,), of a model of one channel at the tokens (length,)."""
    return model.system(tokens[:, None]).Lambda[:, 0, 0]


def rglru_variants(length: int, seed: int = 0) -> dict[str, System]:
    """Systems of one RG-LRU: without its factor √(1 - a²), with it, and with the reset at step 0 as well."""
    tokens = np.random.default_rng(seed).standard_normal((length, 1))
    model = one_channel("rglru", 1, floor=0.98**8)
    system = model.system(tokens)
    return {
        "bare": replace(system, write=np.ones_like(system.write)),
        "factor": system,
        "reset": RGLRU(**model.parameters, c=1, reset=True).system(tokens),
    }


def gate_curves() -> dict[str, np.ndarray]:
    """The decay of each model by ``pre_activation``, for three powers of the reversed sigmoid and three floors."""
    x = np.linspace(-8, 8, 161)
    data = {"pre_activation": x, "qlstm": decays(one_channel("qlstm"), x)}
    for alpha in (0.25, 1, 4):
        data[f"qlstm_rev_{alpha}"] = decays(one_channel("qlstm_rev", alpha), x)
    for floor in (0.9, 0.5, 0.1):
        data[f"rglru_{floor}"] = decays(one_channel("rglru", 8, floor=floor), x)
    return data


STRETCHES = np.repeat([-4.0, 0.0, 4.0], 16)
"""Tokens of :func:`kernels_on_stretches`: three stretches of 16."""


def kernels_on_stretches() -> dict[str, np.ndarray]:
    """``MODEL_decay`` (48,) and ``MODEL_kernel`` (48, 48) of each model on :data:`STRETCHES`."""
    data = {"pre_activation": STRETCHES}
    for name in ("qlstm", "qlstm_rev", "rglru"):
        system = one_channel(name, 8 if name == "rglru" else 1).system(STRETCHES[:, None])
        data |= {f"{name}_decay": system.Lambda[:, 0, 0], f"{name}_kernel": system.kernel()[:, :, 0, 0]}
    return data


def state_variances(length: int = 200) -> dict[str, np.ndarray]:
    """The variance of the state of each of :func:`rglru_variants` under white input, ``exact`` and ``sampled``."""
    white, data = np.random.default_rng(1).standard_normal((2000, length, 1)), {}
    for name, system in rglru_variants(length).items():
        data[f"{name}_exact"] = (system.kernel()[:, :, 0, 0] ** 2).sum(1)
        data[f"{name}_sampled"] = replace(system, u=white).states()[..., 0].var(0)
    return data
