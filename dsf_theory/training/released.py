"""The block of the paper's released code: which projections and biases it has, and how its weights start.

Around softmax, linear and normalised attention all four projections have biases, and where there is no MLP the norm
before it is added to the stream all the same, ``x + norm(x)``. Around S6 and its variant there is one projection more,
without bias, and no second norm. In training the embedding alone is dropped; the weights of attention, a tenth of
which the released code drops too, are not dropped here. The quasi-LSTM's released block (twice the channels, a
convolution, a second gate) is not rebuilt.

Every linear map and embedding starts from a normal distribution of standard deviation 0.02, those that write to the
stream from a narrower one, and every bias from zero. That overwrites the start of the steps in S6 and its variant:
whatever their own code draws, Δ starts at about log 2.

Source: github.com/IntelligentControlSystems/dsf-mqar, ``zoology/model.py`` and ``zoology/mixers``.
"""

import math

from torch import nn

from dsf_theory.training.mixer import Mixer

OPTIONAL = {
    "softmax_attention": ("W_o", "b_q", "b_k", "b_v", "b_o"),
    "linear_attention": ("W_o", "b_q", "b_k", "b_v", "b_o"),
    "linear_attention_elu": ("W_o", "b_q", "b_k", "b_v", "b_o"),
    "norm_attention": ("W_o", "b_q", "b_k", "b_v", "b_o", "b_eta"),
    "s6": ("b_delta",),
    "s6_2": ("b_delta",),
}
"""Mixers that have a released block -> the optional parameters that they have there."""

PROJECTED = ("s6", "s6_2")
"""Those whose output passes through a linear map more."""

STD = 0.02


def start(model: nn.Module, layers: int) -> None:
    """Give a sequence model of released blocks the weights from which it starts, from torch's generator.

    Norms, poles and skips stay as they are: the released code draws linear maps and embeddings alone.

    Args:
        model: with ``blocks``.
        layers: number of blocks; what writes to the stream starts from a standard deviation of 0.02 / √(2 layers).
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=STD)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, Mixer):
            for name, parameter in module.raw.items():
                if name.startswith("b_"):
                    nn.init.zeros_(parameter)
                elif name[:2] in ("W_", "w_"):
                    nn.init.normal_(parameter, std=STD)
    for block in model.blocks:
        for weight in writers(block):
            nn.init.normal_(weight, std=STD / math.sqrt(2 * layers))


def writers(block: nn.Module) -> list[nn.Parameter]:
    """The matrices of a block whose products are added to the stream."""
    found = [block.projection.weight] if block.projection is not None else [block.mixer.raw["W_o"]]
    maps = [module for module in block.mlp or () if isinstance(module, nn.Linear)]
    return found + [maps[-1].weight] if maps else found
