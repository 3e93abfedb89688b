"""Every model of the registry under every law, with its default options and with those listed in `model_cases`."""

import pytest
from laws import LAWS
from model_cases import CASES, OPTIONS

import dsf_theory as dsf


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("law", LAWS)
def test_law(law, case):
    LAWS[law](case)


def test_every_model_is_among_the_cases():
    assert {case.model for case in CASES} == set(dsf.MODELS.values())
    assert set(OPTIONS) <= set(dsf.MODELS)
