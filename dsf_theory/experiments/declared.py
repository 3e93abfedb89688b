"""The paper's experiments ``EXPERIMENTS``: what each of them claims, and the runs that test it at three scales.

``notebook`` trains while a reader waits, ``laptop`` in about an hour of a processor's time, both in a block of our
own (:mod:`dsf_theory.experiments.ours`); ``paper`` has the scale and the settings of the paper
(:mod:`dsf_theory.experiments.published`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from dsf_theory.arrays import checks
from dsf_theory.experiments.ours import (
    COMPARED,
    EASY,
    ETAS,
    HARD,
    MIDDLE,
    expansion,
    gates,
    normalisers,
    ours,
    sequences,
)
from dsf_theory.experiments.published import (
    PUBLISHED_MODELS,
    long_range_arena,
    published,
    smaller_tasks,
)
from dsf_theory.training.trial import Trial

PRESETS = ("notebook", "laptop", "paper")
"""The scales, from seconds on a laptop to days on a GPU."""


@dataclass(frozen=True)
class Experiment:
    """A figure or a table of the paper.

    Args:
        title: what is compared.
        claim: what the paper says of it.
        axis: what is varied along the horizontal axis, ``"n"``, ``"d"`` or ``"task"``.
        presets: scale -> a function that lists the runs.
    """

    title: str
    claim: str
    axis: str
    presets: dict[str, Callable[[], list[Trial]]]

    def trials(self, preset: str) -> list[Trial]:
        """The runs of a scale, each once.

        Raises:
            ValueError: for an unknown scale.

        >>> trials = EXPERIMENTS["state-expansion"].trials("notebook")
        >>> len(trials), trials[0].architecture.mixer, trials[0].task.pairs
        (15, 'linear_attention', 8)
        """
        checks.choice("preset", preset, tuple(self.presets))
        return list({trial.key: trial for trial in self.presets[preset]()}.values())


def experiment(name: str) -> Experiment:
    """The experiment of a name.

    Raises:
        ValueError: for an unknown name, with all that there are.
    """
    checks.choice("name", name, (*EXPERIMENTS, *APART))
    return (EXPERIMENTS | APART)[name]


EXPERIMENTS = {
    "state-expansion": Experiment(
        "Linear attention with more and more states, and softmax attention",
        "Recall of linear attention rises with the state expansion n, towards that of softmax attention.",
        "n",
        {
            "notebook": lambda: expansion(MIDDLE, 32, (2, 4, 8, 16), (16,), 400),
            "laptop": lambda: expansion(HARD, 64, (1, 2, 4, 8, 16, 32), (4, 16), 700, 1e-2),
            "paper": lambda: (
                published(["linear_attention_elu"], n=(32, 64, 128, 256)) + published(["softmax_attention"])
            ),
        },
    ),
    "models": Experiment(
        "Five models against their channels",
        "S6 and SSD lie between linear and softmax attention; normalised attention is better than linear attention.",
        "d",
        {
            "notebook": lambda: ours([EASY], COMPARED, (16, 32), [4], 400, [2e-2]),
            "laptop": lambda: ours([MIDDLE], COMPARED, (16, 32, 64), [8], 1000, [2e-2]),
            "paper": lambda: published(PUBLISHED_MODELS),
        },
    ),
    "reversed-sigmoid": Experiment(
        "The quasi-LSTM with and without the reversed sigmoid",
        "The gate of S6, the reversed sigmoid, makes the quasi-LSTM better.",
        "task",
        {
            "notebook": lambda: gates((32, 48), 400, [1e-2]),
            "laptop": lambda: gates((32, 64, 128), 600, [1e-2, 2e-2]),
            "paper": lambda: published(["qlstm", "qlstm_rev"], n=(1,)),
        },
    ),
    "normalisers": Experiment(
        "Normalised attention with three normalisers",
        "Of the normalisers exp, softplus and sigmoid, exp is the best.",
        "n",
        {
            "notebook": lambda: normalisers(MIDDLE, (4,), 300, 2e-2),
            "laptop": lambda: normalisers(MIDDLE, (2, 8), 600, 2e-2),
            "paper": lambda: [
                trial for eta in ETAS for trial in published(["norm_attention"], d=(128,), eta=eta)
            ],
        },
    ),
    "heat-map": Experiment(
        "Linear attention over tasks, channels and states",
        "Harder tasks need more states; channels do not replace them.",
        "d",
        {
            "notebook": lambda: ours([EASY, MIDDLE], ["linear_attention"], (32, 64), (2, 8), 250, [2e-2]),
            "laptop": lambda: ours(
                [EASY, MIDDLE, HARD], ["linear_attention"], (16, 32, 64), (2, 8, 32), 500, [2e-2]
            ),
            "paper": lambda: published(["linear_attention_elu"], n=(32, 64, 128, 256)),
        },
    ),
    "sequences": Experiment(
        "Longer sequences: images, expressions, text",
        "On the Long Range Arena and on WikiText-103 the state space models lead, and normalised attention and the "
        "reversed sigmoid close part of the gap.",
        "task",
        {
            "notebook": lambda: sequences(32, ("softmax_attention", "s6", "qlstm"), 16, 4, 150),
            "laptop": lambda: sequences(64, (*COMPARED, "qlstm", "qlstm_rev"), 32, 8, 400),
            "paper": lambda: long_range_arena((*COMPARED, "qlstm", "qlstm_rev")),
        },
    ),
}
"""Name -> experiment."""


APART = {
    "smallest": Experiment(
        "The paper's models in its two smaller tasks",
        "S6 and SSD lie between linear and softmax attention; normalised attention is better than linear attention.",
        "n",
        {"paper": smaller_tasks},
    ),
}
"""What can be done of the paper's own scale in minutes of a GPU; where it is asked for by name."""
