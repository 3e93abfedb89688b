"""The files that set the project up agree with each other, and the two commands do what they promise."""

import asyncio
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dsf_theory

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DEPENDENCIES = [Requirement(line) for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([^#\s]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- versions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", DEPENDENCIES, ids=lambda requirement: requirement.name)
def test_each_dependency_has_a_range_and_a_pin_within_it(requirement):
    assert requirement.specifier, f"{requirement.name} has no range"
    pin = PINS.get(canonicalize_name(requirement.name))
    assert pin, f"{requirement.name} is not pinned: make constraints"
    assert requirement.specifier.contains(pin), f"{requirement}: the pin {pin} is outside"


def test_the_package_can_live_beside_another_torch():
    """A range in pyproject.toml, as wide as the README says; the version that it is tested with in constraints.txt."""
    (torch,) = [requirement for requirement in DEPENDENCIES if requirement.name == "torch"]
    assert all(torch.specifier.contains(version) for version in ("2.7.0", "2.9.1", "2.13.0+cu130", "2.14.1"))
    assert not torch.specifier.contains("2.6.0") and not torch.specifier.contains("3.0")
    assert "torch 2.7 or newer" in " ".join(text("README.md").split())


def test_the_readme_tells_how_to_do_without_make():
    """The commands of the make targets, in Python, with the extras and constraints that make takes."""
    plan = text("README.md").partition("Without make")[2]
    for command in (
        'python -m pip install -c constraints.txt -e ".[test]"',
        "python tools/lab.py",
        "python -m pytest",
    ):
        assert re.search(rf"^{re.escape(command)}( |$)", plan, re.MULTILINE), command
    assert "Intel" in plan and "Windows on ARM" in plan


def test_constraints_are_plain_pins():
    for line in text("constraints.txt").splitlines():
        assert re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line), line
    assert PINS["torch"] == "2.13.0"  # no suffix of a local build: it installs elsewhere too


def brought_in_by(requirements: list[Requirement]) -> dict[str, str]:
    """The installed version of each distribution that these need, and of what those need in turn."""
    found: dict[str, str] = {}
    queue = [(requirement, "") for requirement in requirements]
    seen = set()
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                distribution = metadata.distribution(name)
                found[name] = distribution.version.partition("+")[0]
                queue += [(Requirement(line), wanted) for line in distribution.requires or ()]
    return found


def test_everything_installed_has_its_pinned_version():
    installed = brought_in_by([Requirement(line) for line in (*PROJECT["dependencies"], *EXTRAS["test"])])
    by_torch_alone = re.compile("nvidia-|cuda-|triton")  # torch's CUDA build pins these itself
    installed = {name: version for name, version in installed.items() if not by_torch_alone.match(name)}
    assert {"torch", "jupyterlab", "pytest"} < set(installed)
    assert installed == {name: PINS.get(name) for name in installed}


def test_tests_have_the_optional_parts():
    """With the same ranges, so that what is optional is tested as it is installed."""
    assert {*EXTRAS["data"], *EXTRAS["ray"]} <= set(EXTRAS["test"])


def test_conda_environment_defers_to_the_same_files():
    environment = yaml.safe_load(text("environment.yml"))
    python, pip, packages = environment["dependencies"]
    assert packages == {"pip": ["--constraint constraints.txt", "--editable .[test]"]}
    assert pip == "pip"
    assert PROJECT["requires-python"] in python
    assert "test" in EXTRAS


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_code_and_notebooks_are_tidy(command):
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert ruff.returncode == 0, ruff.stdout


# --- who made it, and what it may not contain ---------------------------------------------------------------


def test_citation_names_the_paper():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == dsf_theory.__version__ == metadata.version("dsf_theory")
    assert citation["license"] == PROJECT["license"] == "MIT"
    assert citation["authors"] == PROJECT["authors"] == [{"name": "The dsf_theory authors"}]
    (paper,) = citation["references"]
    assert paper["title"] == (
        "Understanding the Differences in Foundation Models: "
        "Attention, State Space Models, and Recurrent Neural Networks"
    )
    assert [author["family-names"] for author in paper["authors"]] == [
        "Sieber",
        "Amo Alonso",
        "Didier",
        "Zeilinger",
        "Orvieto",
    ]
    assert "2405.15731" in paper["url"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_files_that_the_pages_name_are_there(page):
    """Paths in backticks, from the root or inside the package, and the targets of links."""
    written = re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    paths = re.findall(r"`(\.?\w[\w./-]*(?:/|\.(?:py|toml|txt|yml|md|ipynb|cff)))`", written)
    paths += re.findall(r"\]\(([\w./-]+)\)", written) + re.findall(r'<img src="([^"]+)"', written)
    assert len(paths) > 8
    places = (ROOT, ROOT / "dsf_theory", ROOT / "figures")
    missing = [path for path in paths if not any((place / path).exists() for place in places)]
    assert set(missing) <= {
        "results/benchmarks.txt",
        "notebooks/NN_snake_title.ipynb",
    }  # made by `make bench`; a form


def test_license():
    assert text("LICENSE").startswith("MIT License\n")
    assert "The dsf_theory authors" in text("LICENSE")


# Spelled in halves, so that a search of the repository for these words does not find this file.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted",
    "npm" + "js",
    "deb." + "debian",
    "debian" + ".org",
    "download.py" + "torch",
]
FOLDERS = ["root", "home", "work", "Users", "private", "opt"]
FORBIDDEN = re.compile(
    "|".join(
        [re.escape(host) for host in HOSTS] + ["file:" + "//", rf"(?<![\w.~+*/-])/(?:{'|'.join(FOLDERS)})/"]
    )
)


def tracked() -> list[str]:
    listing = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True)
    if listing.returncode or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    return [name for name in listing.stdout.split("\0") if (ROOT / name).is_file()]


def test_no_machine_paths_or_registry_hosts():
    here = re.compile("|".join([FORBIDDEN.pattern, re.escape(str(ROOT))]))
    found = []
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            hits = here.finditer(content.decode("utf-8"))
            found += [f"{name}: {hit.group()}" for hit in hits]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line", ["see /ro" + "ot/x", '"/ho' + 'me/me/a"', "(/wo" + "rk/main)", "https://py" + "pi.org/simple"]
)
def test_the_search_for_machine_paths_finds_them(line):
    assert FORBIDDEN.search(line)


