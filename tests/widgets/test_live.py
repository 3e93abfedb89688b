"""The live figure and its panel, without a browser: pixels, words, wrong values and bursts."""

import io
import threading
import time

import ipywidgets as W
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dsf_theory.widgets.live import LiveFigure, Panel, show
from dsf_theory.widgets.still import encode_png

STEPS = np.arange(32)


class Example:
    """A heat map under a still line, and a line between two still ones, under a legend; two controls."""

    def __init__(self, scale: float = 1.5, mesh: bool = False):
        figure = Figure(figsize=(6, 2.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.axhline(4, color="white")
        zeros = np.zeros((8, 32))
        self.heat = left.pcolormesh(zeros, vmax=1) if mesh else left.imshow(zeros, vmax=1, aspect="auto")
        right.axhline(0.5, lw=6, color="black")
        (self.line,) = right.plot(STEPS, np.ones(32), lw=4, label="decay")
        right.axhline(0.25, lw=6, color="black")
        right.grid(True)
        right.legend()
        self.title = figure.text(0.5, 0.9, "")
        self.right, self.drawn = right, []
        self.live = LiveFigure(figure, [self.heat, self.line, self.title], scale=scale)
        controls = {
            "decay": W.FloatSlider(0.5, min=0, max=1, step=0.01, description="decay λ"),
            "size": W.IntSlider(4, min=1, max=8),
        }
        self.panel = Panel(self.live, controls, self.draw)

    def draw(self, decay: float, size: int) -> str:
        """Refuses a decay of one, and fails on a decay of zero."""
        if decay == 1:
            raise ValueError("a decay of <one> never forgets")
        if decay == 0:
            raise KeyError("no such decay")
        self.drawn.append((decay, size))
        powers = decay**STEPS
        rows = np.outer(np.arange(8) < size, powers)
        (self.heat.set_array if hasattr(self.heat, "set_array") else self.heat.set_data)(rows)
        self.line.set_ydata(powers)
        self.title.set_text(f"λ = {decay:.2f}")
        return f"A decay of {decay:.2f} in {size} states."


@pytest.fixture
def example() -> Example:
    return Example()


def decode(png: bytes) -> np.ndarray:
    """The pixels of a PNG, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def picture(example: Example) -> np.ndarray:
    """What the reader sees now."""
    return decode(example.live.image.value)


def redrawn(live: LiveFigure) -> np.ndarray:
    """The whole figure drawn by Matplotlib's own rules, (height, width, 3)."""
    for artist in live.moving:
        artist.set_animated(False)
    live.figure.canvas.draw()
    for artist in live.moving:
        artist.set_animated(True)
    return live.pixels()[..., :3].copy()


@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (64, 48)])
def test_png_decodes_to_the_pixels_it_was_made_of(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 4), dtype=np.uint8)
    for level in (1, 9):
        assert (decode(encode_png(pixels, level)) == pixels[..., :3]).all()


@pytest.mark.parametrize("scale", [1, 1.5, 2])
@pytest.mark.parametrize("mesh", [False, True], ids=["image", "mesh"])
def test_blitted_picture_equals_a_full_redraw(scale, mesh):
    example = Example(scale, mesh)
    for decay in (0.9, 0.3, 0.7):
        example.panel.controls["decay"].value = decay
        assert (picture(example) == redrawn(example.live)).all()


def test_picture_follows_the_control_and_keeps_its_size(example):
    before = picture(example)
    example.panel.controls["decay"].value = 0.8
    after = picture(example)
    assert after.shape == before.shape == (360, 900, 3)
    assert (after != before).any()
    assert (example.live.image.width, example.live.image.height) == ("600", "240")


