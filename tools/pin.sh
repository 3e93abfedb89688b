#!/bin/sh
# Writes constraints.txt: the newest versions that the ranges in pyproject.toml allow, in a fresh environment that
# is thrown away afterwards. `make constraints` calls it. Commit the result only after `make test` has passed on it.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

printf '%s\n' "Installing the newest versions into a temporary environment (about 2 minutes) ..."
"${PYTHON:-python3.11}" -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip -qq --disable-pip-version-check --no-input "$@"; }
pip install 'setuptools>=77.0.3'
pip install --no-build-isolation --editable '.[test,dev]'

# Left out: pip; this package; the suffix of a local build, such as +cpu; what only a CUDA build of torch brings
# (torch itself pins those).
{
    echo '# The exact versions that were tested together. Written by `make constraints`; do not edit.'
    pip freeze --all --exclude pip --exclude-editable |
        sed -e 's/+[^ ]*$//' -e '/^nvidia-/d' -e '/^cuda-/d' -e '/^triton==/d' | LC_ALL=C sort -f
} >"$work/constraints.txt"
if grep -vE '^#|^[A-Za-z0-9._-]+==[A-Za-z0-9.!]+$' "$work/constraints.txt"; then
    echo "These lines are no plain pins; constraints.txt was left as it was." >&2
    exit 1
fi
cat "$work/constraints.txt" >constraints.txt
printf '%s\n' "constraints.txt: $(grep -c == constraints.txt) versions"
