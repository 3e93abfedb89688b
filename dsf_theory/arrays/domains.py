"""The domains that numbers may have to lie in: positive, not zero, or poles of a stable system.

None stands for symbols, which pass.
"""

import numpy as np


def positive(name: str, numbers: np.ndarray | None) -> None:
    """Refuse numbers that are not positive.

    Raises:
        ValueError: with the smallest.
    """
    if numbers is not None and numbers.min() <= 0:
        raise ValueError(f"{name}: expected positive numbers, found {numbers.min():.4g}")


def stable(name: str, numbers: np.ndarray | None) -> None:
    """Refuse poles in the right half-plane.

    Raises:
        ValueError: with the largest real part.
    """
    if numbers is not None and numbers.real.max() > 0:
        raise ValueError(
            f"{name}: expected poles with Re <= 0 (a stable system), found Re = {numbers.real.max():.4g}"
        )


def stable_matrix(name: str, numbers: np.ndarray | None) -> None:
    """Refuse a matrix with eigenvalues in the right half-plane; rounding is allowed for.

    Raises:
        ValueError: with the largest real part.
    """
    if numbers is None:
        return
    triangular = not np.triu(numbers, 1).any() or not np.tril(numbers, -1).any()
    poles = np.diag(numbers) if triangular else np.linalg.eigvals(numbers)
    slack = 0 if triangular else 1e-6 * np.linalg.norm(numbers)
    if poles.real.max() > slack:
        raise ValueError(
            f"{name}: expected eigenvalues with Re <= 0 (a stable system), found Re = {poles.real.max():.4g}"
        )


def non_zero(name: str, numbers: np.ndarray | None) -> None:
    """Refuse zeros among numbers.

    Raises:
        ValueError: naming the first.
    """
    zeros = () if numbers is None else np.argwhere(numbers == 0)
    if len(zeros):
        raise ValueError(
            f"{name}: expected numbers other than zero, found 0 at index {tuple(map(int, zeros[0]))}"
        )
