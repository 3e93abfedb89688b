"""The evaluation forms of a system: one engine for every model and every array library.

Three ways to the same y (the fourth is in ``chunks``), the weights of each channel and the kernel Φ. Products of decays
are formed as sums of their logarithms over the stretch in question, never as differences of a long running sum, so that
they stay exact over long sequences in single precision.

Time is the fourth axis from the end: (..., time, heads, channel, state).
"""

import dsf_theory.system.dense as dense
from dsf_theory.arrays import Array, Namespace, checks
from dsf_theory.system.parts import Parts
from dsf_theory.system.transition import Diagonal, Transition, take


def recurrent(system: Parts) -> Array:
    """y (..., length, d) by the recurrence. Costs L steps of N multiply-adds, memory of one state a step."""
    precise = system.map(system.xp.double)
    y = precise.readout(loop(system.xp, precise.transition, full_drive(precise)))
    return system.xp.astype(y, system.u.dtype) if system.xp.name != "sympy" else y


def states(system: Parts) -> Array:
    """The states (..., length, heads, channel, state) in the basis of the coefficients, by a parallel scan."""
    return associative(system.xp, system.transition, full_drive(system))


def scan(system: Parts) -> Array:
    """y (..., length, d) by an associative scan: work linear in length, depth logarithmic."""
    return system.readout(states(system))


def convolutional(system: Parts) -> Array:
    """y (..., length, d) as the weights of each channel times its values. Costs L² for each set of weights."""
    return system.emit(apply_weights(system.xp, weights(system), system.x))


# -------------------------------------------------------------------- recurrence


def full_drive(system: Parts) -> Array:
    """The drive with its state axis at full size, ready to be overwritten by states."""
    drive = system.drive
    return system.xp.broadcast_to(drive, (*drive.shape[:-1], system.expansion))


def loop(xp: Namespace, transition: Transition, drive: Array) -> Array:
    """``h_i = Λ_i h_{i-1} + drive_i`` step by step; h like drive."""
    transition, h, history = transition.joined(), None, []
    for i in range(drive.shape[-4]):
        now = slice(i, i + 1)
        step = take(drive, now, 4)
        h = step if h is None else transition.take(now).apply(xp, h) + step
        history.append(h)
    return xp.concat(history, axis=-4)


def associative(xp: Namespace, transition: Transition, drive: Array) -> Array:
    """``h_i = Λ_i h_{i-1} + drive_i`` for all i by odd-even recursion; h like drive.

    Pairs of steps are one step of a sequence half as long, whose states are those at odd times; the states at even
    times are one step further.
    """
    length = drive.shape[-4]
    if length == 1:
        return drive
    transition = transition.joined()
    even, odd = take(drive, slice(0, None, 2), 4), take(drive, slice(1, None, 2), 4)
    later, earlier = transition.take(slice(1, None, 2)), transition.take(slice(0, length - 1, 2))
    pairs = later.apply(xp, take_first(even, odd.shape[-4])) + odd
    at_odd = associative(xp, later.after(xp, earlier), pairs)
    if length <= 2:
        return xp.concat([even, at_odd], axis=-4)
    inner = take_first(at_odd, even.shape[-4] - 1)
    rest = transition.take(slice(2, None, 2)).apply(xp, inner) + even[..., 1:, :, :, :]
    return interleave(xp, xp.concat([even[..., :1, :, :, :], rest], axis=-4), at_odd)


def take_first(array: Array, count: int) -> Array:
    """The first ``count`` steps."""
    return array[..., :count, :, :, :]


def interleave(xp: Namespace, even: Array, odd: Array) -> Array:
    """One sequence from its steps at even and odd times."""
    pairs = odd.shape[-4]
    both = xp.stack([take_first(even, pairs), odd], axis=-4)
    both = xp.reshape(both, (*both.shape[:-5], 2 * pairs, *both.shape[-3:]))
    return both if even.shape[-4] == pairs else xp.concat([both, even[..., pairs:, :, :, :]], axis=-4)


# -------------------------------------------------------------------- weights and kernel


def segment_sums(xp: Namespace, log: Array) -> Array:
    """``s[i, j] = Σ_{k=j+1..i} log_k`` for j <= i and ``-inf`` above, from log (..., length); (..., length, length).

    Each sum is accumulated on its own: differences of one running sum would lose the small terms.
    """
    length = log.shape[-1]
    later = xp.matrix_transpose(xp.lower(log, length, strict=True))  # [j, k]: k > j
    repeated = xp.broadcast_to(log[..., None, :], (*log.shape[:-1], length, length))
    sums = xp.cumulative_sum(xp.where(later, repeated, xp.zeros_like(repeated)), axis=-1)  # [j, i]
    return xp.where(xp.lower(log, length), xp.matrix_transpose(sums), -xp.inf)


