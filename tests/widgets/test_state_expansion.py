"""The associative memory of notebook 01: every control moves, and its sentence is right."""

import re

import numpy as np
import pytest

from dsf_theory.studies import memory
from dsf_theory.widgets.state_expansion import state_expansion


@pytest.fixture
def panel():
    return state_expansion()


def ends(control):
    return (control.min, control.max) if hasattr(control, "min") else [value for _, value in control.options]


def test_every_control_moves_the_picture(panel):
    panel.set(asked=1, spread=False)
    for name, control in panel.controls.items():
        pictures = []
        for value in ends(control):
            panel.set(pairs=24) if name == "asked" else None
            control.value = value
            assert panel.error is None, (name, value, panel.error)
            pictures.append(panel.live.pixels().copy())
        assert (pictures[0] != pictures[1]).any(), name
        panel.set(n=8, pairs=6, asked=1, seed=0, spread=False)


def test_a_pair_that_is_not_stored_cannot_be_asked_for(panel):
    panel.set(pairs=2, asked=3)
    assert isinstance(panel.error, ValueError)
    assert "Pair 3 is not stored" in str(panel.error)
    panel.set(asked=2)
    assert panel.error is None


@pytest.mark.parametrize("spread", [True, False])
def test_the_sentence_has_the_right_numbers(panel, spread):
    """Against sums written out here: H from outer products, read with the key asked."""
    n, pairs, asked, seed = 5, 9, 4, 2
    panel.set(n=n, pairs=pairs, asked=asked, seed=seed, spread=spread)
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((24, 12))[:pairs]
    if spread:
        keys = memory.spread_keys(pairs, n) @ np.linalg.qr(rng.standard_normal((n, n)))[0]
    else:
        keys = np.random.default_rng([seed, n]).standard_normal((pairs, n))
        keys /= np.sqrt((keys**2).sum(axis=1, keepdims=True))
    H = sum(np.outer(value, key) for key, value in zip(keys, values, strict=True))
    wrong = [H @ key - value for key, value in zip(keys, values, strict=True)]
    own = np.linalg.norm(wrong[asked - 1]) / np.linalg.norm(values[asked - 1])
    together = np.sqrt(np.sum(np.square(wrong)) / np.sum(np.square(values)))
    most = max(abs(keys[asked - 1] @ keys[j]) for j in range(pairs) if j != asked - 1)
    found = [float(x) for x in re.findall(r"\d+\.\d\d", panel.live.description)]
    assert found == [1.0, float(f"{most:.2f}"), float(f"{own:.2f}"), float(f"{together:.2f}")]
    assert "9 pairs in 5 states a channel: H holds 12 × 5 = 60 numbers." in panel.live.description


def test_recall_is_exact_up_to_n_pairs_and_not_beyond(panel):
    panel.set(n=7, pairs=7)
    assert panel.live.description.endswith("Over all pairs the error is 0.00.")
    panel.set(pairs=8)
    assert not panel.live.description.endswith("the error is 0.00.")


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("pairs", [1, 2, 8, 13])
def test_spread_keys_overlap_least(n, pairs):
    """The mean squared overlap of unit keys is at least pairs/n - 1; spread keys attain it."""
    G = memory.spread_keys(pairs, n) @ memory.spread_keys(pairs, n).T
    assert np.allclose(np.diag(G), 1)
    assert np.isclose((G**2).sum() / pairs - 1, max(pairs / n - 1, 0))
