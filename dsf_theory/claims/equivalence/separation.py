"""What selective models and attention cannot do for each other: decays and signs."""

from itertools import product

import numpy as np
import sympy as sp
from sympy.matrices.expressions.kronecker import KroneckerProduct

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.equivalence.equivalence import carried
from dsf_theory.claims.reading import EYE_N, SIZE_D, diagonal, drawn, having, heads_needed, tokens, with_steps
from dsf_theory.claims.state_space.selective import as_ssd, same, without_bias
from dsf_theory.models import S6, S6_2, SSD, LinearAttention, Model

mixed_decays = Claim(
    id="mixed-decays",
    title="Two decays in one channel are no single decay with stationary features.",
    statement="A kernel that depends on the lag k alone and has one decay is κγ^k. S6 with constant steps and two "
    "states has w₁α^k + w₂β^k. The two agree at the lags 0, 1 and 2 only if α = β or a weight is zero. With features "
    "that depend on the past there is no such obstacle.",
    latex=r"w_1 \alpha^k + w_2 \beta^k = \kappa \gamma^k \;(k = 0, 1, 2) \implies w_1 w_2 (\alpha - \beta)^2 = 0",
    source="derived here",
    models=("s6", "ssd"),
    notebook="05_linear_attention_and_s6",
)
W1, W2, ALPHA, BETA, KAPPA, GAMMA = sp.symbols("w_1 w_2 alpha beta kappa gamma", positive=True)


def by_lag(model: Model) -> list[sp.Expr]:
    """The kernel of the first channel at the lags 0, 1 and 2, for tokens and steps that do not change."""
    u, step = np.repeat(tokens(1, model.d), 3, axis=0), sp.Symbol("Delta", positive=True)
    model = with_steps(model, 3)
    delta = np.full_like(model.step(u), step)
    model.step = lambda u: delta
    return list(having(model, D=0 * model.D).system(u).weights()[0, 0, :, 0])


def two_decays() -> list[sp.Expr]:
    """S6 with two states: its kernel at the lags 0, 1 and 2 in the weights w and the decays α and β."""
    s6, step = S6.symbolic(d=1, n=2), sp.Symbol("Delta", positive=True)
    write, read, rate = s6.W_B[:, 0], s6.W_C[:, 0], s6.A_log[0]
    weights = {read[s]: w / (write[s] * step * tokens(1, 1).item() ** 2) for s, w in enumerate((W1, W2))}
    rates = {rate[s]: sp.log(-sp.log(decay) / step) for s, decay in enumerate((ALPHA, BETA))}
    return [sp.expand(sp.expand_log(entry.subs(weights | rates))) for entry in by_lag(s6)]


@mixed_decays.step("S6 with constant steps and two states: w₁α^k + w₂β^k", "identity")
def kernel_of_two_decays():
    yield np.array(two_decays()), np.array([W1 * ALPHA**k + W2 * BETA**k for k in range(3)])


@mixed_decays.step("One decay, as in SSD with a constant step: κγ^k, so that K₀K₂ = K₁²", "identity")
def kernel_of_one_decay():
    K = by_lag(SSD.symbolic(d=1, n=2, heads=1))
    yield sp.powsimp(K[0] * K[2]), sp.powsimp(K[1] ** 2)


@mixed_decays.step("Eliminating κ and γ leaves w₁w₂(α - β)² = 0", "identity")
def eliminated():
    K = two_decays()
    at_lag = [KAPPA * GAMMA**k - K[k] for k in range(3)]
    first, second = (sp.resultant(at_lag[0], part, KAPPA) for part in at_lag[1:])
    yield sp.resultant(first, second, GAMMA), -K[0] * W1 * W2 * (ALPHA - BETA) ** 2
    yield K[0] * K[2] - K[1] ** 2, W1 * W2 * (ALPHA - BETA) ** 2


def not_one_decay(s6: S6) -> float:
    """How far ``K₀K₂`` is from ``K₁²``, of ``K₀²``, for a token that is repeated."""
    K = s6.system(np.ones((3, s6.d))).weights()[0, 0, :, 0]
    return (K[0] * K[2] - K[1] ** 2) / K[0] ** 2


def with_decays(first: float, second: float) -> S6:
    """S6 with two states, steps of about one and weights that are positive."""
    s6 = drawn("s6", np.random.default_rng(10), d=1, n=2)
    return having(s6, W_C=s6.W_B, A_log=np.log([[first, second]]), b_delta=np.ones(1))


@mixed_decays.numbers("S6 with two states that decay alike")
def alike(rng):
    return [not_one_decay(with_decays(rate, rate)) for rate in rng.uniform(0.1, 3, 4)]


