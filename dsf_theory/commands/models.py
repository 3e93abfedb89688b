"""The command ``models``: the registry as a table of sizes."""

from dsf_theory.commands.arguments import whole

WIDE = 75
"""Columns of a terminal from which on the models' titles have room."""


def add(commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("models", help="list the models with their sizes")
    parser.add_argument("-d", type=whole, default=64, help="channels (default 64)")
    parser.add_argument("-n", type=whole, default=16, help="state expansion (default 16)")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Print the registry as a table.

    Raises:
        ValueError: for sizes that no model has.
    """
    from dsf_theory.commands.tables import show, width

    show(table(options.d, options.n, titles=width() >= WIDE))
    return 0


def table(d: int, n: int, titles: bool):
    """The models with their sizes, with or without what they are called in full."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from dsf_theory.models import MODELS

    found = Table(box=SIMPLE_HEAD, show_edge=False, title_justify="left", caption_justify="left")
    found.title = f"Models at d = {d}, n = {n}"
    found.caption = "N: dimension of the state; kept: numbers kept from one step to the next"
    found.add_column("name", no_wrap=True)
    if titles:
        found.add_column("model")
    for column in ("parameters", "N", "kept"):
        found.add_column(column, justify="right", no_wrap=True)
    for name, model in MODELS.items():
        found.add_row(name, *([model.title] if titles else []), *sizes(model, d, n))
    return found


def sizes(model, d: int, n: int) -> tuple[str, str, str]:
    """Numbers of parameters, dimension of the state, and numbers kept from step to step."""
    import numpy as np

    from dsf_theory.models import NoFiniteSystemError

    instance = model.random(d, n)
    parameters = f"{sum(np.size(p) for p in instance.parameters.values()):,}"
    kept, longer = (instance.state_size(length=length) for length in (1, 2))
    shown = f"{kept:,}" if longer == kept else f"{longer - kept:,}·length"
    try:
        return parameters, f"{instance.system(np.zeros((1, d)) + 0.5).N:,}", shown
    except NoFiniteSystemError:
        return parameters, "-", shown
