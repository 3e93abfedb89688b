"""The package as a whole: quiet import, public names, figures."""

import json
import subprocess
import sys

import numpy as np
import pytest

import dsf_theory as dsf


def test_import_loads_no_array_library():
    code = "import sys, dsf_theory; print([m for m in ('numpy', 'sympy', 'torch', 'matplotlib') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_public_name_exists_and_is_documented():
    for name in dsf.__all__:
        value = getattr(dsf, name)
        assert value.__doc__ or isinstance(value, dict | tuple | str), name
    assert set(dsf.__all__) <= set(dir(dsf))
    with pytest.raises(AttributeError, match="no attribute 'claim'"):
        dsf.claim  # noqa: B018


def test_registry_holds_the_papers_models():
    assert set(dsf.MODELS) == {
        *(
            "softmax_attention",
            "linear_attention",
            "linear_attention_elu",
            "separable_attention",
            "norm_attention",
            "taylor_attention",
            "favor_attention",
        ),
        *("s4d", "s4", "s5", "lru", "s6", "s6_2", "ssd"),
        *("lstm", "qlstm", "qlstm_rev", "rglru"),
    }
    for name, model in dsf.MODELS.items():
        assert model.name == name and model.__doc__ and "Source:" in model.__doc__ and ">>>" in model.__doc__


@pytest.mark.parametrize("name", sorted(dsf.plots.FIGURES))
def test_figure_is_drawn_with_its_data(name, tmp_path):
    """Each figure draws itself twice to the same bytes, with its description and finite numbers beside it."""
    picture, data = dsf.plots.save([name], tmp_path)
    first = picture.read_bytes()
    dsf.plots.save([name], tmp_path)
    assert picture.read_bytes() == first and first.startswith(b"\x89PNG")
    stored = json.loads(data.read_text())
    assert len(stored.pop("alt")) > 30 and stored
    flat = np.concatenate([np.ravel(v) for v in stored.values() if not isinstance(v, str | dict)])
    assert np.isfinite(flat.astype(float)).all()


def test_glossary_names_exist():
    system = dsf.LinearAttention.random(d=2, n=2).system(np.ones((3, 2)))
    for entry in dsf.GLOSSARY:
        if entry.name.endswith("()") or entry.name in ("Lambda", "B", "C", "D", "u", "length", "d", "n", "N"):
            assert hasattr(system, entry.name.removesuffix("()")), entry
    assert dsf.glossary().count("\n") == len(dsf.GLOSSARY) + 1
