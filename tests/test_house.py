"""The rules of the house hold: floors, no circles, short modules; and each rule catches a package that breaks it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import house
import jedi
import pytest
from house import Package

import dsf_theory as dsf

ROOT = Path(__file__).resolve().parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PACKAGE = Package(ROOT / "dsf_theory")
FLOORS = dict(re.findall(r"^\| `(\w+)/` \| (.*) \|$", CONTRIBUTING, re.MULTILINE))
"""Folder -> what it is for, from the lowest to the highest: CONTRIBUTING's table."""

RULES = {
    "no circle": house.circles,
    "no import from above": lambda package: house.upward(package, FLOORS),
    "no import through the own folder": house.through_own_folder,
    "nothing else at the top": house.strangers_at_the_top,
    "folders say what they are for": house.without_purpose,
    "modules are short": house.long_modules,
    "functions are short": house.long_functions,
    "tests mirror the package": lambda package: house.unmirrored(package, package.root.parent / "tests"),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_the_rule(rule):
    assert RULES[rule](PACKAGE) == []


def test_the_table_of_floors_names_the_folders_and_what_they_say_of_themselves():
    folders = {path.parent.name: house.purpose(path.parent) for path in PACKAGE.root.glob("*/__init__.py")}
    assert folders == FLOORS
    assert "table" not in FLOORS and len(FLOORS) > 10


# ----------------------------------------------------------------------------------------- rules that can fail

ARRAYS = '"""Arrays, and how one of them is chosen for a task."""'
SOUND = {
    "__init__.py": '"""A package that keeps all rules of the house."""',
    "__main__.py": "from tiny.tasks import one",
    "version.py": "",
    "arrays/__init__.py": f"{ARRAYS}\nfrom tiny.arrays.base import B\nimport tiny.arrays.more",
    "arrays/base.py": "B = 1",
    "arrays/more.py": "from tiny.arrays.base import B",
    "tasks/__init__.py": '"""Tasks that are learnt, one in each of these modules."""',
    "tasks/one.py": "from tiny.arrays import B, more\nfrom .two import B",
    "tasks/two.py": "import tiny.arrays.base\nfrom ..arrays.more import B",
    "../tests/arrays/test_base.py": "",
    "../tests/tasks/test_one.py": "",
}

BROKEN = [
    # rule, files that differ from the sound package, what must be said of it
    (
        "no circle",
        {"arrays/base.py": "from tiny.arrays.more import B"},
        "tiny.arrays.base <-> tiny.arrays.more",
    ),
    ("no circle", {"arrays/base.py": "def f():\n    from tiny.arrays import more"}, "tiny.arrays.more"),
    ("no circle", {"arrays/base.py": "if TYPE_CHECKING:\n    import tiny.arrays.more"}, "tiny.arrays.more"),
    ("no circle", {"arrays/base.py": "from .more import B"}, "tiny.arrays.base <-> tiny.arrays.more"),
    ("no circle", {"arrays/base.py": "import_module('tiny.arrays.more')"}, "tiny.arrays.more"),
    ("no circle", {"arrays/more.py": "from tiny.arrays import B"}, "tiny.arrays <-> tiny.arrays.more"),
    ("no circle", {"tasks/two.py": "import tiny.tasks.two"}, "tiny.tasks.two"),
    (
        "no circle",
        {
            "__init__.py": "if TYPE_CHECKING:\n    from tiny.tasks.two import T",
            "tasks/two.py": "from tiny import T",
        },
        "tiny <-> tiny.tasks.two",
    ),
    (
        "no import from above",
        {"arrays/base.py": "from tiny.tasks import one"},
        "tiny.arrays.base:1 imports tiny.tasks",
    ),
    ("no import from above", {"arrays/__init__.py": "def f():\n    import tiny.tasks.two"}, "tiny.arrays:2"),
    (
        "no import from above",
        {"arrays/base.py": "if True:\n    from ..tasks.two import B"},
        "tiny.arrays.base:2",
    ),
    (
        "no import from above",
        {"arrays/base.py": "from tiny import tasks"},
        "tiny.arrays.base:1 imports tiny.tasks",
    ),
    ("no import from above", {"tasks/one.py": "from tiny import B"}, "tiny.tasks.one:1 imports tiny"),
    (
        "no import through the own folder",
        {"arrays/more.py": "from tiny.arrays import base"},
        "tiny.arrays.more:1",
    ),
    ("no import through the own folder", {"arrays/more.py": "from . import base"}, "tiny.arrays.more:1"),
    (
        "no import through the own folder",
        {"arrays/in/deep.py": "import tiny.arrays"},
        "tiny.arrays.in.deep:1",
    ),
    ("nothing else at the top", {"extra.py": ""}, "extra.py"),
    ("nothing else at the top", {"notes.txt": ""}, "notes.txt"),
    ("nothing else at the top", {"data/notes.txt": ""}, "data"),
    ("folders say what they are for", {"tasks/__init__.py": ""}, "tiny/tasks"),
    ("folders say what they are for", {"tasks/__init__.py": '"""Tasks."""'}, "tiny/tasks"),
    ("folders say what they are for", {"tasks/in/deep.py": ""}, "tiny/tasks/in"),
    (
        "folders say what they are for",
        {"tasks/__init__.py": ARRAYS},
        "tiny/arrays",
    ),
    ("modules are short", {"tasks/two.py": "\n" * 251}, "tiny.tasks.two has 251 lines"),
    (
        "functions are short",
        {"tasks/two.py": "class A:\n  def f():\n" + "    1\n" * 45},
        "tiny.tasks.two.f has 46 lines",
    ),
    (
        "functions are short",
        {"tasks/two.py": "async def g():\n" + " 1\n" * 45},
        "tiny.tasks.two.g has 46 lines",
    ),
    ("tests mirror the package", {"../tests/models/test_x.py": ""}, "tests/models"),
    ("tests mirror the package", {"models/x.py": ""}, "tiny/models"),
]


def tiny(folder: Path, files: dict[str, str]) -> Package:
    """A package of a few lines."""
    for name, text in files.items():
        path = folder / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Package(folder / "tiny")


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_package_breaks_no_rule(rule, tmp_path):
    assert RULES[rule](tiny(tmp_path, SOUND)) == []


@pytest.mark.parametrize(
    ("rule", "files", "said"), BROKEN, ids=[f"{rule}-{k}" for k, (rule, *_) in enumerate(BROKEN)]
)
def test_a_broken_package_is_caught(rule, files, said, tmp_path):
    assert any(said in found for found in RULES[rule](tiny(tmp_path, SOUND | files)))


def test_every_rule_has_a_package_that_breaks_it():
    assert {rule for rule, *_ in BROKEN} == set(RULES)


def test_a_function_of_too_many_branches_is_caught():
    """By ruff, which the settings tell how many are too many; its rules are run over all code in test_setup."""
    branches = "".join(f"    if x == {k}:\n        return {k}\n" for k in range(10))
    code = f'"""Doc."""\n\n\ndef f(x):\n    """Doc."""\n{branches}    return x\n'
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "dsf_theory/system/broken.py", "-"]
    for text, status in ((code, 1), (code.replace("    if x == 9:\n        return 9\n", ""), 0)):
        shown = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True)
        assert shown.returncode == status and ("C901" in shown.stdout) == bool(status), shown.stdout


