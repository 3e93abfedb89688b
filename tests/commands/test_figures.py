"""Figures drawn from the command line."""

import subprocess

import pytest

from dsf_theory.commands.parser import main
from dsf_theory.commands.places import ROOT


def test_figures_are_drawn_where_they_are_asked_for(tmp_path, capsys):
    assert main(["figures", "04_gates", "--folder", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == [str(tmp_path / "04_gates.png"), str(tmp_path / "data" / "04_gates.json")]
    assert (tmp_path / "04_gates.png").read_bytes().startswith(b"\x89PNG")


def test_figures_of_results_are_drawn_too(tmp_path, capsys):
    assert main(["figures", "state-expansion", "--preset", "laptop", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'laptop_state-expansion.png'}\n"


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["figures", "04_gates", "--folder", str(tmp_path / "file")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("figures: ") and str(tmp_path / "file") in line


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("figures/notebook_models.png", True),
        ("figures/data/notebook_models.json", True),
        ("figures/laptop_models.png", True),
        ("figures/paper_smallest.png", True),
        ("figures/data/laptop_models.json", False),
        ("figures/09_models.png", False),
    ],
)
def test_what_a_reader_draws_of_her_sweeps_leaves_the_clone_clean(name, ignored):
    asked = subprocess.run(["git", "check-ignore", "--no-index", "-q", name], cwd=ROOT)
    if asked.returncode == 128:
        pytest.skip("not a git checkout")
    assert asked.returncode == (0 if ignored else 1)
