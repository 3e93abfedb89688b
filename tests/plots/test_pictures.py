"""Figures draw and do not compute: what they show comes from studies and results."""

import ast
from pathlib import Path

import pytest

import dsf_theory

PLOTS = sorted((Path(dsf_theory.__file__).parent / "plots").glob("*.py"))
COMPUTING = ("system", "features", "kernels", "training", "models")
NAMES_ALONE = ("MODELS", "Variant")
"""Of which figures take titles."""


def computing(source: str) -> list[str]:
    """What a module imports from the folders that compute, late imports included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
    rooms = tuple(f"dsf_theory.{folder}" for folder in COMPUTING)
    return [name for name in found if name.startswith(rooms) and name.rpartition(".")[2] not in NAMES_ALONE]


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.stem)
def test_a_module_of_plots_only_draws(path):
    assert computing(path.read_text()) == []


def test_what_computes_is_found():
    source = "def late():\n    from dsf_theory.models import S6\nfrom dsf_theory.studies.memory import recall"
    assert computing(source) == ["dsf_theory.models.S6"]
