"""Unknown names: one sentence, what was meant, the list only if it is short; an error of functions and of mappings."""

import copy
import pickle

import pytest

from dsf_theory.arrays import checks
from dsf_theory.arrays.names import FEW, Named, UnknownNameError, known, meant

FRUIT = ["apple", "pear", "norm_peach"]


@pytest.mark.parametrize("kind", [ValueError, KeyError])
def test_unknown_name_is_an_error_of_functions_and_of_mappings(kind):
    sentence = "fruit: expected one of 'apple', 'pear', 'norm_peach', found 'appel'; did you mean 'apple'?"
    with pytest.raises(kind) as error:
        known("fruit", "appel", FRUIT)
    assert str(error.value) == sentence
    with pytest.raises(kind) as error:
        Named("fruit", dict.fromkeys(FRUIT))["appel"]
    assert str(error.value) == sentence
    assert str(pickle.loads(pickle.dumps(error.value))) == sentence


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Apple", "; did you mean 'apple'?"),
        ("norm-peach", "; did you mean 'norm_peach'?"),
        ("Norm Peach", "; did you mean 'norm_peach'?"),
        ("plum", ""),
        (3, ""),
        (None, ""),
    ],
)
def test_what_was_meant(name, expected):
    assert meant(name, FRUIT) == expected


def test_the_list_is_given_only_if_short():
    few, many = [f"x{i}y" for i in range(FEW)], [f"x{i}y" for i in range(FEW + 1)]
    with pytest.raises(UnknownNameError, match="found '-'$") as error:
        known("sort", "-", few)
    assert all(name in str(error.value) for name in few)
    with pytest.raises(UnknownNameError, match=f"^sort: expected one of {FEW + 1} names, found '-'$"):
        known("sort", "-", many)


def test_known_names_pass_and_mappings_stay_dictionaries():
    known("fruit", "pear", FRUIT)
    named = Named("fruit", apple=1)
    assert named["apple"] == 1 and named.get("pear") is None and "pear" not in named
    for other in (copy.copy(named), pickle.loads(pickle.dumps(named))):
        with pytest.raises(KeyError, match="fruit: expected one of 'apple', found 'pear'"):
            other["pear"]


def test_options_say_what_was_meant_too():
    with pytest.raises(
        ValueError, match="rule: expected one of 'zoh', 'bilinear', found 'ZOH'; did you mean 'zoh'"
    ):
        checks.choice("rule", "ZOH", ("zoh", "bilinear"))


def test_a_word_of_a_name_stands_for_it():
    assert (
        meant("norm", ["norm_peach", "apple_of_the_norm"])
        == "; did you mean 'norm_peach' or 'apple_of_the_norm'?"
    )
    assert meant("", FRUIT) == meant("or", FRUIT) == ""


def test_registries_and_the_package_say_what_was_meant():
    import dsf_theory as dsf
    from dsf_theory.tasks import TASKS

    for found, name, right in ((TASKS, "MQAR", "mqar"), (dsf.plots.FIGURES, "00_one_systm", "00_one_system")):
        with pytest.raises(KeyError, match=f"did you mean '{right}'"):
            found[name]
    with pytest.raises(AttributeError, match="has no attribute 'Mixr'; did you mean 'Mixer'"):
        _ = dsf.Mixr
    with pytest.raises(ValueError, match="seed: expected a whole number >= 0, found -1"):
        dsf.S6.random(d=4, seed=-1)
