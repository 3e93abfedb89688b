"""Systems realised from kernels: exact, minimal, near the best where truncated, and systems like any other."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_kernels import gated, low_rank, periodic, softmax, window

import dsf_theory
from dsf_theory.arrays import checks
from dsf_theory.kernels.bounds import ERRORS, kernel_error, lower_bound, lower_bound_states
from dsf_theory.kernels.hankel import hankel_singular_values, minimal_dimensions, minimal_feedthrough
from dsf_theory.kernels.realisation import realise, sufficient_states
from dsf_theory.system.shared_state import SharedState
from dsf_theory.system.transition import Dense

FORMS = ("recurrent", "scan", "chunked", "convolutional")


def plain_loop(system):
    """y by the dense matrices, one step after another, for one sequence."""
    h, outputs = np.zeros(system.N), []
    for Lambda, B, C, D, u in zip(system.Lambda, system.B, system.C, system.D, system.u, strict=True):
        h = Lambda @ h + B @ u
        outputs.append(C @ h + D @ u)
    return np.array(outputs)


# -------------------------------------------------------------------- exact

KERNELS = {  # name: (kernel, its least n)
    "length 1": (np.array([[2.0]]), 1),
    "length 2": (np.array([[2.0, 0], [3, 4]]), 1),
    "zero": (np.zeros((5, 5)), 1),
    "identity": (np.eye(20), 1),
    "minus identity": (-np.eye(3), 1),
    "window": (window(40, 5), 5),
    "delay": (np.eye(30, k=-4), 5),
    "periodic": (periodic(40, 6), 6),
    "linear attention": (low_rank(60, 3), 3),
    "gated": (gated(50, 4), 4),
    "hard reset": (gated(50, 4, reset=25), 4),
    "softmax": (softmax(41, temperature=0.3), 21),
    "softmax, cold": (softmax(64, temperature=0.02), None),
    "softmax, hot": (softmax(96, temperature=5.0), None),
    "vanishing": (np.tril(np.exp(-300.0 * np.subtract.outer(np.arange(9), np.arange(9)).clip(0))), 1),
    "growing": (np.tril(1.5 ** np.subtract.outer(np.arange(40), np.arange(40))), 1),
    "one entry": (np.diag([0.0] * 4 + [1] + [0] * 4), 1),
    "no past": (np.diag([0.0, 0, 1, 2, 0]), 1),
}


@pytest.mark.parametrize("name", KERNELS)
def test_exact_and_minimal(name):
    P, n = KERNELS[name]
    found = realise(P)
    assert kernel_error(P, found.kernel(), "entry") <= 1e-12 * max(1, np.abs(P).max())
    assert n is None or found.n == n
    if n is not None:
        np.testing.assert_array_equal(found.dimensions, minimal_dimensions(P))
    u = np.random.default_rng(0).standard_normal((len(P), 3))
    system = found.system(u)
    assert system.Lambda.shape == (len(P), 3 * found.n, 3 * found.n)
    np.testing.assert_allclose(plain_loop(system), P @ u, atol=1e-10 * max(1, np.abs(P).max()))


@given(
    seed=st.integers(0, 10**6), length=st.integers(1, 14), rank=st.integers(0, 6), scale=st.floats(1e-6, 1e6)
)
@settings(max_examples=60, deadline=None)
def test_any_kernel_is_met(seed, length, rank, scale):
    rng = np.random.default_rng(seed)
    P = scale * np.tril(rng.standard_normal((length, rank)) @ rng.standard_normal((rank, length)))
    P *= rng.random((length, length)) < 0.7
    found = realise(P)
    assert kernel_error(P, found.kernel(), "frobenius") <= 1e-12 * np.linalg.norm(P)
    least = [np.linalg.matrix_rank(P[i:, : i + 1], tol=1e-10 * scale) for i in range(length)]
    assert found.dimensions.max() == max(least)


@pytest.mark.parametrize(
    ("name", "options", "shared"),
    [
        ("softmax_attention", {}, False),
        ("softmax_attention", {"heads": 2, "optional": ("W_o",)}, True),
        ("softmax_attention", {"heads": 2, "optional": ("b_v", "b_o", "W_o")}, True),
        ("linear_attention_elu", {"optional": ("W_o",)}, False),
        ("s6", {}, True),
        ("s4d", {}, True),
        ("ssd", {"heads": 2}, True),
        ("qlstm", {}, True),
    ],
)
def test_kernels_of_models(name, options, shared):
    model = dsf_theory.MODELS[name].random(d=4, n=2, **options)
    u = np.random.default_rng(0).standard_normal((11, 4))
    phi, expected = model.kernel(u), model.output(u)
    found = realise(phi)
    given = np.concatenate([u, np.ones((11, phi.shape[-1] - 4))], axis=1)
    system = found.system(given)
    assert isinstance(system, SharedState) == shared
    assert kernel_error(phi, found.kernel(), "entry") < 1e-12 * np.abs(phi).max()
    for form in FORMS:
        np.testing.assert_allclose(getattr(system, form)(), expected, atol=1e-11 * np.abs(expected).max())
    assert system.N == minimal_dimensions(phi).max()


def test_heads_with_the_maps_of_a_model():
    model = dsf_theory.MODELS["softmax_attention"].random(
        d=6, n=2, heads=3, optional=("b_v", "b_o", "W_o"), seed=1
    )
    u = np.random.default_rng(0).standard_normal((2, 9, 6))
    found = realise(model.probabilities(u[0]))
    assert found.dimensions.shape == found.discarded.shape == (9, 3) and found.n == 5
    maps = {key: value[:1] if key == "u" else value for key, value in model.maps(u).items()}
    np.testing.assert_allclose(found.system(**maps).recurrent()[0], model.output(u[0]), atol=1e-12)


def test_a_map_of_low_rank_needs_fewer_channels():
    W = np.outer([1.0, 2, 3], [1.0, -1]) / 5
    phi = softmax(8)[..., None, None] * W
    u = np.random.default_rng(0).standard_normal((8, 2))
    system = realise(phi).system(u)
    assert (system.N, system.d) == (4, 3) and minimal_dimensions(phi).max() == 4
    np.testing.assert_allclose(system.recurrent(), softmax(8) @ u @ W.T, atol=1e-13)


def test_a_skip_beside_the_system():
    P = gated(20, 3) + np.diag(np.arange(20.0))
    D = minimal_feedthrough(P)
    u = np.random.default_rng(0).standard_normal((20, 2))
    found = realise(P - np.diag(D))
    assert (realise(P).n, found.n) == (4, 3)
    np.testing.assert_allclose(found.system(u, skip=D[:, None, None]).recurrent(), P @ u, atol=1e-11)


# -------------------------------------------------------------------- truncated


@given(seed=st.integers(0, 10**6), length=st.integers(1, 14), n=st.integers(1, 6), cold=st.booleans())
@settings(max_examples=60, deadline=None)
def test_error_is_what_was_discarded_and_near_the_best(seed, length, n, cold):
    P = softmax(length, temperature=0.3 if cold else 2, seed=seed)
    found = realise(P, n)
    error = kernel_error(P, found.kernel(), "frobenius")
    assert found.n <= n and found.dimensions.max() <= n
    assert error == pytest.approx(found.error, rel=1e-9, abs=1e-12)
    values = np.pad(hankel_singular_values(P), ((0, 0), (0, 7)))
    assert lower_bound(P, n, "frobenius") <= error + 1e-12
    assert error**2 <= np.sum(values[:, n] ** 2) * (1 + 1e-9) + 1e-24


@pytest.mark.parametrize("heads", [1, 2])
def test_truncated_matrices(heads):
    rng = np.random.default_rng(0)
    phi = sum(softmax(10, seed=s)[..., None, None] * rng.standard_normal((3, 2)) for s in range(heads))
    for n in (1, 2, 3):
        found = realise(phi, n)
        assert found.template.N <= 3 * n
        error = kernel_error(phi, found.kernel(), "frobenius")
        assert error == pytest.approx(found.error, rel=1e-9, abs=1e-12)
        assert lower_bound(phi, n, "frobenius") <= error + 1e-12


@pytest.mark.parametrize("tol", [1e-6, 1e-2, 0.3, 100.0])
def test_tolerance_is_kept(tol):
    for kernel in (softmax(30), np.stack([softmax(30), gated(30, 4)])):
        found = realise(kernel, tol=tol)
        assert np.all(kernel_error(kernel, found.kernel(), "frobenius") <= tol)
        assert found.n <= np.max(realise(kernel).n)
        assert tol < 0.1 or found.n < 15


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1, 1e3, 1e6])
def test_a_tolerance_has_the_unit_of_the_kernel(scale):
    """A tenth of the kernel ``1/(1 + t)`` takes two states, whatever its unit."""
    steps = np.arange(64)
    P = scale * np.tril(1 / (1 + np.abs(steps[:, None] - steps)))
    found = realise(P, tol=0.1 * np.linalg.norm(P))
    assert found.n == 2 and found.error <= 0.1 * np.linalg.norm(P)


def test_tolerance_is_shared_by_all_steps_and_values():
    early = np.diag(
        0.999 / np.sqrt(np.arange(30, 0, -1))
    )  # each within the share of its step, were none spent before
    assert realise(early, tol=1.0).error <= 1
    rng = np.random.default_rng(0)
    turns = np.stack([np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(2)])
    assert (
        realise(np.eye(2)[..., None, None] * turns[:, None], tol=1.5).error <= 1.5
    )  # four values of 1 at each step


def test_rank_that_a_triangular_factor_does_not_show():
    """Kahan's matrix: the last of 96 singular values is 1e-15, no diagonal entry is below 1e-3."""
    i, s, c = np.arange(96), np.sin(1.2), np.cos(1.2)
    kahan = s ** i[:, None] * (np.eye(96) - c * np.triu(np.ones((96, 96)), 1))
    P = np.zeros((192, 192))
    P[96:, :96] = kahan
    assert np.abs(np.diag(kahan)).min() > 1e-3
    assert realise(P).dimensions[95] == minimal_dimensions(P)[95] == 95


