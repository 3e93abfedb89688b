"""The command line as a whole: what it lists, and how it ends when it cannot go on or is interrupted."""

import os
import re
import signal
import subprocess
import sys

import pytest

from dsf_theory.commands import check, parser, places
from dsf_theory.commands.parser import COMMANDS, main
from dsf_theory.experiments import PRESETS


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_without_a_command_each_is_listed_in_a_line(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    assert main([]) == 0
    shown = capsys.readouterr()
    assert re.findall(r"^  (\w+) +\w+ .*$", shown.out, re.MULTILINE) == list(COMMANDS) and not shown.err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_takes(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0 and f"dsf_theory {command}" in capsys.readouterr().out


def test_a_misspelt_command_is_answered(capsys):
    assert main(["modles"]) == 2
    assert capsys.readouterr().err.endswith("found 'modles'; did you mean 'models'?\n")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["check", "reversed_sigmoid"], "'reversed-sigmoid'"),
        (["check", "--explain", "convolutoin"], "'convolution'"),
        (["figures", "01-memory"], "'01_memory'"),
        (["figures", "model", "--preset", "laptop"], "'models'"),
        (["sweep", "state_expansion", "--dry-run"], "'state-expansion'"),
        (["train", "S6"], "'s6'"),
        (["notebooks", "03_state_space_model"], "'03_state_space_models'"),
    ],
)
def test_a_misspelt_name_is_answered_in_one_line(arguments, meant, capsys):
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{arguments[0]}: ") and f"did you mean {meant}" in line


@pytest.mark.parametrize(
    ("error", "said", "status"),
    [
        (KeyboardInterrupt(), "check: interrupted\n", 130),
        (KeyboardInterrupt("12 runs are kept"), "check: 12 runs are kept\n", 130),
        (
            PermissionError(13, "Permission denied", "figures/x.png"),
            "check: figures/x.png: Permission denied\n",
            2,
        ),
        (ValueError("d: expected 1"), "check: d: expected 1\n", 2),
    ],
)
def test_what_ends_a_command_is_one_line(error, said, status, capsys, monkeypatch):
    def run(options):
        raise error

    monkeypatch.setattr(check, "run", run)
    assert main(["check"]) == status
    assert capsys.readouterr().err == said


def test_an_interrupt_that_a_library_turns_into_an_error_is_one(capsys, monkeypatch):
    """A compiled module that is interrupted while it loads raises "initialization failed"."""

    def run(options):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise ImportError("initialization failed") from stop

    monkeypatch.setattr(check, "run", run)
    assert main(["check"]) == 130
    assert capsys.readouterr().err == "check: interrupted\n"


def test_an_error_of_the_package_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(check, "run", lambda options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["check"])


@pytest.mark.skipif(os.name == "nt", reason="a POSIX signal")
def test_an_interrupt_from_the_keyboard_leaves_no_traceback():
    command = subprocess.Popen(
        [sys.executable, "-m", "dsf_theory", "check", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "TTY_INTERACTIVE": "1", "FORCE_COLOR": "1"},
    )
    command.stderr.read(1)  # the progress bar: claims are being checked
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=60)
    assert command.returncode == 130 and out == ""
    assert "Traceback" not in err and err.splitlines()[-1].endswith("check: interrupted")


def test_the_command_line_knows_the_scales_of_the_experiments():
    assert places.PRESETS == tuple(PRESETS)
    assert places.ROOT.joinpath("pyproject.toml").is_file() and parser.parser()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["figures", "models", "--preset", "labtop"],
            "argument --preset: scale: expected one of 'notebook', 'laptop'",
        ),
        (["sweep", "--backend", "prcesses"], "found 'prcesses'; did you mean 'processes'?"),
        (["sweep", "--device", "gpu"], "expected one of 'cpu', 'cuda', found 'gpu'"),
        (["sweep", "--dryrun"], "option: expected one of"),
        (["notebooks", "00", "--dry-run"], "option: expected one of '--check', '-h', found '--dry-run'"),
        (["train", "s6", "-n", "2.5"], "argument -n: expected a whole number, found '2.5'"),
        (["train", "s6", "--rate", "fast"], "argument --rate: expected a number, found 'fast'"),
        (["train", "s6", "--seed", "-1"], "argument --seed: expected a whole number >= 0, found '-1'"),
        (
            ["check", "convolution", "--seed", "-1"],
            "argument --seed: expected a whole number >= 0, found '-1'",
        ),
        (["train"], "the following arguments are required: model"),
        (["models", "s6"], "unrecognized arguments: s6"),
        (["figures", "00"], "did you mean '00_one_system'?"),
        (["notebooks", "start"], "did you mean '00_start_here'?"),
    ],
)
def test_an_argument_that_is_not_taken_is_answered_in_one_line(arguments, said, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith(f"{arguments[0]}: ") and said in line and not shown.out


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_a_plan_is_never_cut(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["sweep", "models", "--preset", "paper", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown and re.search(r"\d years", shown)
    assert columns < 60 or max(map(len, shown.splitlines())) <= columns
