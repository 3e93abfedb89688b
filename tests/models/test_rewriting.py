"""State space models written as attention, against plain loops from the published definitions."""

import numpy as np
import pytest
import torch

import dsf_theory as dsf
from dsf_theory.models.rewriting import s6_as_attention, ssd_as_attention, ssd_with_local_normaliser


def softplus(x):
    return np.log(1 + np.exp(x))


def scan_of(decay, write, read):
    """``h = decay h + write``, ``y = <read, h>`` for coefficients (length, channel, state), step by step."""
    h, y = np.zeros(decay.shape[1:]), []
    for i in range(len(decay)):
        h = decay[i] * h + write[i]
        y.append((read[i] * h).sum(axis=-1))
    return np.array(y)


def ssd(d=4, n=3, seed=0, **changes):
    given = dsf.SSD.random(d, n, seed=seed, heads=1).parameters
    return dsf.SSD(**given | {"D": np.zeros(1), "A_log": np.zeros(1)} | changes)


@pytest.mark.parametrize(("d", "n"), [(1, 1), (4, 3), (2, 5)])
def test_ssd_is_its_attention(d, n):
    model, u = ssd(d, n, seed=d), np.random.default_rng(n).standard_normal((9, d))
    delta = softplus(u @ model.W_delta.T + model.b_delta)
    write = (delta[:, :, None] * (u @ model.W_x.T)[:, :, None]) * (u @ model.W_B.T)[:, None, :]
    expected = scan_of(np.exp(-delta)[:, :, None] + 0 * write, write, (u @ model.W_C.T)[:, None, :])
    attention = ssd_as_attention(model, u)
    np.testing.assert_allclose(attention.output(u), expected, rtol=1e-11, atol=1e-13)
    own, other = model.system(u), attention.system(u)
    for name in ("B", "C"):
        np.testing.assert_allclose(getattr(other, name), getattr(own, name), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(other.Lambda[1:], own.Lambda[1:], rtol=1e-12)


def test_s6_is_a_head_for_each_channel():
    given = dsf.S6.random(3, 2, seed=1).parameters | {
        "D": np.zeros(3),
        "b_delta": np.array([-2.0, -1.0, 0.0]),
    }
    model, u = dsf.S6(**given), np.random.default_rng(1).standard_normal((7, 3))
    delta = softplus(u @ model.W_delta_down.T @ model.W_delta_up.T + model.b_delta)
    write = (delta * u)[:, :, None] * (u @ model.W_B.T)[:, None, :]
    decay = np.exp(-delta[:, :, None] * np.exp(model.A_log))
    expected = scan_of(decay, write, (u @ model.W_C.T)[:, None, :])
    attention = s6_as_attention(model, u)
    assert attention.heads == 3 and (attention.system(u).Lambda == np.eye(6)).all()
    np.testing.assert_allclose(attention.output(u), expected, rtol=1e-10, atol=1e-13)


def test_local_normaliser_agrees_only_while_the_step_is_constant():
    u = np.random.default_rng(2).standard_normal((6, 4))
    still = ssd(W_delta=np.zeros((1, 4)))
    np.testing.assert_allclose(
        ssd_with_local_normaliser(still, u).output(u), still.output(u), rtol=1e-11, atol=1e-13
    )
    model = ssd()
    apart = ssd_with_local_normaliser(model, u)
    assert np.abs(apart.output(u) - model.output(u)).max() > 1e-3
    eta = np.exp(np.arange(1, 7)[:, None] * softplus(model.b_delta) + u @ model.W_delta.T)
    np.testing.assert_allclose(apart.eta(u), eta, rtol=1e-12)
    bent = u + np.eye(6)[:, 3:4]
    before, after = (ssd_with_local_normaliser(model, x).kernel(x)[5, 1] for x in (u, bent))
    assert (before == after).all()


@pytest.mark.parametrize("rewrite", [ssd_as_attention, ssd_with_local_normaliser, s6_as_attention])
def test_batches_of_tensors(rewrite):
    model = ssd() if rewrite is not s6_as_attention else dsf.S6.random(4, 2)
    u = np.random.default_rng(3).standard_normal((2, 3, 5, 4))
    tensors = {name: torch.from_numpy(value) for name, value in model.parameters.items()}
    y = rewrite(type(model)(**tensors), torch.from_numpy(u))
    y = y.output(torch.from_numpy(u)).numpy()
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(
            y[index], rewrite(model, u[index]).output(u[index]), rtol=1e-11, atol=1e-13
        )


def test_what_has_no_such_attention_is_refused():
    u = np.ones((3, 4))
    for rewrite in (ssd_as_attention, ssd_with_local_normaliser):
        with pytest.raises(ValueError, match="ssd: expected one head, found 2"):
            rewrite(dsf.SSD.random(4, 2, heads=2), u)
    with pytest.raises(ValueError, match="s6: expected b_rule='euler', found 'zoh'"):
        s6_as_attention(dsf.S6.random(4, 2, b_rule="zoh"), u)
    without = {k: v for k, v in dsf.SSD.random(4, 2, heads=1).parameters.items() if k != "b_delta"}
    with pytest.raises(ValueError, match="ssd: expected a bias b_delta of the step, found none"):
        ssd_with_local_normaliser(dsf.SSD(**without), u)
