"""The evaluation forms of a system: one engine for every model and every array library.

Five ways to the same y. Products of decays are formed as sums of their logarithms over the stretch in question,
never as differences of a long running sum, so that they stay exact over long sequences in single precision.

Time is the fourth axis from the end: (..., time, heads, channel, state).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsf_theory import checks
from dsf_theory.arrays import Array, Namespace, namespace
from dsf_theory.transition import Diagonal, Transition, take

if TYPE_CHECKING:
    from dsf_theory.system import System


def recurrent(system: System) -> Array:
    """y (..., length, d) by the recurrence. Costs L steps of N multiply-adds, memory of one state a step."""
    precise = system.map(system.xp.double)
    y = precise.readout(loop(precise.transition, full_drive(precise)))
    return system.xp.astype(y, system.u.dtype) if system.xp.name != "sympy" else y


def states(system: System) -> Array:
    """The states (..., length, heads, channel, state) in the basis of the coefficients, by a parallel scan."""
    return associative(system.transition, full_drive(system))


def scan(system: System) -> Array:
    """y (..., length, d) by an associative scan: work linear in length, depth logarithmic."""
    return system.readout(states(system))


def convolutional(system: System) -> Array:
    """y (..., length, d) as the kernel of each channel times its values. Costs L² for each distinct kernel."""
    return system.emit(apply_weights(system.xp, weights(system), system.x))


def chunked(system: System, chunk: int = 64) -> Array:
    """y (..., length, d), linear in length.

    Where the channels of a head share one kernel (attention, SSD) a chunk is matrix products; elsewhere its steps
    are taken in order, over all chunks at once, or by torch in place.

    Args:
        chunk: steps in a chunk.

    Raises:
        ValueError: if ``chunk`` is not a whole number >= 1.
    """
    checks.positive_size(chunk=chunk)
    chunk = min(chunk, system.length)
    diagonal = isinstance(system.transition, Diagonal)
    if diagonal and shares_kernel(system):
        return system.emit(chunked_products(system, chunk))
    if diagonal and system.xp.name == "torch":
        from dsf_theory.recurrence import read_recurrence

        return system.emit(read_recurrence(system, chunk))
    return system.readout(chunked_states(system, chunk))


# -------------------------------------------------------------------- recurrence


def full_drive(system: System) -> Array:
    """The drive with its state axis at full size, ready to be overwritten by states."""
    drive = system.drive
    return system.xp.broadcast_to(drive, (*drive.shape[:-1], system.expansion))


def loop(transition: Transition, drive: Array) -> Array:
    """``h_i = Λ_i h_{i-1} + drive_i`` step by step; h like drive."""
    h, history = None, []
    for i in range(drive.shape[-4]):
        now = slice(i, i + 1)
        step = take(drive, now, 4)
        h = step if h is None else transition.take(now).apply(h) + step
        history.append(h)
    return namespace(drive=drive).concat(history, axis=-4)


def associative(transition: Transition, drive: Array) -> Array:
    """``h_i = Λ_i h_{i-1} + drive_i`` for all i by odd-even recursion; h like drive.

    Pairs of steps are one step of a sequence half as long, whose states are those at odd times; the states at even
    times are one step further.
    """
    xp, length = namespace(drive=drive), drive.shape[-4]
    if length == 1:
        return drive
    even, odd = take(drive, slice(0, None, 2), 4), take(drive, slice(1, None, 2), 4)
    later, earlier = transition.take(slice(1, None, 2)), transition.take(slice(0, length - 1, 2))
    pairs = later.apply(take_first(even, odd.shape[-4])) + odd
    at_odd = associative(later.after(earlier), pairs)
    if length <= 2:
        return xp.concat([even, at_odd], axis=-4)
    inner = take_first(at_odd, even.shape[-4] - 1)
    rest = transition.take(slice(2, None, 2)).apply(inner) + even[..., 1:, :, :, :]
    return interleave(xp, xp.concat([even[..., :1, :, :, :], rest], axis=-4), at_odd)


def associative_from(h: Array, transition: Transition, drive: Array) -> Array:
    """The same from a state h (..., 1, heads, channel, state) before the first step."""
    first = transition.take(slice(0, 1)).apply(h) + take(drive, slice(0, 1), 4)
    return associative(transition, namespace(drive=drive).concat([first, drive[..., 1:, :, :, :]], axis=-4))


def take_first(array: Array, count: int) -> Array:
    """The first ``count`` steps."""
    return array[..., :count, :, :, :]


def interleave(xp: Namespace, even: Array, odd: Array) -> Array:
    """One sequence from its steps at even and odd times."""
    pairs = odd.shape[-4]
    both = xp.stack([take_first(even, pairs), odd], axis=-4)
    both = xp.reshape(both, (*both.shape[:-5], 2 * pairs, *both.shape[-3:]))
    return both if even.shape[-4] == pairs else xp.concat([both, even[..., pairs:, :, :, :]], axis=-4)


# -------------------------------------------------------------------- kernel


def segment_sums(xp: Namespace, log: Array) -> Array:
    """``s[i, j] = Σ_{k=j+1..i} log_k`` for j <= i and ``-inf`` above, from log (..., length); (..., length, length).

    Each sum is accumulated on its own: differences of one running sum would lose the small terms.
    """
    length = log.shape[-1]
    later = xp.matrix_transpose(xp.lower(log, length, strict=True))  # [j, k]: k > j
    repeated = xp.broadcast_to(log[..., None, :], (*log.shape[:-1], length, length))
    sums = xp.cumulative_sum(xp.where(later, repeated, xp.zeros_like(repeated)), axis=-1)  # [j, i]
    return xp.where(xp.lower(log, length), xp.matrix_transpose(sums), -xp.inf)


def weights(system: System) -> Array:
    """The kernel of each channel (..., heads, channel, length, length); one channel where all share it."""
    xp, transition = system.xp, system.transition
    if isinstance(transition, Diagonal):
        w = diagonal_weights(system, transition.log)
    else:
        w = impulse_weights(system)
    if system.gain is None:
        return w
    return w * xp.moveaxis(system.gain, -3, -1)[..., None, :]


def diagonal_weights(system: System, log: Array) -> Array:
    """``w[i, j] = Σ_s read_i[s] exp(Σ_{k=j+1..i} log_k[s]) write_j[s]``, (..., heads, channel, length, length)."""
    xp, states = system.xp, log.shape[-1]
    channels = max(part.shape[-2] for part in (system.write, system.read, log))
    checks.affordable("weights", system.u, system.heads, channels, system.length, system.length)
    log = xp.moveaxis(at_every_step(system, log), -4, -1)  # (..., heads, channel, state, length)
    read, write = (
        xp.moveaxis(at_every_step(system, part, system.expansion), -4, -2)
        for part in (system.read, system.write)
    )  # (..., heads, channel, length, state)
    if states == 1:
        return xp.exp(segment_sums(xp, log[..., 0, :])) * (read @ xp.matrix_transpose(write))
    return sum(
        xp.exp(segment_sums(xp, log[..., s, :])) * read[..., :, None, s] * write[..., None, :, s]
        for s in range(states)
    )


def impulse_weights(system: System) -> Array:
    """The same for a dense transition: all unit impulses run through the recurrence side by side."""
    xp = system.xp
    read, write = (at_every_step(system, part, system.expansion) for part in (system.read, system.write))
    matrix = at_every_step_dense(system)
    shape = (system.heads, system.width // system.heads, system.length, system.length)
    checks.affordable("weights", system.u, *shape)
    impulses = xp.new_eye(system.u, system.length)
    responses, rows = 0 * write[..., 0, :, :, :, None] * impulses[0], []
    for i in range(system.length):
        responses = matrix[..., i, :, :, :, :] @ responses + write[..., i, :, :, :, None] * impulses[i]
        rows.append((read[..., i, :, :, None, :] @ responses)[..., 0, :])
    return xp.stack(rows, axis=-2)


def at_every_step(system: System, part: Array, states: int | None = None) -> Array:
    """A coefficient (..., length, heads, channel, state) with its length axis, and if asked its states, in full."""
    shape = (*part.shape[:-4], system.length, *part.shape[-3:-1], states or part.shape[-1])
    return system.xp.broadcast_to(part, shape)


def at_every_step_dense(system: System) -> Array:
    """The matrices of a dense transition with their length axis in full."""
    matrix = system.transition.matrix
    return system.xp.broadcast_to(matrix, (*matrix.shape[:-5], system.length, *matrix.shape[-4:]))


def apply_weights(xp: Namespace, w: Array, x: Array) -> Array:
    """``Σ_j w[i, j] x_j`` for x (..., length, heads, channel); a kernel shared by all channels is one product."""
    if w.shape[-3] == 1:
        return xp.moveaxis(w[..., 0, :, :] @ like(xp, w, xp.moveaxis(x, -3, -2)), -2, -3)
    return xp.moveaxis((w @ like(xp, w, xp.moveaxis(x, -3, -1))[..., None])[..., 0], -1, -3)


def like(xp: Namespace, pattern: Array, array: Array) -> Array:
    """``array``, made complex where torch needs it to multiply a complex ``pattern``."""
    return xp.to_complex(array) if xp.name == "torch" and pattern.is_complex() else array


def kernel(system: System, w: Array | None = None) -> Array:
    """Φ (..., length, length, d, d_in) with ``y_i = Σ_j Φ[i, j] u_j``.

    Args:
        system: the maps X, E and D, and the channels' kernels.
        w: (..., heads, channel, length, length), kernels to use in place of the system's own.
    """
    xp = system.xp
    L, width, d_in = system.length, system.width, system.u.shape[-1]
    checks.affordable("kernel", system.u, L, L, system.d, d_in)
    w = weights(system) if w is None else w
    w = xp.broadcast_to(w, (*w.shape[:-3], width // system.heads, L, L))
    w = xp.moveaxis(xp.reshape(w, (*w.shape[:-4], width, L, L)), -3, -1)[..., None]  # (..., i, j, channel, 1)
    phi = w * (xp.new_eye(system.u, width) if system.value_map is None else system.value_map)
    if system.output_map is not None:
        phi = system.output_map @ like(xp, system.output_map, phi)
    if system.real_part:
        phi = xp.real(phi)
    at_once = xp.reshape(xp.new_eye(system.u, L), (L, L, 1, 1))
    return phi + at_once * system.D[..., :, None, :, :]


# -------------------------------------------------------------------- chunks


def shares_kernel(system: System) -> bool:
    """Whether all channels of a head have one kernel, with one decay for all states of a head."""
    log = system.transition.log
    return log.shape[-1] == 1 and all(part.shape[-2] == 1 for part in (log, system.write, system.read))


def in_chunks(xp: Namespace, array: Array, chunk: int, axes: int) -> Array:
    """Split the time axis, ``axes`` from the end, into (chunks, chunk), the end filled with zeros.

    An axis of size one stands for all times and becomes (1, 1).
    """
    lead, length, rest = (
        array.shape[: array.ndim - axes],
        array.shape[-axes],
        array.shape[array.ndim - axes + 1 :],
    )
    if length == 1:
        return xp.reshape(array, (*lead, 1, 1, *rest))
    missing = -length % chunk
    if missing:
        array = xp.concat([array, xp.new_zeros(array, (*lead, missing, *rest))], axis=-axes)
    return xp.reshape(array, (*lead, (length + missing) // chunk, chunk, *rest))


GROUP = 32
"""Chunks worked on at once: few enough to stay in cache, so that time grows with length and no faster."""


def chunked_products(system: System, chunk: int) -> Array:
    """What is read of the state, (..., length, heads, channel), where heads share a kernel: matrix products."""
    parts = (
        at_every_step(system, system.read, system.expansion),
        at_every_step(system, system.write, system.expansion),
    )
    outputs, h = [], None
    for start in range(0, system.length, GROUP * chunk):
        span = slice(start, min(start + GROUP * chunk, system.length))
        read, write, log = (take(part, span, 4) for part in (*parts, system.transition.log))
        y, h = group_of_chunks(
            read, write, log, take(system.written, span, 3), min(chunk, span.stop - start), h
        )
        outputs.append(y)
    return system.xp.concat(outputs, axis=-3)


def group_of_chunks(read: Array, write: Array, log: Array, x: Array, chunk: int, h: Array | None):
    """One group of chunks from the state h (..., 1, heads, channel, state) before it: what is read, and the state."""
    xp, length = namespace(x=x), x.shape[-3]
    read, write = (xp.moveaxis(in_chunks(xp, part, chunk, 4)[..., 0, :], -3, -2) for part in (read, write))
    x = xp.moveaxis(
        in_chunks(xp, x, chunk, 3), -3, -2
    )  # (..., chunks, heads, chunk, channel); read, write alike
    log = xp.moveaxis(
        in_chunks(xp, log, chunk, 4)[..., 0, 0], -1, -2
    )  # (..., chunks or 1, heads, chunk or 1)
    steps = xp.broadcast_to(log, (*log.shape[:-1], chunk))
    sums, since_start = segment_sums(xp, steps), xp.cumulative_sum(steps, axis=-1)
    within = (xp.exp(sums) * (read @ xp.matrix_transpose(write))) @ x
    to_end = xp.exp(sums[..., -1, :])[..., None]
    written = xp.matrix_transpose(x) @ (to_end * write)  # (..., chunks, heads, channel, state)
    h = xp.zeros_like(written[..., :1, :, :, :]) if h is None else h
    at_ends = associative_from(h, Diagonal(since_start[..., -1][..., None, None]), written)
    at_start = xp.concat([h, at_ends[..., :-1, :, :, :]], axis=-4)
    between = xp.exp(since_start)[..., None] * (read @ xp.matrix_transpose(at_start))
    y = xp.moveaxis(within + between, -2, -3)
    return xp.reshape(y, (*y.shape[:-4], -1, *y.shape[-2:]))[..., :length, :, :], at_ends[..., -1:, :, :, :]


def chunked_states(system: System, chunk: int) -> Array:
    """The states (..., length, heads, channel, state): all chunks step by step from zero, then what they inherit."""
    xp = system.xp
    transition = system.transition.map(lambda array: in_chunks(xp, array, chunk, system.transition.AXES))
    drive = in_chunks(xp, full_drive(system), chunk, 4)  # (..., chunks, chunk, heads, channel, state)
    local = loop(transition, drive)
    since_start = transition.cumulative(chunk)
    total = since_start.map(lambda array: array[(Ellipsis, -1, *[slice(None)] * (transition.AXES - 1))])
    at_ends = associative(total, local[..., -1, :, :, :])
    at_start = xp.concat([xp.zeros_like(at_ends[..., :1, :, :, :]), at_ends[..., :-1, :, :, :]], axis=-4)
    h = local + since_start.apply(at_start[..., None, :, :, :])
    return xp.reshape(h, (*h.shape[:-5], -1, *h.shape[-3:]))[..., : system.length, :, :, :]
