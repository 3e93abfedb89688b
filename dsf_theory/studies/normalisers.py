"""Five normalisers of one separable attention: their weights, gains, and largest states and outputs."""

from functools import cache

import numpy as np
from scipy.signal import lfilter

from dsf_theory.arrays import checks
from dsf_theory.features import elu_plus_one, identity
from dsf_theory.models import SSD, LinearAttention, NormAttention, SeparableAttention
from dsf_theory.models.base import Model
from dsf_theory.system import Gauge, System

LOCAL = ("exp", "softplus", "sigmoid")

NORMALISERS = {"one": "no normaliser"} | {name: name for name in LOCAL} | {"row_sum": "row sum", "ssd": "SSD"}
"""Name -> how the reader sees it."""

QUERY, KEY, VALUE, GATE = slice(0, 2), slice(2, 4), 4, 5
"""Channels of a token: φ(q_i), ψ(k_i), v_i and z_i."""

CHANNELS = 6


def tokens(length: int, seed: int = 0) -> np.ndarray:
    """Tokens ``(φ(q_i), ψ(k_i), v_i, z_i)``, (length, 6), that resemble their neighbours.

    Features lie between 1/e and 2 (ELU + 1 of bounded numbers), values between 0.1 and 1, z between -1 and 1.

    >>> u = tokens(100)
    >>> bool((u[:, :4] > 0.36).all() and (u[:, 4] > 0.1).all() and (abs(u) < 2).all())
    True
    """
    noise = np.random.default_rng(seed).standard_normal((length + 50, CHANNELS))
    u = np.tanh(lfilter([0.6], [1, -0.8], noise, axis=0)[50:])
    u[:, : KEY.stop], u[:, VALUE] = elu_plus_one(u[:, : KEY.stop]), 0.55 + 0.45 * u[:, VALUE]
    return u


def normalised(name: str, strength: float = 1.0, offset: float = 0.0) -> Model:
    """One and the same separable attention on :func:`tokens`, with one of five normalisers or none.

    All read the number ``strength z_i + offset``: exp, softplus and sigmoid make η_i of it, and SSD (a = 1) its step.

    Args:
        name: of :data:`NORMALISERS`.
        strength: factor of z; of no consequence for ``"one"`` and ``"row_sum"``.
        offset: added to it.

    >>> normalised("ssd").system(tokens(5)).N
    12
    """
    checks.choice("name", name, tuple(NORMALISERS))
    eye = np.eye(CHANNELS)
    maps = {"W_q": eye[QUERY], "W_k": eye[KEY], "W_v": eye}
    reads_z, bias = strength * eye[GATE : GATE + 1], np.array([offset])
    if name == "one":
        return LinearAttention(**maps)
    if name == "row_sum":
        return SeparableAttention(**maps, phi=identity, psi=identity, eta="row_sum")
    if name == "ssd":
        of_ssd = {"W_C": maps["W_q"], "W_B": maps["W_k"], "W_x": eye, "A_log": np.zeros(1), "D": np.zeros(1)}
        return SSD(**of_ssd, W_delta=reads_z, b_delta=bias)
    return NormAttention(**maps, W_eta=reads_z, b_eta=bias, eta=name)


@cache
def reads_z(name: str) -> bool:
    """Whether a normaliser reads the number z of a token.

    >>> [name for name in NORMALISERS if not reads_z(name)]
    ['one', 'row_sum']
    """
    u = tokens(4)
    one, two = (normalised(name, strength, offset=0.5).kernel(u) for strength in (1.0, 2.0))
    return bool((one != two).any())


def sensitivity(model: Model, u: np.ndarray, j: int) -> np.ndarray:
    """``|∂ log Φ_ij / ∂u_k|`` for outputs i >= j (rows) and all tokens k (columns), (length - j, length).

    Differentiated by torch through the model's own definition, so that zeros are exact.
    """
    import torch

    parameters = {name: torch.tensor(array) for name, array in model.parameters.items()}
    model = type(model)(**parameters, **{name: getattr(model, name) for name in model.options})
    slopes = torch.autograd.functional.jacobian(
        lambda u: model.system(u).weights()[0, 0, j:, j].log(), torch.tensor(u)
    )
    return slopes.norm(dim=-1).numpy()


