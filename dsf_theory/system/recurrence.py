"""The diagonal recurrence in torch, forward and backward in place: what makes S6 train fast on a CPU.

Written out, autograd would keep every intermediate of every step. Here the state is kept only at the start of each
chunk; within a chunk, decays and states are computed again on the way back, in buffers small enough to stay in
cache, and the largest array of all, a decay for every step, channel and state, is never made.
Arrays are time-major inside: (time, batch, heads, channel, state).
"""

from importlib.util import find_spec

import torch
from torch import Tensor

import dsf_theory.system.compiled as compiled
import dsf_theory.system.derivatives as derivatives
import dsf_theory.system.in_place as in_place
from dsf_theory.arrays import Namespace
from dsf_theory.system.derivatives import Terms
from dsf_theory.system.parts import Parts
from dsf_theory.system.transition import Diagonal


def read_recurrence(system: Parts, chunk: int) -> Tensor:
    """What is read of the state of a diagonal system, ``Σ_s read_i[s] H_i[:, s]``, (..., length, heads, channel).

    Args:
        system: a system of torch tensors with a diagonal transition.
        chunk: steps whose states are held at once.
    """
    x = system.written
    step, full_rate = factors(system.transition, system.xp)
    parts = [x[..., None], step, full_rate, system.write, system.read]
    dtype = torch.promote_types(x.dtype, torch.complex64) if any(p.is_complex() for p in parts) else x.dtype
    batch, L = x.shape[:-3], x.shape[-3]
    x, step, rate, write, read = (time_major(part.to(dtype), len(batch)) for part in parts)
    precise = time_major(full_rate.detach(), len(batch))[0]
    timed = (part.expand(L, -1, -1, -1, -1) for part in (x, step, write, read))
    y = evaluated(Terms(*timed, rate[0]), precise, chunk)
    return y.transpose(0, 1).reshape(*batch, *y.shape[:1], *y.shape[2:])


def evaluated(terms: Terms, precise: Tensor, chunk: int) -> Tensor:
    """y (time, batch, heads, channel), in place; a graph that is to be exported takes operations that torch knows."""
    if torch.compiler.is_exporting():
        return derivatives.outputs(terms)
    run = compiled.recurrence if torch.compiler.is_compiling() else Recurrence.apply
    return run(*terms, precise, chunk)[0]


def factors(transition: Diagonal, xp: Namespace) -> tuple[Tensor, Tensor]:
    """Step and rate of the logarithm of the decay, the rate finite; where it is constant in time, all of it is rate.

    A complex logarithm stays whole, as its phase is to be wrapped before single precision takes its digits.
    """
    step, rate = transition.step, transition.rate
    if rate is not None and not (step.is_complex() or rate.is_complex()):
        return step, xp.finite_rate(rate)
    log = xp.finite_rate(xp.wrapped(transition.log))
    one = torch.ones_like(log[..., :1, :1, :1, :1])
    return (one, log) if log.shape[-4] == 1 else (log, one)


def time_major(part: Tensor, batch_axes: int) -> Tensor:
    """(..., length, heads, channel, state) as a view (time, batch, heads, channel, state)."""
    part = part.reshape(*[1] * (batch_axes + 4 - part.ndim), *part.shape)
    return part.reshape(part.shape[:batch_axes].numel(), *part.shape[-4:]).transpose(0, 1)


class Recurrence(torch.autograd.Function):
    """``h_i = exp(step_i rate) h_{i-1} + write_i x_i``, ``y_i = Σ_s read_i[s] h_i[s]``.

    Values and gradients are computed in place; a gradient that is itself to be differentiated (Hessians, and all that
    ``torch.func`` does) is formed by :mod:`~dsf_theory.system.derivatives` instead.
    """

    @staticmethod
    def forward(*inputs: Tensor | int) -> tuple[Tensor, Tensor]:
        """y (time, batch, heads, channel), and the state before each chunk; see ``in_place.outputs`` for the inputs.

        Where the kernels for a GPU serve, all states in place of those.
        """
        *parts, _, _ = inputs
        kernels = kernels_for(*parts)
        return kernels.forward(*parts) if kernels else in_place.outputs(*inputs)

    @staticmethod
    def setup_context(ctx, inputs: tuple, outputs: tuple[Tensor, Tensor]) -> None:
        """Keep what the way back needs, and what a derivative along the way forward does."""
        *parts, _, ctx.chunk = inputs
        ctx.mark_non_differentiable(outputs[1])
        ctx.save_for_backward(*parts, outputs[1])
        ctx.save_for_forward(*parts)

    @staticmethod
    def vmap(info, in_dims: tuple, *inputs):
        """Several models at a time: their batches as one, in which each row has the rate of its model."""
        *parts, chunk = inputs
        models = info.batch_size
        parts = [
            part.expand(models, *part.shape) if axis is None else part.movedim(axis, 0)
            for part, axis in zip(parts, in_dims, strict=False)
        ]
        rows = max(part.shape[-4] for part in parts)
        parts = [
            part.expand(*part.shape[:-4], rows, *part.shape[-3:]).movedim(0, -5).flatten(-5, -4)
            for part in parts
        ]
        y, starts = Recurrence.apply(*parts, chunk)
        return (y.unflatten(1, (models, rows)), starts.unflatten(1, (models, rows))), (1, 1)

    @staticmethod
    def jvp(ctx, *changes: Tensor | None) -> tuple[Tensor, None]:
        """The change of y with the parts, as ``torch.func.jvp`` asks for it."""
        parts = Terms(*ctx.saved_tensors)
        known = (
            torch.zeros_like(part) if change is None else change
            for part, change in zip(parts, changes, strict=False)
        )
        return derivatives.tangent(parts, Terms(*known)), None

    @staticmethod
    def backward(ctx, dy: Tensor, _):
        """Gradients of x, step, write, read and rate."""
        *parts, starts = ctx.saved_tensors
        if torch.is_grad_enabled():
            found = derivatives.gradients(Terms(*parts), dy)
        elif kernels := kernels_for(*parts):
            found = kernels.backward(dy, *parts, starts)
        else:
            found = in_place.gradients(parts, starts, dy, ctx.chunk)
        return *found, None, None


def kernels_for(*parts: Tensor):
    """The module of Triton kernels, on a GPU that has Triton and for a recurrence like that of S6; else None."""
    if not parts[0].is_cuda or find_spec("triton") is None:
        return None
    import dsf_theory.system.selective_scan as kernels

    return kernels if kernels.fits(*parts) else None
