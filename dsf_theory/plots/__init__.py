"""Every figure of the suite, in the house style; one module for each notebook that needs figures."""

from importlib import import_module
from pkgutil import iter_modules

from dsf_theory.plots.style import FIGURES, embedded, heat, new_figure, picture, png, save, show

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["FIGURES", "embedded", "heat", "new_figure", "picture", "png", "save", "show"]
