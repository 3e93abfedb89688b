"""A model of twenty lines, as a reader writes her first one: the laws hold for it, and for no faulty version of it."""

import numpy as np
import pytest
from laws import LAWS, Case

import dsf_theory as dsf
from dsf_theory.system import apply_map
from dsf_theory.system.transition import Diagonal


def retention():
    """The class, defined anew as a test may: it is registered until the test ends."""

    class Retention(dsf.Model):
        """One head of RetNet, ``y_i = Σ_{j<=i} e^{-rate (i-j)} q_iᵀk_j v_j``, also by its quadratic form."""

        name, title = "retention", "retention"
        W_q = W_k = dsf.Parameter("n d")
        W_v = dsf.Parameter("d d")
        rate = dsf.Parameter("", domain="positive")

        def build(self, u):
            q, k = (apply_map(W, u)[..., None, None, :] for W in (self.W_q, self.W_k))
            log = self.xp.reshape(-self.rate, (1, 1, 1, 1))
            return dsf.System(u=u, transition=Diagonal(log), write=k, read=q, value_map=self.W_v)

        def respond(self, u):
            xp, length = self.xp, u.shape[-2]
            q, k, v = (apply_map(W, u) for W in (self.W_q, self.W_k, self.W_v))
            now = xp.cumulative_sum(xp.ones_like(u[..., 0]), axis=-1)
            age = now[..., :, None] - now[..., None, :]
            decay = xp.where(xp.lower(u, length), xp.exp(-self.rate * xp.relu(age)), 0 * age)
            return (decay * (q @ xp.matrix_transpose(k))) @ v

    return Retention


def retention_loop(u, W_q, W_k, W_v, rate):
    """The same as a loop over time."""
    state, y = np.zeros((len(W_q), len(W_v))), []
    for token in u:
        state = np.exp(-rate) * state + np.outer(W_k @ token, W_v @ token)
        y.append(W_q @ token @ state)
    return np.array(y)


@pytest.mark.parametrize("law", LAWS)
def test_the_laws_hold(law):
    LAWS[law](Case(retention(), oracle=retention_loop))


def build(rate_sign=-1, only=("numpy", "torch", "sympy"), tokens=lambda u: u, detach=False):
    """A definition with the faults that are asked for."""

    def faulty(self, u):
        W_k = self.W_k.detach() if detach and self.xp.name == "torch" else self.W_k
        q, k = (apply_map(W, tokens(u))[..., None, None, :] for W in (self.W_q, W_k))
        sign = rate_sign if self.xp.name in only else -1
        log = self.xp.reshape(sign * self.rate, (1, 1, 1, 1))
        return dsf.System(u=u, transition=Diagonal(log), write=k, read=q, value_map=self.W_v)

    return faulty


def by_system(self, u):
    """No form of its own."""
    return self.build(u).chunked()


def uncausal(u):
    """Every step sees the mean of all."""
    return u - u.mean(-2, keepdims=True)


def mixed(u):
    """Every row of a batch sees the first."""
    return u + u[:1] if u.ndim > 2 else u


FAULTS = {
    "a sign in the definition": ({"build": build(+1)}, "forms_agree"),
    "a sign in the definition and no form of its own": (
        {"build": build(+1), "respond": by_system},
        "oracle_agrees",
    ),
    "a sign in the quadratic form": (
        {"respond": lambda self, u: -by_system(self, u)},
        "forms_agree",
    ),
    "a sign in symbols alone": ({"build": build(+1, ["sympy"])}, "readings_agree"),
    "a sign in torch alone": ({"build": build(+1, ["torch"]), "respond": by_system}, "readings_agree"),
    "a kernel of its own": ({"kernel": lambda self, u: -self.system(u).kernel()}, "kernel_gives_output"),
    "steps that see later ones": ({"build": build(tokens=uncausal), "respond": by_system}, "causal"),
    "rows that see each other": ({"build": build(tokens=mixed), "respond": by_system}, "rows_are_apart"),
    "a gradient that is lost": (
        {"build": build(detach=True), "respond": by_system},
        "gradients_are_differences",
    ),
    "a size that is wrong": ({"kept": lambda self, length: 1}, "state_size_is_what_is_kept"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_version_fails(fault):
    changed, law = FAULTS[fault]
    faulty = type("Faulty", (retention(),), changed)
    with pytest.raises(AssertionError):
        LAWS[law](Case(faulty, oracle=retention_loop))


def test_the_class_of_a_test_is_gone_when_it_ends():
    assert "retention" not in dsf.MODELS
