"""The transition Λ as a family of linear maps on the state, one for every time step.

The state is kept as ``(..., time, heads, channel, state)``. A transition acts on its last axis: entry by entry
(:class:`Diagonal`, kept as logarithms so that products over time are sums) or as a matrix (:class:`Dense`). Both
offer the three operations that every evaluation form needs: apply to a state, compose with an earlier map, and
take a stretch of time. A time axis of size one means: the same map at every step.
"""

from dataclasses import dataclass

from dsf_theory.arrays import Array, Namespace, namespace
from dsf_theory.arrays.once import Once


@dataclass(frozen=True)
class Diagonal:
    """Entrywise multiplication by ``exp(step * rate)``.

    Args:
        step: (..., time, heads, channel, state), each axis broadcastable. Logarithm of the decay, ``-inf`` for zero, as
            between documents in one row; or with a rate its factor that changes with time.
        rate: (1, heads, channel, state), the factor that does not, default 1. S6 has steps of a channel and rates of
            a channel and state, and their product at every step would be by far its largest array.
    """

    step: Array
    rate: Array | None = None

    AXES = 4  # axes of `step` counted from the time axis

    @Once
    def log(self) -> Array:
        """Logarithm of the decay, (..., time, heads, channel, state)."""
        if self.rate is None:
            return self.step
        return namespace(step=self.step).log_product(self.step, self.rate)

    def joined(self) -> "Diagonal":
        """The same maps without a rate: their product is taken once, before steps are taken one by one."""
        return self if self.rate is None else Diagonal(self.log)

    @property
    def states(self) -> int:
        """Size of the state axis."""
        return self.step.shape[-1] if self.rate is None else max(self.step.shape[-1], self.rate.shape[-1])

    def apply(self, xp: Namespace, h: Array) -> Array:
        """``Λ h`` for h (..., time, heads, channel, state)."""
        return xp.as_precise_as(xp.exp(self.log), h) * h

    def after(self, xp: Namespace, earlier: "Diagonal") -> "Diagonal":
        """The product ``Λ Λ_earlier``: the sum of the logarithms."""
        return Diagonal(xp.log_sum(self.log, earlier.log))

    def take(self, stretch: slice) -> "Diagonal":
        """The maps of a stretch of time."""
        return Diagonal(take(self.step, stretch, 4), self.rate)

    def cumulative(self, xp: Namespace, steps: int) -> "Diagonal":
        """The products of the first 1, 2, ..., ``steps`` maps."""
        shape = (*self.log.shape[:-4], steps, *self.log.shape[-3:])
        return Diagonal(xp.running_sum(xp.broadcast_to(self.log, shape), axis=-4))

    def map(self, function) -> "Diagonal":
        """The same transition with ``function`` applied to its array."""
        return Diagonal(function(self.step), None if self.rate is None else function(self.rate))


@dataclass(frozen=True)
class Dense:
    """Multiplication by a matrix on the expanded axis.

    Args:
        matrix: (..., time, heads, channel, state, state), the first axes broadcastable.
    """

    matrix: Array

    AXES = 5

    @property
    def states(self) -> int:
        """Size of the state axis."""
        return self.matrix.shape[-1]

    def joined(self) -> "Dense":
        """The maps themselves, which are not products."""
        return self

    def apply(self, xp: Namespace, h: Array) -> Array:
        """``Λ h`` for h (..., time, heads, channel, state)."""
        return xp.matmul(self.matrix, h[..., None])[..., 0]

    def after(self, xp: Namespace, earlier: "Dense") -> "Dense":
        """The product ``Λ Λ_earlier``: the latest map on the left."""
        return Dense(xp.matmul(self.matrix, earlier.matrix))

    def take(self, stretch: slice) -> "Dense":
        """The maps of a stretch of time."""
        return Dense(take(self.matrix, stretch, 5))

    def cumulative(self, xp: Namespace, steps: int) -> "Dense":
        """The products of the first 1, 2, ..., ``steps`` maps."""
        products = [self.take(slice(0, 1))]
        for i in range(1, steps):
            products.append(self.take(slice(i, i + 1)).after(xp, products[-1]))
        return Dense(xp.concat([p.matrix for p in products], axis=-5))

    def map(self, function) -> "Dense":
        """The same transition with ``function`` applied to its array."""
        return Dense(function(self.matrix))


Transition = Diagonal | Dense


def take(array: Array, stretch: slice, axes: int) -> Array:
    """A stretch of the time axis, ``axes`` from the end; an axis of size one stands for all times and stays."""
    if array.shape[-axes] == 1:
        return array
    return array[(Ellipsis, stretch, *[slice(None)] * (axes - 1))]
