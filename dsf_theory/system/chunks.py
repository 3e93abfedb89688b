"""The chunked form: weights within chunks, the recurrence between them, linear in length."""

from math import prod

from dsf_theory.arrays import Array, Namespace, checks
from dsf_theory.system.forms import associative, at_every_step, full_drive, loop, segment_sums
from dsf_theory.system.parts import Parts
from dsf_theory.system.transition import Diagonal

LONGEST, SHORTEST, GROUP = 64, 16, 8
"""Steps in a chunk, at most and at least, and chunks worked on at once, at most."""
CHANNELS, STATE, MANY = 8, 96, 16
"""Channels, and numbers in the state, of a head from which on a chunk is matrix products; heads that make it matter."""
CACHE = 2**19
"""Weights of chunks worked on at once: few enough to stay in cache, so that time grows with length and no faster."""


def chunked(system: Parts, chunk: int | None = None) -> Array:
    """y (..., length, d), linear in length.

    Where the channels of a head share their weights (attention, SSD) a chunk is matrix products; elsewhere its steps
    are taken in order, over all chunks at once, or by torch in place.

    Args:
        system: of any kind.
        chunk: steps in a chunk; by default as many as suit the sizes of the system.

    Raises:
        ValueError: if ``chunk`` is not a whole number >= 1.
    """
    checks.positive_size(chunk=LONGEST if chunk is None else chunk)
    diagonal = isinstance(system.transition, Diagonal)
    if diagonal and shares_weights(system) and not small_heads(system):
        return chunked_products(system, min(chunk or suited(system), system.length))
    chunk = min(chunk or LONGEST, system.length)
    if diagonal and system.xp.name == "torch":
        from dsf_theory.system.recurrence import read_recurrence

        return system.emit(read_recurrence(system, chunk))
    return system.readout(chunked_states(system, chunk))


def shares_weights(system: Parts) -> bool:
    """Whether all channels of a head have the same real weights, with one decay for all states of a head."""
    if system.real_part or system.transition.states > 1:
        return False
    return all(part.shape[-2] == 1 for part in (system.transition.log, system.write, system.read))


def small_heads(system: Parts) -> bool:
    """Whether there are many heads, each with too small a state to pay for its weights: chunk² for each chunk."""
    channels = system.width // system.heads
    return rows(system) >= MANY and (channels < CHANNELS or channels * system.expansion < STATE)


def rows(system: Parts) -> int:
    """Heads in the whole batch."""
    return prod(system.u.shape[:-2]) * system.heads


def suited(system: Parts) -> int:
    """Steps in a chunk: fewer where many heads with few channels each have weights of their own."""
    if rows(system) < MANY:
        return LONGEST
    return max(SHORTEST, min(LONGEST, 2 * (system.width // system.heads)))


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


def chunked_products(system: Parts, chunk: int) -> Array:
    """y (..., length, d) where channels share their weights: matrix products, one group of chunks after another."""
    outputs, h = [], None
    at_once = chunk * max(1, min(GROUP, CACHE // (rows(system) * chunk**2)))
    for start in range(0, system.length, at_once):
        group = system.during(slice(start, min(start + at_once, system.length)))
        y, h = group_of_chunks(group, min(chunk, group.length), h)
        outputs.append(group.emit(y))
    return system.xp.concat(outputs, axis=-2)


def group_of_chunks(system: Parts, chunk: int, h: Array | None):
    """What is read of the state, and the last state, from the state h (..., 1, heads, channel, state) before."""
    xp, length = system.xp, system.length
    read, write = (
        xp.moveaxis(in_chunks(xp, at_every_step(system, part, system.expansion), chunk, 4)[..., 0, :], -3, -2)
        for part in (system.read, system.write)
    )  # (..., chunks, heads, chunk, state)
    x = xp.moveaxis(in_chunks(xp, system.written, chunk, 3), -3, -2)  # (..., chunks, heads, chunk, channel)
    log = in_chunks(xp, system.transition.log, chunk, 4)[..., 0, 0]
    log = xp.moveaxis(log, -1, -2)  # (..., chunks or 1, heads, chunk or 1)
    steps = xp.broadcast_to(log, (*log.shape[:-1], chunk))
    sums, since_start = segment_sums(xp, steps), xp.cumulative_sum(steps, axis=-1)
    within = xp.matmul(xp.exp(sums) * xp.matmul(read, xp.matrix_transpose(write)), x)
    to_end = xp.exp(sums[..., -1, :])[..., None]
    written = xp.matmul(xp.matrix_transpose(x), to_end * write)  # (..., chunks, heads, channel, state)
    h = xp.zeros_like(written[..., :1, :, :, :]) if h is None else h
    at_ends = join(xp, since_start[..., -1], written, h)
    at_start = xp.concat([h, at_ends[..., :-1, :, :, :]], axis=-4)
    between = xp.exp(since_start)[..., None] * xp.matmul(read, xp.matrix_transpose(at_start))
    y = xp.moveaxis(within + between, -2, -3)
    return xp.reshape(y, (*y.shape[:-4], -1, *y.shape[-2:]))[..., :length, :, :], at_ends[..., -1:, :, :, :]


def join(xp: Namespace, totals: Array, written: Array, h: Array) -> Array:
    """The states at the ends of chunks (..., chunks, heads, channel, state): the same sum, one level up.

    Args:
        xp: array namespace.
        totals: (..., chunks or 1, heads), logarithm of the decay over each chunk.
        written: (..., chunks, heads, channel, state), what each chunk adds.
        h: (..., 1, heads, channel, state), the state before the first.
    """
    *_, chunks, heads, channels, states = written.shape
    totals = xp.moveaxis(xp.broadcast_to(totals, (*totals.shape[:-2], chunks, totals.shape[-1])), -1, -2)
    flat = xp.reshape(xp.moveaxis(written, -4, -3), (*written.shape[:-4], heads, chunks, channels * states))
    before = xp.reshape(h, (*h.shape[:-4], heads, 1, channels * states))
    ends = (
        xp.matmul(xp.exp(segment_sums(xp, totals)), flat)
        + xp.exp(xp.cumulative_sum(totals, axis=-1))[..., None] * before
    )
    return xp.moveaxis(xp.reshape(ends, (*ends.shape[:-1], channels, states)), -3, -4)


def chunked_states(system: Parts, chunk: int) -> Array:
    """The states (..., length, heads, channel, state): all chunks step by step from zero, then what they inherit."""
    xp = system.xp
    transition = system.transition.map(lambda array: in_chunks(xp, array, chunk, system.transition.AXES))
    drive = in_chunks(xp, full_drive(system), chunk, 4)  # (..., chunks, chunk, heads, channel, state)
    local = loop(xp, transition, drive)
    since_start = transition.cumulative(xp, chunk)
    total = since_start.map(lambda array: array[(Ellipsis, -1, *[slice(None)] * (transition.AXES - 1))])
    at_ends = associative(xp, total, local[..., -1, :, :, :])
    at_start = xp.concat([xp.zeros_like(at_ends[..., :1, :, :, :]), at_ends[..., :-1, :, :, :]], axis=-4)
    h = local + since_start.apply(xp, at_start[..., None, :, :, :])
    return xp.reshape(h, (*h.shape[:-5], -1, *h.shape[-3:]))[..., : system.length, :, :, :]
