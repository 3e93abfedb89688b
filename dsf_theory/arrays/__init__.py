"""Arrays of SymPy, NumPy and torch under one vocabulary, and the checks of what users pass."""

from dsf_theory.arrays.namespaces import Array, Namespace, library, namespace

__all__ = ["Array", "Namespace", "library", "namespace"]
