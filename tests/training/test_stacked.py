"""Runs whose parameters lie side by side: each is the run alone, and they stop and go on like it."""

from dataclasses import replace

import pytest
import torch
from runs import assert_close, everything

from dsf_theory.experiments.published import PUBLISHED_MODELS
from dsf_theory.tasks import MQAR
from dsf_theory.training import stacked
from dsf_theory.training.recipe import Recipe
from dsf_theory.training.run import Run
from dsf_theory.training.sequence_model import Architecture
from dsf_theory.training.stacked import Stacked

RECALL = MQAR(length=16, pairs=2, vocabulary=32)
RECIPE = Recipe(steps=8, rows=4, every=3, tested=20, examples=10, warmup=0.0, clip=float("inf"))


def runs_of(mixer, recipe=RECIPE, released=True, **block):
    """Two seeds at two rates, on batches of four, four and two rows."""
    mlp = 4 if mixer == "norm_attention" else 0
    positions = "attention" in mixer
    architecture = Architecture(
        mixer=mixer, d=8, n=4, released=released, mlp=mlp, positions=positions, dropout=0.1, **block
    )
    trained = [(seed, replace(recipe, learning_rate=rate)) for seed in (0, 1) for rate in (3e-3, 1e-2)]
    return [Run(RECALL, architecture, recipe, seed, "cpu") for seed, recipe in trained]


@pytest.mark.parametrize(
    ("mixer", "block"),
    [*((mixer, {}) for mixer in PUBLISHED_MODELS), ("qlstm", {"released": False, "convolution": 2})],
)
@pytest.mark.parametrize("clip", [float("inf"), 0.1])
def test_each_run_is_the_run_alone(mixer, block, clip):
    """To rounding, whatever it drops, clips or learns from: S6 and the smaller last batch of an epoch included."""
    together, alone = (runs_of(mixer, replace(RECIPE, clip=clip), **block) for _ in range(2))
    order = [(place, record.step) for place, record in Stacked(together)]
    assert order == [(place, step) for step in (3, 6, 8) for place in range(4)]
    for run, other in zip(together, alone, strict=True):
        list(other)
        assert_close(run, other)
        assert run.seconds > 0
    assert together[0].history != together[1].history != together[2].history


def test_what_is_dropped_matters():
    """The masks are the runs' own: other masks, and the runs are others."""
    together, alone = runs_of("s6"), runs_of("s6")
    cohort = Stacked(together)
    given = cohort.masks
    cohort.masks = lambda step, inputs: given(step + 1, inputs)
    list(cohort)
    list(alone[0])
    assert abs(together[0].history[0].loss - alone[0].history[0].loss) > 1e-4


def test_a_checkpoint_goes_on(tmp_path):
    """Stopped at an evaluation, saved and taken up by other objects: the same to the last bit as in one go."""
    whole, first = runs_of("s6_2"), runs_of("s6_2")
    list(Stacked(whole))
    for place, _ in zip(range(4), Stacked(first), strict=False):
        first[place].save(tmp_path / str(place))
    second = runs_of("s6_2")
    for place, run in enumerate(second):
        run.load(tmp_path / str(place))
        assert run.step == 3
    second[3] = runs_of("s6_2")[3]  # its checkpoint was lost: it catches up while the others wait
    order = [(place, record.step) for place, record in Stacked(second)]
    assert order == [(3, 3), *((place, step) for step in (6, 8) for place in range(4))]
    for run, other in zip(second, whole, strict=True):
        (ours, history), (theirs, expected) = everything(run), everything(other)
        assert history == expected and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_runs_that_end_early():
    """One that has enough and one that fails take no further steps, and the others do not notice."""
    whole, together = runs_of("linear_attention_elu"), runs_of("linear_attention_elu")
    list(Stacked(whole))
    cohort = Stacked(together, resting=[0])
    evaluate, losses = cohort.evaluate, cohort.losses
    cohort.evaluate = lambda: [(loss, 1.0 if k == 1 else right) for k, (loss, right) in enumerate(evaluate())]
    cohort.play = lambda *given: losses(*given) * torch.tensor([1, 1, float("nan"), 1])
    ended = [(place, record) for place, record in cohort if isinstance(record, FloatingPointError)]
    assert [place for place, _ in ended] == [2] and "found nan at step 1" in str(ended[0][1])
    assert [run.step for run in together] == [0, 3, 0, 8]
    (ours, history), (theirs, expected) = everything(together[3]), everything(whole[3])
    assert history == expected and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_evaluation_is_that_of_the_run(monkeypatch):
    """In pieces or not, and on new rows at every step."""
    monkeypatch.setattr(stacked, "TESTED", 7)
    together = runs_of("s6", replace(RECIPE, examples=0))
    list(Stacked(together))
    for run in together:
        assert run.evaluate() == pytest.approx(run.history[-1][2:], abs=1e-6)


def test_runs_that_do_not_go_together():
    with pytest.raises(ValueError, match="runs: expected some that differ in seed and learning rate alone"):
        Stacked([*runs_of("s6"), *runs_of("s6_2")])
    with pytest.raises(ValueError, match="runs: expected a precision of 'float32', found 'bfloat16'"):
        Stacked(runs_of("s6", replace(RECIPE, precision="bfloat16")))
