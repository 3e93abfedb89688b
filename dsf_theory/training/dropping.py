"""Dropout whose masks may be given, so that runs that train together drop what each would drop alone."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional


class Dropout(nn.Dropout):
    """Dropout with random numbers of torch's, or with masks that are given one a call.

    Attributes:
        given: where the masks come from; None for torch's random numbers.

    >>> layer = Dropout(0.5)
    >>> layer.given = iter([torch.tensor([2.0, 0.0])])
    >>> layer(torch.ones(2))
    tensor([2., 0.])
    """

    given: Iterator[Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape, some of it zero and the rest larger."""
        if not self.training or self.p == 0:
            return x
        return x * (mask(x, self.p) if self.given is None else next(self.given))


def mask(x: Tensor, share: float) -> Tensor:
    """What is dropped of x, from torch's random numbers in the order of its axes, however it lies in memory."""
    return functional.dropout(torch.ones_like(x, memory_format=torch.contiguous_format), share)


def dropouts(model: nn.Module) -> list[Dropout]:
    """The layers of a model that drop something in training."""
    return [part for part in model.modules() if isinstance(part, Dropout) and part.p > 0]


def masks(layers: list[Dropout], seed: int, like: Tensor) -> Tensor:
    """(layers, *like): what the layers of a model drop of arrays of one shape, one after the other from one seed.

    Changes the state of torch's generator.
    """
    torch.manual_seed(seed)
    drawn = [mask(like, layer.p) for layer in layers]
    return torch.stack(drawn) if drawn else like.new_ones(0, *like.shape)
