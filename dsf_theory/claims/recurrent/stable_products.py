"""The claim ``stable-products``: products of diagonal contractions are contractions."""

import numpy as np
import sympy as sp

from dsf_theory.claims.claim import Claim
from dsf_theory.claims.reading import (
    I,
    at_time,
    decays,
    induction,
    tokens,
)
from dsf_theory.claims.recurrent.gates import with_gates
from dsf_theory.models import MODELS
from dsf_theory.system import System
from dsf_theory.system.symbolic import symbols
from dsf_theory.system.transition import Dense

claim = Claim(
    id="stable-products",
    title="Products of diagonal contractions are contractions; of others they need not be.",
    statement="If every $Λ_i$ is diagonal with entries of modulus at most one, so is every product of them, and its "
    "norm is its largest modulus. For matrices that are not diagonal in one basis it is false, even if each "
    "has spectral radius zero.",
    latex=r"|\lambda_i| \le 1 \;\Rightarrow\; \Big\|\prod_{k=j+1}^{i} \Lambda_k\Big\| \le 1",
    source="derived here",
    models=("qlstm", "rglru", "s6", "s6_2", "ssd", "norm_attention"),
    notebook="06_normalisation",
)

GATED, STEPPED = ("qlstm", "rglru"), ("s6", "s6_2", "ssd")
"""Models whose decays are gates, and those that decay by steps."""


@claim.step("The decay of each gated model is exp of minus a positive number", "identity")
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


@claim.step("So is every product: the logarithms add up", "induction")
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


@claim.step(
    "One more factor: $|λP| = |λ||P|$, and $1 - |λ||P|$ is its own modulus, so not negative", "induction"
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


@claim.numbers("Random products of the gated models")
def random_products(rng):
    return [largest_product(name, int(rng.integers(1000))) for name in (*GATED, *STEPPED)]


claim.hypothesis(
    "every transition is diagonal",
    r"\Lambda_i = \operatorname{diag}(\lambda_i)",
    violation=lambda case: np.abs(transitions(case) * (1 - np.eye(transitions(case).shape[-1]))).max(),
    holds="s6",
    dropped="nilpotent",
)(largest_product)

claim.hypothesis(
    "no decay is above one in modulus",
    r"|\lambda_i| \le 1",
    violation=lambda case: np.maximum(0.0, np.abs(transitions(case)).max() - 1),
    holds="s6",
    dropped="norm_attention",
)(largest_product)
