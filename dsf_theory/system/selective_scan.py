"""The diagonal recurrence of S6 as two Triton kernels: on a GPU, a state lives in registers over all steps.

One program takes one row and a block of its channels through time. What a step of S6 takes from memory is small (an
input and a step for each channel, a write and a read for each state); the states, by far the largest array, are
written once on the way forward and read once on the way back.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

TILE = 4096
"""Numbers of a state that one program holds."""


def fits(x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor) -> bool:
    """Whether the parts of a recurrence are those of S6: one head, a step of each channel, a write of each state."""
    parts = (x, step, write, read, rate)
    single = all(part.dtype == torch.float32 for part in parts)
    by_channel = x.shape[-1] == step.shape[-1] == 1 and x.shape[-2] == step.shape[-2]
    by_state = write.shape[-2] == read.shape[-2] == 1 and write.shape[-1] == read.shape[-1] <= TILE
    rows = all(part.shape[1] == x.shape[1] for part in (step, write, read))
    return single and by_channel and by_state and rows and x.shape[2] == 1


def forward(x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """y (time, batch, 1, channel) and the states (time, batch, 1, channel, state).

    Args:
        x: (time, batch, 1, channel, 1), and so step.
        step: factor of the logarithm of the decay that changes with time.
        write: (time, batch, 1, 1, state), and so read.
        read: what is read of the state.
        rate: (batch or 1, 1, channel or 1, state or 1), the factor that does not.
    """
    compact, rate, grid, sizes = arranged(x, step, write, read, rate)
    states = x.new_empty(len(x), x.shape[1], 1, x.shape[-2], write.shape[-1])
    y = torch.empty_like(compact[0])
    walk_forward[grid](
        *compact, rate, y, states, *sizes, *rate.stride(), len(x), *tiles(x, write), num_warps=8
    )
    return y[:, :, None], states


def backward(
    dy: Tensor, x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor, states: Tensor
) -> list[Tensor]:
    """Gradients of x, step, write, read and rate, each in its shape; dy (time, batch, 1, channel)."""
    compact, whole_rate, grid, sizes = arranged(x, step, write, read, rate)
    d_x, d_step = (torch.empty_like(part) for part in compact[:2])
    d_write, d_read = (part.new_empty(grid[1], *part.shape) for part in compact[2:])
    d_rate = torch.empty(whole_rate.shape, dtype=rate.dtype, device=rate.device)
    outputs = (d_x, d_step, d_write, d_read, d_rate)
    inputs = (dy.reshape(d_x.shape).contiguous(), *compact, whole_rate, states)
    strides = whole_rate.stride()
    walk_back[grid](*inputs, *outputs, *sizes, *strides, len(x), *tiles(x, write), num_warps=8)
    by_state = (part.sum(0)[:, :, None, None, :] for part in (d_write, d_read))
    return [
        d_x[:, :, None, :, None],
        d_step[:, :, None, :, None],
        *by_state,
        d_rate[:, None].sum_to_size(rate.shape),
    ]


def arranged(x: Tensor, step: Tensor, write: Tensor, read: Tensor, rate: Tensor):
    """The parts as the kernels take them, the programs, and the sizes batch, channel and state."""
    batch, channels, states = x.shape[1], x.shape[-2], write.shape[-1]
    compact = [part[:, :, 0, :, 0].contiguous() for part in (x, step)]
    compact += [part[:, :, 0, 0].contiguous() for part in (write, read)]
    whole_rate = rate[:, 0].expand(batch, channels, states)
    grid = (batch, triton.cdiv(channels, tiles(x, write)[0]))
    return compact, whole_rate, grid, (batch, channels, states)


def tiles(x: Tensor, write: Tensor) -> tuple[int, int]:
    """How many channels and states one program holds, powers of two."""
    states = triton.next_power_of_2(write.shape[-1])
    return min(triton.next_power_of_2(x.shape[-2]), max(1, TILE // states)), states


@triton.jit
def walk_forward(
    x, step, write, read, rate, y, states, B, D, N, r_b, r_d, r_n,
    L: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """``h_t = exp(step_t rate) h_{t-1} + write_t x_t`` and ``y_t = Σ_s read_t[s] h_t[s]``, from the first step on."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * BLOCK_D + tl.arange(0, BLOCK_D)
    s = tl.arange(0, BLOCK_N)
    in_c, in_s = c < D, s < N
    inside = in_c[:, None] & in_s[None, :]
    a = tl.load(rate + row * r_b + c[:, None] * r_d + s[None, :] * r_n, mask=inside, other=0.0)
    h = tl.zeros((BLOCK_D, BLOCK_N), dtype=tl.float32)
    for _ in range(L):
        x_t = tl.load(x + row * D + c, mask=in_c, other=0.0)
        step_t = tl.load(step + row * D + c, mask=in_c, other=0.0)
        write_t = tl.load(write + row * N + s, mask=in_s, other=0.0)
        read_t = tl.load(read + row * N + s, mask=in_s, other=0.0)
        h = tl.exp(step_t[:, None] * a) * h + write_t[None, :] * x_t[:, None]
        tl.store(states + (row * D + c[:, None]) * N + s[None, :], h, mask=inside)
        tl.store(y + row * D + c, tl.sum(h * read_t[None, :], axis=1), mask=in_c)
        row += B


