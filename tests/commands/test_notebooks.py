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


SOLUTION = {"tags": ["solution"], "jupyter": {"source_hidden": True}}


def saved(tmp_path, *cells, **metadata):
    """The faults of a notebook that was not saved by the script."""
    path = tmp_path / "other.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    return "; ".join(saving.faults(path))


def test_faults_are_found(tmp_path):
    warned = [new_output("stream", name="stderr", text="warned")]
    cells = new_code_cell("1/0"), new_code_cell("1", outputs=warned, execution_count=7)
    found = saved(tmp_path, *cells, widgets={})
    assert "execution counts" in found and "widget state" in found and "stderr" in found


def test_what_jupyterlab_would_add_is_there_already(tmp_path):
    path, good = tmp_path / "good.ipynb", new_notebook(cells=[new_code_cell("1 + 1")])
    nbformat.write(good, path)
    metadata = saving.save(path).metadata
    assert saving.faults(path) == []
    missing = metadata | {"language_info": {"name": "python"}}
    renamed = metadata | {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for metadata in ({}, missing, renamed):
        assert "marks it as changed when it is opened" in saved(tmp_path, **metadata)


def test_solutions_are_saved_folded_without_title_and_outputs(tmp_path):
    path = tmp_path / "solved.ipynb"
    cells = new_code_cell("2", execution_count=1), new_code_cell("# Exercise 1\n2", metadata=SOLUTION)
    nbformat.write(new_notebook(cells=cells), path)
    plain, solution = saving.save(path).cells
    assert plain.outputs and not solution.outputs and solution.metadata == SOLUTION
    assert saving.faults(path) == []


@pytest.mark.parametrize(
    ("source", "metadata", "outputs", "fault"),
    [
        ("# Exercise 1: it is three\n3", SOLUTION, [], "whose first line"),
        ("# 1. Three\n3", SOLUTION, [], "whose first line"),
        ("answer = 3", SOLUTION, [], "whose first line"),
        ("# Exercise 1\n3", {"tags": ["solution"]}, [], "not folded"),
        ("# Exercise 1\n3", SOLUTION, [new_output("stream", text="3")], "saved with its outputs"),
    ],
)
def test_an_answer_that_shows_is_a_fault(source, metadata, outputs, fault, tmp_path):
    cell = new_code_cell(source, metadata=metadata, outputs=outputs, execution_count=1)
    assert fault in saved(tmp_path, cell)
