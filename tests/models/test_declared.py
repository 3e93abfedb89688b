"""What a model declares: its records, the errors they give, and the registry."""

import numpy as np
import pytest

import dsf_theory as dsf


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: dsf.Parameter("d", domain="postive"), "domain: expected one of .*; did you mean 'positive'"),
        (lambda: dsf.Parameter("d", customary=True), "customary: expected an optional parameter"),
        (
            lambda: dsf.Option(1, whole=True).take("heads", 1.5),
            "heads: expected a whole number >= 1, found 1.5",
        ),
        (
            lambda: dsf.Option(None, whole=True).take("heads", 0),
            "heads: expected a whole number >= 1, found 0",
        ),
        (lambda: dsf.Option(abs, function=True).take("phi", 3), "phi: expected a function, found 3"),
        (
            lambda: dsf.Option("a", choices="ab", function=True).take("eta", 3),
            "eta: expected one of 'a', 'b'",
        ),
    ],
)
def test_records_refuse_what_makes_no_sense(declare, message):
    with pytest.raises(ValueError, match=message):
        declare()


def test_a_subclass_inherits_adds_and_settles():
    class Base(dsf.Model):
        W = dsf.Parameter("n d")
        heads = dsf.Option(1, whole=True)
        rule = dsf.Option("a", choices=("a", "b"))

    class Mine(Base):
        A = dsf.Parameter("n", domain="stable", complex=True)
        rule = "b"

    assert Base.shapes() == {"W": "n d"} and set(Base.options) == {"heads", "rule"}
    assert Mine.shapes() == {"W": "n d", "A": "n"} and set(Mine.options) == {"heads"} and Mine.rule == "b"


@pytest.mark.parametrize("name", ["kernel", "d", "sizes", "name"])
def test_names_of_every_model_are_not_taken(name):
    with pytest.raises(TypeError, match=f"Mine: expected another name than '{name}', which every model has"):
        type("Mine", (dsf.Model,), {name: dsf.Parameter("d")})


def test_models_start_inside_their_domains():
    class Mine(dsf.Model):
        name = "mine"
        positive = dsf.Parameter("d n", domain="positive")
        real = dsf.Parameter("d", domain="stable")
        poles = dsf.Parameter("n", domain="stable", complex=True)
        matrix = dsf.Parameter("n n", domain="stable matrix")
        weight = dsf.Parameter("n d", complex=True)

    start = Mine.random(d=3, n=4, seed=1)
    assert (start.positive > 0).all() and (start.real < 0).all() and (start.poles.real < 0).all()
    assert all(np.iscomplexobj(part) and part.imag.all() for part in (start.poles, start.weight))
    with pytest.raises(ValueError, match="positive: expected positive numbers, found -"):
        Mine(**{**start.parameters, "positive": -start.positive})
    layer = dsf.Mixer("mine", d=3, n=4, seed=1)
    for key, part in layer.model.parameters.items():
        np.testing.assert_allclose(part.detach().numpy(), layer.template.parameters[key], rtol=1e-6)


def test_a_size_that_dimensions_does_not_give_is_named():
    Mine = type("Mine", (dsf.Model,), {"name": "mine", "W": dsf.Parameter("m d")})
    with pytest.raises(ValueError, match="mine: expected dimensions.. to give the size 'm' of W, found"):
        Mine.random(d=3)


# ----------------------------------------------------------------------------------------------- unknown names


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: dsf.S6.random(d=2, nn=3),
            r"s6: random\(\) has no argument 'nn'; it takes d, n, seed, .*b_rule",
        ),
        (
            lambda: dsf.SSD.random(d=2, head=2),
            "it takes d, n, seed, optional, memory, heads, groups, coupled; did you mean 'heads'",
        ),
        (
            lambda: dsf.SSD.symbolic(d=2, n=1, seed=2),
            r"symbolic\(\) has no argument 'seed'; it takes d, n, opt",
        ),
        (
            lambda: dsf.Mixer("ssd", d=2, group=1),
            "it takes d, n, seed, dtype, .*heads, groups, coupled; did you mean 'groups'",
        ),
        (
            lambda: dsf.Mixer("s4d", d=2, N=1),
            r"Mixer\(\) has no argument 'N'; it takes d, n, .*; did you mean 'n'",
        ),
        (lambda: dsf.LinearAttention.random(d=2, eta="one"), "has no argument 'eta'"),
        (lambda: dsf.S6(W_b=np.ones((1, 2))), "s6: no parameter 'W_b'; it has .*; did you mean 'W_B"),
    ],
)
def test_misspelt_keywords_say_what_there_is(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("name", ["S6", "s-6", "s6 "])
def test_misspelt_models_say_what_was_meant(name):
    for ask in (lambda: dsf.MODELS[name], lambda: dsf.Mixer(name, d=2)):
        with pytest.raises((KeyError, ValueError), match="expected one of .* did you mean 's6'"):
            ask()
    assert dsf.MODELS.get(name) is None and name not in dsf.MODELS


# ---------------------------------------------------------------------------------------------------- registry


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(
        ValueError, match="name: expected one that no other model has, found 's6' of dsf_theory"
    ):
        type("Mine", (dsf.Model,), {"name": "s6"})
    with pytest.raises(ValueError, match="found 's6'"):
        type("S6", (dsf.S6,), {"name": "s6"})  # a class of the same name elsewhere is another class
    assert dsf.MODELS["s6"] is dsf.S6


def test_a_cell_may_be_run_again():
    def cell():
        class Mine(dsf.Model):
            name = "mine"

        return Mine

    first, second = cell(), cell()
    assert dsf.MODELS["mine"] is second is not first
    with pytest.raises(ValueError, match="found 'mine' of .*cell.<locals>.Mine"):
        type("Other", (dsf.Model,), {"name": "mine"})
