"""Feature maps: exact kernels and counts, random features against their expectation and variance by quadrature, and
the two models that expand softmax attention with them."""

import copy
import math
import time
from functools import partial

import numpy as np
import pytest
import scipy.stats
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import dsf_theory as dsf
from dsf_theory import features as ft
from dsf_theory.arrays import namespace
from dsf_theory.models.row_sum import running_max

QUICK = settings(max_examples=40, deadline=None, derandomize=True)


def series(t, order):
    """The Taylor polynomial of exp."""
    return sum(t**p / math.factorial(p) for p in range(order + 1))


def exponents(m, order):
    """All exponents up to a degree, by SymPy, in the order of the monomials."""
    x = sp.symbols(f"x:{m}")
    found = {sp.Poly(monomial, *x).monoms()[0] for monomial in sp.itermonomials(x, order)}
    return np.array(sorted(found, key=lambda alpha: (sum(alpha), [-a for a in alpha])))


# ------------------------------------------------------------------------------------------------ polynomials


@QUICK
@given(seed=st.integers(0, 10**6), m=st.integers(1, 5), order=st.integers(0, 6))
def test_polynomial_kernels_are_exact(seed, m, order):
    """In NumPy and torch, for any leading axes; the error is measured against the sum of absolute terms."""
    q, k = np.random.default_rng(seed).normal(size=(2, 3, 4, m))
    t = np.sum(q * k, axis=-1)
    cases = {ft.taylor: series(t, order), ft.monomials: series(t, order), ft.powers: t**order}
    scale = series(np.sum(np.abs(q * k), axis=-1), order) * math.factorial(order)
    for phi, expected in cases.items():
        for convert in (np.asarray, torch.as_tensor):
            found = phi(convert(q), order) * phi(convert(k), order)
            assert found.shape == (3, 4, len(found[0, 0]))
            assert np.max(np.abs(np.asarray(found.sum(-1)) - expected) / scale) < 1e-14, phi


@pytest.mark.parametrize(("m", "order"), [(1, 0), (1, 4), (2, 3), (3, 2), (4, 3)])
def test_monomials_are_those_of_sympy(m, order):
    """One feature ``x^α / √(α!)`` for each exponent that SymPy lists, and powers the last of them times ``√p!``."""
    x, alpha = np.random.default_rng(m).normal(size=m), exponents(m, order)
    weights = np.array([math.prod(map(math.factorial, row)) for row in alpha.tolist()]) ** -0.5
    expected = weights * np.prod(x**alpha, axis=1)
    assert np.allclose(ft.monomials(x, order), expected, rtol=1e-13, atol=0)
    last = alpha.sum(axis=1) == order
    assert np.allclose(ft.powers(x, order), expected[last] * math.factorial(order) ** 0.5, rtol=1e-13, atol=0)


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_counts_are_exact(m, order):
    x, alpha = np.ones((2, m)), exponents(m, order)
    assert ft.taylor(x, order).shape == (2, ft.taylor_size(m, order))
    assert ft.monomials(x, order).shape == (2, ft.monomials_size(m, order))
    assert ft.powers(x, order).shape == (2, ft.powers_size(m, order))
    assert ft.taylor_size(m, order) == sum(m**p for p in range(order + 1))
    assert ft.monomials_size(m, order) == len(alpha) == sum(ft.powers_size(m, p) for p in range(order + 1))
    assert ft.powers_size(m, order) == np.count_nonzero(alpha.sum(axis=1) == order)


def test_counts_of_any_size():
    assert ft.monomials_size(16, 20) == math.comb(36, 20) and ft.taylor_size(64, 8) == (64**9 - 1) // 63


