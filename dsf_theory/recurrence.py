"""The diagonal recurrence in torch, forward and backward in place: what makes S6 train fast on a CPU.

Written out, autograd would keep every intermediate of every step. Here the state is kept only at the start of each
chunk; within a chunk, states are computed again on the way back, in buffers small enough to stay in cache.
Arrays are time-major inside: (time, batch, heads, channel, state).
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from dsf_theory.system import System


def read_recurrence(system: System, chunk: int) -> Tensor:
    """What is read of the state of a diagonal system, ``Σ_s read_i[s] H_i[:, s]``, (..., length, heads, channel).

    Args:
        system: a system of torch tensors with a diagonal transition.
        chunk: steps whose states are held at once.
    """
    x = system.written
    parts = [x[..., None], system.transition.log, system.write, system.read]
    dtype = torch.complex128 if any(p.dtype == torch.complex128 for p in parts) else None
    dtype = dtype or (torch.complex64 if any(p.is_complex() for p in parts) else x.dtype)
    batch, L = x.shape[:-3], x.shape[-3]
    parts = [time_major(p.to(dtype), len(batch), L) for p in parts]
    y = Recurrence.apply(*parts, max(chunk, 1))
    return y.transpose(0, 1).reshape(*batch, *y.shape[:1], *y.shape[2:])


def time_major(part: Tensor, batch_axes: int, length: int) -> Tensor:
    """(..., length, heads, channel, state) as a view (time, batch, heads, channel, state), time in full."""
    missing = batch_axes + 4 - part.ndim
    part = part.reshape(*[1] * missing, *part.shape)
    lead = part.shape[:batch_axes]
    part = part.reshape(lead.numel() if batch_axes else 1, *part.shape[-4:])
    return part.transpose(0, 1).expand(length, -1, -1, -1, -1)


class Recurrence(torch.autograd.Function):
    """``h_i = exp(log_i) h_{i-1} + write_i x_i``, ``y_i = Σ_s read_i[s] h_i[s]``."""

    @staticmethod
    def forward(ctx, x: Tensor, log: Tensor, write: Tensor, read: Tensor, chunk: int) -> Tensor:
        """y (time, batch, heads, channel) of x (time, batch, heads, channel, 1) and three coefficients."""
        shape = torch.broadcast_shapes(*(part.shape[1:] for part in (x, log, write, read)))
        h = x.new_zeros(shape)
        starts, outputs = [], []
        buffers = [x.new_empty(chunk, *shape) for _ in range(2)]
        for block in blocks(len(x), chunk):
            starts.append(h)
            decay, states = run(h, log[block], write[block], x[block], buffers)
            outputs.append(contract(states, read[block]))
            h = states[-1] + rounding(log[block], decay) * h
        ctx.save_for_backward(x, log, write, read, *starts)
        ctx.chunk = chunk
        return torch.cat(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy: Tensor):
        """Gradients of x, log, write, read, chunk after chunk from the last."""
        x, log, write, read, *starts = ctx.saved_tensors
        grads = [
            torch.empty_like(part, memory_format=torch.contiguous_format) for part in (x, log, write, read)
        ]
        carry = torch.zeros_like(starts[0])
        buffers = [x.new_empty(ctx.chunk, *carry.shape) for _ in range(3)]
        for block, start in zip(reversed(blocks(len(x), ctx.chunk)), reversed(starts), strict=True):
            decay, states = run(start, log[block], write[block], x[block], buffers)
            d_out = dy[block][..., None]
            g = torch.mul(d_out, read[block].conj(), out=buffers[2][: len(states)])
            carry = adjoint(g, decay, carry)
            into(grads[0][block], g, write[block].conj())
            into(grads[2][block], g, x[block].conj())
            into(grads[3][block], states.conj(), d_out)
            before = decay  # the decays are no longer needed: their buffer takes exp(log) h_{i-1}
            before[1:].mul_(states[:-1])
            before[0].mul_(start)
            into(grads[1][block], g, before.conj())
        return *grads, None


def blocks(length: int, chunk: int) -> list[slice]:
    """The chunks of a sequence, in order."""
    return [slice(start, min(start + chunk, length)) for start in range(0, length, chunk)]


def run(h: Tensor, log: Tensor, write: Tensor, x: Tensor, buffers: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The decays and states of one chunk that starts from h, in the buffers."""
    decay, states = (buffer[: len(x)] for buffer in buffers[:2])
    torch.exp(log.expand_as(decay), out=decay)
    torch.mul(write.expand_as(states), x, out=states)
    for now, a in zip(states.unbind(), decay.unbind(), strict=True):
        h = now.addcmul_(a, h)
    return decay, states


def rounding(log: Tensor, decay: Tensor) -> Tensor:
    """What a product of single precision decays lacks: over 100,000 steps of slow decay it would be a percent."""
    precise = torch.complex128 if log.is_complex() else torch.float64
    if log.dtype == precise:
        return log.new_zeros(())
    return (log.to(precise).sum(0).exp() - decay.to(precise).prod(0)).to(log.dtype)


def adjoint(g: Tensor, decay: Tensor, carry: Tensor) -> Tensor:
    """Turn the gradients of what is read into those of the states, in place; return what flows to the chunk before."""
    decay, steps = decay.conj(), g.unbind()
    steps[-1].add_(carry)
    for now, later, a in zip(steps[-2::-1], steps[:0:-1], decay.unbind()[:0:-1], strict=True):
        now.addcmul_(a, later)
    return decay[0] * steps[0]


def contract(states: Tensor, read: Tensor) -> Tensor:
    """``Σ_s read[s] states[s]``."""
    if read.shape[-2] == 1:
        return (states @ read.transpose(-1, -2))[..., 0]
    return (states * read).sum(-1)


def into(grad: Tensor, a: Tensor, b: Tensor) -> None:
    """Write ``a b`` into ``grad``, summed over the axes that ``grad`` broadcasts."""
    shape = torch.broadcast_shapes(a.shape, b.shape)
    channel, state = (grad.shape[axis] == 1 < shape[axis] for axis in (-2, -1))
    if grad.shape == shape:
        torch.mul(a, b, out=grad)
    elif state and not channel and b.shape[-2] == 1 and b.shape[-1] == shape[-1]:
        grad.copy_((a @ b.transpose(-1, -2)).sum_to_size(grad.shape))
    elif channel and not state and b.shape[-1] == 1 and b.shape[-2] == shape[-2]:
        grad.copy_((b.transpose(-1, -2) @ a).sum_to_size(grad.shape))
    else:
        grad.copy_((a * b).sum_to_size(grad.shape))
