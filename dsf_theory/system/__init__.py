"""The linear time-varying system: its structured parts, its matrices, the forms that evaluate it, its formulas."""

from dsf_theory.system.system import Gauge, System, apply_map

__all__ = ["Gauge", "System", "apply_map"]
