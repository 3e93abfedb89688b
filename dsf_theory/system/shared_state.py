"""The system whose channels share one state, defined beside :class:`~dsf_theory.System`, which turns into it."""

from dsf_theory.system.system import SharedState

__all__ = ["SharedState"]