def with_transition(system: System, decays: np.ndarray) -> System:
    """The same map, shown in the basis in which ``Λ_i = decays_i I``, for any positive decays (length,).

    For a system whose own Λ is the identity, as in all separable attention.

    >>> u, half = tokens(4), np.full(4, 0.5)
    >>> with_transition(normalised("row_sum").system(u), half).Lambda[1:, 0, 0]
    array([0.5, 0.5, 0.5])
    """
    log = np.cumsum(np.log(decays))[:, None, None, None]
    return system.in_gauge(Gauge(log, np.ones_like(log)))


def gain(name: str, z: np.ndarray) -> np.ndarray:
    """``1/η`` of a local normaliser for each z (length,).

    >>> gain("sigmoid", np.array([0.0]))
    array([2.])
    """
    u = np.zeros((len(z), CHANNELS))
    u[:, GATE] = z
    return np.exp(normalised(name).system(u).output_gain.log.ravel())


def state_bound(u: np.ndarray) -> float:
    """The bound ``max_j |β_j v_j| · Δ/(1 - e^{-Δ})``, Δ the largest step, of the state of SSD, a = 1."""
    delta = normalised("ssd").step(u).max()
    return float(np.abs(u[:, KEY] * u[:, [VALUE]]).max() * delta / -np.expm1(-delta))


def growth(u: np.ndarray) -> dict[str, np.ndarray]:
    """The largest state of the value and the largest output of it so far: ``h_NAME`` and ``y_NAME``, (length,)."""
    found = {}
    for name in NORMALISERS:
        system = normalised(name).system(u)
        states = np.abs(system.states()[:, 2 * VALUE : 2 * VALUE + 2]).max(axis=1)
        found[f"h_{name}"] = np.maximum.accumulate(states)
        found[f"y_{name}"] = np.maximum.accumulate(np.abs(system.scan()[:, VALUE]))
    return found


def normalisers_in_two_bases() -> dict[str, np.ndarray]:
    """η_i and Λ_i of normalised attention for each local normaliser, and y_i of the last in two bases."""
    rng = np.random.default_rng(195)
    u = rng.normal(size=(48, 4))
    for i in range(1, len(u)):
        u[i] = 0.8 * u[i - 1] + 0.6 * u[i]
    parameters = {"W_q": rng.normal(size=(2, 4)) / 2, "W_k": rng.normal(size=(2, 4)) / 2, "W_v": np.eye(4)}
    parameters |= {"W_eta": np.array([[0.9, -0.7, 0.5, 0.3]])}
    data = {}
    for act in reversed(LOCAL):
        system = NormAttention(**parameters, eta=act).system(u)
        data |= {f"eta_{act}": np.exp(-system.gauge.log.ravel()), f"lambda_{act}": system.Lambda[1:, 0, 0]}
    for name, basis in (("paper", system), ("output", system.in_gauge(None))):
        data[f"y_{name}"] = np.einsum("ijab,jb->ia", basis.product_kernel(), u)[:, 0]
    return data


def sensitivities() -> dict[str, np.ndarray]:
    """:func:`sensitivity` of the weights of token ``j`` to 24 tokens, for each normaliser."""
    u, j = tokens(24, seed=1), 8
    return {"j": j} | {name: sensitivity(normalised(name), u, j) for name in NORMALISERS if name != "one"}


def transitions_in_three_bases() -> dict[str, np.ndarray]:
    """Λ_i of linear attention with the row sum in three bases, and ``ssd_own``, that of an SSD on the same tokens."""
    u = tokens(400, seed=2)
    system, ssd = (normalised(name, 2.0, -1.0).system(u) for name in ("row_sum", "ssd"))
    of_ssd = with_transition(system, ssd.Lambda[:, 0, 0])
    shown = {"paper": system, "output": system.in_gauge(None), "ssd": of_ssd, "ssd_own": ssd}
    return {name: each.Lambda[1:, 0, 0] for name, each in shown.items()}


def gains_and_growth() -> dict[str, np.ndarray]:
    """:func:`gain` by ``z``, and :func:`growth` and :func:`state_bound` over 1000 tokens, at some ``steps``."""
    z, u = np.linspace(-4, 4, 81), tokens(1000, seed=3)
    steps = np.unique(np.geomspace(1, len(u), 150).astype(int))
    gains = {f"gain_{name}": gain(name, z) for name in LOCAL}
    largest = {name: values[steps - 1] for name, values in growth(u).items()}
    return {"z": z, "bound": state_bound(u), "steps": steps, **gains, **largest}
