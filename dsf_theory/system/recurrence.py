"""The diagonal recurrence in torch, forward and backward in place: what makes S6 train fast on a CPU.

Written out, autograd would keep every intermediate of every step. Here the state is kept only at the start of each
chunk; within a chunk, decays and states are computed again on the way back, in buffers small enough to stay in
cache, and the largest array of all, a decay for every step, channel and state, is never made.
Arrays are time-major inside: (time, batch, heads, channel, state).
"""

import torch
from torch import Tensor

from dsf_theory.system.parts import Parts
from dsf_theory.system.transition import Diagonal


def read_recurrence(system: Parts, chunk: int) -> Tensor:
    """What is read of the state of a diagonal system, ``Σ_s read_i[s] H_i[:, s]``, (..., length, heads, channel).

    Args:
        system: a system of torch tensors with a diagonal transition.
        chunk: steps whose states are held at once.
    """
    x = system.written
    step, full_rate = factors(system.transition, x)
    parts = [x[..., None], step, full_rate, system.write, system.read]
    dtype = torch.promote_types(x.dtype, torch.complex64) if any(p.is_complex() for p in parts) else x.dtype
    batch, L = x.shape[:-3], x.shape[-3]
    x, step, rate, write, read = (time_major(part.to(dtype), len(batch)) for part in parts)
    precise = time_major(full_rate.detach(), len(batch))[0]
    timed = (part.expand(L, -1, -1, -1, -1) for part in (x, step, write, read))
    y, _ = Recurrence.apply(*timed, rate[0], precise, chunk)
    return y.transpose(0, 1).reshape(*batch, *y.shape[:1], *y.shape[2:])


def factors(transition: Diagonal, x: Tensor) -> tuple[Tensor, Tensor]:
    """Step and rate of the logarithm of the decay; where it is constant in time, all of it is rate."""
    one = x.new_ones(1, 1, 1, 1)
    if transition.rate is not None:
        return transition.step, transition.rate
    return (one, transition.step) if transition.step.shape[-4] == 1 else (transition.step, one)


def time_major(part: Tensor, batch_axes: int) -> Tensor:
    """(..., length, heads, channel, state) as a view (time, batch, heads, channel, state)."""
    part = part.reshape(*[1] * (batch_axes + 4 - part.ndim), *part.shape)
    return part.reshape(part.shape[:batch_axes].numel(), *part.shape[-4:]).transpose(0, 1)


class Recurrence(torch.autograd.Function):
    """``h_i = exp(step_i rate) h_{i-1} + write_i x_i``, ``y_i = Σ_s read_i[s] h_i[s]``."""

    @staticmethod
    def forward(
        x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor, precise: Tensor, chunk: int
    ) -> tuple[Tensor, Tensor]:
        """y (time, batch, heads, channel) of x (time, batch, heads, channel, 1), and the state before each chunk."""
        shape = torch.broadcast_shapes(rate.shape, *(part.shape[1:] for part in (x, step, write, read)))
        h = x.new_zeros(shape)
        starts, outputs = [], []
        buffers = [Buffer(x, min(chunk, len(x)), shape) for _ in range(2)]
        for block in blocks(len(x), chunk):
            starts.append(h)
            decay, states = run(h, step[block], rate, write[block], x[block], buffers)
            outputs.append(contract(states, read[block]))
            h = states[-1] + rounding(step[block], precise, decay) * h
        return torch.cat(outputs), torch.stack(starts)

    @staticmethod
    def setup_context(ctx, inputs: tuple, outputs: tuple[Tensor, Tensor]) -> None:
        """Keep what the way back needs."""
        *parts, _, ctx.chunk = inputs
        ctx.mark_non_differentiable(outputs[1])
        ctx.save_for_backward(*parts, outputs[1])

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
    def backward(ctx, dy: Tensor, _):
        """Gradients of x, step, write, read and rate, chunk after chunk from the last."""
        if torch.is_grad_enabled():
            raise RuntimeError(
                "chunked() gives first derivatives only; for higher ones evaluate the system by scan()"
            )
        x, step, write, read, rate, starts = ctx.saved_tensors
        grads = [
            torch.empty(part.shape, dtype=part.dtype, device=part.device) for part in (x, step, write, read)
        ]
        d_rate = torch.zeros_like(rate)
        carry = torch.zeros_like(starts[0])
        buffers = [Buffer(x, min(ctx.chunk, len(x)), carry.shape) for _ in range(3)]
        for block, start in zip(reversed(blocks(len(x), ctx.chunk)), reversed(starts.unbind()), strict=True):
            decay, states = run(start, step[block], rate, write[block], x[block], buffers)
            d_out = dy[block][..., None]
            g = torch.mul(d_out, read[block].conj(), out=buffers[2].all[: len(states)])
            carry = adjoint(buffers[2].steps[: len(g)], buffers[0].steps[: len(g)], carry)
            into(grads[0][block], g, write[block].conj())
            into(grads[2][block], g, x[block].conj())
            into(grads[3][block], states.conj(), d_out)
            d_log = (
                decay  # the decays are no longer needed: their buffer takes the gradient of their logarithm
            )
            d_log[1:].mul_(states[:-1])
            d_log[0].mul_(start)
            torch.mul(g, d_log.conj(), out=d_log)
            into(grads[1][block], d_log, rate.conj())
            d_rate += (d_log * step[block].conj()).sum(0).sum_to_size(rate.shape)
        return *grads, d_rate, None, None


