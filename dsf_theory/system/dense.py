"""The dense matrices of the framework, derived from a system's structured parts by Kronecker products.

The state is the matrix of channels by expanded states, row by row: index = channel * states + state. Matrices are
shown in the system's gauge: ``t_i Λ_i / t_{i-1}``, ``t_i B_i``, ``C_i / t_i``, ``D_i``.
"""

from dataclasses import replace

import numpy as np

from dsf_theory.arrays import Array, Namespace, checks
from dsf_theory.system.parts import Parts
from dsf_theory.system.transition import Dense, Diagonal


def transition_matrix(system: Parts) -> Array:
    """Λ (..., length, N, N); ``t_{-1}`` is taken as ``t_0``."""
    xp, transition, N = system.xp, system.transition, system.N
    checks.affordable("Lambda", system.u, system.length, N, N)
    if isinstance(transition, Dense):
        return lead(system, block_diagonal(system, gauged(system, transition.matrix)), 3)
    diagonal = vec(system, gauged(system, xp.as_precise_as(xp.exp(transition.log), system.u)))
    return lead(system, diagonal[..., None] * xp.new_eye(diagonal, N), 3)


def input_matrix(system: Parts) -> Array:
    """B (..., length, N, d_in) = diag(vec write) (gain X ⊗ 1)."""
    checks.affordable("B", system.u, system.length, system.N, system.u.shape[-1])
    write = system.write if system.gain is None else system.write * system.gain[..., None]
    rows = repeat(system.xp, value_map(system), system.expansion)
    return lead(system, vec(system, scaled(system, write))[..., None] * rows, 3)


def output_matrix(system: Parts) -> Array:
    """C (..., length, d, N) = (E ⊗ 1ᵀ) diag(vec read)."""
    xp = system.xp
    checks.affordable("C", system.u, system.length, system.d, system.N)
    E = xp.new_eye(system.u, system.width) if system.output_map is None else system.output_map
    columns = repeat(xp, E.T, system.expansion).T
    return lead(system, vec(system, readable(system))[..., None, :] * columns, 3)


