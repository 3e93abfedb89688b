"""The command ``notebooks``: run notebooks and save them, or check how they were saved."""

import sys
from pathlib import Path

from dsf_theory.commands.places import NOTEBOOKS


def add(commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("notebooks", help="run the notebooks and save them with their outputs")
    parser.add_argument(
        "names", nargs="*", help="numbers, names or files of notebooks, such as 03 (default all)"
    )
    parser.add_argument(
        "--check", action="store_true", help="run nothing; say what is not as it should be saved"
    )
    parser.set_defaults(run=run)


def run(options) -> int:
    """Run and save notebooks, or check how they were saved; 1 if one is not as it should be.

    Raises:
        ValueError: for a notebook that there is not.
    """
    import dsf_theory.commands.saving as saving

    failed = 0
    for path in [found(name) for name in options.names] or sorted(NOTEBOOKS.glob("*.ipynb")):
        if not options.check:
            print(f"running {path.name} ...", flush=True)
            saving.save(path)
        for fault in saving.faults(path):
            print(f"{path.name}: {fault}", file=sys.stderr)
            failed = 1
    return failed


def found(name: str) -> Path:
    """The notebook of a number, a name or a file.

    Raises:
        ValueError: if there is none.

    >>> found("00").name, found("index").name
    ('00_start_here.ipynb', 'index_of_claims.ipynb')
    """
    from dsf_theory.arrays.names import known

    if Path(name).is_file():
        return Path(name)
    paths = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    wanted = Path(name).name.removesuffix(".ipynb")
    fitting = [stem for stem in paths if f"{stem}_".startswith(f"{wanted}_")]
    stem = fitting[0] if len(fitting) == 1 else wanted
    known("notebook", stem, paths)
    return paths[stem]