@triton.jit
def walk_back(
    dy, x, step, write, read, rate, states, d_x, d_step, d_write, d_read, d_rate, B, D, N, r_b, r_d, r_n,
    L: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """The gradients, from the last step on; those of write and read are parts of sums over blocks of channels."""
    first = tl.program_id(0).to(tl.int64)
    part = tl.program_id(1).to(tl.int64) * L * B
    c = tl.program_id(1) * BLOCK_D + tl.arange(0, BLOCK_D)
    s = tl.arange(0, BLOCK_N)
    in_c, in_s = c < D, s < N
    inside = in_c[:, None] & in_s[None, :]
    a = tl.load(rate + first * r_b + c[:, None] * r_d + s[None, :] * r_n, mask=inside, other=0.0)
    g = tl.zeros((BLOCK_D, BLOCK_N), dtype=tl.float32)
    d_a = tl.zeros((BLOCK_D, BLOCK_N), dtype=tl.float32)
    row = first + (L - 1) * B
    h = tl.load(states + (row * D + c[:, None]) * N + s[None, :], mask=inside, other=0.0)
    for _ in range(L):
        before = inside & (row >= B)
        h_before = tl.load(states + ((row - B) * D + c[:, None]) * N + s[None, :], mask=before, other=0.0)
        x_t = tl.load(x + row * D + c, mask=in_c, other=0.0)
        step_t = tl.load(step + row * D + c, mask=in_c, other=0.0)
        dy_t = tl.load(dy + row * D + c, mask=in_c, other=0.0)
        write_t = tl.load(write + row * N + s, mask=in_s, other=0.0)
        read_t = tl.load(read + row * N + s, mask=in_s, other=0.0)
        g += dy_t[:, None] * read_t[None, :]
        tl.store(d_read + (part + row) * N + s, tl.sum(h * dy_t[:, None], axis=0), mask=in_s)
        tl.store(d_write + (part + row) * N + s, tl.sum(g * x_t[:, None], axis=0), mask=in_s)
        tl.store(d_x + row * D + c, tl.sum(g * write_t[None, :], axis=1), mask=in_c)
        g = g * tl.exp(step_t[:, None] * a)
        d_log = g * h_before
        tl.store(d_step + row * D + c, tl.sum(d_log * a, axis=1), mask=in_c)
        d_a += d_log * step_t[:, None]
        h = h_before
        row -= B
    tl.store(d_rate + (first * D + c[:, None]) * N + s[None, :], d_a, mask=inside)
