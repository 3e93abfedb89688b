"""The forget gate's panel: every control to its ends, and its numbers against a plain loop."""

import numpy as np
import pytest

from dsf_theory.widgets.gates import LENGTH, MODELS, SPAN, gates


@pytest.fixture(scope="module")
def panel():
    return gates()


def ends(control) -> list:
    """The first and last value of a control."""
    return [control.min, control.max] if hasattr(control, "min") else [value for _, value in control.options]


@pytest.mark.parametrize("model", MODELS.values())
def test_every_control_moves_to_its_ends(panel, model):
    panel.set(model=model, forget=-1, power=2, write=1, pulse=8, seed=0)
    start = panel.values
    for name in ("forget", "power", "write", "pulse", "seed"):
        pictures = set()
        for value in ends(panel.controls[name]):
            panel.set(**{name: value})
            assert panel.error is None
            pictures.add(panel.live.image.value)
        panel.set(**start)
        unused = name == "power" and model == "qlstm"
        assert len(pictures) == (1 if unused else 2), name


def test_corners(panel):
    """All controls at their ends together: numbers stay finite, and the words say when nothing is written."""
    for model in MODELS.values():
        for forget in (-6, 6):
            for power in (0, 8):
                panel.set(model=model, forget=forget, power=power, write=6, pulse=0)
                assert panel.error is None
                assert "nan" not in panel.live.description and "inf" not in panel.live.description
    panel.set(model="rglru", power=0)
    assert "nothing is ever forgotten" in panel.live.description
    assert "nothing is written" in panel.live.description


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


DECAYS = {
    "qlstm": lambda f: sigmoid(f),
    "qlstm_rev": lambda f: (1 + np.exp(f)) ** -1.5,
    "rglru": lambda f: 0.5 ** (1.5 / 8 * sigmoid(f)),
}


@pytest.mark.parametrize("model", MODELS.values())
def test_says_what_a_plain_loop_finds(panel, model):
    panel.set(model=model, forget=-0.5, power=1.5, write=0.75, pulse=12, seed=3)
    tokens = np.random.default_rng(3).standard_normal(LENGTH)
    decay, gate = DECAYS[model](tokens - 0.5), sigmoid(tokens + 0.75)
    factor = np.sqrt(1 - decay**2) if model == "rglru" else np.ones(LENGTH)
    h, states = 0.0, []
    for i in range(LENGTH):
        h = decay[i] * h + factor[i] * gate[i] * (i == 12)
        states.append(h)
    mean = np.mean(decay)
    left = states[22] / states[12]
    share = f"{left:.1%}" if left >= 0.0005 else "less than 0.05%"
    expected = (
        f": the mean decay is {mean:.3f}, a memory of {1 / (1 - mean):.1f} steps. A pulse at step 12 is "
        f"written with weight {states[12]:.2g}; {share} of that is left 10 steps later."
    )
    assert panel.live.description.endswith(expected)


def test_tokens_stay_in_the_picture(panel):
    seeds = panel.controls["seed"]
    for seed in range(seeds.min, seeds.max + 1):
        tokens = np.random.default_rng(seed).standard_normal(LENGTH)
        assert np.abs(tokens).max() + panel.controls["forget"].max < SPAN