# ------------------------------------------------------------------------------------------- the public names


def declared() -> dict[str, str]:
    """Public name -> the dotted name behind it, in the block that editors and type checkers read."""
    tree = ast.parse(Path(dsf.__file__).read_text("utf-8"))
    (block,) = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        if isinstance(node, ast.ImportFrom)
        else alias.name
        for node in block.body
        for alias in node.names
    }


def test_type_checkers_see_the_names_that_are_there():
    names = {name: f"dsf_theory.{module}.{name}" for name, module in dsf._EXPORTS.items()}
    modules = {name: f"dsf_theory.{module}" for name, module in dsf._MODULES.items()}
    assert declared() == names | modules
    assert set(dsf.__all__) == {*declared(), "__version__"}


def test_a_declared_name_is_the_object_that_is_there():
    for name, origin in declared().items():
        scope: dict = {}
        module, _, inner = origin.rpartition(".")
        exec(f"from {module} import {inner} as value", scope)
        assert getattr(dsf, name) is scope["value"], name


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dsf.Mix", "Mixer"),
        ("dsf.S6.rand", "random"),
        ("dsf.claims.LED", "LEDGER"),
        ("dsf.forms.rec", "recurrent"),
    ],
)
def test_an_editor_completes_public_names_without_running_the_package(typed, offered):
    script = jedi.Script(f"import dsf_theory as dsf\n{typed}", project=jedi.Project(ROOT))
    assert offered in [completion.name for completion in script.complete()]
