"""Figures of attention as a dynamical system, and the Taylor features of softmax."""

from math import comb

import numpy as np

from dsf_theory.models import LinearAttention, NormAttention, SoftmaxAttention
from dsf_theory.plots.style import BLUE, GREEN, INK, MUTED, PURPLE, VERMILION, new_figure, picture


def queries_then_keys(model: type, m: int, **options):
    """A model with one head whose queries are the first m channels of u and whose keys are the last m."""
    eye, none = np.eye(m), np.zeros((m, m))
    return model(W_q=np.hstack([eye, none]), W_k=np.hstack([none, eye]), W_v=np.eye(2 * m), **options)


def softmax_and_input(m: int, length: int, seed: int, temperature: float = 1.0):
    """Softmax attention with normal queries and keys of size m, and an input of it."""
    model = queries_then_keys(SoftmaxAttention, m, scale=1 / (temperature * np.sqrt(m)))
    return model, np.random.default_rng(seed).normal(size=(length, 2 * m))


def past_to_future(P: np.ndarray) -> np.ndarray:
    """Singular values of ``P[i:, :i+1]`` at half the length: what the past tells the future."""
    i = len(P) // 2
    return np.linalg.svd(P[i:, : i + 1], compute_uv=False)


def taylor_error(m: int, order: int, temperature: float, length: int = 64) -> float:
    """Largest L1 error of a row of the softmax matrix when its exponential is cut off after ``order``."""
    model, u = softmax_and_input(m, length, 0, temperature)
    q, k = (part[:, 0] for part in model.queries_keys(u))
    series = [np.ones((length, length))]
    for p in range(1, order + 1):
        series.append(series[-1] * (q @ k.T) / p)
    cut = np.tril(sum(series))
    cut /= cut.sum(axis=1, keepdims=True)
    return float(np.abs(cut - model.probabilities(u)[0]).sum(axis=1).max())


def label_ends(axes, x, curves: dict[str, tuple[float, str]]) -> None:
    """Names at the right ends of curves, name -> (height, colour)."""
    for name, (height, colour) in curves.items():
        axes.annotate(
            name, (x, height), (5, 0), textcoords="offset points", va="center", color=colour, fontsize=8.5
        )


@picture(
    "02_eta_and_lambda",
    alt="Three panels over 48 steps for normalised attention with exp, softplus and sigmoid. Left, the "
    "normalisers eta, which differ by up to an order of magnitude. Middle, their transitions, eta of the "
    "step before over eta, in the basis of the paper: each wanders above and below one, while a dashed "
    "line marks the output basis, where all three are one. Right, the output of the model with exp: dots "
    "from the output basis lie on the line from the basis of the paper.",
)
def eta_and_lambda():
    """One kernel in two bases: the transitions of three normalisers, and the transition 1 of all three."""
    rng = np.random.default_rng(195)
    u = rng.normal(size=(48, 4))
    for i in range(1, len(u)):
        u[i] = 0.8 * u[i - 1] + 0.6 * u[i]
    weights = {"W_q": rng.normal(size=(2, 4)) / 2, "W_k": rng.normal(size=(2, 4)) / 2, "W_v": np.eye(4)}
    weights |= {"W_eta": np.array([[0.9, -0.7, 0.5, 0.3]])}
    figure = new_figure(8.5, 2.9)
    left, middle, right = figure.subplots(1, 3, gridspec_kw={"wspace": 0.08})
    steps, data, ends = np.arange(len(u)), {}, {}
    for act, colour in (("sigmoid", GREEN), ("softplus", VERMILION), ("exp", BLUE)):
        system = NormAttention(**weights, eta=act).system(u)
        eta, ratio = np.exp(-system.gauge.log.ravel()), system.Lambda[1:, 0, 0]
        left.plot(steps, eta, color=colour)
        middle.plot(steps[1:], ratio, color=colour)
        ends[act] = (eta[-1], colour)
        data |= {f"eta_{act}": eta, f"lambda_{act}": ratio}
    for name, basis in (("paper", system), ("output", system.in_gauge(None))):
        data[f"y_{name}"] = np.einsum("ijab,jb->ia", basis.product_kernel(), u)[:, 0]
    label_ends(left, steps[-1], ends)
    middle.axhline(1, color=INK, lw=1.2, ls=(0, (4, 2)))
    label_ends(middle, steps[-1], {"output\nbasis": (1, INK)})
    right.plot(steps, data["y_paper"], color=BLUE, label="basis of the paper")
    right.plot(steps, data["y_output"], "o", ms=3, color=INK, label="output basis")
    right.legend(loc="upper left", borderaxespad=0, handlelength=1.4)
    titles = r"Three normalisers $\eta_i$", r"Three $\Lambda_i$, or $\Lambda_i=1$", "One output"
    for axes, title in zip((left, middle, right), titles, strict=True):
        axes.set(title=title, xlabel="step $i$", xlim=(-1, 48))
    for axes, limits in ((left, (0.1, 20)), (middle, (0.08, 12))):
        axes.set(yscale="log", ylim=limits)
    middle.set(ylabel=r"$\Lambda_i=\eta_{i-1}/\eta_i$")
    right.set(ylabel="$y_i$, first channel, with exp")
    return figure, data