def test_background_is_drawn_again_only_when_it_changes(example, monkeypatch):
    backgrounds = []
    draw = example.live._draw_background
    monkeypatch.setattr(example.live, "_draw_background", lambda: (backgrounds.append(1), draw()))
    example.panel.controls["decay"].value = 0.8
    assert not backgrounds
    example.right.set_ylim(0, 2)
    example.panel.controls["decay"].value = 0.7
    assert len(backgrounds) == 1
    assert (picture(example) == redrawn(example.live)).all()
    example.panel.controls["decay"].value = 0.6
    assert len(backgrounds) == 1
    example.live.invalidate()
    example.panel.controls["decay"].value = 0.5
    assert len(backgrounds) == 2


def test_without_moving_artists_everything_is_drawn_each_time():
    figure = Figure(figsize=(3, 2))
    (line,) = figure.subplots().plot(STEPS, 0.5**STEPS)
    live = LiveFigure(figure)
    live.update("half")
    line.set_ydata(0.9**STEPS)
    live.update("nine tenths")
    assert (decode(live.image.value) == redrawn(live)).all()


def test_layout_is_computed_once_and_then_kept(example):
    before = example.right.get_position().bounds
    example.right.set_ylabel("a label\nof three\nlines")
    example.panel.controls["decay"].value = 0.8
    assert example.right.get_position().bounds == before


def test_description_is_a_live_region_and_follows_the_controls(example):
    assert example.live.description == "A decay of 0.50 in 4 states."
    example.panel.controls["size"].value = 6
    assert example.live.description == "A decay of 0.50 in 6 states."
    assert 'role="status" aria-live="polite"' in example.live.note.value
    assert example.live.description in example.live.note.value


@pytest.mark.parametrize("nothing", [None, "", 3])
def test_description_is_required(nothing):
    with pytest.raises(TypeError, match=r"description: expected a sentence or more, found"):
        Panel(LiveFigure(Figure(figsize=(1, 1))), {}, lambda: nothing)


