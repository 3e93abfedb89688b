"""The paper's experiments: declared, swept, stored, summed up and judged."""

from dsf_theory.experiments.declared import EXPERIMENTS, PRESETS, Experiment, experiment

__all__ = ["EXPERIMENTS", "PRESETS", "Experiment", "experiment"]