@pytest.mark.parametrize("n", [3, None])
def test_basis_is_input_normal(n):
    P = softmax(25, temperature=0.3)
    system = realise(P, n).system(np.ones((25, 1)))
    R = np.zeros((system.n, 0))  # the state as a map of the inputs so far
    for i in range(25):
        R = np.hstack([system.Lambda[i] @ R, system.B[i]])
        kept = np.linalg.matrix_rank(R)
        np.testing.assert_allclose(R @ R.T, np.diag(np.arange(system.n) < kept), atol=1e-12)
        assert np.linalg.norm(system.Lambda[i], 2) <= 1 + 1e-12
        np.testing.assert_allclose(system.C[i, 0, :kept], P[i, : i + 1] @ R[:kept].T, atol=1e-12)


def test_heads_are_independent():
    P = np.stack([softmax(12), gated(12, 2), np.zeros((12, 12))])
    together, apart = realise(P, 3), [realise(p, 3) for p in P]
    for r, found in enumerate(apart):
        np.testing.assert_array_equal(together.kernel()[r], found.kernel())
        np.testing.assert_array_equal(together.dimensions[:, r], found.dimensions)
        assert together.error[r] == found.error


@pytest.mark.parametrize("error", ERRORS)
def test_sufficient_states(error):
    P = softmax(40)
    for eps in (0.3, 0.03):
        n = sufficient_states(P, eps, error)
        assert lower_bound_states(P, eps, error) <= n
        assert kernel_error(P, realise(P, n).kernel(), error) <= eps
        assert n == 1 or kernel_error(P, realise(P, n - 1).kernel(), error) > eps
    assert sufficient_states(np.stack([P, 0 * P]), 0.3).tolist() == [sufficient_states(P, 0.3), 1]


