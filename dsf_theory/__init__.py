"""The Dynamical Systems Framework: attention, state space models and recurrent networks as one linear system.

Each model of the framework is defined once, as a map from parameters and inputs to a structured
linear time-varying system

    h_i = Λ_i h_{i-1} + B_i u_i,    y_i = C_i h_i + D_i u_i,

and read three times: by SymPy (a derivation), by NumPy (the float64 truth) and by torch (a layer that trains).

Source: Sieber, Amo Alonso, Didier, Zeilinger, Orvieto, "Understanding the Differences in Foundation Models:
Attention, State Space Models, and Recurrent Neural Networks", NeurIPS 2024 (arXiv 2405.15731).
"""

from importlib import import_module

__version__ = "0.1.0"

# Public name -> the module that defines it. Nothing is imported until it is used.
_EXPORTS = {
    "System": "system",
    "Gauge": "system",
    "MODELS": "models",
    "Model": "models",
    "NoFiniteSystemError": "models",
    "SoftmaxAttention": "models",
    "LinearAttention": "models",
    "LinearAttentionELU": "models",
    "SeparableAttention": "models",
    "NormAttention": "models",
    "TaylorAttention": "models",
    "FavorAttention": "models",
    "S4D": "models",
    "S4": "models",
    "S5": "models",
    "LRU": "models",
    "S6": "models",
    "S6_2": "models",
    "SSD": "models",
    "LSTM": "models",
    "QLSTM": "models",
    "QLSTMReversed": "models",
    "RGLRU": "models",
    "realise": "realisation",
    "Realisation": "realisation",
    "sufficient_states": "realisation",
    "hankel_singular_values": "hankel",
    "minimal_dimensions": "hankel",
    "separable_dimension": "hankel",
    "minimal_feedthrough": "hankel",
    "kernel_error": "bounds",
    "lower_bound": "bounds",
    "lower_bound_states": "bounds",
    "truncation_bound": "bounds",
    "TruncationBound": "bounds",
    "sufficient_order": "bounds",
    "guaranteed_states": "bounds",
    "SharedState": "shared_state",
    "Mixer": "mixer",
    "Architecture": "language",
    "SequenceModel": "language",
    "Recipe": "recipe",
    "Run": "laboratory",
    "LearnedFeatures": "features.learned",
    "GLOSSARY": "notation",
    "glossary": "notation",
    "symbols": "symbolic",
    "evaluate": "symbolic",
    "show": "symbolic",
    "formula": "symbolic",
}
_MODULES = (
    "claims",
    "experiments",
    "features",
    "forms",
    "models",
    "notation",
    "plots",
    "symbolic",
    "tasks",
    "widgets",
)

__all__ = [*_EXPORTS, *_MODULES, "__version__"]


def __getattr__(name: str):
    if name in _EXPORTS:
        value = getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
