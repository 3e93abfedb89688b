"""Example systems: S6 on a wave, normalised attention in three bases, four models on one text."""

import numpy as np
from scipy.signal import lfilter

from dsf_theory.models import MODELS, S6, NormAttention
from dsf_theory.system import Gauge, System


def example_system(length: int = 36) -> System:
    """S6 on two channels, a slow wave and a constant one that gives its gates an offset."""
    model = S6(
        W_delta_down=np.array([[1.3, 0.0]]),
        W_delta_up=np.array([[1.0], [0.0]]),
        b_delta=np.array([-1.2, 0.0]),
        W_B=np.array([[0.1, 1.0], [0.2, -0.9], [-0.2, 1.0], [0.3, 0.5]]),
        W_C=np.array([[-0.1, 0.5], [0.2, 0.5], [0.2, 0.9], [0.1, -0.6]]),
        A_log=np.log([[0.2, 0.7, 1.5, 4.0]] * 2),
        D=np.zeros(2),
    )
    i = np.arange(length)
    wave = np.sin(2 * np.pi * i / 17) + 0.6 * np.cos(2 * np.pi * i / 7)
    return model.system(np.stack([wave, np.ones(length)], axis=1))


def three_gauges(length: int = 48) -> dict[str, System]:
    """Normalised attention in the paper's basis, one with Λ = I, and one that looks like forgetting."""
    model = NormAttention.random(d=4, n=4, seed=2)
    u = lfilter([0.6], [1, -0.8], np.random.default_rng(5).standard_normal((length, 4)), axis=0)
    system = model.system(u)
    halving = np.log(0.5) * np.arange(length)[:, None, None, None]
    return {
        "paper": system,
        "output": system.in_gauge(None),
        "fading": system.in_gauge(Gauge(halving, np.ones_like(halving))),
    }


LENGTH = 32
"""Steps of the text that :func:`example` reads."""


def example(name: str):
    """The system of a model on a text of four tokens, with steps Δ large enough that one sees it forget."""
    rng = np.random.default_rng(4)
    u = rng.standard_normal((4, 4))[rng.integers(4, size=LENGTH)]
    options = {"heads": 2} if name == "ssd" else {}
    model = MODELS[name].random(d=4, n=4, seed=3, **options)
    if name in ("ssd", "s6"):
        faster = model.parameters | {"b_delta": model.b_delta + 2.5, "D": 0 * model.D}
        model = type(model)(**faster, **options)
    return model.system(u)


def two_outputs() -> dict[str, np.ndarray]:
    """Input, states and kernel of :func:`example_system`, and its output by the recurrence and by the kernel."""
    system = example_system()
    u, phi = system.u[:, 0], system.kernel()[:, :, 0, 0]
    by_state, by_kernel = system.recurrent()[:, 0], phi @ u
    return {"u": u, "h": system.states()[:, :4], "phi": phi, "by_state": by_state, "by_kernel": by_kernel}


def decays_of_one_kernel() -> dict[str, np.ndarray]:
    """The decays of each of :func:`three_gauges`, and the weights (length, length) that all of them have."""
    systems = three_gauges()
    decays = {name: system.Lambda[1:, 0, 0] for name, system in systems.items()}
    return {**decays, "weights": systems["output"].weights()[0, 0]}


def one_step(name: str, i: int) -> dict[str, np.ndarray]:
    """Λ, B, C and D of step i of :func:`example`, and its ``kernel``, first channel to first channel."""
    system = example(name)
    matrices = {part: getattr(system, part)[i] for part in ("Lambda", "B", "C", "D")}
    return matrices | {"kernel": system.kernel()[:, :, 0, 0]}
