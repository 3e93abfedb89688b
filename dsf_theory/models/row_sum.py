"""Row sums of features, ``η_i = φ_iᵀ Σ_{l<=i} ψ_l``, formed so that all that they are made of is in range.

As in a stable softmax, what cancels is taken out before products are formed: of each key feature the largest value so
far, ``e^{M_i}``, of each query the largest entry of ``φ_i e^{M_i}``. The state then decays by ``e^{M_{i-1} - M_i}``.
"""

from typing import NamedTuple

import numpy as np

from dsf_theory.arrays import Array, Namespace, as_numbers
from dsf_theory.system import Gauge, OutputGain, forms
from dsf_theory.system.dense import earlier
from dsf_theory.system.transition import Diagonal


class Features(NamedTuple):
    """Features of queries or keys, (..., length, heads, 1, n): their values, or their logarithms where those are known.

    Logarithms stay in range where the values do not.
    """

    values: Array | None
    log: Array | None = None

    def size(self, xp: Namespace) -> Array:
        """The logarithm of the absolute values, no less than the smallest number's; without gradient."""
        if self.log is not None:
            return xp.without_gradient(self.log)
        least = float(xp.finfo(self.values.dtype).smallest_normal)
        return xp.log(xp.clip(xp.abs(xp.without_gradient(self.values)), min=least))

    def times_exp(self, xp: Namespace, log: Array) -> Array:
        """The features times ``e^log``."""
        return xp.times_exp(self.values, log) if self.log is None else xp.exp(self.log + log)


class RowSum(NamedTuple):
    """The coefficients of attention over its row sums.

    Args:
        transition: the decay of the state.
        write, read: (..., length, heads, 1, n), ψ and φ without what was taken out.
        log, sign: (..., length, heads, 1, 1), the row sum without what was taken out.
        of_keys: logarithm of what was taken out of the keys so far, the same shape or with n.
        in_all: logarithm of what was taken out of the row sum in all.
    """

    transition: Diagonal
    write: Array
    read: Array
    log: Array
    sign: Array
    of_keys: Array | int = 0
    in_all: Array | int = 0

    def coefficients(self) -> dict:
        """What a system is made of; the gauge shows its state over η."""
        return {
            "transition": self.transition,
            "write": self.write,
            "read": self.read,
            "output_gain": OutputGain(-self.log, self.sign),
            "gauge": Gauge(self.of_keys - self.in_all - self.log, self.sign),
        }


def taken_out(xp: Namespace, phi: Features, psi: Features, joint: bool = False) -> RowSum:
    """With the largest value so far taken out of each key feature: right wherever the weights of a row are numbers.

    Args:
        xp: array namespace.
        phi: features of the queries.
        psi: features of the keys.
        joint: whether the same is taken out of all features of a key. The state has one decay then, and is evaluated
            by matrix products, but rows whose products are all far below the largest of φ times that of ψ are lost.
    """
    size = psi.size(xp)
    of_keys = running_max(xp, xp.row_max(size) if joint else size)
    in_all = xp.row_max(phi.size(xp) + of_keys)
    transition = Diagonal(earlier(xp, of_keys) - of_keys)
    write, read = psi.times_exp(xp, -of_keys), phi.times_exp(xp, of_keys - in_all)
    left = xp.sum(read * forms.associative(xp, transition, write), axis=-1, keepdims=True)
    return RowSum(transition, write, read, *xp.signed_log(left), of_keys, in_all)


def in_range(xp: Namespace, found: RowSum) -> Array:
    """Whether a row sum is so far from the ends of the range that it has all its digits, (..., length, heads, 1, 1)."""
    log, read, write = map(xp.without_gradient, (found.log, found.read, found.write))
    limit = -xp.log(xp.new_ones(log, (1,)) * float(xp.finfo(log.dtype).smallest_normal)) / 2
    largest = 1 + xp.row_max(xp.abs(read)) + running_max(xp, xp.row_max(xp.abs(write)))
    return (log > xp.log(largest) - limit) & (log < limit)


LEAST_DIGITS = 1e-3
"""The rounding error, relative to a row sum, from which on it is refused."""


def refuse_cancellation(xp: Namespace, found: RowSum) -> None:
    """Refuse features of either sign whose row sum is so much smaller than its terms that it is rounding error.

    Raises:
        ValueError: naming the row.
    """
    terms = xp.sum(xp.abs(found.read) * forms.associative(xp, found.transition, xp.abs(found.write)), axis=-1)
    eps = float(xp.finfo(terms.dtype).eps)
    bad = np.argwhere(as_numbers(xp.log(terms) - found.log[..., 0]) > np.log(LEAST_DIGITS / eps))
    if len(bad):
        *where, _ = map(int, bad[0])
        raise ValueError(
            f"eta: expected row sums with {-np.log10(LEAST_DIGITS):.0f} digits left, found one at index {tuple(where)} "
            "whose terms cancel; take smaller queries and keys, or features that take no negative value"
        )


def running_max(xp: Namespace, x: Array) -> Array:
    """The largest entry so far along the axis of time of x (..., length, heads, channel, state)."""
    reach = 1
    while reach < x.shape[-4]:
        later = xp.maximum(x[..., reach:, :, :, :], x[..., :-reach, :, :, :])
        x, reach = xp.concat([x[..., :reach, :, :, :], later], axis=-4), 2 * reach
    return x
