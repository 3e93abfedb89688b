"""The diagonal recurrence and its gradients in torch, chunk after chunk, in buffers that are written again and again.

Each buffer holds one chunk and stays in cache. On the way back the states of a chunk are made once more from the state
before it, so that of all states only those are kept. Arrays are time-major: (time, batch, heads, channel, state).
"""

from collections.abc import Callable
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import Tensor

from dsf_theory.arrays import namespace

SHARED = 16
"""States that share a decay from which on it is not written out for each of them."""


def blocks(length: int, chunk: int) -> list[slice]:
    """The chunks of a sequence, in order."""
    return [slice(start, min(start + chunk, length)) for start in range(0, length, chunk)]


class Buffer:
    """Room for the numbers of one chunk, all at once and step by step."""

    def __init__(self, like: Tensor, chunk: int, shape: torch.Size):
        self.all = like.new_empty(chunk, *shape)

    @cached_property
    def steps(self) -> list[Tensor]:
        """The steps, as views that serve every chunk: making them takes as long as a step does."""
        return list(self.all.unbind())


class Steps(NamedTuple):
    """Steps made finite, and what their product with a rate has more: -inf where they were infinite, else zero.

    Args:
        finite: (time, batch, heads, channel, state).
        reset: the same shape; None where no step was infinite.
    """

    finite: Tensor
    reset: Tensor | None

    @classmethod
    def of(cls, step: Tensor) -> "Steps":
        """The two parts of some steps; complex ones are finite already."""
        if step.is_complex() or namespace(step=step).throughout(step.abs() < torch.inf):
            return cls(step, None)
        finite = torch.nan_to_num(step, nan=torch.nan, posinf=0.0, neginf=0.0)
        return cls(finite, -(step - finite).abs())

    def map(self, function: Callable[[Tensor], Tensor]) -> "Steps":
        """The same with a function applied to each part."""
        return Steps(function(self.finite), None if self.reset is None else function(self.reset))

    def times(self, rate: Tensor, out: Tensor | None = None) -> Tensor:
        """The logarithms of the decays."""
        log = torch.mul(self.finite, rate, out=out)
        return log if self.reset is None else log.add_(self.reset)


def outputs(
    x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor, precise: Tensor, chunk: int
) -> tuple[Tensor, Tensor]:
    """y (time, batch, heads, channel) of x (time, batch, heads, channel, 1), and the state before each chunk."""
    shape = torch.broadcast_shapes(rate.shape, *(part.shape[1:] for part in (x, step, write, read)))
    h = x.new_zeros(shape)
    starts, found, steps = [], [], Steps.of(step)
    buffers = [Buffer(x, min(chunk, len(x)), shape) for _ in range(2)]
    for block in blocks(len(x), chunk):
        starts.append(h)
        now = steps.map(itemgetter(block))
        decay, _, states = run(h, now, rate, write[block], x[block], buffers)
        found.append((states * read[block]).sum(-1))
        h = states[-1] + rounding(now, precise, decay) * h
    return torch.cat(found), torch.stack(starts)


