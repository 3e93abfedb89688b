"""A small sequence model around any mixer: embedding, blocks of norm, mixer and MLP, and a head.

Every model of the registry is put into the same block, so that a comparison is one of mixers. Logits are computed
only at the steps that have a label: the same loss, and at 8,192 tokens nearly all of the work saved.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

import dsf_theory.training.released as released
from dsf_theory.tasks import IGNORED, Task
from dsf_theory.training.architecture import Architecture
from dsf_theory.training.dropping import Dropout
from dsf_theory.training.mixer import Mixer

PIECES = 256
"""Labels whose logits are held at once where all would not stay in cache."""

MANY_LOGITS = 2**21
"""From how many logits on it is: half the time of the plain way at 1,024 labels of 8,192 classes."""


class SequenceModel(nn.Module):
    """Tokens or numbers in, logits of the classes at each step out.

    With x the embedding, each block is ``x + mixer(convolution(norm(x)))``, then ``x + MLP(norm(x))``; the head is
    ``W norm(x)``.

    Args:
        architecture: sizes of the model.
        task: what it is for: its tokens or channels, classes and length.
        seed: of the initial parameters.

    Raises:
        ValueError: if the head is to be tied to an embedding that does not fit.

    >>> from dsf_theory.tasks import MQAR
    >>> model = SequenceModel(Architecture(mixer="s6", d=8, n=4), MQAR(length=16, pairs=2, vocabulary=32))
    >>> model(torch.zeros(1, 16, dtype=torch.int64)).shape
    torch.Size([1, 16, 32])
    """

    def __init__(self, architecture: Architecture, task: Task, seed: int = 0):
        super().__init__()
        if architecture.tied and task.vocabulary != task.classes:
            raise ValueError(
                f"tied: expected a task with as many classes as tokens, found {task.classes} classes and "
                f"{task.vocabulary or 'no'} tokens"
            )
        self.architecture, self.length = architecture, task.length
        d, reads_tokens = architecture.d, task.vocabulary is not None
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.embedding = nn.Embedding(task.vocabulary, d) if reads_tokens else nn.Linear(task.channels, d)
            self.positions = nn.Embedding(task.length, d) if architecture.positions else None
            for table in (self.embedding, self.positions):
                if isinstance(table, nn.Embedding):
                    nn.init.normal_(table.weight, std=architecture.init)
            self.dropout = Dropout(architecture.dropout)
            self.blocks = nn.ModuleList(Block(architecture) for _ in range(architecture.layers))
            self.norm = nn.LayerNorm(d)
            self.head = nn.Linear(d, task.classes, bias=not architecture.tied)
        if architecture.tied:
            self.head.weight = self.embedding.weight
        if architecture.released:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(seed)
                released.start(self, architecture.layers)

    def forward(self, inputs: Tensor, at: Tensor | None = None) -> Tensor:
        """Logits (batch, length, classes), or (labels, classes) at some steps.

        Args:
            inputs: (batch, length), or (batch, length, channels).
            at: (labels,), the steps, counted through all rows; default all.

        Raises:
            ValueError: for more steps than there are position embeddings.
        """
        return self.head(self.features(inputs, at))

    def features(self, inputs: Tensor, at: Tensor | None = None) -> Tensor:
        """What the head reads, (batch, length, d) or (labels, d)."""
        x = self.embedding(inputs)
        if self.positions is not None:
            if x.shape[1] > self.length:
                raise ValueError(f"inputs: expected at most {self.length} steps, found {x.shape[1]}")
            x = x + self.positions.weight[: x.shape[1]]
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x if at is None else x.flatten(0, 1)[at])

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """The mean cross-entropy of the labelled steps.

        Args:
            inputs: (batch, length), or (batch, length, channels).
            labels: (batch, length), classes or ``IGNORED``.
        """
        at, labels = labelled(labels)
        x, weight, bias = self.features(inputs, at), self.head.weight, self.head.bias
        if not hasattr(nn, "LinearCrossEntropyOptions"):  # before torch 2.13
            return functional.cross_entropy(self.head(x), labels)
        many = len(x) * len(weight) >= MANY_LOGITS
        options = (
            nn.LinearCrossEntropyOptions(batch_chunk_size=PIECES, chunking_method=None) if many else None
        )
        return functional.linear_cross_entropy(x, weight, labels, linear_bias=bias, options=options)

    def scores(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The cross-entropy of each labelled step, and whether its likeliest class is the label, both (labels,)."""
        at, labels = labelled(labels)
        logits = self(inputs, at)
        return functional.cross_entropy(logits, labels, reduction="none"), logits.argmax(-1) == labels

    def state_size(self) -> int:
        """Numbers kept from one step to the next by all blocks: states, normalisers, convolutions, caches."""
        return sum(block.state_size(self.length) for block in self.blocks)


class Block(nn.Module):
    """``x + mixer(convolution(norm(x)))``, and then ``x + MLP(norm(x))`` if it has one.

    As released, the mixer is followed by its ``projection``, and the norm is added even where there is no MLP.
    """

    def __init__(self, architecture: Architecture):
        super().__init__()
        d, width, hidden = architecture.d, architecture.convolution, architecture.mlp * architecture.d
        self.norm = nn.LayerNorm(d)
        self.convolution = nn.Conv2d(d, d, (width, 1), groups=d) if width else None
        as_released, share = architecture.released, 0.0 if architecture.released else architecture.dropout
        optional = released.OPTIONAL[architecture.mixer] if as_released else None
        self.mixer = Mixer(architecture.mixer, d, architecture.n, optional=optional, **architecture.options)
        projected = as_released and architecture.mixer in released.PROJECTED
        self.projection = nn.Linear(d, d, bias=False) if projected else None
        self.dropout = Dropout(share)
        self.mlp = nn.Sequential(nn.LayerNorm(d)) if as_released and not projected else None
        if hidden:
            layers = (nn.LayerNorm(d), nn.Linear(d, hidden), nn.GELU(), nn.Linear(hidden, d))
            self.mlp = nn.Sequential(*layers, Dropout(share))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, d) -> (batch, length, d)."""
        h = self.norm(x)
        if self.convolution is not None:
            h = self.convolve(h)
        with torch.autocast(x.device.type, enabled=False):  # states add up over time: they stay in float32
            h = self.mixer(h.to(self.mixer.dtype))
        if self.projection is not None:
            h = self.projection(h)
        x = x + self.dropout(h)
        return x if self.mlp is None else x + self.mlp(x)

    def convolve(self, h: Tensor) -> Tensor:
        """``Σ_k w_k ⊙ h_{i-k} + b``; as an image of width one, whose channels torch takes as they lie."""
        width = self.convolution.kernel_size[0]
        return self.convolution(functional.pad(h, (0, 0, width - 1, 0)).mT[..., None])[..., 0].mT

    def state_size(self, length: int) -> int:
        """Numbers kept from one step to the next, over sequences of a length."""
        width = 1 if self.convolution is None else self.convolution.kernel_size[0]
        return (width - 1) * self.mixer.template.d + self.mixer.template.state_size(length)


def labelled(labels: Tensor) -> tuple[Tensor, Tensor]:
    """The steps that have a label, counted through all rows, and their labels, both (labels,).

    >>> labelled(torch.tensor([[IGNORED, 7], [8, IGNORED]]))
    (tensor([1, 2]), tensor([7, 8]))
    """
    labels = labels.flatten()
    at = (labels != IGNORED).nonzero()[:, 0]
    return at, labels[at]
