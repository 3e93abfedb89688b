"""The sequence model: its loss, its order in time, what it keeps, against plain formulas."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from dsf_theory import MODELS
from dsf_theory.tasks import IGNORED, MQAR, LanguageModelling, SelectiveCopying, SequentialDigits
from dsf_theory.training import sequence_model as language
from dsf_theory.training.mixer import Mixer
from dsf_theory.training.sequence_model import Architecture, Block, SequenceModel

NAMES = sorted(MODELS)
RECALL = MQAR(length=16, pairs=3, vocabulary=32)
FULL = {"convolution": 3, "positions": True, "mlp": 2}
TASKS = {
    "recall": (RECALL, {}),
    "digits": (SequentialDigits(), {"tied": False}),
    "text": (LanguageModelling(length=12), {}),
    "copying": (SelectiveCopying(length=16, tokens=3), {"tied": False}),
}


def model_of(task, mixer="linear_attention", d=8, n=4, **block):
    return SequenceModel(Architecture(mixer=mixer, d=d, n=n, **block), task, seed=1).double()


def batch_of(task, rows=4):
    inputs, labels = task.batch(0, rows).tensors()
    return inputs.double() if inputs.is_floating_point() else inputs, labels


# -------------------------------------------------------------------- the loss


@pytest.mark.parametrize("many", [0, 10**9], ids=["in pieces", "at once"])
@pytest.mark.parametrize("name", TASKS)
def test_the_loss_is_that_of_all_logits(name, many, monkeypatch):
    """Logits at the labels alone give the same loss and the same gradients, to rounding in float64."""
    monkeypatch.setattr(language, "MANY_LOGITS", many)
    task, block = TASKS[name]
    model = model_of(task, **FULL, **block)
    inputs, labels = batch_of(task)
    loss = model.loss(inputs, labels)
    logits = model(inputs)
    full = functional.cross_entropy(
        logits.reshape(-1, task.classes), labels.reshape(-1), ignore_index=IGNORED
    )
    assert loss.item() == pytest.approx(full.item(), abs=1e-12)
    parameters = [p for p in model.parameters() if p.requires_grad]
    for ours, theirs in zip(
        torch.autograd.grad(loss, parameters), torch.autograd.grad(full, parameters), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", TASKS)
def test_scores_of_each_label(name):
    task, block = TASKS[name]
    model, (inputs, labels) = model_of(task, **block), batch_of(task)
    losses, right = model.scores(inputs, labels)
    logits = model(inputs).detach().numpy()
    expected = [
        (np.log(np.exp(logits[place]).sum()) - logits[place][label], logits[place].argmax() == label)
        for place, label in np.ndenumerate(labels.numpy())
        if label != IGNORED
    ]
    assert losses.tolist() == pytest.approx([loss for loss, _ in expected], abs=1e-12)
    assert right.tolist() == [hit for _, hit in expected]


def test_half_precision_is_for_all_but_the_mixers():
    """Under autocast convolution, MLP and head compute in bfloat16, mixers and the loss in float32."""
    model = SequenceModel(Architecture(mixer="s6", d=8, n=4, **FULL), RECALL)
    seen = {}
    for name, part in {
        "mixer": model.blocks[0].mixer,
        "mlp": model.blocks[0].mlp[3],
        "head": model.head,
    }.items():
        part.register_forward_hook(
            lambda _, given, y, name=name: seen.update({name: (given[0].dtype, y.dtype)})
        )
    inputs, labels = RECALL.batch(0, 4).tensors()
    with torch.autocast("cpu", torch.bfloat16):
        half, logits = model.loss(inputs, labels), model(inputs)
    assert seen["mixer"] == (torch.float32, torch.float32)
    assert seen["mlp"][1] == logits.dtype == torch.bfloat16 and half.dtype == torch.float32
    assert half.item() == pytest.approx(model.loss(inputs, labels).item(), rel=1e-2)
    half.backward()
    assert all(p.grad.dtype == torch.float32 for p in model.parameters() if p.grad is not None)


# -------------------------------------------------------------------- the block


def normed(x, norm):
    centred = x - x.mean(-1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * norm.weight.numpy()
        + norm.bias.numpy()
    )


@torch.no_grad()
def test_a_block_is_its_formula():
    """Norm, convolution, mixer, residual, norm, MLP, residual: by plain loops in NumPy."""
    torch.manual_seed(0)
    block = Block(Architecture(mixer="qlstm", d=4, n=1, convolution=3, mlp=2)).double()
    for parameter in block.parameters():
        parameter += 0.3 * torch.randn_like(parameter)
    x = np.random.default_rng(0).standard_normal((2, 7, 4))
    weight, bias = (p.numpy() for p in block.convolution.parameters())
    h, convolved = normed(x, block.norm), np.zeros_like(x) + bias
    for row, i, channel, k in np.ndindex(2, 7, 4, 3):
        if i - k >= 0:
            convolved[row, i, channel] += weight[channel, 0, 2 - k, 0] * h[row, i - k, channel]
    x = x + block.mixer(torch.from_numpy(convolved)).numpy()
    norm, first, _, second, _ = block.mlp
    hidden = normed(x, norm) @ first.weight.numpy().T + first.bias.numpy()
    hidden = functional.gelu(torch.from_numpy(hidden)).numpy()
    y = x + hidden @ second.weight.numpy().T + second.bias.numpy()
    start = np.random.default_rng(0).standard_normal((2, 7, 4))
    np.testing.assert_allclose(block(torch.from_numpy(start)).numpy(), y, rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_a_model_is_its_blocks():
    """Embedding plus positions, the blocks, a norm, and the embedding once more as head."""
    model = model_of(RECALL, **FULL)
    inputs, _ = batch_of(RECALL)
    x = model.embedding.weight[inputs] + model.positions.weight
    for block in model.blocks:
        x = block(x)
    expected = torch.from_numpy(normed(x.numpy(), model.norm)) @ model.embedding.weight.T
    torch.testing.assert_close(model(inputs), expected, rtol=1e-12, atol=1e-12)
    assert model.head.weight is model.embedding.weight and model.head.bias is None
    untied = model_of(RECALL, tied=False)
    assert untied.head.weight is not untied.embedding.weight and untied.head.bias.shape == (32,)


@pytest.mark.parametrize("name", NAMES)
def test_no_step_sees_the_next(name):
    """A token more changes nothing before it, and something at it and after it."""
    model = model_of(RECALL, name, **FULL).eval()
    inputs = torch.randint(32, (3, 16), generator=torch.Generator().manual_seed(0))
    changed = inputs.clone()
    changed[:, 9] = (inputs[:, 9] + 1) % 32
    with torch.no_grad():
        before, after = model(inputs), model(changed)
    torch.testing.assert_close(before[:, :9], after[:, :9], rtol=1e-12, atol=1e-12)
    moved = (before - after).abs().amax(-1)[:, 9:]
    assert (moved[:, 0] > 1e-6).all() and (moved[:, 1:] > 1e-12).all()


def test_init_is_the_spread_of_the_embeddings():
    for init in (0.02, 0.5):
        weight = model_of(RECALL, init=init, positions=True).embedding.weight
        assert weight.std().item() == pytest.approx(init, rel=0.1)


def test_dropout():
    """Off in evaluation, on in training: activations are dropped with the share that was asked for."""
    inputs, labels = batch_of(RECALL)
    model, plain = model_of(RECALL, dropout=0.25), model_of(RECALL)
    assert torch.equal(model.eval().loss(inputs, labels), plain.loss(inputs, labels))
    model.train()
    assert not torch.equal(model.loss(inputs, labels), model.loss(inputs, labels))
    dropped = []
    for part in (model.dropout, model.blocks[0].dropout):
        part.register_forward_hook(
            lambda _, given, y: dropped.append((y[given[0] != 0] == 0).double().mean())
        )
    for _ in range(50):
        model.loss(inputs, labels)
    assert len(dropped) == 100 and np.mean(dropped) == pytest.approx(0.25, abs=0.01)


def test_seeds():
    """A seed determines the parameters, and torch's own random numbers are left as they were."""
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first, second, other = (
        SequenceModel(Architecture(mixer="s5", d=8, n=4, **FULL), RECALL, seed) for seed in (1, 1, 2)
    )
    assert torch.equal(torch.rand(2), expected)
    for name, parameter in first.named_parameters():
        assert torch.equal(parameter, dict(second.named_parameters())[name])
    assert not torch.equal(first.embedding.weight, other.embedding.weight)
    assert not torch.equal(first.blocks[0].mixer.raw["B"], first.blocks[1].mixer.raw["B"])


