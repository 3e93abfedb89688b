"""Boundedness: when products of transitions and states stay within bounds."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim, Identity
from dsf_theory.claims.reading import I, at_time, decays, induction, tokens
from dsf_theory.claims.recurrent.rnn import with_gates
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense

products = Claim(
    id="stable-products",
    title="Products of diagonal contractions are contractions; of others they need not be.",
    statement="If every Λ_i is diagonal with entries of modulus at most one, so is every product of them, and its norm "
    "is its largest modulus. For matrices that are not diagonal in one basis it is false, even if each has spectral "
    "radius zero.",
    latex=r"|\lambda_i| \le 1 \;\Rightarrow\; \Big\|\prod_{k=j+1}^{i} \Lambda_k\Big\| \le 1",
    source="derived here",
    models=("qlstm", "rglru", "s6", "s6_2", "ssd", "norm_attention"),
    notebook="06_normalisation",
)

GATED, STEPPED = ("qlstm", "rglru"), ("s6", "s6_2", "ssd")
"""Models whose decays are gates, and those that decay by steps."""


@products.step("The decay of each gated model is exp of minus a positive number", "identity")
def decays_below_one():
    """``log λ`` is ``-|log λ|``: SymPy knows the signs of what it is made of."""
    for part in negative_logs().values():
        yield part, -np.frompyfunc(lambda e: sp.Abs(e), 1, 1)(part)


def negative_logs() -> dict[str, np.ndarray]:
    """Logarithms of the decays of one token; steps are positive symbols, what gates take real ones."""
    step, found = symbols("Delta", (1, 2), positive=True), {}
    before = {name: symbols(name, (1, 2)) for name in "fioax"}
    for name in GATED:
        found[name] = with_gates(MODELS[name].symbolic(2, 1), before).system(tokens(1, 2)).transition.log
    for name in STEPPED:
        model = MODELS[name].symbolic(2, 2)
        model.step = lambda u, name=name: step[:, :1] if name == "ssd" else step
        found[name] = model.system(tokens(1, 2)).transition.log
    return found


@products.step("So is every product: the logarithms add up", "induction")
def add_up():
    Delta = symbols("Delta", (3,), positive=True)
    system = System(
        u=tokens(3, 1),
        transition=decays(-Delta, 3),
        write=np.full((1, 1, 1, 1), sp.S.One),
        read=np.full((1, 1, 1, 1), sp.S.One),
    )
    total = sp.Function("S", positive=True)
    factor = at_time(system.Lambda[2, 0, 0], [Delta], 2)
    claimed = sp.exp(-(total(I) - total(sp.Symbol("j", integer=True))))
    rule = factor.subs(sp.Function("Delta", positive=True)(I), total(I) - total(I - 1))  # S_i = S_{i-1} + Δ_i
    yield from induction(claimed, rule)
    yield system.kernel()[2, 0, 0, 0], sp.exp(-Delta[1] - Delta[2])


@products.step(
    "One more factor: |λP| = |λ||P|, and 1 - |λ||P| is its own modulus, so not negative", "induction"
)
def one_more_factor():
    """Every modulus that is at most one, and not zero, is 1/(1 + s) of some s >= 0."""
    (each, P), (s, t) = sp.symbols("lambda P"), sp.symbols("s t", nonnegative=True)
    yield sp.Abs(each * P), sp.Abs(each) * sp.Abs(P)
    slack = sp.factor(1 - 1 / (1 + s) / (1 + t))
    yield slack, sp.Abs(slack)


def largest_product(case: str, seed: int = 4) -> float:
    """How far products of transitions exceed one in norm."""
    Lambda = transitions(case, seed)
    product, worst = np.eye(Lambda.shape[-1]), 0.0
    for each in Lambda:
        product = each @ product
        worst = np.maximum(worst, np.linalg.norm(product, 2) - 1)
    return float(worst)


def transitions(case: str, seed: int = 4) -> np.ndarray:
    """Transitions of a model of the registry, or of two nilpotent matrices in turn."""
    if case == "nilpotent":
        pair = np.array([[[0, 2.0], [0, 0]], [[0, 0], [2.0, 0]]])
        part = np.ones((1, 1, 1, 2))
        return System(np.ones((6, 1)), Dense(np.tile(pair, (3, 1, 1))[:, None, None]), part, part).Lambda
    rng = np.random.default_rng(seed)
    return MODELS[case].random(d=3, n=2, seed=seed).system(2 * rng.standard_normal((6, 3))).Lambda


@products.numbers("Random products of the gated models")
def random_products(rng):
    return [largest_product(name, int(rng.integers(1000))) for name in (*GATED, *STEPPED)]


products.hypothesis(
    "every transition is diagonal",
    r"\Lambda_i = \operatorname{diag}(\lambda_i)",
    violation=lambda case: np.abs(transitions(case) * (1 - np.eye(transitions(case).shape[-1]))).max(),
    holds="s6",
    dropped="nilpotent",
)(largest_product)

products.hypothesis(
    "no decay is above one in modulus",
    r"|\lambda_i| \le 1",
    violation=lambda case: np.maximum(0.0, np.abs(transitions(case)).max() - 1),
    holds="s6",
    dropped="norm_attention",
)(largest_product)


bounded = Claim(
    id="bounded-state",
    title="A state that decays is bounded by the geometric series.",
    statement="If |λ_i| ≤ κ and |B_i u_i| ≤ β at every step, 0 < κ < 1 and β > 0, then "
    "|h_i| ≤ β(1 - κ^{i+1})/(1 - κ) < β/(1 - κ). Where nothing decays, as in un-normalised linear attention, the state "
    "may grow without bound.",
    latex=r"|h_i| \le \beta\,\frac{1 - \kappa^{i+1}}{1 - \kappa} < \frac{\beta}{1 - \kappa}",
    source="derived here",
    models=("s6", "qlstm", "linear_attention"),
    notebook="06_normalisation",
)

kappa, beta = 1 / (1 + sp.Symbol("s", positive=True)), sp.Symbol("beta", positive=True)
"""Every κ between 0 and 1 is 1/(1 + s) of a positive s."""


def worst_case(length: int) -> np.ndarray:
    """States of the system that decays as slowly, and is driven as hard, as it may."""
    one = np.full((1, 1, 1, 1), sp.S.One)
    system = System(
        u=np.full((length, 1), beta, dtype=object),
        transition=decays(np.full(length, sp.log(kappa), dtype=object), length),
        write=one,
        read=one,
    )
    return system.states()[:, 0]


def geometric(i) -> sp.Expr:
    """The bound at step i."""
    return beta * (1 - kappa ** (i + 1)) / (1 - kappa)


@bounded.step("The slowest decay under the hardest drive attains the bound", "identity")
def attained():
    claimed = np.array([geometric(sp.Integer(i)) for i in range(5)], dtype=object)
    return Identity(worst_case(5), claimed, by=lambda rest: sp.cancel(sp.together(rest)))


@bounded.step("One more step: κ times the bound, plus β, is the next bound", "induction")
def next_bound():
    yield geometric(sp.S.Zero), beta
    yield kappa * geometric(I - 1) + beta, geometric(I)


@bounded.step("No step does worse: κ|h| + β ≥ |λh + b|, as the slack is its own modulus", "identity")
def triangle():
    """Any λ with |λ| <= κ is ±κ/(1 + t) of some t >= 0, any b is ±β/(1 + w); all signs of λh and b."""
    h, t, w = sp.symbols("h t w", nonnegative=True)
    for sign_h, sign_b in np.ndindex(2, 2):
        reached = (-1) ** sign_h * kappa / (1 + t) * h + (-1) ** sign_b * beta / (1 + w)
        slack = sp.together(sp.expand(sp.together(kappa * h + beta - reached)))
        yield slack, sp.Abs(slack)


@bounded.step("The bound rises to β/(1 - κ); what it lacks is βκ^{i+1}/(1 - κ), above zero", "limit")
def limit():
    yield sp.limit(geometric(I), I, sp.oo), beta / (1 - kappa)
    yield beta / (1 - kappa) - geometric(I), beta * kappa ** (I + 1) / (1 - kappa)


def overshoot(name: str) -> float:
    """How far states exceed the bound with κ = 0.9 and β the hardest drive."""
    kappa_value = 0.9
    system = driven(name)
    drive = np.abs(np.einsum("inc,ic->in", system.B, system.u)).max()
    return float(np.maximum(0.0, np.abs(system.states()).max() / (drive / (1 - kappa_value)) - 1))


def driven(name: str) -> System:
    """A hundred equal tokens through a model; decays of S6 and of the quasi-LSTM below 0.9."""
    model = MODELS[name].random(d=3, n=2, seed=2)
    if name == "s6":
        model = MODELS[name](**{**model.parameters, "b_delta": np.full(3, 1.0), "A_log": np.zeros((3, 2))})
    if name == "qlstm":
        model = MODELS[name](**{**model.parameters, "b_f": np.zeros(3)})
    return model.system(np.tile([[0.5, -0.3, 0.4]], (100, 1)))


@bounded.numbers("S6 and the quasi-LSTM, a hundred equal tokens")
def within(_rng):
    return [overshoot(name) for name in ("s6", "qlstm")]


bounded.hypothesis(
    "every decay is at most κ",
    r"|\lambda_i| \le \kappa < 1",
    violation=lambda name: np.maximum(0.0, np.abs(driven(name).Lambda).max() - 0.9),
    holds="qlstm",
    dropped="linear_attention",
)(overshoot)
