"""Kernels of S6, SSD and normalised attention compared: by the decays of channels, and as one token changes."""

import numpy as np

from dsf_theory.models import S6, SSD, NormAttention
from dsf_theory.models.selective import inverse_softplus


def with_few_decays(d: int) -> dict[str, S6 | SSD]:
    """S6 with a decay for each channel, and SSD with one for each of two heads and one head; D = 0."""
    rates = {"S6": np.log(np.outer(np.geomspace(0.2, 6, d), np.ones(4)))}
    rates |= {"SSD, 2 heads": np.log([1.0, 4.0]), "SSD, 1 head": np.zeros(1)}
    found = {}
    for name, A_log in rates.items():
        model = S6.random(d, 4, seed=1) if name == "S6" else SSD.random(d, 4, seed=1, heads=len(A_log))
        changed = {"A_log": A_log, "b_delta": 0 * model.b_delta + inverse_softplus(0.08), "D": 0 * model.D}
        found[name] = type(model)(**model.parameters | changed)
    return found


def decays_of_channels() -> dict[str, np.ndarray]:
    """What is left of a token in each channel of :func:`with_few_decays`, and singular values of their kernels.

    Returns:
        ``step`` and ``index``; for each model ``left_MODEL``, (channels, steps), and ``values_MODEL``, of the kernel
        with a row for each pair of steps, over the largest.
    """
    d, length, token = 8, 40, 8
    u = np.random.default_rng(0).standard_normal((length, d))
    data = {"step": np.arange(token, length), "index": np.arange(1, d + 1)}
    for name, model in with_few_decays(d).items():
        system = model.system(u)
        decay = np.einsum("icc->ic", system.Lambda)[token + 1 :, :: system.expansion]  # of each channel
        values = np.linalg.svd(system.kernel().reshape(length**2, -1), compute_uv=False)[:d]
        data[f"left_{name}"] = np.vstack([np.ones(d), np.cumprod(decay, axis=0)]).T
        data[f"values_{name}"] = values / values[0]
    return data


def changes_of_kernels(token: int) -> dict[str, np.ndarray]:
    """How far each ``Φ_ij`` moves, over the largest ``Φ_ij``, as one token changes: (length, length) for three models.

    Args:
        token: the step of the token, below 24.
    """
    length, d = 24, 4
    u = np.random.default_rng(1).standard_normal((length, d))
    bent = u + 1.5 * np.eye(length)[:, token : token + 1]
    ssd = SSD.random(d, 2, seed=1, heads=1).parameters
    ssd |= {"A_log": np.zeros(1), "b_delta": inverse_softplus(np.full(1, 0.15)), "D": np.zeros(1)}
    models = {
        "norm_attention": NormAttention.random(d, 2, seed=1),
        "constant_step": SSD(**ssd | {"W_delta": 0 * ssd["W_delta"]}),
        "ssd": SSD(**ssd),
    }
    found = {}
    for name, model in models.items():
        before, after = (np.asarray(model.kernel(x)) for x in (u, bent))
        largest = np.linalg.norm(before, axis=(2, 3)).max()
        found[name] = np.linalg.norm(after - before, axis=(2, 3)) / largest
    return found
