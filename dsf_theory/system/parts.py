"""The parts of a linear time-varying system: coefficients, maps and sizes, and what every form does with them."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import NamedTuple, Self

from dsf_theory.arrays import Array, Namespace, checks, namespace
from dsf_theory.arrays.once import Once
from dsf_theory.system.transition import Transition, take


class Gauge(NamedTuple):
    """A rescaling of the state, ``h̃_i = t_i h_i`` with ``t_i = sign_i exp(log_i)``, that leaves Φ unchanged.

    Args:
        log: (..., length, heads, channel, state), each axis but length broadcastable; ``log |t_i|``.
        sign: the same shape; +1 or -1.
    """

    log: Array
    sign: Array


class OutputGain(NamedTuple):
    """A factor ``sign_i exp(log_i)`` of what is read of the state, such as 1/η; it may be too large for a number.

    Args:
        log: (..., length, heads, 1, 1), each axis but length broadcastable.
        sign: the same shape; +1 or -1.
    """

    log: Array
    sign: Array


@dataclass(frozen=True, eq=False)
class Parts:
    """A linear time-varying system ``h_i = Λ_i h_{i-1} + B_i u_i``, ``y_i = C_i h_i + D_i u_i``, with ``h_{-1} = 0``.

    The state is a matrix of channels by expanded states, read after it is written. With ⊙ entrywise,

        H_i = Λ_i(H_{i-1}) + write_i ⊙ (gain_i ⊙ x_i),    x_i = X u_i,
        y_i = E (output_gain_i Σ_s read_i[:, s] ⊙ H_i[:, s] + skip_i ⊙ x_i) + feedthrough u_i.

    Coefficients are (..., length, heads, channel, state), where every axis may have size one: a broadcast axis is
    information, and the evaluation forms use it. Channels are split into ``heads`` contiguous groups.

    Args:
        u: (..., length, d_in), the input; with a one appended where the map is affine.
        transition: the maps Λ_i, :class:`~dsf_theory.system.transition.Diagonal` or ``Dense``.
        write: (..., length, heads, channel, state), multiplies the input on its way into the state.
        read: (..., length, heads, channel, state), multiplies the state on its way out.
        heads: number of heads.
        gain: (..., length, heads, channel), a scale of the written input shared by its states; default 1.
        value_map: X, (heads * channel, d_in); default the identity.
        output_map: E, (d, heads * channel); default the identity.
        skip: (..., length, heads, channel), the part of x that passes by the state; default 0.
        feedthrough: (d, d_in), the part of u that passes by the state; default 0.
        gauge: the basis in which Λ, B, C and the states are shown; default the one of the coefficients. Forms are
            evaluated in the coefficients' own basis, so a gauge may hold numbers that would overflow there.
        real_part: whether y is the real part of a complex readout.
        output_gain: a factor of what is read, such as 1/η; default 1.
        extra_state: numbers kept from step to step beside the state, such as a running normaliser.

    Source: DSF, eq. (1)-(2); Sieber et al. 2024.
    """

    u: Array
    transition: Transition
    write: Array
    read: Array
    heads: int = 1
    gain: Array | None = None
    value_map: Array | None = None
    output_map: Array | None = None
    skip: Array | None = None
    feedthrough: Array | None = None
    gauge: Gauge | None = None
    real_part: bool = False
    extra_state: int = 0
    output_gain: OutputGain | None = None

    def __post_init__(self):
        checks.divides("heads", self.width, "heads", self.heads)
        expected = (self.length, self.heads, self.width // self.heads)
        for name in ("write", "read", "gain", "skip"):
            array = getattr(self, name)
            if array is None:
                continue
            axes = tuple(array.shape)[-4:-1] if name in ("write", "read") else tuple(array.shape)[-3:]
            if len(axes) < 3 or any(a not in (1, e) for a, e in zip(axes, expected, strict=True)):
                raise ValueError(
                    f"{name}: expected axes (length, heads, channel) = {expected} or 1, found {axes}"
                )

    # ---------------------------------------------------------------- sizes

    @Once
    def xp(self) -> Namespace:
        """The array namespace of the system."""
        return namespace(u=self.u)

    @property
    def length(self) -> int:
        """Number of time steps L."""
        return self.u.shape[-2]

    @property
    def width(self) -> int:
        """Channels of the state, heads * channel."""
        return self.u.shape[-1] if self.value_map is None else self.value_map.shape[0]

    @property
    def d(self) -> int:
        """Channels of the output."""
        return self.width if self.output_map is None else self.output_map.shape[0]

    @property
    def expansion(self) -> int:
        """States kept for each channel of the state."""
        return max(self.transition.states, self.write.shape[-1], self.read.shape[-1])

    @property
    def N(self) -> int:
        """Dimension of the state."""
        return self.width * self.expansion

    @property
    def n(self) -> int | float:
        """State expansion N / d."""
        return self.N // self.d if self.N % self.d == 0 else self.N / self.d

    @property
    def state_size(self) -> int:
        """Real numbers kept from one step to the next: heads counted once, the normaliser included."""
        return self.N * (2 if self.real_part else 1) + self.extra_state

    # ---------------------------------------------------------------- structured parts

    @Once
    def x(self) -> Array:
        """The value ``x_i = X u_i``, (..., length, heads, channel)."""
        u = self.u if self.value_map is None else apply_map(self.value_map, self.u)
        return self.xp.reshape(u, (*u.shape[:-1], self.heads, self.width // self.heads))

    @property
    def written(self) -> Array:
        """The value with its gain, ``gain_i ⊙ x_i``, (..., length, heads, channel)."""
        return self.x if self.gain is None else self.gain * self.x

    @property
    def drive(self) -> Array:
        """What is added to the state, ``write_i ⊙ gain_i ⊙ x_i``, (..., length, heads, channel, state)."""
        return self.write * self.written[..., None]

    def readout(self, h: Array) -> Array:
        """The output y (..., length, d) of the states h (..., length, heads, channel, state)."""
        return self.emit(self.xp.sum(self.read * h, axis=-1))

    def emit(self, y: Array) -> Array:
        """The output (..., length, d) from what is read of the state, y (..., length, heads, channel)."""
        if self.real_part:
            y = self.xp.as_precise_as(y, self.u)
        if self.output_gain is not None:
            log, sign = self.output_gain
            y = self.xp.times_exp(sign[..., 0] * y, log[..., 0])
        if self.skip is not None:
            y = y + self.skip * self.x
        y = self.xp.reshape(y, (*y.shape[:-2], self.width))
        if self.output_map is not None:
            y = apply_map(self.output_map, y)
        if self.real_part:
            y = self.xp.real(y)
        return y if self.feedthrough is None else y + apply_map(self.feedthrough, self.u)

    def map(self, function: Callable[[Array], Array]) -> Self:
        """The same system with ``function`` applied to each of its arrays."""
        changed = {"transition": self.transition.map(function)}
        for field in fields(self):
            value = getattr(self, field.name)
            if hasattr(value, "shape"):
                changed[field.name] = function(value)
            elif isinstance(value, Gauge | OutputGain):
                changed[field.name] = type(value)(*map(function, value))
        return replace(self, **changed)

    def during(self, stretch: slice) -> Self:
        """The system of a stretch of time, which starts from a state of zero."""
        axes = {"write": 4, "read": 4, "gain": 3, "skip": 3}
        parts = {
            name: take(getattr(self, name), stretch, axes[name])
            for name in axes
            if getattr(self, name) is not None
        }
        for name in ("gauge", "output_gain"):
            scale = getattr(self, name)
            parts[name] = scale and type(scale)(*(take(part, stretch, 4) for part in scale))
        return replace(self, u=self.u[..., stretch, :], transition=self.transition.take(stretch), **parts)


def apply_map(matrix: Array, x: Array, bias: Array | None = None) -> Array:
    """``matrix x_i + bias`` at every step, for x (..., length, d), either of them real or complex."""
    mapped = namespace(x=x).matmul(x, matrix.T)
    return mapped if bias is None else mapped + bias
