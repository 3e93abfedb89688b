"""From a causal kernel to a smallest linear time-varying system that has it, or comes near it."""

from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from dsf_theory.arrays import Array, checks, joined
from dsf_theory.kernels.bounds import kernel_error, lower_bound_states
from dsf_theory.kernels.kernel import Kernel, as_kernel, as_numbers, positive
from dsf_theory.system import System
from dsf_theory.system.shared_state import SharedState
from dsf_theory.system.transition import Dense


@dataclass(frozen=True, eq=False)
class Realisation:
    """A system found for a kernel by :func:`realise`, before it is given an input.

    Args:
        template: the system, of input zero.
        dimensions: (length,) or (length, heads), the states in use at each step; the others are zero.
        discarded: the same shape, the norm of the singular values left out at each step.
        axes: number of axes of the kernel given.

    >>> found = realise(np.tril(1 / (1 + np.add.outer(np.arange(6), np.arange(6)))), n=2)
    >>> found.n, found.dimensions, float(found.error)
    (2, array([1, 2, 2, 2, 2, 1]), 0.00039...)
    """

    template: System
    dimensions: np.ndarray
    discarded: np.ndarray
    axes: int

    @property
    def n(self) -> int | float:
        """State expansion N / d."""
        return self.template.n

    @property
    def error(self) -> np.ndarray:
        """``‖P - P̂‖_F``, which is ``(Σ_i discarded_i²)^½`` exactly; a number, or (heads,)."""
        return np.linalg.norm(self.discarded, axis=0)

    def kernel(self) -> np.ndarray:
        """The kernel P̂ that the system has, in the shape of the kernel given."""
        if self.axes == 4:
            return self.template.kernel()
        kernels = self.template.weights()[:, 0]
        return kernels if self.axes == 3 else kernels[0]

    def system(self, u: Array, **parts: Array) -> System:
        """The system at work on an input.

        Args:
            u: (..., length, d_in), of NumPy or torch: any number of channels for a scalar kernel, a multiple of the
                heads for one kernel a head.
            **parts: further parts of a :class:`~dsf_theory.System`, of the library of u, such as the maps around
                the heads, ``value_map`` and ``output_map``, or a ``skip``.

        Raises:
            ValueError: for another length or number of channels.
        """
        xp, u = joined("u", u)
        shape, L, d_in = tuple(u.shape), self.template.length, self.template.u.shape[-1]
        if xp.name == "sympy":
            raise ValueError("u: expected numbers, found SymPy expressions")
        if shape[-2:-1] != (L,) or (self.axes == 4 and shape[-1] != d_in):
            channels = d_in if self.axes == 4 else "d"
            raise ValueError(f"u: expected shape (..., length={L}, {channels}), found {shape}")
        numbers = self.template.map(lambda part: xp.asarray(part, dtype=u.dtype, device=u.device))
        return replace(numbers, u=u, **parts)


def realise(kernel: Array, n: int | None = None, tol: float | None = None) -> Realisation:
    """The smallest system ``h_i = Λ_i h_{i-1} + B_i u_i``, ``y_i = C_i h_i`` of a causal kernel, or one near it.

    Step by step, with ``h_i = R_i u_{0..i}`` and orthonormal rows ``R_i``: what the future takes from the last state
    and the new input is ``G = P[i:, :i+1] [R_{i-1} 0; 0 1]ᵀ``, whose first right singular vectors span ``[Λ_i B_i]``.
    Without n and tol all are kept but rounding, and the kernel is met exactly, with the fewest states. With n, for a
    scalar kernel and ``H_i = P[i:, :i+1]``,

        max_i Σ_{k>n} σ_k(H_i)² <= (least error of n states)² <= ‖P - P̂‖_F² = Σ_i discarded_i² <= Σ_i σ_{n+1}(H_i)².

    The basis is input-normal: ``R_i R_iᵀ = I``, so that ``‖Λ_i‖ <= 1`` and ``‖h_i‖ <= ‖u_{0..i}‖``. What to keep is
    decided by rows of the future: a benchmark for models that run online, not one of them.

    On one core, length 256 takes up to 0.2 s; length 1024 takes 0.1 s with n = 8, 2 s with n = 64, 11 s with n = 256
    and 13 s in full. More BLAS threads are no faster, and far slower where cores are busy: set ``OMP_NUM_THREADS=1``.

    Args:
        kernel: (length, length), (heads, length, length) or the Φ of a model (length, length, d, d_in), causal. The
            Φ of one head, ``P ⊗ W``, is realised by P; any other by one state that all channels share.
        n: the state expansion N / d, at most.
        tol: the error ``‖P - P̂‖_F``, at most; for each head.

    Raises:
        ValueError: for another shape, numbers that are not real and finite, entries above the diagonal, both n and
            tol, or a system too large for memory.

    Source: the ordered realisation of van der Veen & Dewilde 1998, truncated as tensor trains are by Oseledets 2011,
        sec. 2.

    >>> found = realise(np.tril(np.ones((4, 4))))  # a running sum
    >>> found.n, found.system(np.array([[1.0], [2.0], [3.0], [4.0]])).recurrent()[:, 0].round(9)
    (1, array([ 1.,  3.,  6., 10.]))
    """
    if n is not None and tol is not None:
        raise ValueError(f"tol: expected none where n is given, found {tol}")
    parts = as_kernel(kernel)
    if n is not None:
        checks.positive_size(n=n)
    most = parts.matrices.shape[2] if n is None else n * parts.block[0]
    budget = 0.0 if tol is None else positive("tol", tol)
    heads = [_steps(parts, head, most, budget) for head in range(len(parts.matrices))]
    dimensions = np.array([[len(W) for W, _, _ in steps] for steps in heads]).T
    discarded = np.array([[norm for _, _, norm in steps] for steps in heads]).T
    template = _template(parts, heads, max(1, dimensions.max()))
    return Realisation(template, parts.as_given(dimensions), parts.as_given(discarded), parts.axes)


