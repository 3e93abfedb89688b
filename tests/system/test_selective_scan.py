"""The Triton kernels of S6, in Triton's interpreter on a CPU, against the recurrence in place."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton", reason="needs Triton, which torch for a CPU does not bring")

AGAINST = """
import torch
from dsf_theory.system import selective_scan
from dsf_theory.system.recurrence import Recurrence

torch.manual_seed(0)
for L, B, D, N, rows, wide in ((5, 3, 6, 5, 1, True), (7, 2, 70, 80, 2, True), (4, 2, 3, 4, 1, False)):
    x, read = torch.randn(L, B, 1, D, 1), torch.randn(L, B, 1, 1, N)
    step, write = -torch.rand(L, B, 1, D, 1), torch.randn(L, B, 1, 1, N)
    rate = torch.rand(rows, 1, D, N) if wide else torch.ones(1, 1, 1, 1)
    parts = [part.requires_grad_() for part in (x, step, write, read, rate)]
    assert selective_scan.fits(*parts)
    expected, _ = Recurrence.apply(*parts, rate.detach(), 3)
    dy = torch.randn_like(expected)
    wanted = torch.autograd.grad(expected, parts, dy)
    given = [part.detach() for part in parts]
    y, states = selective_scan.forward(*given)
    torch.testing.assert_close(y, expected.detach(), rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(selective_scan.backward(dy, *given, states), wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
"""


def test_kernels_are_the_recurrence_in_place():
    """Output and all gradients: sizes that fill no block, two blocks of channels, rates of each row, one rate."""
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    subprocess.run([sys.executable, "-c", AGAINST], check=True, env=environment)
