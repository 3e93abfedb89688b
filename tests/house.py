"""The rules of the house as functions: each takes the folder of a package and lists the places that break it.

An import counts wherever it stands: at the top of a module, in a function, under ``TYPE_CHECKING``, or as the literal
argument of ``import_module``.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MODULE_LINES, FUNCTION_LINES = 250, 45
AT_THE_TOP = {"__init__", "__main__", "version"}


@dataclass(frozen=True)
class Import:
    """One module of the package imports another."""

    importer: str
    line: int
    imported: str

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


class Package:
    """The modules of a package by dotted name; a folder is named as its ``__init__`` is imported.

    Args:
        root: folder of the package.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.name = root, root.name
        self.paths = {self._dotted(path): path for path in sorted(root.rglob("*.py"))}
        self.trees = {name: ast.parse(path.read_text("utf-8")) for name, path in self.paths.items()}
        self.folders = {name for name, path in self.paths.items() if path.name == "__init__.py"}
        self.imports = [each for name in self.paths for each in self._imports(name)]

    def _dotted(self, path: Path) -> str:
        parts = path.relative_to(self.root).with_suffix("").parts
        return ".".join((self.name, *parts)).removesuffix(".__init__")

    def _imports(self, name: str) -> Iterator[Import]:
        for node in ast.walk(self.trees[name]):
            for target in self._targets(name, node):
                if target.split(".")[0] == self.name:
                    yield Import(name, node.lineno, target)

    def _targets(self, name: str, node: ast.AST) -> list[str]:
        """The modules that a node imports; in ``from a import b``, a and the module a.b if there is one."""
        match node:
            case ast.Import():
                return [alias.name for alias in node.names]
            case ast.ImportFrom():
                origin = self._origin(name, node)
                inner = [f"{origin}.{alias.name}" for alias in node.names]
                return [origin, *(each for each in inner if each in self.paths)]
            case ast.Call(func=called, args=[ast.Constant(value=str(target)), *_]):
                return [target] if ast.unparse(called).endswith(("import_module", "__import__")) else []
        return []

    def _origin(self, name: str, node: ast.ImportFrom) -> str:
        """The module after ``from``, its leading dots resolved."""
        if not node.level:
            return node.module or ""
        parts = name.split(".") if name in self.folders else name.split(".")[:-1]
        parts = parts[: len(parts) - node.level + 1]
        return ".".join((*parts, node.module) if node.module else parts)

    def folder(self, name: str) -> str:
        """The folder right below the package that a module lies in; empty for what lies at the top."""
        parts = name.split(".")
        return parts[1] if len(parts) > 2 or f"{self.name}.{parts[-1]}" in self.folders else ""

    def graph(self) -> dict[str, set[str]]:
        """Module -> modules that its imports run.

        ``import a.b.c`` runs a, then a.b, then a.b.c: all that do not enclose the importing module are counted, and
        of those the one that is named even then.
        """
        edges: dict[str, set[str]] = {name: set() for name in self.paths}
        for each in self.imports:
            parts = each.imported.split(".")
            run = {".".join(parts[: k + 1]) for k in range(len(parts))}
            run = {name for name in run if not encloses(name, each.importer)} | {each.imported}
            edges[each.importer] |= run & set(self.paths)
        return edges


def encloses(folder: str, module: str) -> bool:
    """Whether a module lies in a folder, at any depth, or is the folder's own ``__init__``."""
    return module == folder or module.startswith(f"{folder}.")


# ------------------------------------------------------------------------------------------------- imports


def circles(package: Package) -> list[str]:
    """Modules that import themselves through others: sets of which each reaches each."""
    edges = package.graph()
    reached = {name: reach(edges, name) for name in edges}
    rings = {frozenset(b for b in reached[a] if a in reached[b]) for a in edges if a in reached[a]}
    return sorted(" <-> ".join(sorted(ring)) for ring in rings)


def reach(edges: dict[str, set[str]], start: str) -> set[str]:
    """What can be reached from a module in one import or more."""
    found, queue = set(), [start]
    while queue:
        new = edges[queue.pop()] - found
        found |= new
        queue += new
    return found


def upward(package: Package, order: Iterable[str]) -> list[str]:
    """Imports from a folder above, or from the top of the package, whose ``__init__`` knows all folders."""
    place = {folder: k for k, folder in enumerate(order)}
    found = []
    for each in package.imports:
        here, there = package.folder(each.importer), package.folder(each.imported)
        if here and (each.imported == package.name or there and place.get(there, -1) > place.get(here, -1)):
            found.append(str(each))
    return found


def through_own_folder(package: Package) -> list[str]:
    """Imports from the ``__init__`` of a folder that the importing module lies in."""
    return [
        str(each)
        for each in package.imports
        if each.imported in package.folders and encloses(each.imported, each.importer)
    ]


# ------------------------------------------------------------------------------------------------- files


def strangers_at_the_top(package: Package) -> list[str]:
    """Files at the top of the package that are not one of its three, and folders that hold no module."""
    entries = [entry for entry in package.root.iterdir() if entry.name != "__pycache__"]
    return sorted(
        entry.name
        for entry in entries
        if not any(entry.rglob("*.py")) and not (entry.suffix == ".py" and entry.stem in AT_THE_TOP)
    )


def without_purpose(package: Package) -> list[str]:
    """Folders of modules, at any depth, without an ``__init__`` that says in its first line what they are for."""
    folders = {path.parent for path in package.paths.values()}
    said = {folder: purpose(folder) for folder in folders}
    return sorted(
        folder.relative_to(package.root.parent).as_posix()
        for folder, line in said.items()
        if not re.fullmatch(r"[A-Z`\"].{20,}\.", line) or list(said.values()).count(line) > 1
    )


def purpose(folder: Path) -> str:
    """The first line of the docstring of a folder's ``__init__``; empty where there is none."""
    init = folder / "__init__.py"
    said = ast.get_docstring(ast.parse(init.read_text("utf-8"))) if init.is_file() else None
    return (said or "").partition("\n")[0]


def long_modules(package: Package, most: int = MODULE_LINES) -> list[str]:
    """Modules of too many lines."""
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in package.paths.items()}
    return [f"{name} has {count} lines" for name, count in lines.items() if count > most]


def long_functions(package: Package, most: int = FUNCTION_LINES) -> list[str]:
    """Functions of too many lines, from ``def`` to the last, docstring included."""
    return [
        f"{name}.{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for name, tree in package.trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > most
    ]


def unmirrored(package: Package, tests: Path) -> list[str]:
    """Folders of the tests that mirror no folder of the package, and folders of the package without tests."""
    tested = {path.parent.relative_to(tests).parts[0] for path in tests.glob("*/**/test_*.py")}
    built = {folder for name in package.paths if (folder := package.folder(name))}
    return sorted(
        [f"tests/{folder}" for folder in tested - built]
        + [f"{package.name}/{folder}" for folder in built - tested]
    )
