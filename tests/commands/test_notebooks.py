"""Notebooks run, saved and checked from the command line, named as a reader would."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from dsf_theory.commands import saving
from dsf_theory.commands.notebooks import found
from dsf_theory.commands.parser import main
from dsf_theory.commands.places import NOTEBOOKS


@pytest.mark.parametrize(
    ("name", "notebook"),
    [
        ("00", "00_start_here"),
        ("03_state", "03_state_space_models"),
        ("index", "index_of_claims"),
        ("09_the_papers_experiments.ipynb", "09_the_papers_experiments"),
        ("notebooks/01_the_framework", "01_the_framework"),
    ],
)
def test_a_notebook_is_found_by_its_number_or_name(name, notebook):
    assert found(name) == NOTEBOOKS / f"{notebook}.ipynb"


def test_check_by_number(capsys):
    assert main(["notebooks", "00", "--check"]) == 0
    assert main(["notebooks", "10"]) == 2
    assert capsys.readouterr().err == "notebooks: notebook: expected one of 11 names, found '10'\n"


def test_a_notebook_is_run_and_saved(tmp_path, capsys):
    path = tmp_path / "small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), path)
    assert main(["notebooks", str(path)]) == 0
    first = path.read_bytes()
    assert nbformat.read(path, as_version=4).cells[0].outputs[0]["data"]["text/plain"] == "2"
    assert main(["notebooks", str(path)]) == 0 and path.read_bytes() == first


def test_faults_are_found(tmp_path):
    """The checks of saved notebooks can fail."""
    cells = [new_code_cell("1/0"), new_code_cell("import sys; print('warned', file=sys.stderr)")]
    broken = new_notebook(cells=cells)
    cells[1].outputs = [new_output("stream", name="stderr", text="warned")]
    broken.metadata["widgets"] = {}
    path = tmp_path / "broken.ipynb"
    nbformat.write(broken, path)
    faults = " ".join(saving.faults(path))
    assert "execution counts" in faults and "widget state" in faults and "stderr" in faults
