"""Arrays of SymPy, NumPy and torch under one vocabulary, and the checks of what users pass."""

from dsf_theory.arrays.libraries import as_array, as_numbers, joined, library, namespace
from dsf_theory.arrays.operations import OPERATIONS
from dsf_theory.arrays.vocabulary import Array, Namespace

__all__ = ["OPERATIONS", "Array", "Namespace", "as_array", "as_numbers", "joined", "library", "namespace"]
