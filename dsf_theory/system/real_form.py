"""Real forms of a complex diagonal system: every mode ``λ = r e^{jθ}`` becomes two real states, Re h and Im h.

Either the transition stays constant and is a rotation, or the basis rotates along and the transition is diagonal.
"""

from dataclasses import replace

from dsf_theory.arrays import Array, Namespace, checks
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
        ValueError: if the system is real already, or a map mixes complex channels (S5, LRU).
    """
    checks.choice("form", form, FORMS)
    if not system.real_part or not isinstance(system.transition, Diagonal):
        raise ValueError("system: expected a complex diagonal system, found a real one")
    if system.output_map is not None or system.value_map is not None:
        raise ValueError(
            "system: expected one channel in, one out (S4D); found maps X, E that mix complex channels"
        )
    xp, log = system.xp, system.transition.log
    shape = (system.heads, system.width // system.heads, system.expansion)
    write, read, log = (
        xp.broadcast_to(part, (*part.shape[:-3], *shape)) for part in (system.write, system.read, log)
    )
    if form == "block":
        transition = Dense(rotations(xp, xp.as_precise_as(xp.exp(log), system.u)))
    else:
        angle = xp.imag(xp.broadcast_to(xp.double(log), (*log.shape[:-4], system.length, *shape)))
        angle = xp.cumulative_sum(angle, axis=-4) - angle[..., :1, :, :, :]
        turn = xp.exp(xp.complex(0 * angle, angle))
        write, read = xp.as_precise_as(write / turn, system.u), xp.as_precise_as(read * turn, system.u)
        transition = Diagonal(interleaved(xp, xp.real(log), xp.real(log)))
    return replace(
        system,
        transition=transition,
        write=interleaved(xp, xp.real(write), xp.imag(write)),
        read=interleaved(xp, xp.real(read), -xp.imag(read)),
        real_part=False,
    )


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
