"""Where trained linear attention stores its keys, and the scores between them."""

from functools import cache

import numpy as np

from dsf_theory.tasks import MQAR

TASK = MQAR(length=16, pairs=4, vocabulary=32)
"""What is learnt here."""


@cache
def trained() -> dict:
    """A run of linear attention with two states, and one with eight."""
    from dsf_theory.training.loop import one_thread
    from dsf_theory.training.recipe import Recipe
    from dsf_theory.training.run import Run
    from dsf_theory.training.sequence_model import Architecture

    recipe = Recipe(steps=300, rows=32, learning_rate=2e-2, every=300, tested=256)
    block = {"mixer": "linear_attention", "d": 32, "layers": 1, "convolution": 2, "init": 0.3}
    runs = {n: Run(TASK, Architecture(n=n, **block), recipe, seed=2) for n in (2, 8)}
    with one_thread():
        for run in runs.values():
            list(run)
    return runs


def stored_and_asked(run) -> tuple[np.ndarray, np.ndarray]:
    """What a trained block of attention writes under each key, and what it asks with, both (keys, n).

    A key is written together with a value that follows it; the mean over all values is taken.
    """
    import torch

    block, model, half = run.model.blocks[0], run.model, run.task.vocabulary // 2
    keys, values = torch.arange(1, half), torch.arange(half, run.task.vocabulary)
    pairs = torch.cartesian_prod(keys, values)
    asked = torch.stack([torch.zeros_like(keys), keys], dim=1)
    with torch.no_grad():
        found = [
            block.mixer.model.queries_keys(block.convolve(block.norm(model.embedding(tokens))))
            for tokens in (asked, pairs)
        ]
    q, k = found[0][0][:, 1, 0], found[1][1][:, 1, 0]
    return k.reshape(len(keys), len(values), -1).mean(1).numpy(), q.numpy()


def scores(run) -> np.ndarray:
    """(keys, keys): the weight of what is stored under key b where key a is asked for, over that of key a itself."""
    stored, asked = stored_and_asked(run)
    found = asked @ stored.T
    return found / np.diag(found)[:, None]