def weights(system: Parts) -> Array:
    """The weights of each channel (..., heads, channel, length, length); channel 1 where all share them.

    ``w[i, j]`` is the weight of ``x_j`` in what is read at step i, without the output gain and the maps X and E.
    """
    xp, transition = system.xp, system.transition
    if isinstance(transition, Diagonal):
        w = diagonal_weights(system, transition.log)
    else:
        w = impulse_weights(system)
    if system.gain is None:
        return w
    return w * xp.moveaxis(system.gain, -3, -1)[..., None, :]


def gained(system: Parts, w: Array) -> Array:
    """Weights (..., heads, channel, length, length) with the output gain of each row."""
    if system.output_gain is None:
        return w
    xp = system.xp
    log, sign = (xp.moveaxis(part[..., 0, 0], -1, -2)[..., None, :, None] for part in system.output_gain)
    return xp.times_exp(sign * w, log)


def diagonal_weights(system: Parts, log: Array) -> Array:
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
        return decays(system, log[..., 0, :]) * xp.matmul(read, xp.matrix_transpose(write))
    return sum(
        decays(system, log[..., s, :]) * read[..., :, None, s] * write[..., None, :, s] for s in range(states)
    )


def decays(system: Parts, log: Array) -> Array:
    """What is left at step i of step j, (..., length, length), from the logarithms (..., length)."""
    return system.xp.as_precise_as(system.xp.exp(segment_sums(system.xp, log)), system.u)


def impulse_weights(system: Parts) -> Array:
    """The same for a dense transition: all unit impulses run through the recurrence side by side."""
    xp = system.xp
    read, write = (at_every_step(system, part, system.expansion) for part in (system.read, system.write))
    matrix = at_every_step_dense(system)
    shape = (system.heads, system.width // system.heads, system.length, system.length)
    checks.affordable("weights", system.u, *shape)
    impulses = xp.new_eye(system.u, system.length)
    responses, rows = 0 * write[..., 0, :, :, :, None] * impulses[0], []
    for i in range(system.length):
        responses = (
            xp.matmul(matrix[..., i, :, :, :, :], responses) + write[..., i, :, :, :, None] * impulses[i]
        )
        rows.append(xp.matmul(read[..., i, :, :, None, :], responses)[..., 0, :])
    return xp.stack(rows, axis=-2)


def at_every_step(system: Parts, part: Array, states: int | None = None) -> Array:
    """A coefficient (..., length, heads, channel, state) with its length axis, and if asked its states, in full."""
    shape = (*part.shape[:-4], system.length, *part.shape[-3:-1], states or part.shape[-1])
    return system.xp.broadcast_to(part, shape)


def at_every_step_dense(system: Parts) -> Array:
    """The matrices of a dense transition with their length axis in full."""
    matrix = system.transition.matrix
    return system.xp.broadcast_to(matrix, (*matrix.shape[:-5], system.length, *matrix.shape[-4:]))


def apply_weights(xp: Namespace, w: Array, x: Array) -> Array:
    """``Σ_j w[i, j] x_j`` for x (..., length, heads, channel); weights shared by all channels are one product."""
    if w.shape[-3] == 1:
        return xp.moveaxis(xp.matmul(w[..., 0, :, :], xp.moveaxis(x, -3, -2)), -2, -3)
    return xp.moveaxis(xp.matmul(w, xp.moveaxis(x, -3, -1)[..., None])[..., 0], -1, -3)


def kernel(system: Parts, w: Array | None = None) -> Array:
    """Φ (..., length, length, d, d_in) with ``y_i = Σ_j Φ[i, j] u_j``.

    Args:
        system: the maps X, E and D, and the weights of its channels.
        w: (..., heads, channel, length, length), weights to use in place of the system's own.
    """
    xp = system.xp
    L, width, d_in = system.length, system.width, system.u.shape[-1]
    checks.affordable("kernel", system.u, L, L, system.d, d_in)
    w = gained(system, weights(system)) if w is None else w
    w = xp.broadcast_to(w, (*w.shape[:-3], width // system.heads, L, L))
    w = xp.moveaxis(xp.reshape(w, (*w.shape[:-4], width, L, L)), -3, -1)[..., None]  # (..., i, j, channel, 1)
    phi = w * dense.value_map(system)
    if system.output_map is not None:
        phi = xp.matmul(system.output_map, phi)
    if system.real_part:
        phi = xp.real(phi)
    at_once = xp.reshape(xp.new_eye(system.u, L), (L, L, 1, 1))
    return dense.lead(system, phi + at_once * dense.feedthrough_matrix(system)[..., :, None, :, :], 4)
