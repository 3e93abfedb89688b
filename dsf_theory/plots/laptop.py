"""Figures of notebook 09 that take longer to train than a reader waits: drawn from results that were kept."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dsf_theory.experiments.records import summary
from dsf_theory.experiments.results import kept
from dsf_theory.plots.experiments import draw
from dsf_theory.plots.seeds import COLOURS, GUIDE, share
from dsf_theory.plots.style import MUTED, new_figure, picture


def at_laptop(name: str) -> tuple[Figure, dict]:
    """The figure of an experiment at its laptop scale, and the accuracies that are in it."""
    rows = kept(name, "laptop").rows
    data = {
        f"{one.variant.label}; {one.task.label}; d = {one.d}, n = {one.n}, rate = {one.rate:g}": one.accuracies
        for one in summary(rows)
    }
    return draw(name, rows), data


@picture(
    "09_state_expansion",
    alt="Two panels. Left, the accuracy of recall of 16 pairs against the state expansion, for linear attention and "
    "softmax attention: a dot for each of three seeds, hollow where it stayed at guessing, and lines through the "
    "middle ones. Right, the same against the numbers kept from step to step.",
)
def state_expansion():
    """Recall against n."""
    return at_laptop("state-expansion")


@picture(
    "09_models",
    alt="Two panels. Left, the accuracy of recall of 8 pairs against the channels, for softmax, normalised and "
    "linear attention, S6 and SSD, a dot for each of three seeds. Right, the same against the numbers kept.",
)
def models():
    """Recall of five models against d."""
    return at_laptop("models")


@picture(
    "09_reversed_sigmoid",
    alt="Three panels, for induction heads over 32, 64 and 128 steps: the accuracy of the quasi-LSTM with and "
    "without the reversed sigmoid over the steps of training, three seeds each and their mean.",
)
def reversed_sigmoid():
    """Induction heads, with two gates."""
    return at_laptop("reversed-sigmoid")


@picture(
    "09_normalisers",
    alt="Two panels, for two and eight states: a row for linear attention and for normalised attention with exp, "
    "softplus and sigmoid, with the accuracy of each of three seeds as a dot and their mean as a bar.",
)
def normalisers():
    """Recall with three normalisers and without one."""
    return at_laptop("normalisers")


@picture(
    "09_heat_map",
    alt="Three tables, for 4, 8 and 16 pairs: the accuracy of linear attention for each number of channels and "
    "states, as a colour and in numbers, with the range of three seeds.",
)
def heat_map():
    """Recall over tasks, channels and states."""
    return at_laptop("heat-map")


@picture(
    "09_sequences",
    alt="Three panels, for digits, ListOps and text: a row for each of seven models, with the accuracy of each of "
    "three seeds as a dot and their mean as a bar.",
)
def sequences():
    """Images, expressions and text."""
    return at_laptop("sequences")


@picture(
    "09_smallest",
    alt="The accuracy over the epochs of training at the smallest setting of the paper, one run of each model. "
    "Softmax attention rises within four epochs to nearly one. Linear attention stays near one in four for several "
    "epochs, the accuracy of guessing among the values of a row, and then rises to nearly one too.",
)
def smallest():
    """The paper's smallest setting, trained in full."""
    figure, data = new_figure(8.5, 2.7), {}
    axes = figure.subplots()
    for row in kept("smallest", "paper").rows:
        steps, _, hits = zip(*row.curve, strict=True)
        epochs = [step / steps[0] for step in steps]
        colour, words = COLOURS[row.variant], row.variant.label
        axes.plot([0, *epochs], [0, *hits], "-o", ms=4, color=colour)
        end = {"xy": (epochs[-1], hits[-1]), "xytext": (6, 0), "textcoords": "offset points"}
        axes.annotate(words, **end, va="center", color=colour)
        data[words] = hits
    share(axes)
    axes.axhline(0.25, **GUIDE)
    axes.annotate("guessing", (0, 0.25), (4, 3), textcoords="offset points", color=MUTED, fontsize=8)
    axes.set(
        xlabel="epochs of 100,000 rows",
        ylabel="accuracy on the test set",
        title="MQAR, 64 steps, 4 pairs, 8,192 tokens",
    )
    axes.set_xlim(0, 1.25 * max(map(len, data.values())))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure, data
