"""Feature maps φ, ψ of separable attention: functions of the last axis, for arrays of any library."""

from dsf_theory.arrays import Array, namespace


def identity(x: Array) -> Array:
    """``φ(x) = x``: plain linear attention."""
    return x


def elu_plus_one(x: Array) -> Array:
    """``φ(x) = ELU(x) + 1``, entrywise and positive.

    Source: Katharopoulos et al. 2020, eq. (7).
    """
    return namespace(x=x).elu_plus_one(x)