def feedthrough_matrix(system: Parts) -> Array:
    """D (..., length, d, d_in) = feedthrough + E diag(skip) X."""
    xp = system.xp
    D = xp.new_zeros(system.u, (system.length, system.d, system.u.shape[-1]))
    if system.feedthrough is not None:
        D = D + system.feedthrough
    if system.skip is not None:
        full = (*system.skip.shape[:-3], system.length, system.heads, system.width // system.heads)
        skip = xp.reshape(xp.broadcast_to(system.skip, full), (*full[:-2], system.width))
        through = skip[..., None] * value_map(system)
        through = through if system.output_map is None else xp.matmul(system.output_map, through)
        D = D + (xp.real(through) if system.real_part else through)
    return lead(system, D, 3)


def value_map(system: Parts) -> Array:
    """X (width, d_in), the identity where there is none."""
    return system.xp.new_eye(system.u, system.width) if system.value_map is None else system.value_map


def vec(system: Parts, array: Array) -> Array:
    """A coefficient (..., length, heads, channel, state) spread over (..., length, N)."""
    full = (system.length, system.heads, system.width // system.heads, system.expansion)
    array = system.xp.broadcast_to(array, (*array.shape[:-4], *full))
    return system.xp.reshape(array, (*array.shape[:-4], system.length, system.N))


def lead(system: Parts, array: Array, axes: int) -> Array:
    """The array with the leading axes of u before its last ``axes``; a constant system has none of its own."""
    return system.xp.broadcast_to(array, (*system.u.shape[:-2], *array.shape[array.ndim - axes :]))


def scaled(system: Parts, array: Array) -> Array:
    """``t_i`` times an array (..., length, heads, channel, state), such as what is written or the state."""
    if system.gauge is None:
        return array
    return system.xp.times_exp(system.gauge.sign * array, system.gauge.log)


def readable(system: Parts) -> Array:
    """``read_i`` with the output gain, over ``t_i``; logarithms are joined first, as both may be out of range."""
    scales = [(system.output_gain, 1), (system.gauge, -1)]
    log = sum(direction * scale.log for scale, direction in scales if scale is not None)
    read = system.read
    for scale, _ in scales:
        read = read if scale is None else scale.sign * read
    return read if system.output_gain is None and system.gauge is None else system.xp.times_exp(read, log)


def gauged(system: Parts, coefficients: Array) -> Array:
    """Transition coefficients in the gauge: times ``t_i / t_{i-1}``."""
    if system.gauge is None:
        return coefficients
    rows = columns = (Ellipsis,)
    if isinstance(system.transition, Dense):
        rows, columns = (Ellipsis, slice(None), None), (Ellipsis, None, slice(None))
    log, sign = system.gauge
    log_before, sign_before = earlier(system.xp, log), earlier(system.xp, sign)
    return sign[rows] * sign_before[columns] * system.xp.exp(log[rows] - log_before[columns]) * coefficients


def block_diagonal(system: Parts, matrix: Array) -> Array:
    """(..., length, N, N) with the (state, state) block of each channel on the diagonal."""
    xp, s, width = system.xp, system.expansion, system.width
    matrix = xp.broadcast_to(
        matrix, (*matrix.shape[:-5], system.length, system.heads, width // system.heads, s, s)
    )
    blocks = xp.reshape(matrix, (*matrix.shape[:-5], system.length, width, s, 1, s))
    eye = xp.reshape(xp.new_eye(system.u, width), (width, 1, width, 1))
    return xp.reshape(blocks * eye, (*blocks.shape[:-4], system.N, system.N))


def earlier(xp: Namespace, array: Array) -> Array:
    """``array_{i-1}`` along the length axis of (..., length, heads, channel, state), the first entry repeated."""
    return xp.concat([array[..., :1, :, :, :], array[..., :-1, :, :, :]], axis=-4)


def repeat(xp: Namespace, matrix: Array, times: int) -> Array:
    """Each row of a matrix ``times`` times: the Kronecker product with a column of ones."""
    rows, columns = matrix.shape
    return xp.reshape(xp.broadcast_to(matrix[:, None, :], (rows, times, columns)), (rows * times, columns))


def product_kernel(system: Parts, Lambda: Array, B: Array, C: Array, D: Array) -> Array:
    """Φ (length, length, d, d_in) multiplied out from the matrices of a system as they are shown; one sequence.

    Raises:
        ValueError: if their entries are too large for numbers in the basis that is shown.
    """
    xp, L = system.xp, system.length
    for name, part in {"Lambda": Lambda[1:], "B": B, "C": C, "D": D}.items():
        refuse_out_of_range(xp, f"entries of {name}", part)
    checks.affordable("product_kernel", system.u, L, L, system.N, system.u.shape[-1])
    at_once = xp.reshape(xp.new_eye(system.u, L), (L, L, 1, 1))
    responses, rows = 0 * B, []  # of the state to an impulse at each step, (length, N, d_in)
    for i in range(L):
        responses = xp.silently(xp.matmul, Lambda[i], responses) + at_once[i] * B[i]
        rows.append(xp.silently(xp.matmul, C[i], responses))
    through_state = xp.stack(rows)
    refuse_out_of_range(xp, "their products", through_state)
    return (xp.real(through_state) if system.real_part else through_state) + at_once * D[:, None]


def refuse_out_of_range(xp: Namespace, what: str, part: Array) -> None:
    """Refuse matrices, or products of them, that are too large for numbers."""
    numbers = xp.numbers(part)
    if numbers is not None and not np.isfinite(numbers).all():
        raise ValueError(
            f"product_kernel: expected finite matrices, found {what} out of range in the basis that is shown; "
            "kernel() works in that of the coefficients"
        )


def in_basis(system: Parts, T: Array, before: Array | None = None) -> Parts:
    """The system with ``T_i Λ_i T_{i-1}^{-1}``, ``T_i B_i``, ``C_i T_i^{-1}``: the same kernel.

    Args:
        system: without a gauge.
        T: (length, n, n), invertible, applied to the states of every channel.
        before: what stands for ``T_{i-1}``, default T one step earlier; anything else breaks the kernel.
    """
    xp, inverse, n = system.xp, system.xp.inverse, system.expansion
    if system.gauge is not None:
        raise ValueError("system: expected one without a gauge, found one; take in_gauge(None) first")
    checks.one_of_shapes("T", T, (system.length, n, n))
    before = xp.concat([T[:1], T[:-1]]) if before is None else before
    T, before = T[:, None, None], before[:, None, None]
    transition, (write, read) = (
        system.transition,
        (full_states(system, part) for part in (system.write, system.read)),
    )
    if isinstance(transition, Diagonal):
        transition = Dense(full_states(system, xp.exp(transition.log))[..., None] * xp.new_eye(system.u, n))
    return replace(
        system,
        transition=Dense(xp.matmul(xp.matmul(T, transition.matrix), inverse(before))),
        write=xp.matmul(T, write[..., None])[..., 0],
        read=xp.matmul(read[..., None, :], inverse(T))[..., 0, :],
    )


def full_states(system: Parts, part: Array) -> Array:
    """A coefficient (..., length, heads, channel, state) with its state axis in full."""
    return system.xp.broadcast_to(part, (*part.shape[:-1], system.expansion))
