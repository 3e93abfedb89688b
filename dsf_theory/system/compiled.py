"""The diagonal recurrence as an operation of torch's own, which ``torch.compile`` takes into its graph unopened.

Its loops in place are faster than what a compiler makes of a scan, which has hundreds of operations to compile.
"""

import torch
from torch import Tensor

import dsf_theory.system.in_place as in_place


@torch.library.custom_op("dsf_theory::recurrence", mutates_args=())
def recurrence(
    x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor, precise: Tensor, chunk: int
) -> tuple[Tensor, Tensor]:
    """y (time, batch, heads, channel), and the state before each chunk, as in ``in_place.outputs``."""
    return in_place.outputs(x, step, write, read, rate, precise, chunk)


@recurrence.register_fake
def _(x, step, write, read, rate, precise, chunk):
    shape = torch.broadcast_shapes(rate.shape, *(part.shape[1:] for part in (x, step, write, read)))
    return x.new_empty(len(x), *shape[:-1]), x.new_empty(-(-len(x) // chunk), *shape)


@torch.library.custom_op("dsf_theory::recurrence_gradients", mutates_args=())
def gradients(
    x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor, starts: Tensor, dy: Tensor, chunk: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of x, step, write, read and rate, as in ``in_place.gradients``."""
    return in_place.gradients((x, step, write, read, rate), starts, dy, chunk)


@gradients.register_fake
def _(x, step, write, read, rate, starts, dy, chunk):
    return tuple(part.new_empty(part.shape) for part in (x, step, write, read, rate))


def keep(ctx, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
    """Keep what the way back needs."""
    *terms, _, ctx.chunk = inputs
    ctx.save_for_backward(*terms, output[1])


def backward(ctx, dy: Tensor, _):
    """Gradients of the inputs of :func:`recurrence`."""
    return *gradients(*ctx.saved_tensors, dy, ctx.chunk), None, None


recurrence.register_autograd(backward, setup_context=keep)
