"""Run notebooks and save them as they are kept: with outputs, from one clean run, the same bytes each time."""

import os
import re
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import get_kernel_spec
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
    """Drop widget views and state, which differ from run to run, and the outputs of solutions, which tell the answers.

    The kernel's name and version stay as JupyterLab writes them, or it marks a notebook as changed once it is opened.
    """
    notebook.metadata.pop("widgets", None)
    notebook.metadata.kernelspec = kernel()
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("tags", "jupyter")}
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
            if is_solution(cell):
                cell.outputs = []
    return notebook


def kernel() -> dict[str, str]:
    """The kernel of the notebooks, as JupyterLab names it in them."""
    spec = get_kernel_spec("python3")
    return {"display_name": spec.display_name, "language": spec.language, "name": "python3"}


def is_solution(cell: NotebookNode) -> bool:
    """Whether a cell solves an exercise; such a cell is folded."""
    return "solution" in cell.metadata.get("tags", [])


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
    found = metadata_faults(notebook.metadata)
    if counts != list(range(1, len(code) + 1)):
        found.append(f"not saved from one clean run: execution counts {counts}")
    if path.stat().st_size > LARGEST:
        found.append(f"takes {path.stat().st_size} bytes, more than {LARGEST}")
    for number, cell in enumerate(code, start=1):
        found += [f"cell {number}: {fault}" for fault in cell_faults(cell)]
    return found


def metadata_faults(metadata: NotebookNode) -> list[str]:
    """Faults of what a notebook says of itself."""
    found = []
    if "widgets" in metadata:
        found.append("carries widget state")
    if metadata.get("kernelspec") != kernel() or not metadata.get("language_info", {}).get("version"):
        found.append(
            "lacks the kernel's name or version, so JupyterLab marks it as changed when it is opened"
        )
    return found


def cell_faults(cell: NotebookNode) -> list[str]:
    """Faults of one code cell."""
    found = []
    if cell.source.count("\n") >= 20:
        found.append("longer than 20 lines")
    if is_solution(cell):
        found += solution_faults(cell)
    for output in cell.outputs:
        if output.output_type == "error":
            found.append(f"raised {output.ename}")
        if output.get("name") == "stderr":
            found.append("wrote to stderr")
        if re.search(r"/(?:home|Users|root)/|[A-Z]:\\", str(output.get("text", ""))):
            found.append("shows a path of a machine")
    return found


def solution_faults(cell: NotebookNode) -> list[str]:
    """What gives an answer away before the reader unfolds it: the first line shows, and so do outputs."""
    found = []
    if not cell.metadata.get("jupyter", {}).get("source_hidden"):
        found.append("a solution that is not folded")
    if not re.fullmatch(r"# Exercise \d+", cell.source.partition("\n")[0]):
        found.append("a solution whose first line is not `# Exercise` and its number")
    if cell.outputs:
        found.append("a solution saved with its outputs")
    return found
