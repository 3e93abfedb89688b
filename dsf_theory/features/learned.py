"""Feature maps whose arrays train with a :class:`~dsf_theory.Mixer`."""

import torch
from torch import Tensor, nn

from dsf_theory.arrays import Array


class LearnedFeatures(nn.Module):
    """A feature map ``φ(x) = function(x, **arrays)`` whose arrays are trained.

    As φ or ψ of ``Mixer("separable_attention", ...)`` it becomes a part of the layer: its arrays are among the layer's
    parameters, in the layer's precision.

    Args:
        function: a feature map over any array library, such as :func:`~dsf_theory.features.hedgehog`.
        **arrays: its further arguments to start from.

    >>> import numpy as np
    >>> from dsf_theory.features import hedgehog
    >>> phi = LearnedFeatures(hedgehog, weight=np.eye(4))
    >>> phi(torch.zeros(2, 4, dtype=torch.float64)).shape
    torch.Size([2, 8])
    """

    def __init__(self, function, **arrays: Array):
        super().__init__()
        self.function = function
        self.arrays = nn.ParameterDict(
            {name: torch.as_tensor(value).clone() for name, value in arrays.items()}
        )

    def forward(self, x: Tensor) -> Tensor:
        """φ(x) (..., n) of x (..., m)."""
        return self.function(x, **{name: array.to(x.dtype) for name, array in self.arrays.items()})

    def extra_repr(self) -> str:
        """The function."""
        return getattr(self.function, "__name__", repr(self.function))
