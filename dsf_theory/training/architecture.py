"""The sizes of a sequence model, :class:`Architecture`, and what of them makes it another model, :class:`Variant`."""

from dataclasses import dataclass, field
from typing import NamedTuple

import dsf_theory.training.released as released
from dsf_theory.arrays import checks
from dsf_theory.models import MODELS

OPTION_WORDS = {
    "eta": "η = {}",
    "feature_map": "φ = {}",
    "memory": "memory {}",
    "coupled": "coupled: {}",
}
"""Option of a mixer -> how the reader knows it; others go by their name."""

VALUES = {"elu_plus_one": "ELU + 1", "one": "1", "row_sum": "row sum", True: "yes", False: "no"}
"""Value of an option -> how the reader knows it."""


class Variant(NamedTuple):
    """A mixer with the options that make it another model, whatever its sizes: what a curve or a colour stands for.

    Attributes:
        mixer: registry name.
        options: names and values, sorted; the number of heads is a size and left out.

    >>> Variant("norm_attention", (("eta", "exp"),)).label
    'normalised attention, η = exp'
    """

    mixer: str
    options: tuple[tuple[str, object], ...] = ()

    @property
    def label(self) -> str:
        """What a reader is told of it: the model, then its options."""
        told = (
            OPTION_WORDS.get(name, f"{name} = {{}}").format(
                VALUES.get(value, value) if isinstance(value, str | bool) else value
            )
            for name, value in self.options
        )
        return ", ".join((MODELS[self.mixer].title, *told))


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The sizes of a sequence model; the defaults are a bare stack of mixers.

    Args:
        mixer: registry name.
        d: channels.
        n: state expansion of each channel (the key size of one head of attention).
        layers: number of blocks.
        convolution: width of the causal convolution of each channel before a mixer; 0 for none.
        positions: whether learned position embeddings are added to the tokens.
        mlp: width of the MLP after each mixer, in multiples of d; 0 for none.
        dropout: share of activations dropped in training, at the embedding and after each mixer and MLP.
        tied: whether the head's weights are the embedding's; needs as many classes as tokens.
        init: standard deviation of the embeddings when training starts.
        options: of the mixer, such as ``{"heads": 2}``.
        released: whether blocks and their start are those of the paper's released code, see
            :mod:`dsf_theory.training.released`.

    Raises:
        ValueError: for an unknown mixer or a size out of range, or one that has no released block.

    >>> Architecture(mixer="s6", d=8, n=4).layers
    2
    """

    mixer: str
    d: int
    n: int
    layers: int = 2
    convolution: int = 0
    positions: bool = False
    mlp: int = 0
    dropout: float = 0.0
    tied: bool = True
    init: float = 0.02
    options: dict = field(default_factory=dict, hash=False)
    released: bool = False

    def __post_init__(self):
        checks.known("mixer", self.mixer, MODELS)
        checks.positive_size(d=self.d, n=self.n, layers=self.layers)
        if self.released:
            checks.choice("mixer", self.mixer, tuple(released.OPTIONAL))
        for name in ("convolution", "mlp"):
            if getattr(self, name) != 0:
                checks.positive_size(**{name: getattr(self, name)})
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout: expected a share in [0, 1), found {self.dropout!r}")
        if not self.init > 0:
            raise ValueError(f"init: expected a number > 0, found {self.init!r}")

    @property
    def variant(self) -> Variant:
        """The mixer and its options, without any sizes."""
        return Variant(self.mixer, tuple(sorted(o for o in self.options.items() if o[0] != "heads")))