@pytest.mark.parametrize(
    "line", ["figures/opt/x.png", "~/home/x", "https://example.com/home/", "a / root / b"]
)
def test_the_search_for_machine_paths_spares_other_text(line):
    assert not FORBIDDEN.search(line)


# --- the two commands ---------------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "ARGS", "PORT")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


@needs_make
def test_make_alone_lists_each_target():
    shown = make()
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == make("help").stdout
    phony = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE).group(1).split()
    assert re.findall(r"^  make ([a-z-]+) ", shown.stdout, re.MULTILINE) == phony


@needs_make
@pytest.mark.parametrize("target", ["lab", "test"])
def test_the_command_is_in_the_readme_and_sets_up_first(target):
    assert f"make {target}" in text("README.md")
    plan = make("--dry-run", target)
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout.splitlines()[0] == "sh tools/venv.sh"


def test_long_tests_start_first_on_every_worker(tmp_path):
    """Through pytest-xdist itself, as `make test` calls it: each worker's first tests are the long ones."""
    options = re.search(r"-n \$\(JOBS\) (--dist \w+)", text("Makefile")).group(1).split()
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  long: slow\n  notebook: slow\n")
    marks = ["", "", "", "", "", "", "@pytest.mark.long", "@pytest.mark.notebook", "@pytest.mark.long", ""]
    tests = [f"{mark}\ndef test_{k}():\n    time.sleep(0.1)" for k, mark in enumerate(marks)]
    (tmp_path / "test_x.py").write_text("import time, pytest\n" + "\n".join(tests))
    command = [sys.executable, "-m", "pytest", "-n", "2", *options, "-v", "-p", "no:cacheprovider", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "10 passed" in ran.stdout, ran.stdout
    order = re.findall(r"^\[(gw\d)\].*PASSED test_x.py::test_(\d)", ran.stdout, re.MULTILINE)
    by_worker = [[int(k) for worker, k in order if worker == name] for name in ("gw0", "gw1")]
    assert [tests[:2] for tests in by_worker] == [[7, 8], [6, 3]]


def fake_python(folder: Path, version: str, works: bool, has_venv: bool) -> str:
    """A stand-in interpreter that answers the questions of tools/venv.sh."""
    path = folder / "python-stand-in"
    path.write_text(
        '#!/bin/sh\ncase "$2" in\n'
        f"*ensurepip*) exit {int(not has_venv)};;\n"
        f"*print*) echo {version};;\n"
        f"*) exit {int(not works)};;\n"
        "esac\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell script")
@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (
            {"version": "3.9.2", "works": False, "has_venv": True},
            "needs Python 3.11 or newer, and found .*3.9.2",
        ),
        ({"version": "3.12.1", "works": True, "has_venv": False}, "cannot make virtual environments"),
        (None, "needs Python 3.11 or newer, and found none"),
    ],
    ids=["too-old", "without-venv", "missing"],
)
def test_an_unfit_python_is_refused_in_one_sentence(tmp_path, python, sentence):
    folder = tmp_path / "a clone"
    (folder / "tools").mkdir(parents=True)
    for name in ("tools/venv.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    chosen = fake_python(tmp_path, **python) if python else str(tmp_path / "nothing-here")
    refused = subprocess.run(
        ["sh", str(folder / "tools" / "venv.sh")],
        env={**os.environ, "PYTHON": chosen},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert re.search(sentence, refused.stderr), refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize("port", ["70000", "65536", "0", "-5", "80", "8888.5", "x"])
@pytest.mark.parametrize("way", [pytest.param("make", marks=needs_make), "python"])
def test_an_impossible_port_is_answered_before_anything_starts(way, port):
    if way == "make":
        asked = make("lab", f"PORT={port}")
    else:
        command = [sys.executable, str(ROOT / "tools" / "lab.py"), "--port", port]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert asked.returncode == 2 and not asked.stdout
    assert f"expected a whole number from 1024 to 65535, found {port}" in asked.stderr.replace("'", "")


@needs_make
def test_a_port_of_the_environment_is_for_the_lab_alone():
    """Other programs use PORT too; `make test` does not ask for one."""
    assert make("--dry-run", "lab", "PORT=65535").returncode == 0
    assert make("--dry-run", "test", "PORT=80").returncode == 0


@pytest.mark.parametrize(("port", "most"), [(8888, 50), (65500, 17), (65535, 0)])
def test_other_ports_are_tried_only_where_there_are_any(port, most):
    assert f"--ServerApp.port_retries={most}" in tool("lab").options(port, "", open_browser=False)


def test_a_notebook_comes_with_the_version_of_python_that_runs_here(tmp_path):
    """As JupyterLab would write it; else opening a notebook that another Python has saved changes it."""
    saved = json.loads(text("notebooks/00_start_here.ipynb"))
    saved["metadata"]["language_info"]["version"] = "3.99.0"
    (tmp_path / "a.ipynb").write_text(json.dumps(saved))
    files = tool("lab_files").Notebooks(root_dir=str(tmp_path))
    given = asyncio.run(files.get("a.ipynb"))["content"]
    assert given.metadata.language_info.pop("version") == platform.python_version()
    assert saved["metadata"]["language_info"].pop("version") == "3.99.0"
    assert given.metadata == saved["metadata"] and len(given.cells) == len(saved["cells"])


def tool(name: str):
    """A module of tools/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="stops JupyterLab with a POSIX signal")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_lab_serves_the_first_notebook_and_stops_when_told(tmp_path, stop):
    environment = {
        **os.environ,
        "CI": "true",  # no browser window
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "run"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    environment.pop("JUPYTER_TOKEN", None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        lab = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "lab.py"), "--port", str(port)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        watchdog = threading.Timer(120, os.killpg, (lab.pid, signal.SIGKILL))
        watchdog.start()
        try:
            said = ""
            for line in lab.stdout:
                said += line
                if "Ctrl-C stops" in line:
                    break
            assert f"Port {port} is taken" in said, said
            address = re.search(
                r"^ +(http://127\.0\.0\.1:(\d+)/lab/tree/(\S+)\?token=(\w{40,}))$", said, re.MULTILINE
            )
            assert address, said
            page, chosen, notebook, token = address.groups()
            assert int(chosen) != port

            with urllib.request.urlopen(page, timeout=30) as answer:
                assert "JupyterLab" in answer.read().decode()
            api = f"http://127.0.0.1:{chosen}/api/contents/{notebook}?content=0"
            with urllib.request.urlopen(f"{api}&token={token}", timeout=30) as answer:
                assert json.load(answer)["type"] == "notebook"
            with pytest.raises(urllib.error.HTTPError, match="403") as refused:
                urllib.request.urlopen(api, timeout=30)
            refused.value.close()

            kernels = f"http://127.0.0.1:{chosen}/api/kernels"
            with urllib.request.urlopen(f"{kernels}?token={token}", data=b"{}", timeout=30) as answer:
                kernel = tmp_path / "run" / f"kernel-{json.load(answer)['id']}.json"
            assert kernel.exists()

            lab.send_signal(stop)
            rest, _ = lab.communicate(timeout=30)
            assert rest.startswith("\nStopping JupyterLab ...\n")
            assert "Shut down this" not in rest, "it asks for a confirmation"
            assert lab.returncode == 0
            assert not kernel.exists(), "a kernel was left behind"
        finally:
            watchdog.cancel()
            if lab.poll() is None:
                os.killpg(lab.pid, signal.SIGKILL)
                lab.wait()
            lab.stdout.close()