def sufficient_states(kernel: Array, eps: float, error: str = "spectral") -> int | np.ndarray:
    """The least state expansion at which :func:`realise` comes within an error of a kernel.

    With :func:`~dsf_theory.kernels.bounds.lower_bound_states` it brackets the least that any system needs: tried
    from there upwards, one realisation after another.

    Args:
        kernel: as for :func:`realise`.
        eps: the error allowed.
        error: as for :func:`~dsf_theory.kernels.bounds.kernel_error`.

    Returns:
        n, or (heads,).

    Raises:
        ValueError: if eps is below what rounding allows, and as for :func:`realise`.

    >>> sufficient_states(np.eye(4) + np.eye(4, k=-1), eps=0.75)
    1
    """
    kernel, _ = as_numbers(kernel)
    if kernel.ndim == 3:
        return np.array([sufficient_states(head, eps, error) for head in kernel])
    used = 0
    for n in count(max(1, lower_bound_states(kernel, eps, error))):
        found = realise(kernel, n)
        distance = kernel_error(kernel, found.kernel(), error)
        if distance <= eps:
            return n
        if found.dimensions.max() == used:
            raise ValueError(f"eps: expected more than rounding, {distance:.1g}, found {eps}")
        used = found.dimensions.max()


def _steps(kernel: Kernel, head: int, most: int, budget: float) -> list[tuple]:
    """``[Λ_i B_i]``, ``C_i`` and the norm of what is left out, for each step of one head."""
    P, (p, q), L, rounding = kernel.matrices[head], kernel.block, kernel.length, kernel.rounding[head]
    G, steps, left = P[:, :q], [], budget**2
    for i in range(L):
        W, G, left_out = _kept(G, most, max(rounding, np.sqrt(max(left, 0) / (L - i))))
        matrices, n = L * len(kernel.matrices), len(W)
        checks.fits_in_memory(
            "kernel", f"{matrices} matrices of {n} x {n}", 8 * matrices * n**2, "ask for fewer states with n"
        )
        left -= left_out**2
        steps.append((W, G[:p], left_out))
        G = np.hstack([G[p:], P[(i + 1) * p :, (i + 1) * q : (i + 2) * q]])
    return steps


def _kept(G: np.ndarray, most: int, allowed: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Orthonormal rows W, ``G Wᵀ`` and ``‖G - G WᵀW‖_F <= allowed``, but of at most ``most`` rows."""
    rows, columns = G.shape
    if min(rows, columns) <= most:  # a QR shows whether all singular values stay, in a quarter of the time
        Q, R = (None, np.linalg.qr(G, "r")) if rows >= columns else np.linalg.qr(G.T)
        certain = np.abs(np.diag(R)).min() > allowed and 1 / np.linalg.norm(np.linalg.inv(R)) > allowed
        if certain:  # the least singular value is at least 1 / ‖R⁻¹‖_F
            return (np.eye(columns), G, 0.0) if Q is None else (Q.T, R.T, 0.0)
    U, S, W = np.linalg.svd(G, full_matrices=False)
    tails = np.append(np.sqrt(np.cumsum(S[::-1] ** 2)[::-1]), 0)  # norms of all but the first 0, 1, ...
    kept = min(most, np.count_nonzero(tails > allowed))
    return W[:kept], U[:, :kept] * S[:kept], tails[kept]


def _template(kernel: Kernel, heads: list[list[tuple]], n: int) -> System:
    """The steps of all heads as a system of n states at every step, for an input of zero."""
    (p, q), shape = kernel.block, (kernel.length, len(heads))
    Lambda, write, read = np.zeros((*shape, 1, n, n)), np.zeros((*shape, q, n)), np.zeros((*shape, p, n))
    for head, steps in enumerate(heads):
        for i, (W, C, _) in enumerate(steps):
            states, before = len(W), W.shape[1] - q
            Lambda[i, head, 0, :states, :before] = W[:, :before]
            write[i, head, :, :states] = W[:, before:].T
            read[i, head, :, :states] = C
    u = np.zeros((kernel.length, q * len(heads) if kernel.W is None else kernel.W.shape[1]))
    if kernel.block != (1, 1):
        return SharedState(u, Dense(Lambda), write, read)
    maps = {} if kernel.W is None else _maps(kernel.W, kernel.eps)
    return System(u, Dense(Lambda), write, read, heads=len(heads), **maps)


def _maps(W: np.ndarray, eps: float) -> dict[str, np.ndarray]:
    """X and E of as few channels as W has rank, ``E X = W``."""
    U, S, V = np.linalg.svd(W, full_matrices=False)
    rank = max(1, np.count_nonzero(S > max(W.shape) * eps * S[0]))
    if rank == len(W):
        return {"value_map": W}
    return {"value_map": S[:rank, None] * V[:rank], "output_map": U[:, :rank]}
