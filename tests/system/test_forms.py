"""The evaluation forms on systems that models do not make, over long sequences and at extreme decays."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import dsf_theory as dsf
from dsf_theory.arrays import libraries
from dsf_theory.system.transition import Dense, Diagonal

LONG = 100_000


def worst(found, expected):
    """The largest difference, relative to the largest number expected."""
    return float(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max())


def plain_loop(system):
    """y by the dense matrices, one step after another."""
    h, outputs = np.zeros(system.N, complex), []
    for Lambda, B, C, D, u in zip(system.Lambda, system.B, system.C, system.D, system.u, strict=True):
        h = Lambda @ h + B @ u
        outputs.append((C @ h + D @ u).real)
    return np.array(outputs)


def generic(rng, length, heads, channels, states, dense=False, gauge=False):
    """A system with every part present and every axis full or of size one, at random."""
    d = heads * channels

    def part(*shape):
        return rng.standard_normal([size if rng.random() < 0.7 else 1 for size in shape])

    full = (length, heads, channels, states)
    if dense:
        transition = Dense(rng.standard_normal((length, heads, 1, states, states)) / states)
    else:
        transition = Diagonal(-np.abs(part(*full)))
    return dsf.System(
        u=rng.standard_normal((length, d + 1)),
        transition=transition,
        write=rng.standard_normal((length, heads, 1, states)),
        read=part(length, heads, channels, 1) * rng.standard_normal(states),
        heads=heads,
        gain=part(length, heads, channels),
        value_map=rng.standard_normal((d, d + 1)),
        output_map=rng.standard_normal((3, d)),
        skip=part(length, heads, channels),
        feedthrough=rng.standard_normal((3, d + 1)),
        gauge=dsf.Gauge(rng.standard_normal(full), np.sign(rng.standard_normal(full))) if gauge else None,
    )


@given(
    seed=st.integers(0, 10**6),
    length=st.integers(1, 20),
    heads=st.integers(1, 3),
    channels=st.integers(1, 3),
    states=st.integers(1, 3),
    dense=st.booleans(),
    gauge=st.booleans(),
    chunk=st.integers(1, 24),
)
@settings(max_examples=60, deadline=None)
def test_all_forms_are_one_map(seed, length, heads, channels, states, dense, gauge, chunk):
    system = generic(np.random.default_rng(seed), length, heads, channels, states, dense, gauge)
    expected = plain_loop(system)
    in_torch = system.map(torch.as_tensor)
    for one in (system, in_torch):
        assert worst(one.recurrent(), expected) < 1e-10
        assert worst(one.convolutional(), expected) < 1e-10
        assert worst(one.chunked(chunk), expected) < 1e-10
        assert worst(one.scan(), expected) < 1e-10
        assert worst(np.einsum("ijoc,jc->io", one.kernel(), one.u), expected) < 1e-10
        phi = np.einsum("ijoc,jc->io", one.product_kernel(), one.u)
        assert worst(phi, expected) < 1e-10
        read = np.einsum("ion,in->io", one.C, one.states()) + np.einsum("ioc,ic->io", one.D, one.u)
        assert worst(read, expected) < 1e-10


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("name", ["s6", "ssd", "s4", "s5", "norm_attention", "lstm", "softmax_attention"])
def test_the_library_is_asked_for_once_and_not_at_every_step(monkeypatch, name, convert):
    """A form asks no more often for the array namespace over 40 steps than over 4, and neither does a model."""
    asked, find, model = [], libraries.namespace, dsf.MODELS[name].random(d=2, n=2, seed=0)
    model = type(model)(**{k: convert(v) for k, v in model.parameters.items()})
    for module in [m for m in sys.modules.values() if getattr(m, "namespace", None) is find]:
        monkeypatch.setattr(module, "namespace", lambda **arrays: asked.append(1) or find(**arrays))

    def calls(function, *arguments):
        asked.clear()
        function(*arguments)
        return len(asked)

    few, many = (convert(np.ones((length, 2))) for length in (4, 40))
    assert calls(model.output, few) == calls(model.output, many)
    if name not in ("lstm", "softmax_attention"):
        for form in ("recurrent", "convolutional", "chunked", "scan", "kernel", "states"):
            counts = {calls(getattr(model.system(u), form)) for u in (few, many)}
            assert len(counts) == 1 and max(counts) <= 5, form


@pytest.mark.parametrize("length", [39, 40, 41, 65])
@pytest.mark.parametrize("dense", [False, True])
def test_a_kernel_of_any_length_has_the_feedthrough_on_its_diagonal(dense, length):
    rng = np.random.default_rng(length)
    system = generic(rng, length, 2, 2, 2, dense=dense)
    for one in (system, system.map(torch.as_tensor)):
        phi, at = np.asarray(one.kernel()), np.arange(length)
        assert worst(phi, np.asarray(one.product_kernel())) < 1e-12
        assert worst(phi[at, at] - np.asarray(one.C @ one.B), np.asarray(one.D)) < 1e-12


@pytest.mark.parametrize("dense", [False, True])
def test_a_gauge_changes_the_matrices_and_not_the_kernel(dense):
    from dataclasses import replace

    system = generic(np.random.default_rng(1), 7, 2, 2, 3, dense=dense, gauge=True)
    plain = replace(system, gauge=None)
    assert worst(system.Lambda[1:], plain.Lambda[1:]) > 0.1
    assert worst(system.states(), plain.states()) > 0.1
    assert worst(system.kernel(), plain.kernel()) == 0
    T = (system.gauge.sign * np.exp(system.gauge.log)).reshape(7, -1)
    expected = T[1:, :, None] * plain.Lambda[1:] / T[:-1, None, :]
    assert worst(system.Lambda[1:], expected) < 1e-12


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
@pytest.mark.parametrize("form", ["block", "rotating"])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_s4d_in_real_numbers(convert, form, rule):
    """Both real forms of S4D: real matrices, the same output and the same size of state."""
    model = dsf.S4D.random(d=3, n=4, seed=2, rule=rule)
    u = np.random.default_rng(0).standard_normal((17, 3))
    system = dsf.S4D(**{k: convert(v) for k, v in model.parameters.items()}, rule=rule).system(convert(u))
    real = system.real(form)
    expected = plain_loop(model.system(u))
    for y in (real.recurrent(), real.convolutional(), real.chunked(5), real.scan()):
        assert worst(y, expected) < 1e-12
    Lambda = np.asarray(real.Lambda)
    assert Lambda.dtype == np.float64 and real.N == real.state_size == system.state_size == 12
    off_diagonal = np.abs(Lambda - Lambda * np.eye(12)).max()
    assert (off_diagonal == 0) == (form == "rotating")
    decay = np.asarray(system.Lambda)[1].diagonal()
    if form == "block":
        r, theta = np.abs(decay[1]), np.angle(decay[1])
        rotation = [[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]]
        assert np.allclose(Lambda[1][2:4, 2:4], r * np.array(rotation))
    else:
        assert np.allclose(Lambda[1].diagonal(), np.abs(decay).repeat(2))


def test_only_complex_systems_have_a_real_form():
    u = np.ones((3, 2))
    with pytest.raises(ValueError, match="expected a complex diagonal system, found a real one"):
        dsf.S6.random(d=2).system(u).real()
    with pytest.raises(ValueError, match="form: expected one of 'block', 'rotating', found 'polar'"):
        dsf.S4D.random(d=2).system(u).real("polar")


@pytest.mark.parametrize("name", ["linear_attention", "norm_attention", "ssd", "s6", "s4"])
def test_any_basis_has_the_same_kernel(name):
    """``T_i Λ_i T_{i-1}^{-1}``, ``T_i B_i``, ``C_i T_i^{-1}``; with another ``T_{i-1}`` the kernel breaks."""
    rng = np.random.default_rng(0)
    system = dsf.MODELS[name].random(d=2, n=3, seed=1).system(rng.standard_normal((6, 2))).in_gauge(None)
    T = np.eye(3) + 0.3 * rng.standard_normal((6, 3, 3))
    assert worst(system.in_basis(T).product_kernel(), system.kernel()) < 1e-12
    assert (
        worst(system.in_basis(T, T).product_kernel(), system.kernel()) > 1e-4
    )  # S6 reads little beside D = 1
    with pytest.raises(ValueError, match=r"T: expected shape \(6, 3, 3\), found \(6, 2, 2\)"):
        system.in_basis(T[:, :2, :2])


EXTREMES = {
    "S6, decay near 1": ("s6", {"b_delta": -14.0}, {}),
    "S6, decay 0": ("s6", {"b_delta": 6.0, "A_log": 5.0}, {}),
    "S6, mixed": ("s6", {}, {}),
    "SSD, decay near 1": ("ssd", {"b_delta": -14.0}, {"heads": 2}),
    "SSD, decay 0": ("ssd", {"b_delta": 30.0}, {"heads": 2}),
    "quasi-LSTM, open": ("qlstm", {"b_f": 12.0}, {}),
    "quasi-LSTM, closed": ("qlstm", {"b_f": -100.0}, {}),
    "RG-LRU, decay near 1": ("rglru", {"Lambda_p": 12.0}, {}),
    "RG-LRU, decay near 0": ("rglru", {"Lambda_p": -40.0}, {}),
    "S4D, small steps": ("s4d", {"delta": 1e-5}, {"rule": "bilinear"}),
    "S4D, large steps": ("s4d", {"delta": 100.0}, {"rule": "bilinear"}),
    "S4D, slow and turning": ("s4d", {"A": -1e-4 + 30j, "delta": 0.1}, {}),
    "S5, slow and turning": ("s5", {"A": -1e-4 + 30j, "delta": 0.1}, {}),
    "LRU, decay near 1": ("lru", {"nu_log": np.log(1e-5)}, {}),
    "LRU, decay near 0": ("lru", {"nu_log": 3.0}, {}),
    "linear attention": ("linear_attention", {}, {"heads": 2}),
    "linear attention, ELU + 1": ("linear_attention_elu", {}, {"heads": 2}),
    "normaliser e^60": ("norm_attention", {"b_eta": 60.0}, {}),
    "normaliser σ(-60)": ("norm_attention", {"b_eta": -60.0}, {"eta": "sigmoid"}),
}


@pytest.mark.parametrize("case", EXTREMES)
def test_single_precision_over_100_000_steps(case):
    name, changes, options = EXTREMES[case]
    model = dsf.MODELS[name].random(d=4, n=2, seed=1, **options)
    double = {k: np.full_like(v, changes[k]) if k in changes else v for k, v in model.parameters.items()}
    single = {k: v.astype(np.complex64 if np.iscomplexobj(v) else np.float32) for k, v in double.items()}
    u = np.random.default_rng(0).standard_normal((LONG, 4)).astype(np.float32)
    exact = {k: v.astype(np.complex128 if np.iscomplexobj(v) else np.float64) for k, v in single.items()}
    expected = dsf.MODELS[name](**exact, **options).system(u.astype(np.float64)).scan()
    in_numpy = dsf.MODELS[name](**single, **options).system(u)
    in_torch = dsf.MODELS[name](**{k: torch.tensor(v) for k, v in single.items()}, **options).system(
        torch.tensor(u)
    )
    for form in ("chunked", "scan"):
        for system in (in_numpy, in_torch):
            y = np.asarray(getattr(system, form)())
            assert y.dtype == np.float32
            assert worst(y, expected) < 2e-5, (form, system.xp)
    head = dsf.MODELS[name](**single, **options).system(u[:2000]).recurrent()
    assert worst(head, expected[:2000]) < 2e-5


@pytest.mark.parametrize("bias", [200.0, -95.0, -200.0])
@pytest.mark.parametrize("convert", [np.float32, torch.tensor], ids=["numpy", "torch"])
def test_a_normaliser_out_of_range_cancels(convert, bias):
    """η = e^{±200} is no single precision number; C is φ all the same, and y is right wherever it is in range."""
    size = np.exp(bias / 2) if bias < 0 else 1.0  # of keys and of values
    weights = {"W_q": [[1.0, 0.0]], "W_k": [[size, 0.0]], "W_v": size * np.eye(2), "W_eta": np.zeros((1, 2))}
    arrays = {k: np.array(v) for k, v in (weights | {"b_eta": [bias]}).items()}
    u = np.array([[1.0, 0.5], [0.0, 2.0], [-1.0, 0.3]])
    expected = dsf.NormAttention(**arrays).system(u)
    found = dsf.NormAttention(**{k: convert(v.astype(np.float32)) for k, v in arrays.items()}).system(
        convert(u.astype(np.float32))
    )
    for part in ("Lambda", "C"):
        assert np.allclose(getattr(found, part), getattr(expected, part), rtol=1e-5)
    if bias > -200:  # at -200 the state of these keys and values is too small for single precision
        assert np.isfinite(np.asarray(found.B)).all()
        y = expected.recurrent()
        for form in (found.recurrent, found.convolutional, found.chunked, found.scan):
            assert np.allclose(form(), y, rtol=1e-4, atol=1e-37)


def test_softmax_of_large_scores_is_finite():
    """Scores of 10,000 select one token; without its maximum subtracted the exponential would overflow."""
    one = np.ones((1, 1))
    model = dsf.SoftmaxAttention(W_q=100 * one, W_k=100 * one, W_v=one)
    assert model.output(np.array([[1.0], [0.5], [2.0]])).ravel().tolist() == [1.0, 1.0, 2.0]


def test_sequences_too_long_for_a_square_are_refused():
    u = np.ones((200_000, 4))
    for form in (
        dsf.SoftmaxAttention.random(d=4).output,
        lambda u: dsf.S6.random(d=4).system(u).convolutional(),
    ):
        with pytest.raises(
            ValueError, match=r"(probabilities|weights): 1.* GiB, more than 8; use chunked\(\)"
        ):
            form(u)


@pytest.mark.parametrize("states", [1, 2])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_a_long_memory_is_kept(convert, states):
    """A product of 100,000 decays exp(-1e-6) is exp(-0.1), in every form.

    One decay is a kernel shared by all channels; two are not, and torch's in-place recurrence then rounds its single
    precision state at every step, always the same way: that alone may cost 1e-3.
    """
    ones = np.ones((1, 1, 1, states), np.float32)
    log = np.full((LONG, 1, 1, 1), -1e-6, np.float32) * ones
    u = np.zeros((LONG, 1), np.float32)
    u[0] = 1
    system = dsf.System(convert(u), Diagonal(convert(log)), convert(ones[..., :1]), convert(ones / states))
    in_place = states == 2 and convert is torch.as_tensor
    for form, bound in {"recurrent": 1e-5, "scan": 1e-5, "chunked": 1e-3 if in_place else 1e-5}.items():
        y = getattr(system, form)()
        assert abs(float(y[-1, 0]) / np.exp(-0.099999) - 1) < bound, form


def test_states_survive_a_hard_reset():
    """A decay of exactly zero (log -inf) forgets everything and poisons nothing, gradients included."""
    log = torch.zeros(6, 1, 2, 1, dtype=torch.float64)
    log[3] = -torch.inf
    log.requires_grad_()
    u = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    for shared in (False, True):
        system = dsf.System(u, Diagonal(log[:, :, :1] if shared else log), one, one)
        for y in (system.recurrent(), system.convolutional(), system.chunked(2), system.scan()):
            assert torch.allclose(y[3:], u[3:].cumsum(0))
            (gradient,) = torch.autograd.grad(y.sum(), log)
            assert torch.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("name", "d", "n"), [("s4d", 1, 2), ("s4d", 1, 1), ("lru", 1, 2), ("s5", 1, 1), ("s4", 1, 1)]
)
def test_the_smallest_sizes(name, d, n):
    """One channel and one mode: axes of size one are no broadcast axes."""
    model = dsf.MODELS[name].random(d, n, seed=0)
    u = np.random.default_rng(0).standard_normal((7, d))
    expected = plain_loop(model.system(u))
    in_torch = type(model)(**{k: torch.tensor(v) for k, v in model.parameters.items()}).system(
        torch.tensor(u)
    )
    for system in (model.system(u), in_torch):
        for y in (system.recurrent(), system.convolutional(), system.chunked(3), system.scan()):
            assert worst(y, expected) < 1e-12


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_real_numbers_for_complex_parameters(convert):
    """Real arrays are complex ones without an imaginary part, and fast real poles go to -1 bilinearly."""
    shape = (1, 1)
    values = {
        "A": -100 * np.ones(shape),
        "B": np.ones(shape),
        "C": np.ones(shape),
        "delta": [0.1],
        "D": [0.0],
    }
    model = dsf.S4D(**{k: convert(np.array(v)) for k, v in values.items()}, rule="bilinear")
    system = model.system(convert(np.ones((4, 1))))
    assert np.allclose(np.asarray(system.Lambda)[:, 0, 0], (1 - 5) / (1 + 5))
    assert worst(system.scan(), plain_loop(model.system(convert(np.ones((4, 1)))).map(np.asarray))) < 1e-12


def test_bilinear_decays_are_exact_near_one():
    """|λ|² = 1 + 4 Re w / |1 - w|² with w = aΔ/2: the real part of log λ keeps its digits under any phase."""
    for z in (-1e-14 + 1e-6j, -1e-12 + 1e-3j, -1e-9 + 3j, -1e-6 + 0.5j):
        values = {"A": [[z]], "B": [[1.0]], "C": [[1.0]], "delta": [1.0], "D": [0.0]}
        log = dsf.S4D(**values, rule="bilinear").system(np.ones((1, 1))).transition.log
        w = z / 2
        assert np.isclose(log.real.item(), np.log1p(4 * w.real / abs(1 - w) ** 2) / 2, rtol=1e-13, atol=0)
        assert np.isclose(np.exp(log).item(), (1 + w) / (1 - w), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "turning", "delta", "length"),
    [
        ("s4d", 256 * np.pi, 0.1, 2000),
        ("s4d", 8 * np.pi, 100.0, 70),
        ("s5", 8 * np.pi, 100.0, 70),
        ("lru", 1000.0, 1.0, 500),
    ],
)
@pytest.mark.parametrize("form", ["recurrent", "convolutional", "chunked", "scan"])
def test_fast_poles_keep_their_phase_in_single_precision(name, turning, delta, length, form):
    """A phase of many turns at each step is wrapped in double precision before single precision takes its digits."""
    one, real = np.ones((1, 1), complex), np.ones(1)
    if name == "lru":
        logs = {"nu_log": np.log(1e-3 * real), "theta_log": np.log(turning * real), "gamma_log": 0 * real}
        values = logs | {"B": one, "C": one, "D": 0 * real}
    else:
        A = (-1e-3 / delta + 1j * turning) * (one if name == "s4d" else one[0])
        values = {"A": A, "B": one, "C": one, "delta": delta * real, "D": 0 * real}
    u = np.random.default_rng(0).standard_normal((length, 1)).astype(np.float32)
    single = {k: v.astype(np.complex64 if np.iscomplexobj(v) else np.float32) for k, v in values.items()}
    exact = {k: v.astype(np.complex128 if np.iscomplexobj(v) else np.float64) for k, v in single.items()}
    expected = dsf.MODELS[name](**exact).system(u.astype(np.float64)).recurrent()
    for convert in (np.asarray, torch.tensor):
        system = dsf.MODELS[name](**{k: convert(v) for k, v in single.items()}).system(convert(u))
        assert worst(getattr(system, form)(), expected) < 4e-6


@pytest.mark.parametrize("form", ["block", "rotating"])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("name", ["lru", "s5"])
def test_mixed_channels_in_real_numbers(name, convert, form):
    """S5 and LRU with real and imaginary parts stacked: a real system of the same size and the same output."""
    model = dsf.MODELS[name].random(d=3, n=4, seed=2)
    u = np.random.default_rng(0).standard_normal((2, 17, 3))
    system = type(model)(**{k: convert(v) for k, v in model.parameters.items()}).system(convert(u))
    real = system.real(form)
    assert isinstance(real, dsf.SharedState) and isinstance(real, dsf.System)
    expected = np.stack([plain_loop(model.system(row)) for row in u])
    for y in (real.recurrent(), real.convolutional(), real.chunked(5), real.scan()):
        assert worst(y, expected) < 1e-12
    assert real.N == real.state_size == system.state_size
    for matrix in (real.Lambda, real.B, real.C, real.D):
        assert np.asarray(matrix).dtype == np.float64
    h = np.asarray(system.states())
    if form == "block":
        stacked = np.stack([h.real, h.imag], axis=-1).reshape(*h.shape[:-1], -1)
        assert worst(real.states(), stacked) < 1e-12
