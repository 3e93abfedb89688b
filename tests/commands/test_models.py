"""The table of models: all of them, with names and numbers that no terminal is too narrow for."""

import pytest

import dsf_theory as dsf
from dsf_theory.commands.models import sizes
from dsf_theory.commands.parser import main


@pytest.mark.parametrize("columns", [20, 60, 75, 120])
def test_names_and_numbers_are_never_cut(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    words = shown.split()
    for name, model in dsf.MODELS.items():
        assert {name, *sizes(model, 64, 16)} <= set(words)
    assert columns < 60 or max(map(len, shown.splitlines())) <= columns
    assert ("quasi-LSTM" in shown) == (columns >= 75)


def test_sizes_that_no_model_has_are_refused(capsys):
    assert main(["models", "-d", "0"]) == 2
    assert capsys.readouterr().err == "models: d: expected a whole number >= 1, found 0\n"
