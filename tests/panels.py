"""Every function of the package that makes a panel, found by what it says it returns."""

from importlib import import_module
from pkgutil import iter_modules

from dsf_theory import widgets
from dsf_theory.widgets.live import Panel


def makers() -> dict:
    """Name -> function without arguments that returns a new panel."""
    found = {}
    for module in iter_modules(widgets.__path__):
        for name, made in vars(import_module(f"dsf_theory.widgets.{module.name}")).items():
            own = getattr(made, "__module__", "").endswith(f".{module.name}")
            if own and getattr(made, "__annotations__", {}).get("return") is Panel:
                found[name] = made
    return found


MAKERS = makers()
