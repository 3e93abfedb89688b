"""Verdicts: comparisons of summaries as objects, which come out either way."""

import numpy as np
import pytest
from runs import row_of, rows_of

from dsf_theory.experiments.ours import EASY, ours
from dsf_theory.experiments.records import Row
from dsf_theory.experiments.verdicts import LINEAR, NORM, S6, SOFTMAX, SSD, comparisons, verdict


def outcomes(name, accuracy):
    return [one.outcome for one in comparisons(name, rows_of(name, accuracy))]


def n_of(trial):
    return trial.architecture.n


def test_verdicts_come_out_either_way():
    """Confirmed, reversed, or open, as the seeds have it."""
    up = outcomes(
        "state-expansion", lambda t: 0.3 + n_of(t) / 100 + 0.4 * (t.architecture.variant == SOFTMAX)
    )
    assert up == ["seen"] * 4
    assert outcomes("state-expansion", lambda t: 0.9 - n_of(t) / 100) == ["reversed"] * 4
    assert outcomes("state-expansion", lambda t: 0.5 + t.seed / 100) == ["open"] * 4


def test_seeds_that_stay_at_guessing():
    """Overlap that is theirs alone is told from any other; a model of which no seed learnt is not helped by it."""

    def accuracy(trial):
        return 0.1 if trial.seed == 0 and n_of(trial) > 2 else 0.3 * np.log2(n_of(trial)) - 0.1

    found = comparisons("state-expansion", rows_of("state-expansion", accuracy))
    assert [one.outcome for one in found] == ["learnt"] * 4
    assert (
        verdict(found)
        == "Not confirmed: 0 of 4 comparisons; in 4 if seeds that stay at guessing are left out."
    )
    none = outcomes("state-expansion", lambda t: 0.1 + 0.01 * t.seed if n_of(t) > 2 else 0.2 + 0.2 * t.seed)
    assert "learnt" not in none
    lucky = {2: [0.4, 0.5, 0.45], 4: [0.1, 0.1, 0.9]}  # one seed above all others is not most of them
    rows = rows_of("state-expansion", lambda t: lucky.get(n_of(t), [0.95] * 3)[t.seed])
    assert comparisons("state-expansion", rows)[0].outcome == "open"


def test_claims_name_what_they_compare():
    """S6 between linear and softmax attention at each d, normalised attention above linear: ten comparisons."""
    order = {LINEAR: 0.2, S6: 0.4, SSD: 0.5, NORM: 0.6, SOFTMAX: 0.9}
    rows = rows_of("models", lambda t: order[t.architecture.variant] + 0.01 * t.seed)
    found = comparisons("models", rows)
    assert len(found) == 10 and {one.outcome for one in found} == {"seen"}
    assert verdict(found) == "Confirmed in all of 10 comparisons."
    (gap,) = (one.gap for one in found if one.words == "d = 16: S6 (Mamba) over linear attention")
    assert gap == pytest.approx(0.2)


def test_heat_map_compares_cells_that_keep_alike():
    """More states win at each d, and where n and d trade places."""
    found = comparisons("heat-map", rows_of("heat-map", lambda t: 0.3 + n_of(t) / 20))
    assert [one.outcome for one in found] == ["seen"] * 6
    assert found[2].words == "MQAR, 4 pairs: d = 32, n = 8 over d = 64, n = 2"
    assert verdict(comparisons("heat-map", rows_of("heat-map", lambda t: t.architecture.d / 100))).startswith(
        "Not confirmed"
    )


@pytest.mark.parametrize(
    ("accuracy", "guessing", "stuck"), [(0.28, 0.25, True), (0.3, 0.25, False), (0.1, None, False)]
)
def test_a_run_is_stuck_near_guessing(accuracy, guessing, stuck):
    (trial, *_) = ours([EASY], ["s6"], [4], [2], 10, [0.01])
    assert row_of(trial, accuracy, guessing).stuck is stuck
    assert Row(trial=trial, failure="gone", guessing=guessing).score == 0
