"""The linear time-varying system: its structured parts, its matrices, the forms that evaluate it, its formulas."""

from dsf_theory.system.parts import Gauge, OutputGain, Parts, apply_map
from dsf_theory.system.system import System

__all__ = ["Gauge", "OutputGain", "Parts", "System", "apply_map"]
