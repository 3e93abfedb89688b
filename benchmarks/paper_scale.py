"""What a GPU takes for a step of the paper's models, before a sweep spends minutes there: seeds and rates together.

Each model of the experiment ``smallest`` takes some steps as one recorded pass, the same steps operation after
operation, and one run alone: the losses must agree to the rounding of products in TF32. Ends with status 1 where they
do not, or where a pass cannot be recorded. ``python benchmarks/paper_scale.py`` on a machine with a GPU; ``cpu`` for
one without.
"""

import gc
import sys
import time
import traceback
from dataclasses import replace

import torch

from dsf_theory.experiments.declared import experiment
from dsf_theory.experiments.timed import machine, shapes
from dsf_theory.training.run import Run
from dsf_theory.training.stacked import Stacked
from dsf_theory.training.trial import Trial

COMPARED, TIMED = 3, 40
"""Steps whose losses are compared, and steps that are timed."""
TOLERANCE = 0.02
"""Of losses near 9: products in TF32 keep three digits."""


def main(device: str = "cuda") -> int:
    """Print a line for each model at n = 64 on the smaller task; the status."""
    torch.set_float32_matmul_precision("high")
    print(machine(device))
    failed = 0
    for cohort in shapes(experiment("smallest").trials("paper"))[:5]:
        trial = cohort[0]
        name = f"{trial.architecture.variant.label}, {trial.task.label}, n {trial.architecture.n}"
        try:
            print(f"{name}, {len(cohort)} runs: {measured(cohort, device)}", flush=True)
        except Exception:  # noqa: BLE001 (told, and the others are tried)
            failed = 1
            print(f"{name}: failed", flush=True)
            traceback.print_exc()
        gc.collect()
        torch.cuda.empty_cache()
    return failed


def measured(cohort: list[Trial], device: str, timed: int = TIMED) -> str:
    """How long a step takes, after its losses were compared, in words.

    Raises:
        AssertionError: for losses that differ.
    """
    recorded, plain = (stacked(cohort, device, recorded) for recorded in (True, False))
    places = list(range(len(cohort)))
    together, apart = (
        torch.stack([runs.advance(step, places) for step in range(COMPARED)]) for runs in (recorded, plain)
    )
    alone = Run(cohort[0].task, cohort[0].architecture, short(cohort[0]).recipe, cohort[0].seed, device)
    single = torch.tensor([alone.advance().loss for _ in range(COMPARED)], device=together.device)
    gaps = ((together - apart).abs().max().item(), (together[:, 0] - single).abs().max().item())
    assert max(gaps) < TOLERANCE, f"losses: {together}, {apart}, {single}"
    start = time.perf_counter()
    for step in range(COMPARED, COMPARED + timed):
        losses = recorded.advance(step, places)
    losses.tolist()
    step = 1e3 * (time.perf_counter() - start) / timed
    start = time.perf_counter()
    recorded.evaluate()
    test = 1e3 * (time.perf_counter() - start)
    epoch = (step * cohort[0].recipe.every + test) / 1e3
    return (
        f"{step:.2f} ms a step, {test:.0f} ms a test, {epoch:.2f} s an epoch; losses within {max(gaps):.1e}"
    )


def stacked(cohort: list[Trial], device: str, recorded: bool) -> Stacked:
    """The runs of a cohort, on new rows at every step."""
    runs = [Run(t.task, t.architecture, short(t).recipe, t.seed, device) for t in cohort]
    return Stacked(runs, recorded=recorded)


def short(trial: Trial) -> Trial:
    """A run that draws its rows as it needs them: a whole training set takes seconds."""
    examples = trial.recipe.rows * 16
    return replace(trial, recipe=replace(trial.recipe, examples=examples))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