@picture(
    "02_infinite_states",
    alt="Left, singular values of the block of the kernel that leads from the first half of 64 steps to the "
    "second. Linear attention with four features has four, then zeros; those of softmax attention fall "
    "slowly, and none of the 32 is zero. Right, the number of states against length, both axes "
    "logarithmic: half the length for exact softmax attention, at least 36 at length 256 for an error of "
    "0.01, at least 12 for 0.1, and four for linear attention at every length.",
)
def infinite_states():
    """Singular values between past and future, and the states that length and accuracy ask for."""
    m, lengths, errors = 4, np.array([8, 16, 32, 64, 128, 256]), {"0.01": VERMILION, "0.1": PURPLE}
    values = {}
    for length in lengths:
        pairs = [softmax_and_input(m, length, seed) for seed in range(9)]
        values[length] = [past_to_future(model.probabilities(u)[0]) for model, u in pairs]
    softmax = values[64][0]
    linear = past_to_future(queries_then_keys(LinearAttention, m).system(pairs[0][1][:64]).weights()[0, 0])
    assert linear[m] < 1e-12 * linear[0] < 1e-6 < softmax[-1]
    data = {"lengths": lengths, "softmax": softmax / softmax[0], "linear": linear[:m] / linear[0]}
    figure = new_figure(8.5, 2.8)
    left, right = figure.subplots(1, 2)
    index = np.arange(1, len(softmax) + 1)
    left.semilogy(index, data["softmax"], "o-", ms=3, color=BLUE)
    left.semilogy([*index[: m + 1]], [*data["linear"], 1e-12], "s-", ms=4, color=GREEN)
    left.annotate("softmax attention:\nnone of 32 is zero", (15.5, 0.06), color=BLUE)
    left.annotate("linear attention, $n=4$:\nzero from the fifth on", (5.6, 4e-6), color=GREEN)
    left.set(title="What the past can tell the future", ylim=(1e-6, 2.5), xlim=(0, 33))
    left.minorticks_off()
    left.set(xlabel=r"index $k$", ylabel=r"singular value $\sigma_k/\sigma_1$")
    curves = {"exact: $L/2$": (lengths / 2, BLUE)}
    for name, colour in errors.items():
        data[f"states_{name}"] = np.array(
            [np.median([(v > float(name)).sum() for v in values[n]]) for n in lengths]
        )
        curves[f"error {name}: at least {data[f'states_{name}'][-1]:.0f}"] = (data[f"states_{name}"], colour)
    curves["linear attention: 4"] = (np.full(len(lengths), 4.0), GREEN)
    for name, (states, colour) in curves.items():
        right.loglog(lengths, states, "s-" if "linear" in name else "o-", ms=3.5, color=colour)
        label_ends(right, lengths[-1], {name: (states[-1], colour)})
    right.set(title="Exactness costs half the length", xlabel="length $L$", ylabel="states per channel $n$")
    right.set_xticks(lengths, lengths, minor=False)
    right.set_yticks([4, 8, 16, 32, 64, 128], [4, 8, 16, 32, 64, 128])
    right.minorticks_off()
    return figure, data


@picture(
    "02_taylor",
    alt="Left, the largest row error of softmax attention with Taylor features against their even order, for "
    "key size 4 and length 64 on a logarithmic axis. At temperature 2 the error falls from the start, at "
    "1/2 only after order twelve. Right, the number of features for an error of one percent against key "
    "size, both axes logarithmic: from about ten at key size 1 to 75 thousand, 5 million and 2 billion at"
    " key size 16.",
)
def taylor():
    """Error of softmax attention with Taylor features against their order, and what one percent costs."""
    orders, sizes = np.arange(0, 21, 2), np.array([1, 2, 4, 8, 16])
    data = {"order": orders, "key_size": sizes}
    figure = new_figure(8.5, 2.9)
    left, right = figure.subplots(1, 2)
    curves = (
        (0.5, "1/2", VERMILION, (12.6, 0.35)),
        (1.0, "1", BLUE, (15.4, 1e-5)),
        (2.0, "2", GREEN, (4.1, 3e-7)),
    )
    for temperature, name, colour, at in curves:
        errors = np.array([taylor_error(4, p, temperature) for p in orders])
        needed = [next(p for p in range(0, 60, 2) if taylor_error(m, p, temperature) <= 0.01) for m in sizes]
        features = np.array([comb(m + p, p) for m, p in zip(sizes, needed, strict=True)], dtype=float)
        left.semilogy(orders, errors, "o-", ms=3.5, color=colour)
        left.annotate(f"temperature {name}", at, color=colour)
        right.loglog(sizes, features, "o-", ms=3.5, color=colour)
        label_ends(right, sizes[-1], {f"temperature {name}": (features[-1], colour)})
        data |= {f"error_{temperature}": errors, f"features_{temperature}": features}
    left.axhline(0.01, color=MUTED, lw=0.8, ls=(0, (4, 2)))
    left.annotate("one percent", (12.7, 0.0042), color=MUTED, fontsize=8)
    left.set(
        title="Hot softmax is nearly a polynomial",
        ylabel="largest $L_1$ error of a row",
        ylim=(1e-8, 4),
        xlim=(-1, 22),
    )
    left.set_xticks(orders[::2], [f"{p}\n{comb(4 + p, p):,}" for p in orders[::2]])
    left.set_xlabel("even order $p$, and number of features for $m=4$")
    right.set(title="The price of one percent", xlabel="key size $m$")
    right.set(ylabel=r"features $\binom{m+p}{p}$")
    right.set_xticks(sizes, sizes)
    for axes in (left, right):
        axes.minorticks_off()
    return figure, data
