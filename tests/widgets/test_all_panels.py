"""What holds for every panel: sentences, axes with room, controls that play no part, and typed values."""

import re
from functools import cache
from itertools import product

import ipywidgets as W
import numpy as np
import pytest
from matplotlib.lines import Line2D
from panels import MAKERS

from dsf_theory.models import MODELS
from dsf_theory.studies.unused_sizes import unused
from dsf_theory.widgets.controls import SLIDERS
from dsf_theory.widgets.live import LETTERS
from dsf_theory.widgets.typed import bounds, choices, written


@cache
def made(name):
    """A panel, made once, and the values that it starts from."""
    panel = MAKERS[name]()
    return panel, panel.values


def panel_of(name):
    """A panel as it starts, whatever an earlier test set."""
    panel, start = made(name)
    panel.set(**start)
    return panel


@pytest.fixture(params=MAKERS)
def panel(request):
    """Each panel in turn, as it starts."""
    return panel_of(request.param)


def ends(control) -> list:
    """The values of a drop-down, the first and the last of any other control."""
    if isinstance(control, W.Dropdown):
        options = control.options.values() if isinstance(control.options, dict) else control.options
        return [option[1] if isinstance(option, tuple) else option for option in options]
    among = choices(control)
    return [among[0], among[-1]] if among is not None else list(bounds(control))


def corners(panel, count: int = 15, seed: int = 0):
    """Some combinations of the ends of all controls, and each end alone."""
    start, rng = panel.values, np.random.default_rng(seed)
    seen = []
    for name in start:
        values = ends(panel.controls[name])
        if isinstance(panel.controls[name], W.Dropdown) and values in seen:
            continue
        seen.append(values)
        yield from (start | {name: value} for value in values)
    for _ in range(count):
        yield {
            name: ends(panel.controls[name])[rng.integers(len(ends(panel.controls[name])))] for name in start
        }


def test_all_panels_are_found():
    assert len(MAKERS) >= 8 and "explorer" in MAKERS


def test_sentences_are_sentences_and_curves_have_room(panel):
    """No powers of ten as 1e+02, no subscripts with underscores, no messages to programmers; no curve is cut."""
    for values in corners(panel):
        panel.set(**values)
        said = panel.live.description if panel.error is None else str(panel.error)
        assert not re.search(r"\de[+-]?\d|\w_\w|\\|[Ee]xpected|\bnan\b|\binf\b", said), said
        assert said.endswith(".") and not re.match("[a-z]", said), said
        assert len(said) <= LETTERS, said
        assert panel.error is not None or not cut(panel), (values, cut(panel))


def cut(panel) -> list[str]:
    """The titles of panels that a moving curve leaves."""
    found = []
    for line in (artist for artist in panel.live.moving if isinstance(artist, Line2D)):
        limits = line.axes.get_xlim(), line.axes.get_ylim()
        for data, ends in zip(line.get_data(), limits, strict=True):
            data = np.asarray(data, float)
            inside = np.isnan(data) | ((data >= min(ends)) & (data <= max(ends)))
            if line.get_transform() == line.axes.transData and not inside.all():
                found.append(line.axes.get_title("left"))
    return found


def test_disabled_controls_play_no_part_and_others_do(panel):
    """For every value of a drop-down; drop-downs with the same values go together."""
    menus = {name: c for name, c in panel.controls.items() if isinstance(c, W.Dropdown)}
    start = panel.values
    for options in {tuple(c.options) for c in menus.values()} or {()}:
        together = [name for name, c in menus.items() if tuple(c.options) == options]
        for value in ends(menus[together[0]]) if together else [None]:
            here = start | dict.fromkeys(together, value)
            for name in set(start) - set(menus):
                panel.set(**here)
                disabled, before = panel.controls[name].disabled, panel.live.pixels().copy()
                changed = False
                for end in ends(panel.controls[name]):
                    panel.controls[name].value = end
                    changed |= bool((panel.live.pixels() != before).any())
                assert changed != disabled, (here, name)


def boxes(panel):
    """name -> the box in which a control's number is typed."""
    rows = zip(panel.controls, panel.view.children[0].children, strict=True)
    return {name: row.children[0] for name, row in rows if isinstance(row, W.HBox)}


def test_typed_values_are_taken_or_answered(panel):
    panel.set(**panel.values)
    for name, box in boxes(panel).items():
        control = panel.controls[name]
        low, high = ends(control)
        before = control.value
        wrong = ["abc", "", f"{high + 1}", f"{low - 1}", "1e9", "nan", "1,5"]
        for text in wrong + ["2.7"] * (choices(control) is not None):
            box.value = text
            assert control.value == before and box.value == written(before), (name, text)
            note = panel.live.note.value
            assert 'role="alert"' in note and f"{box.description} stays at {written(before)}" in note, note
        for value in (low, high):
            box.value = f" {written(value)} "
            assert control.value == pytest.approx(value) and box.value == written(control.value)
            assert "stays at" not in panel.live.note.value
        control.value = before


def test_whole_numbers_are_whole_and_each_has_a_place_on_its_slider(panel):
    """A control whose values are whole has finitely many, no more than the least track has pixels."""
    for name, control in panel.controls.items():
        if isinstance(control, SLIDERS):
            among = choices(control)
            if among is not None:
                assert all(isinstance(value, int) for value in among) and len(among) <= 90, name
                assert list(among) == sorted(set(among)), name
                box = boxes(panel)[name]
                for value in among[:: max(1, len(among) // 6)]:
                    box.value = str(value)
                    assert control.value == value


@pytest.mark.parametrize("name", MODELS)
def test_sizes_that_are_unused_change_nothing(name):
    """Read from the declaration, and true of the parameters."""
    model = MODELS[name]
    for size, (one, other) in {"n": (2, 8), "heads": (1, 2)}.items():
        if size in unused(model, ("n", "heads")):
            if size == "n":
                one, other = model.random(d=4, n=one), model.random(d=4, n=other)
                for key, value in one.parameters.items():
                    assert (value == other.parameters[key]).all()
            else:
                with pytest.raises(TypeError):
                    model.random(d=4, heads=other)
        else:
            one, other = (model.random(d=4, **{size: value}) for value in (one, other))
            assert repr(one) != repr(other)


@pytest.mark.parametrize(
    ("d", "heads"), [(d, heads) for d, heads in product((1, 3, 4, 8), (2, 3)) if d % heads]
)
def test_heads_that_do_not_fit_are_answered_with_what_does(d, heads):
    panel = panel_of("explorer")
    panel.set(left="ssd", right="linear_attention", d=d, heads=heads)
    said = str(panel.error)
    assert f"{heads} heads cannot share {d} channel" in said
    offered = [int(k) for k in re.findall(r"\d+", said.split("Choose")[1].split("head")[0])]
    assert offered == [k for k in range(1, d + 1) if d % k == 0]
    panel.set(heads=1)
    assert panel.error is None
