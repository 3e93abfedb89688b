"""The folders of the clone that commands read and write, and the scales that they know."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURES, DATA, NOTEBOOKS, RESULTS = (
    ROOT / name for name in ("figures", "figures/data", "notebooks", "results")
)
PRESETS = ("notebook", "laptop", "paper")
"""The scales of experiments; here too, since the command line knows them before it loads the experiments."""