# -------------------------------------------------------------------- what it keeps

KEPT = {  # of one mixer with d = 8, n = 4, two heads where it can have them, over 16 steps
    "softmax_attention": 16 * (2 * 4 + 8),  # keys of two heads and values
    "linear_attention": 8 * 4,
    "linear_attention_elu": 8 * 4 + 2 * 4,  # and the sum of the keys
    "separable_attention": 8 * 4 + 2 * 4,
    "taylor_attention": (8 + 2) * 15,  # monomials of four keys up to degree two, and their sum
    "favor_attention": (8 + 2) * 4,
    "norm_attention": 8 * 4,  # η is a function of the input alone
    "s4": 8 * 4,
    "s4d": 2 * 8 * 4 // 2,  # pairs of complex numbers, one of each pair kept
    "s5": 2 * 8 * 4 // 2,
    "lru": 2 * 8 * 4 // 2,  # complex numbers, whose real part is read
    "s6": 8 * 4,
    "s6_2": 8 * 4,
    "ssd": 8 * 4,
    "lstm": 2 * 8,
    "qlstm": 8,
    "qlstm_rev": 8,
    "rglru": 8,
}


@pytest.mark.parametrize("name", NAMES)
def test_state_size(name):
    heads = {"heads": 2} if "heads" in MODELS[name].options else {}
    assert Mixer(name, d=8, n=4, **heads).template.state_size(length=16) == KEPT[name]
    model = model_of(RECALL, name, convolution=4, layers=3, options=heads)
    assert model.state_size() == 3 * (KEPT[name] + 3 * 8)


# -------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mixer": "S6"}, "mixer: expected one of \\d+ names, found 'S6'; did you mean 's6'"),
        ({"d": 0}, "d: expected a whole number >= 1, found 0"),
        ({"layers": 1.5}, "layers: expected a whole number >= 1, found 1.5"),
        ({"convolution": -1}, "convolution: expected a whole number >= 1, found -1"),
        ({"mlp": 0.5}, "mlp: expected a whole number >= 1, found 0.5"),
        ({"dropout": 1.0}, r"dropout: expected a share in \[0, 1\), found 1.0"),
        ({"init": 0.0}, "init: expected a number > 0, found 0.0"),
    ],
)
def test_sizes_that_make_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        Architecture(**{"mixer": "s6", "d": 8, "n": 4} | wrong)


def test_tasks_that_do_not_fit():
    with pytest.raises(ValueError, match="tied: .* as tokens, found 10 classes and no tokens"):
        model_of(SequentialDigits())
    with pytest.raises(ValueError, match="inputs: expected at most 16 steps, found 17"):
        model_of(RECALL, positions=True)(torch.zeros(1, 17, dtype=torch.int64))
    with pytest.raises(ValueError, match="d: expected a multiple of heads=3, found 8"):
        model_of(RECALL, options={"heads": 3})
