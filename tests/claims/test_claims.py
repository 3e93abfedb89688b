"""The ledger holds; and whatever it rests on, once changed, makes it fail by name."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import dsf_theory as dsf
from dsf_theory import claims
from dsf_theory.claims import CHAPTERS, LEDGER, METHODS, Claim, render
from dsf_theory.claims.comparing import relative
from dsf_theory.claims.letters import any_matrices
from dsf_theory.claims.reading import at_time, induction, kronecker, rank, rearranged, tokens
from dsf_theory.claims.vanish import difference, vanish
from dsf_theory.commands import parser as cli
from dsf_theory.models import MODELS
from dsf_theory.system import dense
from dsf_theory.system.words import plain
from dsf_theory.widgets.proof import ProofStepper, heading


@pytest.mark.parametrize("claim_id", LEDGER)
def test_every_claim_holds_for_reasons(claim_id):
    report = LEDGER[claim_id].check()
    assert report.ok, report.failures
    assert any(step.method != "numbers" and step.residual == 0 for step in report.steps)
    assert any(step.method == "numbers" and step.residual < 1e-10 for step in report.steps)
    for found in report.counterexamples:
        assert found.with_it < 1e-10 and found.without_it > 1e-2
    json.dumps(report.to_dict(), allow_nan=False)


def test_the_ledger_is_large_enough_and_each_claim_complete():
    assert len(LEDGER) >= 20
    sources = {path.stem: path.read_text() for path in Path(claims.__file__).parent.glob("*/*.py")}
    assert {name for name, source in sources.items() if "= Claim(" in source} == {
        claim_id.replace("-", "_") for claim_id in LEDGER
    }
    for claim in LEDGER.values():
        assert claim.hypotheses, claim.id
        assert claim.proof and claim.confirmations, claim.id
        assert set(claim.models) <= set(MODELS), claim.id
        assert claim.title.endswith(".") and claim.statement.endswith(".") and claim.source and claim.latex
        assert all(step.method in METHODS for step in claim.proof)
        names = [step.name for step in (*claim.proof, *claim.confirmations)]
        assert len(set(names)) == len(names)


def test_chapters_import_from_earlier_ones_only():
    order = [chapter.__name__.split(".")[-1] for chapter in CHAPTERS]
    folders = [path.parent.name for path in Path(claims.__file__).parent.glob("*/__init__.py")]
    assert sorted(folders) == sorted([*order, "render"])
    for place, name in enumerate(order):
        for path in (Path(claims.__file__).parent / name).glob("*.py"):
            imports = [
                n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)
            ]
            chapters = {module.split(".")[2] for module in imports if module.startswith("dsf_theory.claims.")}
            assert not chapters & set(order[place + 1 :]), path
    assert all(len(chapter.PARTS) == len(set(chapter.PARTS)) for chapter in CHAPTERS)


def test_every_model_has_claims_and_the_papers_parts_are_covered():
    assert {name for claim in LEDGER.values() for name in claim.models} == set(MODELS)
    assert {"reversed-sigmoid", "convolution", "change-of-basis", "separable-attention"} <= set(LEDGER)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000))
def test_confirmations_hold_for_any_seed(seed):
    ids = ("change-of-basis", "causal-basis", "coefficient-dynamics")
    assert claims.check(ids, seed=seed).ok


# ---------------------------------------------------------------- a claim that is wrong is found out


def sample() -> Claim:
    return Claim("sample", "A sample.", "It holds.", "a = b", "a test")


def test_a_false_step_fails_and_names_what_is_left():
    claim, x = sample(), sp.Symbol("x", positive=True)
    claim.step("right", "identity")(lambda: ((x + 1) ** 2, x**2 + 2 * x + 1))
    claim.step("wrong", "identity")(lambda: [(x, x), (sp.sin(x) ** 2 + sp.cos(x) ** 2, 2)])
    report = claim.check()
    assert not report.ok
    assert [step.ok for step in report.steps] == [True, False]
    assert report.failures == ["wrong"]
    assert report.steps[0].residual == 0 and report.steps[1].residual != 0


def test_an_exception_an_empty_step_and_an_empty_array_are_failures():
    claim = sample()
    claim.step("breaks", "identity")(lambda: 1 / 0)
    claim.step("says nothing", "identity")(lambda: [])
    claim.step("compares nothing", "identity")(lambda: (np.array([], dtype=object), 0))
    claim.step("of two shapes", "identity")(lambda: (np.zeros(2, dtype=object), np.zeros(3, dtype=object)))
    claim.numbers("not a number")(lambda rng: float("nan"))
    report = claim.check()
    assert not any(step.ok for step in report.steps)
    assert "ZeroDivisionError" in report.steps[0].error
    json.dumps(report.to_dict(), allow_nan=False)
    assert "ZeroDivisionError" in render.explanation(report)


def test_a_claim_without_a_proof_does_not_hold():
    assert not sample().check().ok
    claim = sample()
    claim.numbers("agree")(lambda rng: 0.0)
    assert not claim.check().ok


def test_a_matrix_is_no_number_and_not_a_number_is_not_small():
    with pytest.raises(ValueError, match="one shape, or zero"):
        difference(np.ones((2, 2), dtype=object), 1)
    with pytest.raises(ValueError, match="expected the shape"):
        relative(np.ones((2, 2)), np.ones(2))
    for path in Path(claims.__file__).parent.glob("*/*.py"):
        assert not re.search(r"(?<![.\w])max\(0", path.read_text()), (
            f"{path.name}: max(0, nan) is 0; use np.maximum"
        )


@pytest.mark.parametrize(
    ("violation", "residual", "ok"),
    [
        (abs, abs, True),
        (lambda case: 0.0, abs, False),  # a condition that is never violated
        (lambda case: 1.0, abs, False),  # one that never holds
        (abs, lambda case: 0.0, False),  # a claim that holds without it
        (abs, lambda case: 1.0, False),  # one that does not hold with it
        (abs, lambda case: case / 1000, False),  # a difference that does not matter
        (abs, lambda case: 1 / case, False),  # an exception
        (abs, lambda case: case * float("inf") if case else 0.0, False),  # an overflow
    ],
)
def test_a_hypothesis_must_be_satisfied_violated_and_needed(violation, residual, ok):
    claim = sample()
    claim.hypothesis("it is zero", "c = 0", violation=violation, holds=0.0, dropped=1.0)(residual)
    (found,) = claim.check().counterexamples
    assert found.ok is ok


def test_methods_are_named():
    with pytest.raises(ValueError, match="method: expected one of identity"):
        sample().step("by magic", "magic")


# ---------------------------------------------------------------- deciding zero


@pytest.mark.parametrize("text", ["1/x", "x - y", "sqrt(x**2) + x", "exp(x)*exp(y) - exp(x*y)", "1e-3"])
def test_what_is_not_zero_is_not_taken_for_it(text):
    x, y = sp.symbols("x y", positive=True)
    assert vanish(sp.sympify(text, locals={"x": x, "y": y})) != 0


def test_signs_matter_where_they_are_not_known():
    x = sp.Symbol("x", real=True)
    assert vanish(sp.sqrt(x**2) - sp.Abs(x)) == 0
    assert vanish(sp.sqrt(x**2) - x) != 0
    a, b = sp.symbols("a b", commutative=False)
    assert vanish(a * b - b * a) != 0 and vanish((a + b) * a - a**2 - b * a) == 0


def test_matrices_of_symbolic_size_are_compared():
    n = sp.Symbol("n", integer=True, positive=True)
    A, B = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n)
    assert difference(A * (A + B), A * A + A * B) == 0
    assert difference(A * B, B * A) != 0
    assert difference(sp.KroneckerProduct(A, B), sp.KroneckerProduct(B, A)) != 0


# ---------------------------------------------------------------- readings


def attention(d: int, n: int, length: int = 3):
    eta = dsf.symbols("eta", (length,), positive=True)
    model = MODELS["separable_attention"].symbolic(d, n, eta=lambda u: eta)
    return model.system(tokens(length, d)), eta


@pytest.mark.parametrize(("d", "n"), [(2, 3), (3, 2)])
def test_kronecker_reading_is_the_dense_matrices(d, n):
    system, eta = attention(d, n)
    found = kronecker(system, 2, explicit=True)
    for product, matrix in zip(found, (system.Lambda, system.B, system.C), strict=True):
        assert difference(sp.Matrix(product.doit().as_explicit()), matrix[2]) == 0
    general = kronecker(system, 2)
    assert general.Lambda.shape == (general.B.shape[0],) * 2
    factor = general.Lambda.subs(sp.Symbol("n", integer=True, positive=True), 1)
    assert factor.coeff(1) is not None
    i = sp.Symbol("i", integer=True)
    Eta = sp.Function("eta", positive=True)
    assert at_time(eta[1] / eta[2], [eta], 2) == Eta(i - 1) / Eta(i)


def test_kronecker_reading_refuses_what_is_not_of_that_structure():
    system = MODELS["qlstm"].symbolic(2).system(tokens(2, 2))
    with pytest.raises(ValueError, match="write: expected one head and one for all channels"):
        kronecker(system, 1)


def test_induction_needs_base_and_step():
    i, j = sp.symbols("i j", integer=True)
    x = sp.Symbol("x", positive=True)
    right = [difference(*pair) for pair in induction(x ** (i - j), x)]
    assert right == [0, 0]
    assert [difference(*pair) == 0 for pair in induction(2 * x ** (i - j), x)] == [False, True]
    assert [difference(*pair) == 0 for pair in induction(x ** (j - i), x)] == [True, False]


def test_rank_of_a_rearranged_kernel_is_the_number_of_heads():
    u = np.random.default_rng(0).standard_normal((6, 4))
    for heads in (1, 2, 4):
        phi = MODELS["linear_attention"].random(d=4, n=2, heads=heads).system(u).kernel()
        assert rank(rearranged(phi)) == heads


def test_matrices_of_any_size_keep_their_order():
    phi = any_matrices(3).kernel()
    C, L2, L1, B = (sp.Symbol(name, commutative=False) for name in ("C_2", "Lambda_2", "Lambda_1", "B_0"))
    assert phi[2, 0, 0, 0] == C * L2 * L1 * B


# ---------------------------------------------------------------- what the ledger rests on


def fails(monkeypatch, owner, name, changed, *ids):
    monkeypatch.setattr(owner, name, changed)
    report = claims.check(ids)
    assert not any(each.ok for each in report.reports), [r.claim.id for r in report.reports if r.ok]


def test_a_kronecker_product_the_wrong_way_round_is_found(monkeypatch):
    def swapped(xp, matrix, times):
        return np.tile(matrix, (times, 1))

    fails(monkeypatch, dense, "repeat", swapped, "convolution", "separable-attention", "s6-system")


def test_a_normaliser_on_the_wrong_side_is_found(monkeypatch):
    original = MODELS["separable_attention"].log_normaliser

    def inverted(self, *arguments):
        log, sign = original(self, *arguments)
        return (log, sign) if log is None else (-log, sign)

    fails(monkeypatch, MODELS["separable_attention"], "log_normaliser", inverted, "separable-attention")


def test_a_gate_of_the_wrong_sign_is_found(monkeypatch):
    gate = MODELS["qlstm_rev"].log_forget
    fails(monkeypatch, MODELS["qlstm_rev"], "log_forget", lambda self, u: -gate(self, u), "reversed-sigmoid")


def test_a_step_without_its_bias_is_found(monkeypatch):
    def unbiased(self, u):
        return self.xp.softplus(u @ (self.W_delta_up @ self.W_delta_down).T)

    fails(monkeypatch, MODELS["s6"], "step", unbiased, "s6-system")


# ---------------------------------------------------------------- command line and pages


def test_check_prints_a_table_and_says_that_all_is_well(capsys):
    assert cli.main(["check", "convolution", "closure"]) == 0
    printed = capsys.readouterr().out
    assert "convolution" in printed and "closure" in printed and "All 2 claims hold" in printed


def test_check_fails_by_name(capsys, monkeypatch):
    monkeypatch.setattr(dsf.System, "chunked", lambda self, chunk=64: 2 * self.recurrent())
    assert cli.main(["check", "convolution", "change-of-basis"]) == 1
    printed = capsys.readouterr().out
    assert "1 of 2 claims FAIL" in printed and "convolution: Chunks of one to five steps" in printed


@pytest.mark.parametrize("columns", [40, 60, 72, 110])
def test_no_name_or_number_is_cut_in_a_narrow_terminal(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    ids = ["convolution", "feedthrough-needs-states", "softmax-infinite"]
    assert cli.main(["check", *ids]) == 0
    printed = capsys.readouterr().out
    shown = [line.rstrip() for line in printed.splitlines()]
    assert "…" not in printed and max(map(len, shown)) <= max(columns, 56)
    for claim_id in ids:
        (line,) = [line for line in shown if claim_id in line]
        assert re.search(r"(\d) of \1 +(0|\d\.\de-\d\d) +(\d) of \3", line)
        assert line.endswith(tuple("0123456789")) and ("seconds" in printed) == (columns > 72)
    assert ("Kronecker" in printed) == (columns > 60)
    report = claims.check(ids)
    assert "…" not in str(report) and max(len(line.rstrip()) for line in str(report).splitlines()) <= max(
        columns, 54
    )


def test_check_as_json(capsys):
    assert cli.main(["check", "delta-rule", "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["id"] == "delta-rule" and report["ok"] and report["steps"][0]["residual"] == "0"


def test_check_explains(capsys):
    assert cli.main(["check", "--explain", "convolution"]) == 0
    printed = capsys.readouterr().out
    assert "Λ₅⋅Λ₄" in printed.replace("Lambda_5*Lambda_4", "Λ₅⋅Λ₄") and "Without 'the state starts" in printed


def test_check_refuses_what_is_not_there(capsys):
    assert cli.main(["check", "p-is-np"]) == 2
    assert "claim: expected one of 61 names, found 'p-is-np'" in capsys.readouterr().err


@pytest.mark.parametrize("claim_id", LEDGER)
def test_every_claim_can_be_read(claim_id):
    report = LEDGER[claim_id].check()
    page = report._repr_markdown_()
    assert report.claim.title[:10] in page and page.count("$$") % 2 == 0
    assert "operations}" not in page, "a step that nobody can read: give it `shown`"
    text = render.explanation(report)
    assert max(map(len, text.splitlines())) < 400
    assert all(plain(step.name) in text for step in report.steps)
    assert "$" not in text
    stepper = ProofStepper(report)
    for shown in (page, heading(report), *stepper.pages, claims.LedgerReport((report,))._repr_markdown_()):
        assert not raw_formulas(shown)


RAW = re.compile(r"[\u0370-\u03ff_^⊗⊙√∏∂∫∞→‖|·×⋯⁻ᵀ⁺²³½⌊∈≤≥=<>{}\\]|\d[.\d]*e[+-]\d|\b\d[a-z]\b")


def raw_formulas(shown: str) -> list[str]:
    """Words with something that only a formula has, outside of LaTeX, tags, links, code and lines of tables."""
    words = re.sub(
        r"\$\$.*?\$\$|\$[^$]*\$|<code>.*?</code>|<[^>]+>|\]\([^)]*\)|&\w+;", " ", shown, flags=re.DOTALL
    )
    words = re.sub(r"(?m)^\||\s\|(?=\s|$)|\|---[-|]*|S6_2", " ", words)
    return [word for word in words.split() if RAW.search(word)]


@pytest.mark.parametrize("words", ["C_i Λ_i", "κ^2", "W_v", "a² = 1", "qᵀk", "1.7e+02", "at 3d", "x <= y"])
def test_raw_formulas_are_found(words):
    assert raw_formulas(f"**Title.** {words} $x_i$") and not raw_formulas(
        "S6_2 has $a^2 = 1$, $$x_i$$ | 1.7 | ✓ |"
    )


def test_the_glossary_has_no_raw_formula():
    names = re.sub(r"`[^`]*`", "", dsf.glossary())
    assert not raw_formulas(names) and r"$C_i \Lambda_i \cdots \Lambda_{j+1} B_j$" in names


def test_index_of_claims_links_to_notebooks():
    page = claims.check(["convolution", "closure"])._repr_markdown_()
    assert "[01](01_the_framework.ipynb)" in page and page.count("✓") == 2


def test_a_claim_that_is_not_there_is_answered_by_the_one_that_was_meant():
    for misspelt in (
        lambda: LEDGER["s6-couplings"],
        lambda: claims.check(["convolution", "s6-couplings"]),
        lambda: claims.check(["s6-coupling"])["s6-couplings"],
    ):
        with pytest.raises(
            KeyError, match=r"claim: expected one of .*, found 's6-couplings'; did you mean 's6-coupling'"
        ):
            misspelt()
    assert LEDGER.get("s6-couplings") is None


def test_every_claim_is_named_in_the_notebook_that_it_points_to():
    folder = Path(__file__).parents[2] / "notebooks"
    for claim in LEDGER.values():
        text = (folder / f"{claim.notebook}.ipynb").read_text(encoding="utf-8")
        assert re.search(rf'[`"]{claim.id}\\?[`"]', text), claim.id