@pytest.mark.parametrize(("m", "order"), [(1, 4), (2, 2), (2, 3), (3, 2)])
def test_no_map_has_fewer_features_than_the_monomials(m, order):
    """The truncated kernel between generic points, in exact fractions, has the rank ``binomial(m + order, order)``."""
    n = ft.monomials_size(m, order)
    points = np.random.default_rng(0).integers(-9, 10, size=(2, n + 2, m))
    scores = sp.Matrix((points[0] @ points[1].T).tolist())
    assert scores.applyfunc(lambda t: series(t, order)).rank() == n
    gram = ft.taylor(points[0] / 3.0, order)
    assert np.linalg.matrix_rank(gram) == n <= gram.shape[1]


def test_based_is_the_series_of_second_order():
    q, k = np.random.default_rng(0).normal(size=(2, 5, 16))
    s = np.sum(q * k, axis=-1) / 4
    assert np.allclose(np.sum(ft.based(q) * ft.based(k), axis=-1), 1 + s + s**2 / 2, rtol=1e-13, atol=0)
    assert ft.based(q).shape == (5, 1 + 16 + 256)


def test_polynomials_in_symbols_are_exact():
    q, k = dsf.symbols("q", (2,)), dsf.symbols("k", (2,))
    for order in range(4):
        for phi in (ft.taylor, ft.monomials):
            assert sp.expand(phi(q, order) @ phi(k, order) - series(q @ k, order)) == 0
        assert sp.expand(ft.powers(q, order) @ ft.powers(k, order) - (q @ k) ** order) == 0
    assert not any(entry.atoms(sp.Float) for entry in ft.monomials(q, 3) + 0 * q[0])


# -------------------------------------------------------------------------------------------- random features

RANDOM = {"positive": ft.positive_random, "trigonometric": ft.trigonometric_random}
PAIRS = [
    ((0.3, -0.5), (0.7, 0.2)),
    ((1.0, 0.4), (-1.0, -0.4)),
    ((0.6, 0.9), (0.6, 0.9)),
    ((0, 0), (0.8, -0.1)),
]


