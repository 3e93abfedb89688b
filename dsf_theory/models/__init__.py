"""The models, each defined once, and the registry ``MODELS`` of their names."""

from dsf_theory.models.attention import SoftmaxAttention
from dsf_theory.models.base import MODELS, Model, NoFiniteSystemError
from dsf_theory.models.declaration import Option, Parameter
from dsf_theory.models.expansion import FavorAttention, TaylorAttention
from dsf_theory.models.rnn import LSTM, QLSTM, RGLRU, QLSTMReversed
from dsf_theory.models.selective import S6, S6_2, SSD
from dsf_theory.models.separable import LinearAttention, LinearAttentionELU, NormAttention, SeparableAttention
from dsf_theory.models.ssm import LRU, S4, S4D, S5

__all__ = [
    "MODELS",
    "Model",
    "NoFiniteSystemError",
    "Option",
    "Parameter",
    "SoftmaxAttention",
    "LinearAttention",
    "LinearAttentionELU",
    "SeparableAttention",
    "NormAttention",
    "TaylorAttention",
    "FavorAttention",
    "S4D",
    "S4",
    "S5",
    "LRU",
    "S6",
    "S6_2",
    "SSD",
    "LSTM",
    "QLSTM",
    "QLSTMReversed",
    "RGLRU",
]
