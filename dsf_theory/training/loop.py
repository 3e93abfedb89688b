"""Training: one plain loop for every layer, and layers evaluated as another model than their own."""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import torch
from torch import Tensor, nn

from dsf_theory.arrays import checks
from dsf_theory.models import Model
from dsf_theory.training.mixer import Mixer


def train(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    steps: int,
    learning_rate: float = 1e-3,
    *,
    weight_decay: float = 0.0,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.mse_loss,
) -> Iterator[tuple[int, float]]:
    """Train a layer with AdamW; yield each step and its loss, before the parameters move.

    Parameters that do not require a gradient stay as they are. Whoever reads the losses may stop early, look at the
    model between two steps, or draw.

    Args:
        model: any torch module from inputs to predictions.
        batches: pairs of inputs and targets; one is taken for each step.
        steps: number of steps, at most.
        learning_rate: of AdamW.
        weight_decay: of AdamW.
        loss: of predictions and targets, a scalar.

    Raises:
        ValueError: for a number of steps below one.
        FloatingPointError: at a loss that is not finite.

    >>> layer, u = nn.Linear(2, 1, bias=False), torch.eye(2)
    >>> losses = [value for _, value in train(layer, [(u, u[:, :1])] * 300, steps=300, learning_rate=0.1)]
    >>> losses[-1] < 1e-6
    True
    """
    checks.positive_size(steps=steps)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=weight_decay)
    for step, (inputs, targets) in enumerate(islice(batches, steps)):
        value = loss(model(inputs), targets)
        if not torch.isfinite(value):
            raise FloatingPointError(f"loss: expected a finite number, found {value.item()} at step {step}")
        optimiser.zero_grad()
        value.backward()
        yield step, value.item()
        optimiser.step()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one core meanwhile: small layers lose more by sharing their work than they gain.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Rewritten(nn.Module):
    """A layer with the parameters of a given one, evaluated as another model through the kernel of that model.

    Args:
        layer: whose parameters are copied.
        rewrite: ``(model, u) -> model``, the model to evaluate in place of the layer's own; see
            :mod:`dsf_theory.models.rewriting`.

    >>> from dsf_theory.models.rewriting import ssd_as_attention
    >>> ssd, u = (
    ...     Mixer("ssd", d=4, n=2, heads=1, dtype=torch.float64),
    ...     torch.ones(1, 3, 4, dtype=torch.float64),
    ... )
    >>> _ = ssd.raw["D"].data.zero_()
    >>> torch.allclose(Rewritten(ssd, ssd_as_attention)(u), ssd(u), rtol=1e-12)
    True
    """

    def __init__(self, layer: Mixer, rewrite: Callable[[Model, Tensor], Model]):
        super().__init__()
        self.layer, self.rewrite = copy.deepcopy(layer), rewrite

    def forward(self, u: Tensor) -> Tensor:
        """y (batch, length, d) of u (batch, length, d), every output a weighted sum over the inputs so far."""
        return self.rewrite(self.layer.model, u).system(u).convolutional()
