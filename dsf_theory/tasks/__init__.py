"""The tasks that models are trained on, and the registry ``TASKS`` of their names.

Each task is a frozen record of its sizes that draws batches of inputs and labels from a seed, in NumPy::

    task = MQAR(length=64, pairs=4)
    for batch in batches(task, rows=256, seed=0):
        inputs, labels = batch.tensors()

What is here, and what it was tested on:

- Generated, at any size: ``mqar``, ``selective_copying``, ``induction_heads``, ``listops``. Their distributions are
  tested against the published definitions: MQAR at 64 steps and 8192 tokens too, the values of ListOps at the Long
  Range Arena's sizes, the rest at sizes so small that every outcome can be counted.
- From data that ship with a package: ``digits`` (scikit-learn, 1797 images of 8 x 8, a small stand-in for LRA's
  Image) and ``text`` on Python's own documentation (about 370,000 characters). Tested whole.
- From published data that you bring: the ``lra_...`` tasks of the Long Range Arena and WikiText-103 through
  ``text``. The loading code is tested on small files of the published formats, which the tests write. The published
  data themselves were never read, and nothing was trained on them.

Digits need scikit-learn; LRA's Text and Image, and WikiText-103 unless it is in its plain files, need ``datasets``.
"""

from dsf_theory.arrays.names import Named
from dsf_theory.tasks.base import IGNORED, SPLITS, Batch, Recorded, Task, batches
from dsf_theory.tasks.digits import SequentialDigits
from dsf_theory.tasks.listops import ListOps
from dsf_theory.tasks.lra import LRAImage, LRAListOps, LRAPathfinder, LRARetrieval, LRAText
from dsf_theory.tasks.recall import MQAR, InductionHeads, SelectiveCopying
from dsf_theory.tasks.text import LanguageModelling

TASKS: dict[str, type[Task]] = Named(
    "task",
    {
        task.name: task
        for task in (
            *(MQAR, SelectiveCopying, InductionHeads, ListOps),
            *(SequentialDigits, LanguageModelling),
            *(LRAListOps, LRAText, LRARetrieval, LRAImage, LRAPathfinder),
        )
    },
)
"""Registry name -> task."""

__all__ = [
    "IGNORED",
    "SPLITS",
    "TASKS",
    "Batch",
    "Recorded",
    "Task",
    "batches",
    "MQAR",
    "SelectiveCopying",
    "InductionHeads",
    "ListOps",
    "SequentialDigits",
    "LanguageModelling",
    "LRAListOps",
    "LRAText",
    "LRARetrieval",
    "LRAImage",
    "LRAPathfinder",
]
