"""Real forms of a complex diagonal system: every mode ``λ = r e^{jθ}`` becomes two real states, Re h and Im h.

Either the transition stays constant and is a rotation, or the basis rotates along and the transition is diagonal.
"""

from dataclasses import replace

from dsf_theory.arrays import Array, Namespace, checks
from dsf_theory.system.dense import input_matrix, output_matrix, vec
from dsf_theory.system.parts import Parts
from dsf_theory.system.transition import Dense, Diagonal

FORMS = ("block", "rotating")


def real_form(system: Parts, form: str = "block") -> Parts:
    """A system of real numbers with the same outputs.

    Args:
        system: complex and diagonal, its maps X and E real, as that of S4D.
        form: ``"block"``, ``Λ = r [[cos θ, -sin θ], [sin θ, cos θ]]`` for each mode, B = (Re b, Im b),
            C = (Re c, -Im c); or ``"rotating"``, the same in the basis that turns by -iθ: Λ = r I, diagonal and
            real, with ``b e^{-jθi}`` and ``c e^{jθi}`` in place of b and c.

    Raises:
        ValueError: if the system is real already.
    """
    check(system, form)
    xp, log = system.xp, system.transition.log
    shape = (system.heads, system.width // system.heads, system.expansion)
    write, read, log = (
        xp.broadcast_to(part, (*part.shape[:-3], *shape)) for part in (system.write, system.read, log)
    )
    if form == "block":
        transition = Dense(rotations(xp, xp.as_precise_as(xp.exp(log), system.u)))
    else:
        turn = turns(xp, xp.broadcast_to(log, (*log.shape[:-4], system.length, *shape)), -4)
        write, read = xp.as_precise_as(write / turn, system.u), xp.as_precise_as(read * turn, system.u)
        transition = Diagonal(interleaved(xp, xp.real(log), xp.real(log)))
    return replace(
        system,
        transition=transition,
        write=interleaved(xp, xp.real(write), xp.imag(write)),
        read=interleaved(xp, xp.real(read), -xp.imag(read)),
        real_part=False,
    )


def check(system: Parts, form: str) -> None:
    """Refuse an unknown form, and a system that is real already."""
    checks.choice("form", form, FORMS)
    if not system.real_part or not isinstance(system.transition, Diagonal):
        raise ValueError("system: expected a complex diagonal system, found a real one")


def mixes(system: Parts) -> bool:
    """Whether maps mix complex channels, as in S5 and LRU: then a real state belongs to no channel."""
    return system.real_part and (system.output_map is not None or system.value_map is not None)


def stacked(system: Parts, form: str = "block") -> dict:
    """The arguments of a system of one shared state, the real and imaginary parts of all modes; see ``real_form``.

    Raises:
        ValueError: if the system is real already, or its coefficients have parts that a shared state has not.
    """
    check(system, form)
    bare = replace(system, gauge=None, u=system.u[(0,) * (system.u.ndim - 2)])
    coefficients = (system.transition.log, system.write, system.read)
    if (
        system.output_gain is not None
        or system.skip is not None
        or max(part.ndim for part in coefficients) > 4
    ):
        raise ValueError(
            "system: expected coefficients alike for all rows, without output gain and skip (S5, LRU), found others"
        )
    xp, u = system.xp, system.u
    log = vec(bare, system.transition.log)  # (length, modes)
    checks.affordable("real", bare.u, system.length, 2 * system.N, 2 * system.N)
    write, read = xp.matrix_transpose(input_matrix(bare)), output_matrix(bare)  # (length, d_in or d, modes)
    if form == "block":
        Lambda = rotations(xp, xp.as_precise_as(xp.exp(log), u))
    else:
        turn = turns(xp, log, -2)[:, None, :]
        write, read = xp.as_precise_as(write / turn, u), xp.as_precise_as(read * turn, u)
        radius = xp.as_precise_as(xp.exp(interleaved(xp, xp.real(log), xp.real(log))), u)
        Lambda = radius[..., None] * xp.new_eye(radius, 2 * system.N)
    return {
        "u": u,
        "transition": Dense(Lambda[:, None, None]),
        "write": interleaved(xp, xp.real(write), xp.imag(write))[:, None],
        "read": interleaved(xp, xp.real(read), -xp.imag(read))[:, None],
        "feedthrough": system.feedthrough,
        "extra_state": system.extra_state,
    }


def turns(xp: Namespace, log: Array, axis: int) -> Array:
    """``e^{jθi}``, the angle by which each mode has turned since the first step, from logarithms of decays in full."""
    angle = xp.cumulative_sum(xp.imag(xp.double(log)), axis=axis)
    first = [slice(None)] * log.ndim
    first[axis] = slice(0, 1)
    angle = angle - angle[tuple(first)]
    return xp.exp(xp.complex(0 * angle, angle))


def interleaved(xp: Namespace, real: Array, imaginary: Array) -> Array:
    """(..., n) twice -> (..., 2n): the two parts of a state side by side."""
    both = xp.stack([real, imaginary], axis=-1)
    return xp.reshape(both, (*both.shape[:-2], -1))


def rotations(xp: Namespace, decay: Array) -> Array:
    """(..., 2n, 2n): for each complex decay (..., n) the real 2 x 2 matrix that multiplies by it."""
    n, re, im = decay.shape[-1], xp.real(decay), xp.imag(decay)
    blocks = xp.stack([xp.stack([re, -im], axis=-1), xp.stack([im, re], axis=-1)], axis=-2)  # (..., n, 2, 2)
    eye = xp.reshape(xp.new_eye(re, n), (n, 1, n, 1))
    return xp.reshape(blocks[..., :, :, None, :] * eye, (*decay.shape[:-1], 2 * n, 2 * n))
