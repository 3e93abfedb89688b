"""Blocks as released: as many parameters as the authors' modules, the same start, and a hand-written forward pass."""

import math

import pytest
import torch
from torch.nn import functional

from dsf_theory.tasks import MQAR
from dsf_theory.training.sequence_model import Architecture, SequenceModel

D, N, VOCABULARY, LENGTH = 64, 64, 8192, 64
NORM = 2 * D
AROUND = VOCABULARY * D + NORM  # the embedding, which is the head's too, and the last norm
ATTENTION = (
    (2 * N * D + 2 * N)  # queries and keys in one map, with biases
    + (D * D + D)  # values
    + (D * D + D)  # output
    + 2 * NORM  # one before the mixer, one that stays without an MLP
)
MLP = (4 * D * D + 4 * D) + (4 * D * D + D)
S6 = (
    (D // 16 + 2 * N) * D  # x_proj: the low rank of Δ, B and C
    + (D // 16 * D + D)  # dt_proj
    + D * N  # A_log
    + D  # D
    + D * D  # out_proj, which has no bias
    + NORM
)
S6_2 = (
    (1 + 2 * N) * D + (D + D) + 1 + D + D * D + NORM
)  # dt_proj of rank one; one A_log; its Id does not train
DEAD = D  # the variant's dt_proj.weight, which its forward pass does not read and we leave out

SMALLEST = MQAR(length=LENGTH, pairs=4)
COUNTS = {
    "softmax_attention": AROUND + LENGTH * D + 2 * ATTENTION,
    "linear_attention_elu": AROUND + LENGTH * D + 2 * ATTENTION,
    "norm_attention": AROUND + LENGTH * D + 2 * (ATTENTION + D + 1 + MLP),
    "s6": AROUND + 2 * S6,
    "s6_2": AROUND + 2 * (S6_2 - DEAD),
}
"""As released, at d = 64 and d_qk = d_state = 64, counted from the authors' modules."""


def model_of(mixer, d=D, n=N, task=SMALLEST, **block):
    mlp = 4 if mixer == "norm_attention" else 0
    positions = "attention" in mixer
    return SequenceModel(
        Architecture(mixer=mixer, d=d, n=n, positions=positions, mlp=mlp, released=True, **block), task
    )


@pytest.mark.parametrize("mixer", COUNTS)
def test_as_many_parameters_as_released(mixer):
    assert sum(p.numel() for p in model_of(mixer).parameters()) == COUNTS[mixer]


def test_the_numbers():
    """What the sums above come to: with the authors' modules instantiated, 16640, 16705, 17024 and 12545 a mixer."""
    assert (ATTENTION - 2 * NORM, ATTENTION - 2 * NORM + D + 1) == (16640, 16705)
    assert (S6 - NORM, S6_2 - NORM) == (17024, 12545)
    assert list(COUNTS.values()) == [562304, 562304, 628610, 558720, 549634]


@pytest.mark.parametrize("mixer", COUNTS)
def test_the_start(mixer):
    """Linear maps from 0.02, those that write to the stream from half of it, biases from zero; so Δ from log 2."""
    model = model_of(mixer)
    for name, p in model.named_parameters():
        leaf = name.split(".")[-1]
        if name.endswith(("W_o", "projection.weight", "mlp.3.weight")):
            assert p.std().item() == pytest.approx(0.01, rel=0.05), name
        elif p.ndim == 2 and leaf != "A_log" or leaf == "w_delta":
            assert p.std().item() == pytest.approx(0.02, rel=0.25 if p.numel() < 300 else 0.05), name
        elif leaf == "bias" or leaf.startswith("b_"):
            assert not p.any(), name
    if mixer == "s6":
        mixed = model.blocks[0].mixer.model
        assert torch.equal(mixed.A_log[0].exp().round(), torch.arange(1.0, N + 1)) and mixed.D.min() == 1
        steps = mixed.step(torch.randn(5, D)).detach()
        assert (steps - math.log(2)).abs().max() < 0.02
    again = model_of(mixer)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True))


def test_the_stream():
    """Written out: without an MLP the second norm is added; S6 has a projection and no second norm."""
    task = MQAR(length=16, pairs=2, vocabulary=32)
    tokens = torch.from_numpy(task.batch(0, 3).inputs)
    model = model_of("softmax_attention", 8, 4, task).eval()
    x = model.embedding(tokens) + model.positions.weight
    for block in model.blocks:
        w = block.mixer.raw
        h = functional.layer_norm(x, (8,))
        q, k, v = (h @ w[f"W_{name}"].T + w[f"b_{name}"] for name in "qkv")
        scores = q @ k.mT / 2 + torch.full((16, 16), -10000.0).triu(1)
        x = x + torch.softmax(scores, -1) @ v @ w["W_o"].T + w["b_o"]
        x = x + functional.layer_norm(x, (8,))
    logits = functional.layer_norm(x, (8,)) @ model.embedding.weight.T
    torch.testing.assert_close(model(tokens), logits, rtol=1e-5, atol=1e-6)
    model = model_of("s6", 8, 4, task).eval()
    x = model.embedding(tokens)
    for block in model.blocks:
        x = x + block.mixer(functional.layer_norm(x, (8,))) @ block.projection.weight.T
    logits = functional.layer_norm(x, (8,)) @ model.embedding.weight.T
    torch.testing.assert_close(model(tokens), logits, rtol=1e-5, atol=1e-6)


def test_the_embedding_alone_is_dropped():
    model = model_of("norm_attention", 8, 4, MQAR(length=16, pairs=2, vocabulary=32), dropout=0.5)
    dropped = {
        name for name, part in model.named_modules() if isinstance(part, torch.nn.Dropout) and part.p > 0
    }
    assert dropped == {"dropout"}


def test_a_mixer_without_a_released_block():
    with pytest.raises(ValueError, match="mixer: expected one of 'softmax_attention', .*, found 'qlstm'"):
        Architecture(mixer="qlstm", d=8, n=1, released=True)