# -------------------------------------------------------------------- systems


@pytest.mark.parametrize("form", FORMS)
def test_inputs_of_any_library(form):
    found, model = realise(softmax(17), n=4), realise(softmax(17)[..., None, None] * np.ones((3, 2)) + 0)
    u = np.random.default_rng(0).standard_normal((2, 3, 17, 2))
    expected = found.kernel() @ u
    np.testing.assert_allclose(getattr(found.system(u), form)(), expected, atol=1e-12)
    tensor = torch.tensor(u, dtype=torch.float32, requires_grad=True)
    y = getattr(found.system(tensor), form)()
    assert y.dtype == torch.float32 and torch.allclose(y, torch.tensor(expected).float(), atol=1e-5)
    y.sum().backward()
    np.testing.assert_allclose(tensor.grad[0, 0, :, 0], found.kernel().sum(axis=0), rtol=1e-4, atol=1e-5)
    assert getattr(model.system(u), form)().shape == (2, 3, 17, 3)


def generic(rng, length, d, d_in, N):
    """A shared state of random matrices, and a plain loop through them."""
    Lambda, B, C = (
        rng.standard_normal(shape) / N for shape in ((length, N, N), (length, N, d_in), (length, d, N))
    )
    D, u = rng.standard_normal((d, d_in)), rng.standard_normal((2, length, d_in))
    transition, write = Dense(Lambda[:, None, None]), B.swapaxes(1, 2)[:, None]
    h, y = np.zeros((2, N)), []
    for i in range(length):
        h = h @ Lambda[i].T + u[:, i] @ B[i].T
        y.append(h @ C[i].T + u[:, i] @ D.T)
    return (
        SharedState(u, transition, write, C[:, None], feedthrough=D),
        np.stack(y, axis=1),
        (Lambda, B, C, D),
    )


