"""Associative recall, trained: linear attention with more and more states, and softmax attention."""

from matplotlib.figure import Figure

from dsf_theory.plots.style import BLUE, INK, MUTED, VERMILION, new_figure, picture
from dsf_theory.studies.recall_accuracy import KEYS, LINEAR, SEEDS, TASK, TAYLOR_STATES, accuracies


@picture(
    "07_recall",
    alt="Accuracy of associative recall of six pairs against the number of states per channel, two seeds each. "
    "Linear attention rises from guessing among the six values, 0.17, with one state to 0.66 with two, 0.93 with four "
    "and 0.96 with eight. Taylor attention of order 2 with keys of size 4, which are 15 states, is right always, as "
    "is softmax attention.",
)
def recall() -> tuple[Figure, dict]:
    """Accuracy of recall against the states of linear and Taylor attention, and that of softmax attention."""
    data = accuracies()
    linear, taylor, softmax = (data[name] for name in ("linear", "taylor", "softmax"))
    states, guess = TAYLOR_STATES, 1 / TASK["pairs"]
    figure = new_figure(6.5, 2.9)
    axes = figure.subplots()
    axes.axhline(softmax.mean(), color=INK, lw=1.2, ls=(0, (4, 2)))
    axes.axhline(guess, color=MUTED, lw=0.8, ls=(0, (1, 2)))
    axes.semilogx(LINEAR, linear.mean(axis=1), color=BLUE)
    axes.semilogx(LINEAR, linear, "o", ms=4, color=BLUE, mfc="none")
    axes.semilogx([states] * len(SEEDS), taylor, "s", ms=5, color=VERMILION, mfc="none")
    axes.annotate(f"softmax attention, keys of size {KEYS}", (0.93, 1.04), color=INK, fontsize=8.5)
    axes.annotate(
        f"Taylor, order 2,\nkeys of size {KEYS}", (15, 0.95), ha="center", va="top", color=VERMILION
    )
    axes.annotate("linear attention", (2.2, 0.55), color=BLUE)
    axes.annotate("guessing one of the six values", (4.6, guess + 0.03), color=MUTED, fontsize=8)
    axes.set(title="Recall rises with the states", xlabel="states per channel $n$", xlim=(0.9, 26))
    axes.set(ylabel="share of right answers", ylim=(0, 1.15), yticks=(0, 0.25, 0.5, 0.75, 1))
    axes.set_xticks([*LINEAR, states], [*LINEAR, states])
    axes.minorticks_off()
    return figure, data