def test_invalid_values_show_a_sentence_over_the_faded_picture(example):
    before = picture(example)
    example.panel.controls["decay"].value = 1
    assert "⚠ a decay of &lt;one&gt; never forgets" in example.live.note.value
    assert 'role="alert"' in example.live.note.value
    assert isinstance(example.panel.error, ValueError)
    assert picture(example).min() >= 170
    assert (picture(example) == 255 - (255 - before) // 3).all()
    example.panel.controls["decay"].value = 0.5
    assert example.panel.error is None
    assert (picture(example) == before).all()
    assert 'role="status"' in example.live.note.value


def test_invalid_values_at_the_start_show_a_sentence_too():
    def draw():
        raise ValueError("choose a smaller one")

    panel = Panel(LiveFigure(Figure(figsize=(1, 1))), {}, draw)
    assert "choose a smaller one" in panel.live.note.value
    assert decode(panel.live.image.value).shape == (150, 150, 3)


def test_unexpected_exceptions_are_shown_kept_and_raised(example):
    with pytest.raises(KeyError, match="no such decay"):
        example.panel.controls["decay"].value = 0
    assert "⚠ KeyError:" in example.live.note.value
    assert isinstance(example.panel.error, KeyError)
    example.panel.controls["decay"].value = 0.5
    assert example.panel.error is None
    assert example.live.description == "A decay of 0.50 in 4 states."


def test_several_controls_are_set_with_one_drawing(example):
    drawings = len(example.drawn)
    example.panel.set(decay=0.8, size=2)
    assert example.drawn[drawings:] == [(0.8, 2)]
    with pytest.raises(KeyError):
        example.panel.set(size=3, typo=1)
    assert example.drawn[-1] == (0.8, 3)


def test_burst_from_many_threads_ends_with_the_last_value(example):
    slider, quick, values = example.panel.controls["decay"], example.draw, np.linspace(0.1, 0.9, 41)
    example.panel.draw = lambda **values: (time.sleep(0.02), quick(**values))[1]
    drawings = len(example.drawn)
    threads = [threading.Thread(target=slider.set_trait, args=("value", value)) for value in values]
    for thread in threads:
        thread.start()
        time.sleep(0.002)
    for thread in threads:
        thread.join()
    assert len(example.drawn) - drawings < 41
    assert example.drawn[-1] == (slider.value, 4)
    assert example.live.description == f"A decay of {slider.value:.2f} in 4 states."


def test_sliders_have_a_named_number_box_in_step_with_them(example):
    slider = example.panel.controls["decay"]
    box, shown = example.panel.view.children[0].children[0].children
    assert (shown, box.description, slider.description, slider.readout) == (slider, "decay λ", "", False)
    slider.value = 0.1 + 0.2
    assert box.value == "0.3"
    box.value = "0.6"
    assert example.drawn[-1][0] == slider.value == 0.6
    slider.max = 2
    box.value = "1.5"
    assert slider.value == 1.5


@pytest.mark.parametrize("decimals", [0, 3])
def test_every_control_is_named(decimals):
    controls = {
        "seed": W.BoundedIntText(1_234_567, max=9_999_999),
        "tau": W.FloatLogSlider(10, min=-decimals, max=3),
        "model": W.Dropdown(options=["s6"], description="which model"),
        "count": W.IntSlider(1_234_567, max=9_999_999),
        "again": W.Button(),
    }
    panel = Panel(LiveFigure(Figure(figsize=(1, 1))), controls, lambda **values: " ".join(sorted(values)))
    rows = [row.children[0] if isinstance(row, W.HBox) else row for row in panel.view.children[0].children]
    assert [row.description for row in rows] == ["seed", "tau", "which model", "count", "again"]
    assert panel.live.description == "count model seed tau"
    assert [row.value for row in rows[:4]] == ["1234567", "10", "s6", "1234567"]


def test_a_typed_value_that_is_not_taken_is_answered_and_the_picture_stays(example):
    slider = example.panel.controls["decay"]
    box, _ = example.panel.view.children[0].children[0].children
    before, drawings = picture(example), len(example.drawn)
    for text, shown in (("2", "2"), ("½", "“½”"), ("1,5", "“1,5”"), ("nan", "“nan”")):
        box.value = text
        said = f"⚠ decay λ stays at 0.5: {shown} is not a number from 0 to 1."
        assert said in example.live.note.value and 'role="alert"' in example.live.note.value
        assert (box.value, slider.value, len(example.drawn)) == ("0.5", 0.5, drawings)
        assert (picture(example) == before).all()
    box.value = "0.50"
    assert example.live.description in example.live.note.value and box.value == "0.5"


def test_a_control_that_plays_no_part_is_disabled():
    """With its box, and enabled again once it plays one."""
    controls = {"model": W.Dropdown(options=["a", "b"]), "n": W.IntSlider(1, max=4)}
    live = LiveFigure(Figure(figsize=(1, 1)))
    panel = Panel(live, controls, lambda **_: "drawn", lambda model, n: ["n"] if model == "b" else [])
    box, slider = panel.view.children[0].children[1].children
    for model, disabled in (("b", True), ("a", False)):
        controls["model"].value = model
        assert slider.disabled == box.disabled == disabled


def test_still_has_the_picture_and_the_description_as_alternative_text_and_below(example):
    still = example.panel.still()
    assert (decode(still.png) == picture(example)).all()
    assert repr(still) == "A decay of 0.50 in 4 states."
    assert still._repr_html_().startswith(
        '<img alt="A decay of 0.50 in 4 states." width="600" src="data:image/png;'
    )
    below = still._repr_html_().partition(">")[2]
    assert ">A decay of 0.50 in 4 states.</p>" in below and "need a running kernel" in below


@pytest.mark.parametrize("static", ["", "1"])
def test_show_displays_the_panel_or_while_saving_its_still(example, static, monkeypatch):
    shown = []
    monkeypatch.setenv("DSF_STATIC", static)
    monkeypatch.setattr("dsf_theory.widgets.live.display", shown.append)
    show(example.panel)
    assert shown == [example.panel.still() if static else example.panel.view]
