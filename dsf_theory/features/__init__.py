"""Feature maps φ, ψ of separable attention: functions of the last axis, for arrays of any library.

One with parameters becomes a φ by ``functools.partial(monomials, order=2)``; arrays among the parameters train in a
:class:`~dsf_theory.LearnedFeatures`. Maps that take no negative value keep the row-sum normaliser from changing sign.
A positive map may have its logarithm as an attribute, ``phi.logarithm``: row sums stay right then where its values
leave the range of numbers.
"""

from dsf_theory.features.elementwise import (
    cosine_reweighted,
    elu_plus_one,
    hedgehog,
    identity,
    log_elu_plus_one,
    relu,
)
from dsf_theory.features.polynomials import (
    based,
    monomials,
    monomials_size,
    powers,
    powers_size,
    taylor,
    taylor_size,
)
from dsf_theory.features.random import (
    log_positive_random,
    positive_random,
    random_directions,
    trigonometric_random,
)

__all__ = [
    "identity",
    "relu",
    "elu_plus_one",
    "log_elu_plus_one",
    "taylor",
    "taylor_size",
    "monomials",
    "monomials_size",
    "powers",
    "powers_size",
    "based",
    "random_directions",
    "positive_random",
    "log_positive_random",
    "trigonometric_random",
    "cosine_reweighted",
    "hedgehog",
]
