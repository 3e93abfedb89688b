"""Two rules that turn a differential equation into a recurrence, for poles and for matrices.

A continuous system ``ḣ = a h + b u`` becomes ``h_i = ā h_{i-1} + b̄ u_i`` over a step Δ by zero-order hold,
``ā = e^{aΔ}``, ``b̄ = (e^{aΔ} - 1)/a b``, or bilinearly, ``ā = (1 + aΔ/2)/(1 - aΔ/2)``, ``b̄ = Δ/(1 - aΔ/2) b``.
"""

from dsf_theory.arrays import Array, Namespace

RULES = ("zoh", "bilinear")


def discretise(xp: Namespace, a: Array, delta: Array, rule: str) -> tuple[Array, Array]:
    """``log ā`` and ``b̄ / b`` of scalar systems, elementwise.

    Args:
        xp: array namespace.
        a: poles.
        delta: steps, broadcastable to a.
        rule: ``"zoh"`` or ``"bilinear"``.
    """
    z = a * delta
    if rule == "zoh":
        return z, delta * xp.expm1_ratio(z)
    return xp.log_bilinear(z), delta / (1 - z / 2)


def discretise_matrix(xp: Namespace, A: Array, B: Array, delta: Array, rule: str) -> tuple[Array, Array]:
    """Ā (d, n, n) and B̄ (d, n) of one matrix system A (n, n), B (n,) at the steps delta (d,)."""
    n, step = B.shape[0], delta[:, None, None]
    if rule == "bilinear":
        eye = xp.new_eye(A, n)
        inverse = xp.inverse(eye - step / 2 * A)
        return inverse @ (eye + step / 2 * A), (inverse @ (delta[:, None] * B)[..., None])[..., 0]
    block = xp.concat([xp.concat([A, B[:, None]], axis=1), xp.new_zeros(A, (1, n + 1))], axis=0)
    held = xp.matrix_exponential(step * block)
    return held[:, :n, :n], held[:, :n, n]