@pytest.mark.parametrize(
    ("length", "d", "d_in", "N"), [(1, 1, 1, 1), (7, 3, 2, 5), (20, 2, 4, 1), (70, 4, 1, 3)]
)
def test_shared_state(length, d, d_in, N):
    system, y, matrices = generic(np.random.default_rng(0), length, d, d_in, N)
    assert (system.d, system.N, system.n, system.state_size) == (d, N, N / d, N)
    for name, matrix in zip(("Lambda", "B", "C"), matrices, strict=False):
        np.testing.assert_array_equal(getattr(system, name), np.stack([matrix, matrix]))
    np.testing.assert_array_equal(system.D[1, 0], matrices[3])
    for form in FORMS:
        np.testing.assert_allclose(getattr(system, form)(), y, atol=1e-12)
    np.testing.assert_allclose(np.einsum("bijac,bjc->bia", system.kernel(), system.u), y, atol=1e-12)
    rng = np.random.default_rng(1)
    turned = system.in_basis(rng.standard_normal((length, N, N)) + 3 * np.eye(N))
    log, sign = rng.standard_normal((length, 1, 1, N)), np.sign(rng.standard_normal((length, 1, 1, N)))
    for other in (turned, system.in_gauge(dsf_theory.Gauge(log, sign))):
        one = np.stack([other.Lambda[0], other.Lambda[1]])
        h = np.zeros((2, N))
        for i in range(length):
            h = np.einsum("bst,bt->bs", one[:, i], h) + np.einsum("bst,bt->bs", other.B[:, i], system.u[:, i])
            found = np.einsum("bst,bt->bs", other.C[:, i], h) + system.u[:, i] @ matrices[3].T
            np.testing.assert_allclose(found, y[:, i], atol=1e-8)
            np.testing.assert_allclose(other.states()[:, i], h, atol=1e-8 * max(1, np.abs(h).max()))
        np.testing.assert_allclose(other.scan(), y, atol=1e-9)


# -------------------------------------------------------------------- refusals


def test_too_many_states_for_memory(monkeypatch):
    monkeypatch.setattr(checks, "MEMORY_LIMIT", 100_000)
    with pytest.raises(
        ValueError, match=r"kernel: 60 matrices of \d+ x \d+ would take .* fewer states with n"
    ):
        realise(softmax(60))
    assert realise(softmax(60), n=10).n == 10


def test_shared_states_refuse_parts_of_channels():
    system, *_ = generic(np.random.default_rng(0), 4, 2, 2, 3)
    with pytest.raises(ValueError, match="weights: expected a state for each channel, found a shared one"):
        system.weights()
    found = realise(system.kernel()[0])
    with pytest.raises(
        ValueError, match="value_map: expected none in a system of one shared state, found one"
    ):
        found.system(system.u, value_map=np.eye(2))
    with pytest.raises(ValueError, match=r"read: expected shape \(4, 1, 2, 3\), found \(4, 1, 2, 1\)"):
        SharedState(system.u, system.transition, system.write, system.read[..., :1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: realise(np.ones((2, 2))), "kernel: expected zeros where j > i"),
        (lambda: realise(np.eye(3), n=0), "n: expected a whole number >= 1, found 0"),
        (lambda: realise(np.eye(3), n=2.0), "n: expected a whole number >= 1, found 2.0"),
        (lambda: realise(np.eye(3), n=2, tol=0.1), "tol: expected none where n is given, found 0.1"),
        (lambda: realise(np.eye(3), tol=0), "tol: expected positive numbers"),
        (
            lambda: realise(np.eye(3)).system(np.ones((4, 2))),
            r"u: expected shape \(\.\.\., length=3, d\), found",
        ),
        (lambda: realise(np.eye(3)).system(np.ones(3)), r"u: expected shape \(\.\.\., length=3, d\), found"),
        (
            lambda: realise(np.ones((1, 1, 2, 3))).system(np.ones((1, 2))),
            r"u: expected shape \(\.\.\., length=1, 3\), found \(1, 2\)",
        ),
        (
            lambda: realise(np.zeros((2, 3, 3))).system(np.ones((3, 3))),
            "heads: expected a multiple of heads=2, found 3",
        ),
        (
            lambda: realise(np.eye(3)).system(dsf_theory.symbols("u", (3, 2))),
            "u: expected numbers, found SymPy expressions",
        ),
        (lambda: sufficient_states(softmax(9), 1e-18), "eps: expected more than rounding"),
        (lambda: sufficient_states(np.eye(3), -1), "eps: expected positive numbers"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
