"""Run notebooks and save them as they are kept: with outputs, from one clean run, the same bytes each time."""

import os
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

STATIC = "DSF_STATIC"
"""Environment variable under which widget cells show a still picture in place of the widget."""

LARGEST = 400_000
"""Bytes that a saved notebook may take."""

WIDGET = "application/vnd.jupyter.widget-view+json"


def run(path: Path, timeout: int = 300) -> NotebookNode:
    """Execute a notebook from top to bottom in a fresh kernel.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell raises.
    """
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    before = os.environ.get(STATIC)
    os.environ[STATIC] = "1"
    try:
        client.execute()
    finally:
        os.environ.pop(STATIC) if before is None else os.environ.update({STATIC: before})
    return tidy(notebook)


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Drop what differs from run to run: widget views, widget state, the version of the kernel."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("tags", "jupyter")}
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
    return notebook


def save(path: Path) -> NotebookNode:
    """Execute a notebook and save it with its outputs."""
    notebook = run(path)
    nbformat.write(notebook, path)
    return notebook


def faults(path: Path) -> list[str]:
    """What keeps a notebook from being as :func:`save` leaves it; empty if nothing does."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.execution_count for cell in code]
    found = []
    if counts != list(range(1, len(code) + 1)):
        found.append(f"not saved from one clean run: execution counts {counts}")
    if "widgets" in notebook.metadata:
        found.append("carries widget state")
    if path.stat().st_size > LARGEST:
        found.append(f"takes {path.stat().st_size} bytes, more than {LARGEST}")
    for number, cell in enumerate(code, start=1):
        found += [f"cell {number}: {fault}" for fault in cell_faults(cell)]
    return found


def cell_faults(cell: NotebookNode) -> list[str]:
    """Faults of one code cell."""
    found = []
    if cell.source.count("\n") >= 20:
        found.append("longer than 20 lines")
    for output in cell.outputs:
        if output.output_type == "error":
            found.append(f"raised {output.ename}")
        if output.get("name") == "stderr":
            found.append("wrote to stderr")
        if re.search(r"/(?:home|Users|root)/|[A-Z]:\\", str(output.get("text", ""))):
            found.append("shows a path of a machine")
    return found