mixed_decays.hypothesis(
    "the decays of the two states are the same",
    r"\alpha = \beta",
    violation=lambda s6: np.ptp(s6.system(np.ones((1, 1))).transition.log),
    holds=lambda: with_decays(0.5, 0.5),
    dropped=lambda: with_decays(0.1, 2.0),
)(not_one_decay)


# -------------------------------------------------------------------- the variant in the paper's code

s6_2_decays = Claim(
    id="s6-2-decays",
    title="The S6 of the paper's code is not SSD: it has as many decays as it has different biases.",
    statement="S6_2 is S6 with one pre-activation and one rate for all channels, but each channel has a bias of its "
    "own. The decay of a channel falls strictly with its bias, so different biases are different decays; where all "
    "biases, and all D, are equal it is SSD with one head and W_x = I.",
    latex=r"\Lambda_i = \mathrm{diag}\big(e^{-a\, \mathrm{softplus}(w^\top u_i + b_c)}\big)_c \otimes I_n",
    source="released code of Sieber et al. 2024; derived here",
    models=("s6_2", "s6", "ssd"),
    notebook="03_state_space_models",
)


@s6_2_decays.step("S6_2 is S6 with a step of rank one, W_up = 1 and W_down = wᵀ, and one rate", "identity")
def is_s6():
    s6_2, u = S6_2.symbolic(d=3, n=2), tokens(3, 3)
    for model in (s6_2, without_bias(s6_2)):
        shared = {name: getattr(model, name) for name in ("W_B", "W_C", "b_delta", "D")}
        up, rate = np.full((3, 1), sp.S.One), np.full((3, 2), model.A_log.item())
        s6 = S6(W_delta_down=model.w_delta[None], W_delta_up=up, A_log=rate, **shared)
        yield from same(model.system(u), s6.system(u), "S6_2", "S6")


@s6_2_decays.step("Λ_i is a diagonal matrix of channels ⊗ I: one decay a channel, at any sizes", "Kronecker")
def one_decay_a_channel():
    log, decay = S6_2.symbolic(d=3, n=2).system(tokens(3, 3)).transition.log, "Lambda_i"
    yield diagonal(log[1, 0], decay), KroneckerProduct(sp.MatrixSymbol(decay, SIZE_D, SIZE_D), EYE_N)


@s6_2_decays.step("∂Λ_i[c]/∂b_c = -a σ(wᵀu_i + b_c) Λ_i[c] < 0: its own decay falls with a bias", "calculus")
def falls_with_the_bias():
    model, u = S6_2.symbolic(d=3, n=2), tokens(1, 3)
    decays = np.diag(model.system(u).Lambda[0])[::2]
    for c, e in product(range(3), repeat=2):
        open_gate = sp.exp(u[0] @ model.w_delta + model.b_delta[c])
        slope = -sp.exp(model.A_log.item()) * open_gate / (1 + open_gate) * decays[c]
        right = r"-a\, \sigma(w^\top u_i + b_c)\, \Lambda_i[c]" if c == e else "0"
        shown = (rf"\partial \Lambda_i[{c}] / \partial b_{e}", right)
        yield Identity(sp.diff(decays[c], model.b_delta[e]), slope if c == e else 0, shown=shown)
        yield Identity(sp.sign(slope), -1, shown=(rf"\mathrm{{sign}}\, {right}", "-1"))


@s6_2_decays.step("With one bias and one D for all channels it is SSD with one head and W_x = I", "identity")
def equal_biases():
    model, u = S6_2.symbolic(d=3, n=2), tokens(3, 3)
    model = having(model, b_delta=model.b_delta[[0, 0, 0]], D=model.D[[0, 0, 0]])
    yield from same(
        model.system(u), as_ssd(model, model.w_delta[None], model.A_log[None]).system(u), "S6_2", "SSD"
    )


@s6_2_decays.numbers("Four channels with one to four different biases need as many heads")
def as_many_as_biases(rng):
    found = []
    for count in range(1, 5):
        biases = np.linspace(-1, 1, count)[[min(c, count - 1) for c in range(4)]]
        model = having(drawn("s6_2", rng, d=4, n=2), b_delta=biases, D=np.zeros(4))
        found.append(heads_needed(model) - count)
    return found


s6_2_decays.hypothesis(
    "all biases are equal, so that it is SSD with one head",
    r"b_1 = \dots = b_d",
    violation=lambda biases: np.ptp(biases),
    holds=np.full(3, 0.5),
    dropped=np.array([-1.0, 0.5, 2.0]),
)(lambda biases: heads_needed(having(S6_2.random(d=3, n=2, seed=7), b_delta=biases)) - 1)


