"""The Dynamical Systems Framework: attention, state space models and recurrent networks as one linear system.

Each model of the framework is defined once, as a map from parameters and inputs to a structured
linear time-varying system

    h_i = Λ_i h_{i-1} + B_i u_i,    y_i = C_i h_i + D_i u_i,

and read three times: by SymPy (a derivation), by NumPy (the float64 truth) and by torch (a layer that trains).

Source: Sieber, Amo Alonso, Didier, Zeilinger, Orvieto, "Understanding the Differences in Foundation Models:
Attention, State Space Models, and Recurrent Neural Networks", NeurIPS 2024 (arXiv 2405.15731).
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dsf_theory.version import __version__

if TYPE_CHECKING:  # what editors and type checkers read in place of the lazy names below
    import dsf_theory.claims as claims
    import dsf_theory.experiments as experiments
    import dsf_theory.features as features
    import dsf_theory.models as models
    import dsf_theory.plots as plots
    import dsf_theory.tasks as tasks
    import dsf_theory.widgets as widgets
    from dsf_theory.features.learned import LearnedFeatures
    from dsf_theory.kernels.bounds import (
        TruncationBound,
        guaranteed_states,
        kernel_error,
        lower_bound,
        lower_bound_states,
        sufficient_order,
        truncation_bound,
    )
    from dsf_theory.kernels.hankel import (
        hankel_singular_values,
        minimal_dimensions,
        minimal_feedthrough,
        separable_dimension,
    )
    from dsf_theory.kernels.realisation import Realisation, realise, sufficient_states
    from dsf_theory.models import (
        LRU,
        LSTM,
        MODELS,
        QLSTM,
        RGLRU,
        S4,
        S4D,
        S5,
        S6,
        S6_2,
        SSD,
        FavorAttention,
        LinearAttention,
        LinearAttentionELU,
        Model,
        NoFiniteSystemError,
        NormAttention,
        Option,
        Parameter,
        QLSTMReversed,
        SeparableAttention,
        SoftmaxAttention,
        TaylorAttention,
    )
    from dsf_theory.system import Gauge, OutputGain, System, forms, notation, symbolic
    from dsf_theory.system.notation import GLOSSARY, glossary
    from dsf_theory.system.shared_state import SharedState
    from dsf_theory.system.symbolic import evaluate, formula, show, symbols
    from dsf_theory.training.mixer import Mixer
    from dsf_theory.training.recipe import Recipe
    from dsf_theory.training.run import Run
    from dsf_theory.training.sequence_model import Architecture, SequenceModel

# Public name -> the module that defines it. Nothing is imported until it is used.
_EXPORTS = {
    "System": "system",
    "Gauge": "system",
    "OutputGain": "system",
    "MODELS": "models",
    "Model": "models",
    "NoFiniteSystemError": "models",
    "Option": "models",
    "Parameter": "models",
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
    "realise": "kernels.realisation",
    "Realisation": "kernels.realisation",
    "sufficient_states": "kernels.realisation",
    "hankel_singular_values": "kernels.hankel",
    "minimal_dimensions": "kernels.hankel",
    "separable_dimension": "kernels.hankel",
    "minimal_feedthrough": "kernels.hankel",
    "kernel_error": "kernels.bounds",
    "lower_bound": "kernels.bounds",
    "lower_bound_states": "kernels.bounds",
    "truncation_bound": "kernels.bounds",
    "TruncationBound": "kernels.bounds",
    "sufficient_order": "kernels.bounds",
    "guaranteed_states": "kernels.bounds",
    "SharedState": "system.shared_state",
    "Mixer": "training.mixer",
    "Architecture": "training.sequence_model",
    "SequenceModel": "training.sequence_model",
    "Recipe": "training.recipe",
    "Run": "training.run",
    "LearnedFeatures": "features.learned",
    "GLOSSARY": "system.notation",
    "glossary": "system.notation",
    "symbols": "system.symbolic",
    "evaluate": "system.symbolic",
    "show": "system.symbolic",
    "formula": "system.symbolic",
}
# Public name -> the folder or module that it stands for.
_MODULES = {
    "claims": "claims",
    "experiments": "experiments",
    "features": "features",
    "forms": "system.forms",
    "models": "models",
    "notation": "system.notation",
    "plots": "plots",
    "symbolic": "system.symbolic",
    "tasks": "tasks",
    "widgets": "widgets",
}

__all__ = [*_EXPORTS, *_MODULES, "__version__"]


if not TYPE_CHECKING:  # which would take any name at all for a public one

    def __getattr__(name: str):
        if name in _EXPORTS:
            value = getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
        elif name in _MODULES:
            value = import_module(f"{__name__}.{_MODULES[name]}")
        else:
            from dsf_theory.arrays.names import meant

            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{meant(name, __all__)}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