def gradients(
    parts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], starts: Tensor, dy: Tensor, chunk: int
) -> tuple[Tensor, ...]:
    """Gradients of x, step, write, read and rate, chunk after chunk from the last.

    With g_i the gradient of the state h_i, the recurrence run backwards in time,

        g_i = conj(read_i) dy_i + conj(decay_{i+1}) g_{i+1},    d log_i = conj(decay_i h_{i-1}) g_i,

    and the rest is read off ``h_i = exp(step_i rate) h_{i-1} + write_i x_i``. Three buffers serve: decays, states, g.

    Args:
        parts: x, step, write, read and rate.
        starts: (chunks, batch, heads, channel, state), the state before each chunk.
        dy: (time, batch, heads, channel), the gradient of y.
        chunk: steps in a chunk.
    """
    x, step, write, read, rate = parts
    dx, d_step, d_write, d_read = (
        torch.empty(part.shape, dtype=x.dtype, device=x.device) for part in parts[:4]
    )
    d_rate, steps = torch.zeros_like(rate), Steps.of(step)
    carry = torch.zeros_like(starts[0])  # conj(decay) g of the first step of the chunk after
    buffers = [Buffer(x, min(chunk, len(x)), carry.shape) for _ in range(3)]
    for block, start in zip(reversed(blocks(len(x), chunk)), reversed(starts.unbind()), strict=True):
        now = steps.map(itemgetter(block))
        decay, decays, states = run(start, now, rate, write[block], x[block], buffers)
        d_out = dy[block][..., None]
        g = buffers[2].all[: len(states)]
        torch.mul(d_out, read[block].conj().expand_as(g), out=g)  # what is read of h_i alone
        carry = adjoint(buffers[2].steps[: len(g)], decays, carry)  # now g is all of g_i
        into(dx[block], g, write[block].conj())
        into(d_write[block], g, x[block].conj())
        into(d_read[block], states.conj(), d_out)
        d_log = buffers[0].all[: len(g)]  # the gradient of the decays' logarithm takes their place
        torch.mul(decay[1:], states[:-1], out=d_log[1:])
        torch.mul(decay[0], start, out=d_log[0])
        torch.mul(g, d_log.conj(), out=d_log)
        into(d_step[block], d_log, rate.conj())
        d_rate += (d_log * now.finite.conj()).sum(0).sum_to_size(rate.shape)
    return dx, d_step, d_write, d_read, d_rate


def run(h: Tensor, steps: Steps, rate: Tensor, write: Tensor, x: Tensor, buffers: list[Buffer]):
    """The decays, all at once and step by step, and the states of one chunk that starts from h.

    They are in the buffers, but for decays that many states share.
    """
    decay, states = (buffer.all[: len(x)] for buffer in buffers[:2])
    alike = decay.numel() // torch.broadcast_shapes(steps.finite.shape, rate.shape).numel()
    if alike == 1:
        steps.times(rate, out=decay).exp_()
    else:  # one decay for many states: its exponential is taken once
        small = steps.times(rate).exp_()
        decay = decay.copy_(small) if alike < SHARED else small
    decays = buffers[0].steps[: len(x)] if alike < SHARED else decay.unbind()
    torch.mul(write.expand_as(states), x, out=states)
    for now, a in zip(buffers[1].steps[: len(x)], decays, strict=True):
        h = now.addcmul_(a, h)
    return decay, decays, states


def rounding(steps: Steps, rate: Tensor, decay: Tensor) -> Tensor:
    """What a product of single precision decays lacks: over 100,000 steps of slow decay it would be a percent.

    Args:
        steps: in single or double precision.
        rate: (batch, heads, channel, state), in the precision in which it was formed.
        decay: (time, batch, heads, channel, state), as used.
    """
    double = namespace(decay=decay).double(decay.new_zeros(())).dtype
    if decay.dtype == double:
        return decay.new_zeros(())
    exact = steps.map(lambda part: part.to(double).sum(0)).times(rate.to(double)).exp()
    return (exact - torch.prod(decay, 0, dtype=double)).to(decay.dtype)


def adjoint(g: list[Tensor], decay: list[Tensor], carry: Tensor) -> Tensor:
    """Turn what is read of each state into its whole gradient, in place; return what flows to the chunk before."""
    g[-1].add_(carry)
    for now, later, a in zip(g[-2::-1], g[:0:-1], decay[:0:-1], strict=True):
        now.addcmul_(a.conj(), later)
    return decay[0].conj() * g[0]


def into(grad: Tensor, a: Tensor, b: Tensor) -> None:
    """Write ``a b`` into ``grad``, summed over the axes that ``grad`` broadcasts."""
    grad.copy_((a * b).sum_to_size(grad.shape))
