"""Verdicts: comparisons of summaries as objects, which come out either way."""

import numpy as np
import pytest
from runs import row_of, rows_of

from dsf_theory.experiments.claimed import LINEAR, NORM, S6, SOFTMAX, SSD
from dsf_theory.experiments.ours import EASY, ours
from dsf_theory.experiments.protocol import interval
from dsf_theory.experiments.records import Row
from dsf_theory.experiments.verdicts import comparisons, headline, verdict


def outcomes(name, accuracy):
    return [one.outcome for one in comparisons(name, rows_of(name, accuracy))]


def n_of(trial):
    return trial.architecture.n


def mastered(accuracy):
    """Accuracies of all models but softmax attention, which answers everything."""
    return lambda trial: 1.0 if trial.architecture.variant == SOFTMAX else accuracy(trial)


def test_verdicts_come_out_either_way():
    """Confirmed, equal, refuted, or open, as interval and least effect have it."""
    up = outcomes("state-expansion", mastered(lambda t: 0.3 + n_of(t) / 30 + 0.001 * t.seed))
    assert up == ["confirmed"] * 4
    down = outcomes("state-expansion", mastered(lambda t: 0.9 - n_of(t) / 30))
    assert down == ["refuted"] * 3 + ["confirmed"]
    level = outcomes("state-expansion", mastered(lambda t: 0.5 + 0.01 * t.seed))
    assert level == ["equal"] * 3 + ["confirmed"]
    wide = outcomes("state-expansion", mastered(lambda t: 0.4 + 0.02 * n_of(t) + 0.2 * t.seed))
    assert wide == ["open"] * 3 + ["confirmed"]


def test_a_difference_below_the_least_effect_confirms_nothing():
    """Every seed of the one above every seed of the other, by three points."""
    found = outcomes("normalisers", lambda t: 0.5 + 0.03 * (t.architecture.options.get("eta") == "exp"))
    assert set(found) == {"equal"}


def test_runs_that_stay_at_guessing_confirm_nothing():
    """Checked before anything else: a clear gap between two failed trainings is no result."""
    found = outcomes("models", mastered(lambda t: 0.16 if t.architecture.mixer == "s6" else 0.02))
    told = {one for one in found if one != "confirmed"}  # softmax attention is above both
    assert told == {"not trained"} and "confirmed" in found
    stuck = {2: [0.4, 0.5, 0.45], 4: [0.1, 0.1, 0.9]}  # one seed of three learnt
    rows = rows_of("state-expansion", mastered(lambda t: stuck.get(n_of(t), [0.95] * 3)[t.seed]))
    assert comparisons("state-expansion", rows)[0].outcome in ("open", "refuted")


def test_without_a_ceiling_nothing_is_compared():
    """Softmax attention that answers 98 %, or that fails on one seed of three."""
    for softmax in (lambda t: 0.98, lambda t: 1.0 if t.seed else 0.1):
        found = outcomes(
            "state-expansion",
            lambda t, s=softmax: s(t) if t.architecture.variant == SOFTMAX else n_of(t) / 20,
        )
        assert set(found) == {"no ceiling"}
    assert "no ceiling" not in outcomes("sequences", lambda t: 0.5)


def test_claims_name_what_they_compare():
    """S6 and SSD between linear and softmax attention at each d, normalised attention above linear."""
    order = {LINEAR: 0.2, NORM: 0.6, SOFTMAX: 1.0}
    rows = rows_of("models", lambda t: order.get(t.architecture.variant, 0.4) + 0.001 * t.seed)
    found = comparisons("models", rows)
    assert len(found) == 10 and {one.outcome for one in found} == {"confirmed"}
    assert verdict(found) == "Confirmed in all of 10 comparisons."
    (one,) = (
        one for one in found if one.words == "d = 16: S6 (Mamba), memory 16 over linear attention, ELU + 1"
    )
    assert one.gap == pytest.approx(0.2) and one.interval[0] == pytest.approx(0.198)
    assert {S6, SSD}.isdisjoint(
        one.pair.first.variant for one in found
    )  # they start with a memory of the row


def test_heat_map_compares_cells_that_keep_the_same():
    """Half the channels of twice the states, and no cells that keep different numbers."""

    def cells(accuracy):
        rows = [
            row_of(trial, accuracy(trial))
            for trial in ours([EASY], ["linear_attention_elu"], [16, 32], [2, 4], 10, [0.1])
        ]
        return comparisons("heat-map", rows)

    (one,) = cells(lambda t: 0.3 + n_of(t) / 20)
    assert one.words == "MQAR, 4 pairs: d = 16, n = 4 over d = 32, n = 2" and one.outcome == "confirmed"
    assert one.pair.first.d * one.pair.first.n == one.pair.second.d * one.pair.second.n
    assert verdict(cells(lambda t: t.architecture.d / 100)) == "Refuted."


def test_the_interval_is_that_of_the_medians():
    """The same at every call, symmetric, wide where seeds differ, and not moved by one seed of eight."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.6, 0.02, 8), rng.normal(0.4, 0.02, 8)
    low, high = interval(first, second)
    assert 0.15 < low < np.median(first) - np.median(second) < high < 0.25
    assert interval(first, second) == (low, high)
    assert interval(second, first) == pytest.approx((-high, -low), abs=0.01)
    first[0] = 0.0
    assert interval(first, second)[0] > 0.1


def test_the_interval_covers():
    """Of 200 pairs of samples with a known gap, about 95 % have it in their interval."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        low, high = interval(rng.normal(0.5, 0.1, 8), rng.normal(0.4, 0.1, 8))
        held += low <= 0.1 <= high
    assert held >= 180


def test_headlines():
    assert headline(["open", "confirmed", "not trained"]) == "Confirmed"
    assert headline(["confirmed", "equal"]) == "Confirmed in part"
    assert headline(["equal", "refuted", "open"]) == "Refuted" and headline(["open", "no ceiling"]) == "Open"


@pytest.mark.parametrize(
    ("accuracy", "guessing", "stuck"), [(0.28, 0.25, True), (0.3, 0.25, False), (0.1, None, False)]
)
def test_a_run_is_stuck_near_guessing(accuracy, guessing, stuck):
    (trial, *_) = ours([EASY], ["s6"], [4], [2], 10, [0.01])
    assert row_of(trial, accuracy, guessing).stuck is stuck
    assert Row(trial=trial, failure="gone", guessing=guessing).score == 0
