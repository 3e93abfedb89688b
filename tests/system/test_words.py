"""Words with formulas in them: what is typeset, what stays plain, and what no formula has."""

import pytest

from dsf_theory.system.words import latex, plain, scientific, typeset


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("Λ_{i-1} <= κ^{i+1} W_v q_iᵀk_j", r"\Lambda_{i-1} \le \kappa^{i+1} W_{v} q_{i}^{\top}k_{j}"),
        ("√((1 + a)/(1 - a)) √r", r"\sqrt{(1 + a)/(1 - a)} \sqrt{r}"),
        ("P̂_ij Σ_l E_p(t_il)", r"\hat{P}_{ij} \sum_{l} E_{p}(t_{il})"),
        ("ḣ = ā h + b̄ u", r"\dot{h} = \bar{a} h + \bar{b} u"),
        ("|P_i (I - RᵀR)|² ≠ 0", r"\vert P_{i} (I - R^{\top}R)\vert^{2} \ne 0"),
        ("cᵀΣ²c", r"c^{\top}\Sigma^{2}c"),
        ("W_up W_down u", r"W_{\uparrow} W_{\downarrow} u"),
        ("nd(4L - log₂ L)", r"nd(4L - \log_{2} L)"),
        (
            "Re aΔ, diag(exp(-α softplus x))",
            r"\operatorname{Re} a\Delta, \operatorname{diag}(\exp(-\alpha \operatorname{softplus} x))",
        ),
        ("±(i/(i+1))^½ Λ_i⁻¹", r"\pm(i/(i+1))^{1/2} \Lambda_{i}^{-1}"),
        ("Δ_0 + ... + Δ_i", r"\Delta_{0} + \ldots + \Delta_{i}"),
    ],
)
def test_plain_formulas_are_spelt_in_latex(formula, expected):
    assert latex(formula) == expected


@pytest.mark.parametrize("formula", ["a $ b", "é", "{a}", "x_", "a # b"])
def test_what_no_formula_has_is_refused(formula):
    with pytest.raises(ValueError, match="formula: expected"):
        latex(formula)


def test_formulas_are_typeset_and_words_escaped():
    assert typeset("a < b, and $Λ_i < 1$") == r"a &lt; b, and $\Lambda_{i} \lt 1$"
    assert plain("a, and $Λ_i < 1$") == "a, and Λ_i < 1"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2.94e-16, r"2.9 \cdot 10^{-16}"),
        (-1.7e5, r"-1.7 \cdot 10^{5}"),
        (170.4, "170"),
        (0.001234, "0.0012"),
        (0.0, "0"),
        (float("inf"), r"\infty"),
        (float("nan"), r"\text{not a number}"),
    ],
)
def test_numbers_are_never_in_the_notation_of_a_program(number, expected):
    assert scientific(number) == expected
