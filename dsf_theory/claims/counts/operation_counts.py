"""The claim ``operation-counts``: what each form of evaluation costs in multiplications."""

import numpy as np

from dsf_theory.claims.claim import Claim
from dsf_theory.studies.costs import multiplications

claim = Claim(
    id="operation-counts",
    title="What each form of evaluation costs.",
    statement="For un-normalised linear attention the recurrence takes $(3L - 1)nd$ multiplications, the scan $nd(4L "
    "- log₂ L - 2)$ where $L$ is a power of two, the kernel form $L²(n + d + 1)$, and the chunked form "
    "grows linearly in $L$. The recurrence is the cheaper once $L$ is above about $3nd/(n + d + 1)$.",
    latex=r"(3L - 1)\,nd, \qquad nd\,(4L - \log_2 L - 2), \qquad L^2 (n + d + 1)",
    source="counted here; orders as in Sieber et al. 2024",
    models=("linear_attention",),
    notebook="01_the_framework",
)

GRID = [(length, c, e) for length in (4, 8, 16) for c in (2, 3, 5) for e in (1, 2, 4)]


def count(form: str) -> np.ndarray:
    """Multiplications of a form at every size of the grid."""
    return np.array([multiplications(length, c, e)[form] for length, c, e in GRID], dtype=object)


@claim.step("Recurrence, scan and kernel form, at sizes that determine the polynomials", "identity")
def polynomials():
    L, channels, expansion = (np.array(part, dtype=object) for part in zip(*GRID, strict=True))
    depth = np.array([int(length).bit_length() - 1 for length in L], dtype=object)
    yield count("recurrent"), (3 * L - 1) * expansion * channels
    yield count("scan"), expansion * channels * (4 * L - depth - 2)
    yield count("convolutional"), L**2 * (expansion + channels + 1)


@claim.step("The chunked form grows linearly: its second difference vanishes", "identity")
def linear():
    for form, change in (("chunked", 0), ("convolutional", 2 * 64**2 * (2 + 3 + 1))):
        first, second, third = (multiplications(64 * k, 3, 2, chunk=8)[form] for k in (1, 2, 3))
        yield third - 2 * second + first, change


@claim.numbers("The length at which the recurrence becomes the cheaper, by counting")
def crossing(_rng):
    cheaper = [
        c["recurrent"] < c["convolutional"] for c in (multiplications(L, 8, 8, chunk=4) for L in range(1, 20))
    ]
    root = (3 * 64 + np.sqrt((3 * 64) ** 2 - 4 * 17 * 64)) / (2 * 17)  # of L²(n + d + 1) = (3L - 1)nd
    return cheaper.index(True) + 1 - np.ceil(root)


claim.hypothesis(
    "the sequence is long",
    r"L > \frac{3nd}{n + d + 1}",
    violation=lambda length: np.maximum(0.0, 3 * 64 / 17 - length),
    holds=16,
    dropped=4,
)(
    lambda length: np.maximum(
        0.0, multiplications(length, 8, 8)["recurrent"] / multiplications(length, 8, 8)["convolutional"] - 1
    )
)
