"""The experiments ``EXPERIMENTS``: what each of them claims, and the runs that test it at up to three scales.

``notebook`` trains while a reader waits; ``laptop`` takes hours of a processor's time and decides, by the protocol of
:mod:`dsf_theory.experiments.protocol`; ``paper`` has the scale and the settings of the paper
(:mod:`dsf_theory.experiments.published`). Six experiments are the paper's; three more ask why they came out so.
"""

from collections.abc import Callable
from dataclasses import dataclass

import dsf_theory.experiments.laptop as laptop
from dsf_theory.arrays import checks
from dsf_theory.experiments.ours import (
    EASY,
    ETAS,
    MIDDLE,
    compared,
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
        claim: what the paper says of it, or what would explain what it says.
        presets: scale -> a function that lists the runs; at the laptop scale, the tuning runs.
        ceiling: whether softmax attention has to answer nearly all, for others to be compared.
    """

    title: str
    claim: str
    presets: dict[str, Callable[[], list[Trial]]]
    ceiling: bool = True

    def trials(self, preset: str) -> list[Trial]:
        """The runs of a scale, each once.

        Raises:
            ValueError: for an unknown scale.

        >>> trials = EXPERIMENTS["state-expansion"].trials("notebook")
        >>> len(trials), trials[0].architecture.mixer, trials[0].task.pairs
        (15, 'linear_attention_elu', 8)
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


def at_scale(preset: str) -> list[str]:
    """The names of the experiments that have a scale.

    >>> at_scale("paper")[-1]
    'sequences'
    """
    return [name for name, one in EXPERIMENTS.items() if preset in one.presets]


BETWEEN = "S6 and SSD lie between linear and softmax attention; normalised attention is better than linear attention."

EXPERIMENTS = {
    "state-expansion": Experiment(
        "Linear attention with more and more states, and softmax attention",
        "Recall of linear attention rises with the state expansion n, towards that of softmax attention.",
        {
            "notebook": lambda: expansion(MIDDLE, 32, (2, 4, 8, 16), (16,), 400),
            "laptop": laptop.expansion,
            "paper": lambda: (
                published(["linear_attention_elu"], n=(32, 64, 128, 256)) + published(["softmax_attention"])
            ),
        },
    ),
    "models": Experiment(
        "Five models against their channels",
        BETWEEN,
        {
            "notebook": lambda: compared(EASY, (16, 32), 4, 400),
            "laptop": laptop.models,
            "paper": lambda: published(PUBLISHED_MODELS),
        },
    ),
    "reversed-sigmoid": Experiment(
        "The quasi-LSTM with and without the reversed sigmoid",
        "The gate of S6, the reversed sigmoid, makes the quasi-LSTM better.",
        {
            "notebook": lambda: gates(EASY, 64, (16,), 500),
            "laptop": laptop.gates,
            "paper": lambda: published(["qlstm", "qlstm_rev"], n=(1,)),
        },
    ),
    "normalisers": Experiment(
        "Normalised attention with three normalisers",
        "Of the normalisers exp, softplus and sigmoid, exp is the best.",
        {
            "notebook": lambda: normalisers(MIDDLE, (4,), 300, 2e-2),
            "laptop": laptop.normalisers,
            "paper": lambda: [
                trial for eta in ETAS for trial in published(["norm_attention"], d=(128,), eta=eta)
            ],
        },
    ),
    "heat-map": Experiment(
        "Linear attention over channels and states",
        "Harder tasks need more states; channels do not replace them.",
        {
            "notebook": lambda: ours([EASY, MIDDLE], ["linear_attention_elu"], (32, 64), (2, 8), 250, [2e-2]),
            "laptop": laptop.cells,
            "paper": lambda: published(["linear_attention_elu"], n=(32, 64, 128, 256)),
        },
    ),
    "sequences": Experiment(
        "Longer sequences: images, expressions, text",
        "On the Long Range Arena and on WikiText-103 the state space models lead, and normalised attention and the "
        "reversed sigmoid close part of the gap.",
        {
            "notebook": lambda: ours(
                sequences(32), ("softmax_attention", "s6", "qlstm"), [16], [4], 150, [5e-3]
            ),
            "laptop": laptop.longer,
            "paper": lambda: long_range_arena((*PUBLISHED_MODELS, "qlstm", "qlstm_rev")),
        },
        ceiling=False,
    ),
    "features": Experiment(
        "Two feature maps and three normalisers",
        "Normalised attention is better than linear attention, by its features and by its normaliser.",
        {"laptop": laptop.features},
    ),
    "starts": Experiment(
        "What S6 and SSD remember when training starts",
        "S6 and SSD are limited by the memory that they start with.",
        {"laptop": laptop.starts},
    ),
    "coupling": Experiment(
        "SSD with and without the step in what it writes",
        "That one step decays the state and scales what is written makes SSD better.",
        {"laptop": laptop.coupling},
    ),
}
"""Name -> experiment."""


APART = {
    "smallest": Experiment(
        "The paper's models in its two smaller tasks",
        BETWEEN,
        {"paper": smaller_tasks},
    ),
}
"""What can be done of the paper's own scale in minutes of a GPU; where it is asked for by name."""
