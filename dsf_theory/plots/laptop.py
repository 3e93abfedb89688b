"""Figures of notebook 09 that take longer to train than a reader waits: drawn from results that were kept."""

from matplotlib.figure import Figure

from dsf_theory.experiments.records import summary
from dsf_theory.experiments.results import kept
from dsf_theory.plots.experiments import draw
from dsf_theory.plots.seeds import colours, guess, name_ends, share
from dsf_theory.plots.style import new_figure, picture


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
    alt="Two panels. Left, the accuracy of recall of 8 pairs against the state expansion, for linear attention, plain "
    "and with ELU + 1 and the row sum, and for softmax attention: a dot for each of eight seeds, hollow where it "
    "stayed at guessing, and lines through the medians. Right, the same against the numbers kept from step to step.",
)
def state_expansion():
    """Recall against n."""
    return at_laptop("state-expansion")


@picture(
    "09_reversed_sigmoid",
    alt="A row for softmax attention and for the quasi-LSTM with and without the reversed sigmoid, each with three "
    "memories at the start: the accuracy of recall of 4 pairs, eight seeds as dots and their median as a bar.",
)
def reversed_sigmoid():
    """Recall with two gates and three starts."""
    return at_laptop("reversed-sigmoid")


@picture(
    "09_features",
    alt="A table of recall of 8 pairs: a row for the features identity and ELU + 1, a column for no normaliser, the "
    "row sum and exp, with the median of eight seeds as a colour and in numbers. The identity with row sums is left "
    "out: it divides by zero.",
)
def features():
    """Recall with two feature maps and three normalisers."""
    return at_laptop("features")


@picture(
    "09_smallest",
    alt="The accuracy over the epochs of training at the smallest setting of the paper, for five models, three seeds "
    "each at the better of two learning rates. Normalised attention and the authors' variant of S6 rise to nearly one "
    "with most seeds, softmax attention with two of three, S6 to four in five; linear attention with ELU + 1 ends "
    "below one half with all.",
)
def smallest():
    """The paper's models at its smallest setting, trained with the published blocks and starts."""
    found = [one for one in summary(kept("smallest", "paper").rows) if one.task.pairs == 4]
    figure, shades = new_figure(8.5, 3.1), colours(one.variant for one in found)
    axes, data = figure.subplots(), {}
    for one in found:
        for row in one.rows:
            steps, _, hits = zip(*row.curve, strict=True)
            epochs = [step / row.trial.recipe.every for step in steps]
            axes.plot(epochs, hits, color=shades[one.variant], lw=1.3, alpha=0.8)
            axes.plot(epochs[-1], hits[-1], "o", ms=4, color=shades[one.variant])
            data[f"{one.variant.label}; rate = {one.rate:.3g}; seed {row.seed}"] = hits
    share(axes)
    guess(axes, found[0].guessing)
    name_ends(axes, {one.variant: one.median for one in found}, shades, gap=0.11)
    axes.set(
        xlabel="epochs of 100,000 rows; a run ends where it answers 99 %",
        ylabel="accuracy on the test set",
        title="MQAR, 64 steps, 4 pairs, 8,192 tokens; d = 64, n = 64",
    )
    return figure, data
