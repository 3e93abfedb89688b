"""Derivatives of the diagonal recurrence that torch differentiates again, as often as asked.

The recurrence in place is fast and overwrites what it computes. Where a derivative is itself to be differentiated, or
mapped over by ``torch.func``, it is formed here instead, of operations that torch knows: the gradient of the states is
the same recurrence run backwards in time, the change of the states the same recurrence with another drive.

``h_i = exp(step_i rate) h_{i-1} + write_i x_i``, ``y_i = Σ_s read_i[s] h_i[s]``; arrays are time-major: (time, batch,
heads, channel, state).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from dsf_theory.arrays import namespace
from dsf_theory.system.forms import associative
from dsf_theory.system.transition import Diagonal


class Terms(NamedTuple):
    """The arrays of the recurrence.

    Args:
        x: (time, batch, heads, channel, 1).
        step, write, read: (time, batch, heads, channel, state), all axes but time broadcastable.
        rate: (batch, heads, channel, state), broadcastable.
    """

    x: Tensor
    step: Tensor
    write: Tensor
    read: Tensor
    rate: Tensor


def outputs(terms: Terms) -> Tensor:
    """y (time, batch, heads, channel)."""
    return (terms.read * states(terms, terms.write * terms.x)).sum(-1)


def states(terms: Terms, drive: Tensor, backwards: bool = False) -> Tensor:
    """``h_i = decay_i h_{i-1} + drive_i`` by a parallel scan.

    Backwards, ``g_i = conj(decay_{i+1}) g_{i+1} + drive_i``.
    """
    xp = namespace(drive=drive)
    log = xp.log_product(terms.step, terms.rate)
    drive = drive.expand(torch.broadcast_shapes(log.shape, *(part.shape for part in terms[:4])))
    if not backwards:
        return batch_major(associative(xp, Diagonal(batch_major(log)), batch_major(drive)))
    log = torch.cat([log[1:], log[:1]]).conj()  # the decay of the step after; nothing comes after the last
    return states(Terms(terms.x, log.flip(0), *terms[2:4], torch.ones_like(log[0])), drive.flip(0)).flip(0)


def finite(step: Tensor) -> Tensor:
    """Steps with zero for an infinite one: a decay of zero does not change with the rate."""
    return namespace(step=step).resets(step)[0]


def batch_major(array: Tensor) -> Tensor:
    """(time, batch, ...) as (batch, time, ...), and the other way round."""
    return array.transpose(0, 1)


def carried(terms: Terms, h: Tensor) -> Tensor:
    """What each step keeps of the state before it, ``decay_i h_{i-1}``: also its derivative by log decay."""
    before = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
    return namespace(h=h).log_product(terms.step, terms.rate).exp() * before


def gradients(terms: Terms, dy: Tensor) -> Terms:
    """The gradients of all parts, from that of y (time, batch, heads, channel)."""
    h, d_out = states(terms, terms.write * terms.x), dy[..., None]
    g = states(terms, terms.read.conj() * d_out, backwards=True)
    d_log = carried(terms, h).conj() * g
    found = Terms(
        x=g * terms.write.conj(),
        step=d_log * terms.rate.conj(),
        write=g * terms.x.conj(),
        read=h.conj() * d_out,
        rate=(d_log * finite(terms.step).conj()).sum(0),
    )
    return Terms(*(grad.sum_to_size(part.shape) for grad, part in zip(found, terms, strict=True)))


def tangent(terms: Terms, changes: Terms) -> Tensor:
    """The change of y (time, batch, heads, channel) with changes of all terms."""
    h = states(terms, terms.write * terms.x)
    d_log = changes.step * terms.rate + finite(terms.step) * changes.rate
    d_drive = changes.write * terms.x + terms.write * changes.x + d_log * carried(terms, h)
    return (changes.read * h + terms.read * states(terms, d_drive)).sum(-1)
