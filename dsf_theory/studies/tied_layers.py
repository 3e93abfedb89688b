"""Four layers that start as one function and are trained side by side: SSD, attention, S6."""

from collections.abc import Iterator
from functools import cache
from itertools import islice

import numpy as np

from dsf_theory.models import S6
from dsf_theory.models.selective import inverse_softplus

SIZES = {"d": 4, "n": 4}
"""Of the layers that are trained."""

STEPS, LEARNING_RATE = 300, 0.01
"""Of their training."""


def layers() -> dict:
    """Four layers that start as one function, in double precision; D = 0 and the value map stay as they are.

    SSD of one head with a constant step; the same as separable attention; attention whose token moves a local
    normaliser in place of the step; and S6, whose channels may part. All layers have parameters of their own.
    """
    from dsf_theory.models.rewriting import ssd_as_attention, ssd_with_local_normaliser
    from dsf_theory.training.loop import Rewritten

    step = inverse_softplus(np.array([0.2]))
    ssd = layer("ssd", heads=1, W_x=np.eye(SIZES["d"]), W_delta=0, b_delta=step, A_log=0, D=0)
    shared = {name: ssd.raw[name].detach().numpy() for name in ("W_B", "W_C")}
    return {
        "SSD": ssd,
        "attention": Rewritten(ssd, ssd_as_attention),
        "local": Rewritten(ssd, ssd_with_local_normaliser),
        "S6": layer("s6", **shared, W_delta_down=0, W_delta_up=1, b_delta=step, A_log=0, D=0),
    }


def layer(name: str, heads: int | None = None, **values):
    """A mixer with some parameters set, each to a number or an array that is broadcast; see :func:`layers`."""
    import torch

    from dsf_theory.training.mixer import Mixer

    mixer = Mixer(name, **SIZES, seed=0, dtype=torch.float64, **({"heads": heads} if heads else {}))
    for key, value in values.items():
        mixer.raw[key].data[...] = torch.as_tensor(value, dtype=torch.float64)
    for key in {"W_x", "D"} & set(mixer.raw):
        mixer.raw[key].requires_grad_(False)
    return mixer


def batches(seed: int, size: int = 16, length: int = 32) -> Iterator:
    """Without end: noise u (size, length, d), and what S6 with a decay for each channel answers to it.

    Every channel of the answer has variance one.
    """
    import torch

    d, n = SIZES.values()
    given = S6.random(d, n, seed=0).parameters
    given |= {"W_delta_up": np.linspace(0.5, 2.5, d)[:, None], "W_delta_down": np.full((1, d), 0.8)}
    given |= {
        "b_delta": inverse_softplus(np.geomspace(0.05, 1, d)),
        "A_log": np.zeros((d, n)),
        "D": np.zeros(d),
    }
    teacher = S6(**given)
    rng = np.random.default_rng(seed)
    scale = teacher.output(np.random.default_rng(0).standard_normal((256, length, d))).std(axis=(0, 1))
    while True:
        u = rng.standard_normal((size, length, d))
        yield torch.from_numpy(u), torch.from_numpy(teacher.output(u) / scale)


@cache
def losses() -> dict[str, np.ndarray]:
    """The losses of the four layers over the same batches, (STEPS,) each."""
    from dsf_theory.training.loop import one_thread, train

    given, found = list(islice(batches(seed=1), STEPS)), {}
    with one_thread():
        for name, each in layers().items():
            found[name] = np.array([loss for _, loss in train(each, given, STEPS, LEARNING_RATE)])
    return found
