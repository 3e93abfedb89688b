#!/bin/sh
# Makes .venv, or brings it up to date: the versions pinned in constraints.txt, and the package in editable form.
# Does nothing when .venv already holds what pyproject.toml and constraints.txt ask for. The Makefile calls it.
#
#   PYTHON=/path/to/python3.12 sh tools/venv.sh     chooses the interpreter of a new .venv
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."

python=.venv/bin/python
stamp=.venv/.ready             # what .venv was made from: this folder's path, pyproject.toml, constraints.txt
unfinished=.venv.unfinished    # there while an install runs, and after one that was cut short

say() { printf '%s\n' "$*"; }
fail() { say "$@" >&2; exit 1; }
wanted() { pwd -P; cat pyproject.toml constraints.txt; }
works() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

ready() { [ ! -e "$unfinished" ] && [ -f "$stamp" ] && wanted | cmp -s - "$stamp" && works "$python"; }

# A .venv that can be updated in place. Not one that an interrupted install left, nor one whose interpreter is
# gone, nor one that was moved here with its folder: those are made anew.
reusable() {
    [ ! -e "$unfinished" ] && works "$python" && "$python" -m pip --version >/dev/null 2>&1 || return 1
    [ ! -f "$stamp" ] || [ "$(head -n 1 "$stamp")" = "$(pwd -P)" ]
}

find_python() {
    too_old='' without_venv='' tried=''
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.11 python3.12 python3.13 python3.14 python3 python; fi
    for candidate; do
        tried="$tried $candidate"
        command -v "$candidate" >/dev/null || continue
        version=$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        if ! works "$candidate"; then
            too_old="${too_old:+$too_old, }$candidate, which is $version"
        elif ! "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
            without_venv=${without_venv:-$candidate}
        else
            found=$candidate
            return
        fi
    done
    [ -z "$without_venv" ] || fail "$without_venv cannot make virtual environments: its venv or ensurepip module" \
        "is missing. On Debian and Ubuntu: sudo apt install python3-venv"
    fail "dsf_theory needs Python 3.11 or newer, and found ${too_old:-none (tried:$tried)}." \
        "Install one, or name one that is elsewhere: make PYTHON=/path/to/python3.12 ..."
}

ready && exit 0

other=$(cat "$unfinished" 2>/dev/null || true)
if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
    say "Process $other is installing into .venv; waiting for it. (If it is something else: rm $unfinished)"
    while kill -0 "$other" 2>/dev/null && [ -e "$unfinished" ]; do sleep 1; done
    ready && exit 0
fi

if reusable; then
    say "Bringing .venv up to date with pyproject.toml and constraints.txt ..."
    new=''
else
    find_python
    say "Creating .venv with $found (Python $version) ..."
    new=yes
fi

say $$ >"$unfinished"
trap ': >"$unfinished"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "$new" ]; then
    rm -rf .venv
    "$found" -m venv .venv
fi
pip() { "$python" -m pip -qq --disable-pip-version-check --no-input install --constraint constraints.txt "$@"; }
say "Installing the pinned versions (2 to 3 minutes for a new .venv) ..."
pip setuptools && pip --no-build-isolation --editable '.[test]' ||
    fail "The installation failed, for the reason above. The same command starts it again."

wanted >"$stamp"
trap - EXIT
rm -f "$unfinished"
say "The environment is ready: .venv"
