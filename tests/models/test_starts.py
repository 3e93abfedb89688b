"""Where gates and steps start: a memory of so many steps, whatever the model."""

import numpy as np
import pytest

import dsf_theory as dsf

REMEMBERING = ("s6", "ssd", "qlstm", "qlstm_rev")


@pytest.mark.parametrize("memory", [0.5, 2, 32, 1000])
@pytest.mark.parametrize("name", REMEMBERING)
def test_a_state_keeps_one_over_e_of_what_it_held(name, memory):
    """After so many steps of an input of zeros, at which gates and steps are those of their biases."""
    model = dsf.MODELS[name].random(d=4, n=3, seed=1, memory=memory)
    system = model.system(np.zeros((2, 4)))
    decays = np.diagonal(system.Lambda, axis1=1, axis2=2)
    np.testing.assert_allclose(decays**memory, np.exp(-1), rtol=1e-12)
    if name in ("s6", "ssd"):
        np.testing.assert_allclose(model.step(np.zeros((1, 4))), 1, rtol=1e-12)


@pytest.mark.parametrize("name", REMEMBERING)
def test_without_a_memory_the_literature_has_it(name):
    """Steps of 0.001 to 0.1; forget gates of σ(1), with either gate."""
    model = dsf.MODELS[name].random(d=4, n=3, seed=1)
    if name in ("s6", "ssd"):
        step = model.step(np.zeros((1, 4)))
        assert (step > 1e-3).all() and (step < 0.1).all()
    else:
        decays = np.diagonal(model.system(np.zeros((2, 4))).Lambda, axis1=1, axis2=2)
        np.testing.assert_allclose(decays, 1 / (1 + np.exp(-1)), rtol=1e-12)


@pytest.mark.parametrize("memory", [0, -1, np.inf, np.nan, True, "long"])
def test_what_is_no_memory(memory):
    with pytest.raises(ValueError, match="memory: expected a number of steps > 0, found"):
        dsf.SSD.random(d=2, n=1, memory=memory)


def test_a_step_that_does_not_scale_what_is_written():
    """With steps of one the two are one model; otherwise what is written differs by the step."""
    ssd = dsf.SSD.random(d=4, n=2, seed=1, memory=8)
    free = dsf.SSD(**ssd.parameters, coupled=False)
    u = np.random.default_rng(0).standard_normal((5, 4))
    np.testing.assert_allclose(ssd.system(u).B[:, :, 0], free.system(u).B[:, :, 0] * ssd.step(u), rtol=1e-12)
    still = ssd.parameters | {"W_delta": 0 * ssd.W_delta}
    np.testing.assert_allclose(
        dsf.SSD(**still).output(u), dsf.SSD(**still, coupled=False).output(u), rtol=1e-12
    )