def blocks(length: int, chunk: int) -> list[slice]:
    """The chunks of a sequence, in order."""
    return [slice(start, min(start + chunk, length)) for start in range(0, length, chunk)]


class Buffer:
    """Room for the numbers of one chunk, all at once and step by step."""

    def __init__(self, like: Tensor, chunk: int, shape: torch.Size):
        self.all = like.new_empty(chunk, *shape)
        self.steps = list(self.all.unbind())


def run(h: Tensor, step: Tensor, rate: Tensor, write: Tensor, x: Tensor, buffers: list[Buffer]):
    """The decays and states of one chunk that starts from h, in the buffers."""
    decay, states = (buffer.all[: len(x)] for buffer in buffers[:2])
    torch.mul(step.expand_as(decay), rate, out=decay).exp_()
    torch.mul(write.expand_as(states), x, out=states)
    for now, a in zip(buffers[1].steps[: len(x)], buffers[0].steps, strict=False):
        h = now.addcmul_(a, h)
    return decay, states


def rounding(step: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    """What a product of single precision decays lacks: over 100,000 steps of slow decay it would be a percent.

    Args:
        step: (time, batch, heads, channel, state), in single or double precision.
        rate: (batch, heads, channel, state), in the precision in which it was formed.
        decay: (time, batch, heads, channel, state), as used.
    """
    double = torch.complex128 if decay.is_complex() else torch.float64
    if decay.dtype == double:
        return decay.new_zeros(())
    exact = (step.to(double).sum(0) * rate.to(double)).exp()
    return (exact - torch.prod(decay, 0, dtype=double)).to(decay.dtype)


def adjoint(g: list[Tensor], decay: list[Tensor], carry: Tensor) -> Tensor:
    """Turn the gradients of what is read into those of the states, in place; return what flows to the chunk before."""
    g[-1].add_(carry)
    for now, later, a in zip(g[-2::-1], g[:0:-1], decay[:0:-1], strict=True):
        now.addcmul_(a.conj(), later)
    return decay[0].conj() * g[0]


def contract(states: Tensor, read: Tensor) -> Tensor:
    """``Σ_s read[s] states[s]``."""
    return (states * read).sum(-1)


def into(grad: Tensor, a: Tensor, b: Tensor) -> None:
    """Write ``a b`` into ``grad``, summed over the axes that ``grad`` broadcasts."""
    grad.copy_((a * b).sum_to_size(grad.shape))