# -------------------------------------------------------------------- shared reads and writes

shared_reads = Claim(
    id="shared-reads",
    title="S6 with one state a channel gives all channels the same signs; attention with two heads does not.",
    statement="All channels of S6 share β and γ, so with n = 1 every channel's kernel has, D aside, the sign of "
    "γ_i β_j. Two heads of attention may disagree. SSD can follow them once each head has a group of its own.",
    latex=r"n = 1: \quad \mathrm{sign}\, \Phi_{ij}^{(c)} = \mathrm{sign}(\gamma_i \beta_j) \;\text{ for all } c",
    source="derived here; groups: Dao and Gu 2024",
    models=("s6", "linear_attention", "ssd"),
    notebook="05_linear_attention_and_s6",
)


def kernels(model: Model, u: np.ndarray) -> np.ndarray:
    """The kernel of each channel, (channel, length, length)."""
    w = model.system(u).weights()
    return w.reshape(-1, *w.shape[-2:])


@shared_reads.step("Every channel's kernel is γ_i β_j times a positive number", "identity")
def one_sign():
    s6, u = carried(3, 1)
    for c, (i, j) in product(range(3), ((0, 0), (1, 0), (1, 1))):
        share = sp.expand(kernels(s6, u)[c, i, j] / (u[i, 0] * u[j, 1]))
        shown = (rf"\mathrm{{sign}}\, \Phi_{{{i}{j}}}^{{({c})}} / (\gamma_{i} \beta_{j})", "1")
        yield Identity(sp.sign(share), 1, shown=shown)


@shared_reads.step("Two heads: tokens (1, 1) and (1, -1) have the kernels 1 and -1", "identity")
def two_signs():
    eye = np.eye(2, dtype=int) + sp.S.Zero
    attention = LinearAttention(W_q=eye, W_k=eye, W_v=eye, heads=2)
    yield kernels(attention, np.array([[1, 1], [1, -1]]) + sp.S.Zero)[:, 1, 0], np.array([1, -1])


@shared_reads.step(
    "SSD with a group for each head has the signs of linear attention in every head", "identity"
)
def groups_follow():
    ssd, u = with_steps(SSD.symbolic(d=2, n=1, heads=2, groups=2), 2), tokens(2, 2)
    attention = LinearAttention(W_q=ssd.W_C, W_k=ssd.W_B, W_v=ssd.W_x, heads=2)
    for r, (i, j) in product(range(2), ((0, 0), (1, 0), (1, 1))):
        share = sp.simplify(kernels(ssd, u)[r, i, j] / kernels(attention, u)[r, i, j])
        shown = (rf"\mathrm{{sign}}\, \Phi_{{{i}{j}}}^{{({r})}} / (q_{i}^\top k_{j})^{{({r})}}", "1")
        yield Identity(sp.sign(share), 1, shown=shown)


def disagreement(model: Model) -> float:
    """How negative the product of two channels' kernels becomes, over how large it is."""
    w = kernels(model, np.random.default_rng(7).standard_normal((6, model.d)))
    products = w[:, None] * w
    return np.maximum(0, -np.min(products)) / np.max(np.abs(products))


@shared_reads.numbers("Random S6, and SSD of two and four heads in one group, with one state a channel")
def random_signs(rng):
    models = (("s6", {}), ("s6", {"b_rule": "zoh"}), ("ssd", {"heads": 2}), ("ssd", {"heads": 4}))
    return [disagreement(drawn(name, rng, d=4, n=1, **options)) for name, options in models]


shared_reads.hypothesis(
    "all heads share β and γ: there is one group",
    "G = 1",
    violation=lambda ssd: ssd.groups - 1,
    holds=lambda: drawn("ssd", np.random.default_rng(8), d=4, n=1, heads=2, groups=1),
    dropped=lambda: drawn("ssd", np.random.default_rng(8), d=4, n=1, heads=2, groups=2),
)(disagreement)


def crossed(n: int) -> S6:
    """S6 with two channels: what one forgets fast in a state, the other forgets slowly."""
    s6, rates = drawn("s6", np.random.default_rng(9), d=2, n=n), np.array([[0.1, 3.0], [3.0, 0.1]])
    return having(s6, A_log=np.log(rates[:, :n]), W_delta_up=np.zeros((2, 1)), b_delta=np.ones(2))


shared_reads.hypothesis(
    "there is one state a channel",
    "n = 1",
    violation=lambda s6: s6.system(np.ones((1, s6.d))).n - 1,
    holds=lambda: crossed(1),
    dropped=lambda: crossed(2),
)(disagreement)