def normal_quadrature(m, nodes=64):
    """Points (r, m) and weights that average a smooth function over N(0, I), by Gauss and Hermite."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    grid = np.meshgrid(*m * [points], indexing="ij")
    products = np.prod(np.meshgrid(*m * [weights / weights.sum()], indexing="ij"), axis=0)
    return np.stack([g.ravel() for g in grid], axis=-1), products.ravel()


def variance(name, q, k):
    """Of the product of features for one direction, as published."""
    t, apart = q @ k, np.exp(-np.sum((q + k if name == "positive" else q - k) ** 2))
    growth = np.exp(np.sum((q + k) ** 2))
    return growth * (
        np.exp(2 * t) * (1 - apart) if name == "positive" else np.exp(-2 * t) * (1 - apart) ** 2 / 2
    )


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name", RANDOM)
def test_mean_and_variance_by_quadrature(name, pair):
    """Over all directions, so without any statistical error: the mean is exp, the variance the published one."""
    (q, k), (omega, weights) = np.array(pair), normal_quadrature(2)
    each = [RANDOM[name](x, omega).reshape(-1, len(omega)) for x in (q, k)]
    products = len(omega) * np.sum(each[0] * each[1], axis=0)  # what each direction alone would give
    mean, square = weights @ products, weights @ products**2
    assert mean == pytest.approx(np.exp(q @ k), rel=1e-12)
    assert square - mean**2 == pytest.approx(variance(name, q, k), rel=1e-9, abs=1e-12 * square)


@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.parametrize("name", RANDOM)
def test_drawn_directions_are_unbiased_and_orthogonal_ones_better(name, orthogonal):
    """Means over 20,000 draws of r = m directions are exp within 4 standard errors; the variances of independent
    directions are an r-th of one direction's, those of orthogonal ones less by more than the draws' own error."""
    m, draws = 4, 20_000
    q, k = 0.2 * np.random.default_rng(3).normal(size=(2, m))  # short: the tails of long ones are too heavy
    omega = ft.random_directions(m * draws, m, seed=5, orthogonal=orthogonal)
    phi, psi = (RANDOM[name](x, omega).reshape(-1, draws, m) * draws**0.5 for x in (q, k))
    estimates = np.sum(phi * psi, axis=(0, 2))
    error = estimates.std() / draws**0.5
    assert abs(estimates.mean() - np.exp(q @ k)) < 4 * error
    ratio = estimates.var() / (variance(name, q, k) / m)
    assert ratio < 0.96 if orthogonal else ratio == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("orthogonal", [True, False])
def test_directions_are_gaussian(orthogonal):
    """Every entry N(0, 1) and every length χ, by Kolmogorov and Smirnov; only within a block is anything dependent."""
    m = 5
    omega = ft.random_directions(4000 * m, m, seed=1, orthogonal=orthogonal)
    for block_row in range(m):
        rows = omega[block_row::m]
        assert scipy.stats.kstest(np.linalg.norm(rows, axis=1), scipy.stats.chi(m).cdf).pvalue > 0.01
        for column in range(m):
            assert scipy.stats.kstest(rows[:, column], "norm").pvalue > 1e-3
    products = np.einsum("bim,bjm->bij", *2 * [omega.reshape(-1, m, m)])[:, *np.triu_indices(m, 1)]
    assert (np.abs(products).max() < 1e-12) == orthogonal


def test_blocks_of_directions_and_seeds():
    omega = ft.random_directions(7, 3, seed=2)
    assert omega.shape == (7, 3)
    orthogonal = np.abs(omega @ omega.T) < 1e-12
    assert orthogonal[:3, :3].sum() == orthogonal[3:6, 3:6].sum() == 6 and not orthogonal[:3, 3:].any()
    assert (omega == ft.random_directions(7, 3, seed=np.random.default_rng(2))).all()
    assert (omega != ft.random_directions(7, 3, seed=3)).all()


def test_positive_features_stay_in_range_where_their_factors_do_not():
    """In single precision e^{ωᵀx} = e^{100} overflows, e^{100 - 50} does not; the logarithm never does."""
    x, omega = np.full(1, 10, np.float32), np.full((1, 1), 10, np.float32)
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(omega @ x))
    assert ft.positive_random(x, omega) == pytest.approx(np.exp(50), rel=1e-5)
    far = ft.log_positive_random(100 * x, omega)
    assert far.dtype == np.float32 and far == pytest.approx(1e4 - 5e5)


@pytest.mark.parametrize("name", RANDOM)
def test_random_features_in_symbols_and_torch(name):
    omega = ft.random_directions(3, 2, seed=4)
    x = dsf.symbols("x", (2,))
    number = np.array([0.3, -0.8])
    weights = dsf.symbols("omega", (3, 2))
    exact = RANDOM[name](x, weights)
    assert not any(entry.atoms(sp.Float, sp.re, sp.im) for entry in exact)
    expected = RANDOM[name](number, omega)
    assert np.allclose(dsf.evaluate(exact, [(x, number), (weights, omega)]), expected, rtol=1e-14)
    tensors = torch.tensor(number, requires_grad=True), torch.tensor(omega, requires_grad=True)
    assert np.allclose(RANDOM[name](*tensors).detach(), expected, rtol=1e-14)
    assert torch.autograd.gradcheck(RANDOM[name], tensors)
    single = RANDOM[name](torch.tensor(number, dtype=torch.float32), torch.tensor(omega))
    assert single.dtype == torch.float32


# ------------------------------------------------------------------------------- position and learned weights


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_cosine_reweighting_is_that_of_cosformer(convert):
    """As attention, against the weights relu(q)ᵀrelu(k) cos(π (i - j) / 2M) written out."""
    rng, L, horizon = np.random.default_rng(0), 9, 12
    phi = partial(ft.cosine_reweighted, horizon=horizon)
    model = dsf.SeparableAttention.random(d=4, n=3, heads=2, optional=("b_q", "b_k"), phi=phi, psi=phi)
    shifted = model.parameters | {"b_q": np.ones(6), "b_k": np.ones(6)}  # no row without a positive entry
    u = rng.normal(size=(2, L, 4))
    q, k = (u @ shifted[f"W_{name}"].T + 1 for name in "qk")
    v = u @ shifted["W_v"].T
    steps = np.arange(L)
    decay = np.tril(np.cos(np.pi * (steps[:, None] - steps) / (2 * horizon)))
    expected = np.empty((2, L, 4))
    for head in (0, 1):
        part, own = slice(3 * head, 3 * head + 3), slice(2 * head, 2 * head + 2)
        relu_q, relu_k = (np.maximum(x[..., part], 0) for x in (q, k))
        weights = decay * (relu_q @ relu_k.transpose(0, 2, 1))
        expected[..., own] = weights / weights.sum(axis=-1, keepdims=True) @ v[..., own]
    arrays = {name: convert(array) for name, array in shifted.items()}
    system = dsf.SeparableAttention(**arrays, heads=2, phi=phi, psi=phi).system(convert(u))
    assert np.allclose(system.chunked(4), expected, rtol=1e-11, atol=1e-12)
    assert system.n == 6


def test_cosine_reweighting_in_symbols():
    x = dsf.symbols("x", (3, 1, 1), positive=True)
    phi = ft.cosine_reweighted(x, horizon=3)[:, 0]
    for i in range(3):
        for j in range(3):
            expected = x[i, 0, 0] * x[j, 0, 0] * sp.cos(sp.pi * (i - j) / 6)
            assert sp.simplify(phi[i] @ phi[j] - expected) == 0


def test_hedgehog_is_a_softmax():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 5, 3, 4)), rng.normal(size=(3, 6, 4))
    z = torch.einsum("blhm,hnm->blhn", torch.tensor(x), torch.tensor(weight))
    expected = torch.softmax(torch.cat([z, -z], dim=-1), dim=-1)
    for convert in (np.asarray, torch.as_tensor):
        assert np.allclose(ft.hedgehog(convert(x), convert(weight)), expected, rtol=1e-13)
        shared = ft.hedgehog(convert(x), convert(weight[0]))
        assert np.allclose(shared[:, :, 0], expected[:, :, 0], rtol=1e-13)
    assert np.isfinite(ft.hedgehog(np.full(1, 1e4), np.eye(1))).all()
    W, s = dsf.symbols("W", (2, 1)), dsf.symbols("s", (1,))
    assert sp.simplify(sum(ft.hedgehog(s, W))) == 1


def learned_layer(**options):
    torch.manual_seed(0)
    phi, psi = (dsf.LearnedFeatures(ft.hedgehog, weight=np.eye(4)) for _ in range(2))
    return dsf.Mixer("separable_attention", d=8, n=4, heads=2, seed=0, phi=phi, psi=psi, **options)


def train(layer, steps=30):
    """Losses on a running mean."""
    torch.manual_seed(1)
    u = torch.randn(4, 12, 8)
    target, losses = u.cumsum(1) / torch.arange(1, 13)[:, None], []
    optimiser = torch.optim.AdamW([p for p in layer.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(steps):
        loss = torch.nn.functional.mse_loss(layer(u), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_learned_features_train_with_the_layer():
    layer = learned_layer()
    names = {name for name, _ in layer.named_parameters()}
    assert {"learned.phi.arrays.weight", "learned.psi.arrays.weight"} < names
    losses = train(layer)
    assert losses[-1] < 0.8 * losses[0]
    for name in ("phi", "psi"):
        weight = layer.learned[name].arrays["weight"]
        assert weight.grad.abs().max() > 0 and not torch.equal(weight, torch.eye(4)), name


def test_learned_features_are_saved_copied_and_cast():
    layer, other, u = learned_layer(), learned_layer(), torch.randn(1, 5, 8)
    train(layer, steps=2)
    assert not torch.equal(layer(u), other(u))
    other.load_state_dict(layer.state_dict())
    assert torch.equal(layer(u), other(u))
    twin = copy.deepcopy(layer)
    train(twin, steps=2)
    assert torch.equal(layer(u), other(u)) and not torch.equal(layer(u), twin(u))
    double = learned_layer(dtype=torch.float64)
    assert {p.dtype for p in double.parameters()} == {torch.float64} == {double(u.double()).dtype}


@pytest.mark.parametrize(
    "phi",
    [
        partial(ft.positive_random, omega=torch.from_numpy(ft.random_directions(6, 4))),
        partial(ft.monomials, order=2),
        partial(ft.powers, degree=2),
        ft.based,
    ],
    ids=["positive", "monomials", "powers", "based"],
)
def test_every_map_trains_in_a_layer(phi):
    losses = train(dsf.Mixer("separable_attention", d=8, n=4, heads=2, seed=0, phi=phi, psi=phi))
    assert losses[-1] < 0.8 * losses[0]


# ----------------------------------------------------------------------------------------- the two expansions


def two_heads(seed, spread=1.0, d=4, n=3, length=24):
    """Softmax attention with two heads, and an input; the scores grow with the square of its spread."""
    model = dsf.SoftmaxAttention.random(d, n, heads=2, seed=seed)
    return model, spread * np.random.default_rng(seed).normal(size=(length, d))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_taylor_attention_keeps_to_its_bound(seed):
    """Every row of weights within ``2δ/(1 + √(1 - δ²))`` of softmax, and the output as far as the values reach."""
    model, u = two_heads(seed, spread=0.7)
    P, errors = model.probabilities(u), []
    q, k = model.queries_keys(u)
    scores = np.tril(np.einsum("ihm,jhm->hij", q, k))
    v = (u @ model.W_v.T).reshape(len(u), 2, 2).swapaxes(0, 1)
    for order in range(2, 22, 2):
        taylor = dsf.TaylorAttention(**model.parameters, heads=2, order=order)
        system = taylor.system(u)
        rows = np.abs(system.weights()[:, 0] - P).sum(axis=-1)
        errors.append(rows.max())
        rho = np.abs(scores).max(axis=-1)
        delta = np.exp(rho) * rho ** (order + 1) / math.factorial(order + 1)
        tight = delta < 1
        bound = 2 * delta[tight] / (1 + np.sqrt(1 - delta[tight] ** 2))
        assert np.all(rows[tight] <= bound + 1e-13)
        apart = np.linalg.norm(
            (system.chunked() - model.output(u)).reshape(len(u), 2, 2).swapaxes(0, 1), axis=-1
        )
        largest = np.maximum.accumulate(np.linalg.norm(v, axis=-1), axis=-1)
        assert np.all(apart[tight] <= (bound + 1e-13) * largest[tight])
    assert tight.all() and errors[-1] < 1e-6 < errors[0] and errors == sorted(errors, reverse=True)


def test_favor_attention_approaches_softmax_as_features_grow():
    """Over 40 draws of directions, 16 times as many features leave a quarter of the error."""
    model, u = two_heads(seed=4, spread=0.5, length=12)
    y = model.output(u)
    errors = []
    for r in (32, 512, 8192):
        draws = [ft.random_directions(r, 3, seed) for seed in range(40)]
        found = [dsf.FavorAttention(**model.parameters, heads=2, omega=omega).output(u) for omega in draws]
        errors.append(np.sqrt(np.mean((np.array(found) - y) ** 2)))
    slopes = np.diff(np.log(errors)) / np.log(16)
    assert np.all(slopes < -0.35) and slopes[-1] > -0.7 and errors[-1] < 0.02


def test_favor_attention_is_separable_attention_with_its_features():
    """The stable evaluation shows the matrices of the plain definition."""
    model, u = two_heads(seed=5)
    omega = ft.random_directions(7, 3, seed=1)
    favor = dsf.FavorAttention(**model.parameters, heads=2, omega=omega, scale=0.7)
    halved = model.parameters | {name: 0.7**0.5 * getattr(model, name) for name in ("W_q", "W_k")}
    phi = partial(ft.positive_random, omega=omega)
    plain = dsf.SeparableAttention(**halved, heads=2, phi=phi, psi=phi).system(u)
    for part in ("B", "C", "D"):
        assert np.allclose(getattr(favor.system(u), part), getattr(plain, part), rtol=1e-12, atol=1e-14), part
    assert np.allclose(favor.system(u).Lambda[1:], plain.Lambda[1:], rtol=1e-12)
    assert favor.system(u).state_size == plain.state_size == (4 + 2) * 7


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["growing", "shrinking"])
@pytest.mark.parametrize("convert", [np.float32, torch.tensor], ids=["numpy", "torch"])
def test_favor_attention_of_large_keys_is_finite(convert, order):
    """Where every feature underflows in single precision, its logarithm does not, and the ratios are right."""
    rng = np.random.default_rng(0)
    u = (rng.normal(size=(16, 2)) + [40, 0]) * np.linspace(0.5, 1, 16)[order, None]
    weights = {"W_q": np.eye(2), "W_k": np.eye(2), "W_v": rng.normal(size=(2, 2))}
    omega = ft.random_directions(8, 2, seed=2)
    logs = ft.log_positive_random(2**-0.25 * u, omega)
    joint = scipy.special.logsumexp(logs[:, None] + logs, axis=-1)
    weight = scipy.special.softmax(np.where(np.tri(16), joint, -np.inf), axis=-1)
    expected = weight @ u @ weights["W_v"].T
    single = {name: convert(np.asarray(a, np.float32)) for name, a in (weights | {"omega": omega}).items()}
    x = convert(u.astype(np.float32))
    model = dsf.FavorAttention(**single)
    assert not np.asarray(model.phi(x)).any()
    y = np.asarray(model.output(x))
    assert np.abs(y - expected).max() < 2e-3 * np.abs(expected).max()
    with pytest.raises(ValueError, match="eta: expected numbers other than zero"):
        dsf.SeparableAttention(
            **{name: single[name] for name in weights}, phi=model.phi, psi=model.phi
        ).system(x)


@pytest.mark.parametrize("length", [1, 2, 3, 8, 13])
def test_running_maximum(length):
    x = np.random.default_rng(length).normal(size=(2, length, 3, 1, 1))
    expected = np.maximum.accumulate(x, axis=1)
    for convert in (np.asarray, torch.as_tensor):
        x = convert(x)
        assert (np.asarray(running_max(namespace(x=x), x)) == expected).all()


def test_favor_attention_looks_at_no_future():
    """A later key of any size leaves earlier outputs as they are, to the last bit, and finite."""
    model = dsf.FavorAttention.random(d=2, n=2, features=4, seed=1)
    u = np.random.default_rng(1).normal(size=(9, 2))
    changed = u.copy()
    changed[5:] *= 100
    assert (model.output(u)[:5] == model.output(changed)[:5]).all()


def test_directions_are_fixed_and_features_are_free():
    layer = dsf.Mixer("favor_attention", d=8, n=4, heads=2, features=24, seed=0)
    assert layer.raw["omega"].shape == (24, 4) and not layer.raw["omega"].requires_grad
    assert layer.system(torch.randn(1, 3, 8)).n == 24
    before = layer.raw["omega"].clone()
    train(layer, steps=2)
    assert torch.equal(layer.raw["omega"], before)
    assert dsf.FavorAttention.random(d=4, n=5).system(np.ones((1, 4))).n == 5
    assert dsf.FavorAttention.symbolic(d=2, n=1, features=3).omega.shape == (3, 1)


# ------------------------------------------------------------------------------------------------- refusals


TOO_LARGE = {
    "monomials": (
        lambda: ft.monomials(np.ones((8, 64)), 9),
        r"monomials: 97,082,021,465 features of each of 8 vectors of m=64 would take 5,786.5 GiB, more than 8",
    ),
    "tensor powers": (
        lambda: ft.taylor(np.ones(64), 6),
        r"taylor: 69,810,262,081 features of each of 1 vectors of m=64 would take 520.1 GiB",
    ),
    "powers, torch": (
        lambda: ft.powers(torch.ones(4, 200), 6),
        r"powers: 95,746,959,700 features of each of 4 vectors .* would take 1,426.7 GiB",
    ),
    "symbols": (lambda: ft.monomials(dsf.symbols("x", (64,)), 9), r"monomials: 97,082,021,465 features"),
    "random": (
        lambda: ft.positive_random(np.ones((10**6, 1)), np.ones((2000, 1))),
        r"positive_random: 2,000 features of each of 1,000,000 vectors of m=1 would take 14.9 GiB",
    ),
    "cosines and sines": (
        lambda: ft.trigonometric_random(np.ones((10**6, 1)), np.ones((1000, 1))),
        r"trigonometric_random: 2,000 features of each of 1,000,000 vectors of m=1 would take 14.9 GiB",
    ),
    "model": (
        lambda: dsf.TaylorAttention.random(d=4, n=32, order=8).system(np.ones((512, 4))),
        r"monomials: 76,904,685 features of each of 512 vectors of m=32 would take 293.4 GiB",
    ),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_does_not_fit_is_refused_before_it_is_allocated(case):
    action, message = TOO_LARGE[case]
    start = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        action()
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("order", [-1, 1.5, True, None])
def test_degrees_are_whole(order):
    for function in (ft.taylor, ft.monomials):
        with pytest.raises(ValueError, match=f"order: expected a whole number >= 0, found {order}"):
            function(np.ones(2), order)
    with pytest.raises(ValueError, match=f"degree: expected a whole number >= 0, found {order}"):
        ft.powers(np.ones(2), order)
    with pytest.raises(ValueError, match="m: expected a whole number >= 1, found 0"):
        ft.monomials_size(0, 2)


GIVEN = dsf.FavorAttention.random(d=4, n=2, heads=2).parameters
REFUSED = {
    "directions of another size": (
        lambda: ft.positive_random(np.ones(2), np.ones((3, 4))),
        r"omega: expected shape \(3, 2\), found \(3, 4\)",
    ),
    "no directions": (lambda: ft.random_directions(0, 2), "r: expected a whole number >= 1, found 0"),
    "beyond the horizon": (
        lambda: ft.cosine_reweighted(np.ones((5, 1, 2)), horizon=4),
        r"x: expected shape \(..., length <= 4, heads, m\), found \(5, 1, 2\)",
    ),
    "no axis of time": (
        lambda: ft.cosine_reweighted(np.ones(2), horizon=4),
        r"x: expected shape \(..., length <= 4, heads, m\), found \(2,\)",
    ),
    "two libraries": (
        lambda: ft.positive_random(torch.ones(2), np.ones((3, 2))),
        "expected one array library, found x: torch, omega: numpy",
    ),
    "directions for one head": (
        lambda: dsf.FavorAttention(**GIVEN | {"omega": np.ones((3, 4))}, heads=2),
        r"omega: expected shape \(3, 2\), found \(3, 4\)",
    ),
    "negative scale": (
        lambda: dsf.FavorAttention(**GIVEN, heads=2, scale=-1.0),
        "scale: expected positive numbers, found -1",
    ),
    "no features": (
        lambda: dsf.FavorAttention.random(d=4, features=0),
        "features: expected a whole number >= 1, found 0",
    ),
    "odd order": (
        lambda: dsf.TaylorAttention.random(d=4, order=3),
        "order: expected an even number, found 3; the Taylor polynomials of exp of odd degree turn negative",
    ),
    "order zero": (
        lambda: dsf.TaylorAttention.random(d=4, order=0),
        "order: expected a whole number >= 1, found 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_named(case):
    action, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        action()
