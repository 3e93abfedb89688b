"""The tuning runs of the laptop scale, each experiment's, by :mod:`dsf_theory.experiments.protocol`.

Recall of 8 pairs from rows of 32 steps, 1,000 steps of 32 new rows each; quasi-LSTMs, which have one state a channel,
recall 4 pairs from rows of 16. Softmax attention has keys of 16, where its recall is a ceiling. Models with a decay
start as the literature has them and with a memory of the row's length.
"""

from collections.abc import Iterable, Sequence

from dsf_theory.experiments.ours import COMPARED, EASY, ETAS, GATES, MIDDLE, ours, sequences
from dsf_theory.experiments.protocol import RATES, TUNING
from dsf_theory.tasks import MQAR, Task
from dsf_theory.training.trial import Trial

SOFTMAX, NORM, LINEAR, *DECAYING = COMPARED

MEMORIES = (2, 8, 32, 128)
"""Steps that S6 and SSD remember at the start."""


def tuned(
    mixers: Iterable[str],
    d: Sequence[int],
    n: Sequence[int],
    task: Task = MIDDLE,
    steps: int = 1000,
    **options,
) -> list[Trial]:
    """Runs of some models on the tuning seeds, at all rates."""
    return ours([task], mixers, d, n, steps, RATES, TUNING, **options)


def ceiling(task: MQAR = MIDDLE, d: Sequence[int] = (32,)) -> list[Trial]:
    """Softmax attention, with keys of a size that is enough."""
    return tuned([SOFTMAX], d, [16], task)


def expansion() -> list[Trial]:
    """Linear attention, the paper's and the plain one, with more and more states."""
    return ceiling() + tuned([LINEAR, "linear_attention"], [32], [1, 2, 4, 8, 16])


def models() -> list[Trial]:
    """Five models at two sizes, those that decay with both starts."""
    d = (16, 32)
    found = ceiling(d=d) + tuned([NORM, LINEAR, *DECAYING], d, [4])
    return found + tuned(DECAYING, d, [4], memory=MIDDLE.length)


def gates() -> list[Trial]:
    """Quasi-LSTMs with both gates and three starts; at memory 3 they start alike, as the literature has them."""
    found = ceiling(EASY, [64]) + tuned(GATES, [64], [1], EASY)
    for memory in (8, 16):
        found += tuned(GATES, [64], [1], EASY, memory=memory)
    return found


def normalisers() -> list[Trial]:
    """Normalised attention with each η, and without one."""
    found = ceiling() + tuned(["linear_attention"], [32], [2, 4])
    for eta in ETAS:
        found += tuned([NORM], [32], [2, 4], eta=eta)
    return found


def cells() -> list[Trial]:
    """Linear attention at several sizes, three of which keep as much as three others."""
    return ceiling() + tuned([LINEAR], [16, 32, 64], [2, 4, 8])


def longer() -> list[Trial]:
    """Eight models in three tasks, at the learning rates of recall divided by four."""
    found = []
    for task in sequences(64):
        rates = [rate / 4 for rate in RATES]
        found += ours([task], (*COMPARED, *GATES), [32], [8], 400, rates, TUNING)
        found += ours([task], DECAYING, [32], [8], 400, rates, TUNING, memory=task.length)
    return found


def features() -> list[Trial]:
    """Identity and ELU + 1, without a normaliser, with the row sum and with exp."""
    found = ceiling() + tuned(["linear_attention", LINEAR], [32], [4])
    found += tuned(["separable_attention"], [32], [4], eta="one") + tuned([NORM], [32], [4])
    return found + tuned([NORM], [32], [4], feature_map="elu_plus_one")


def starts() -> list[Trial]:
    """S6 and SSD with the literature's start, and with memories from two steps to four rows."""
    found = ceiling() + tuned(DECAYING, [32], [4])
    for memory in MEMORIES:
        found += tuned(DECAYING, [32], [4], memory=memory)
    return found


def coupling() -> list[Trial]:
    """SSD whose step scales what is written, and SSD whose step does not, with both starts."""
    found = ceiling()
    for memory in ({}, {"memory": MIDDLE.length}):
        found += tuned(["ssd"], [32], [4], **memory) + tuned(["ssd"], [32], [4], **memory, coupled=False)
    return found
