"""Independent oracles: every model once more, as plain loops over time in NumPy float64.

Nothing here imports the package. Each model is written twice from its published definition: `<name>(u, ...)`
gives the output y, `<name>_coefficients(u, ...)` the dense Lambda_i, B_i, C_i, D_i entry by entry, where

    h_i = Lambda_i h_{i-1} + B_i u_i,    y_i = Re(C_i h_i) + D_i u_i,    state index = channel * n + state.

Shapes: u and y (length, d); W_* multiply column vectors; Lambda_0 multiplies zero and is arbitrary.
"""

import itertools
import math

import numpy as np
import scipy.linalg


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0.0, x)


def elu_plus_one(x):
    return np.where(x > 0.0, x + 1.0, np.exp(np.minimum(x, 0.0)))


def empty_coefficients(length, size, columns, d, dtype=float):
    """Zero arrays Lambda (length, N, N), B (length, N, columns), C (length, d, N), D (length, d, columns)."""
    return (
        np.zeros((length, size, size), dtype),
        np.zeros((length, size, columns), dtype),
        np.zeros((length, d, size), dtype),
        np.zeros((length, d, columns)),
    )


def homogeneous(u, columns):
    """The input as the system sees it: u itself, or [u; 1] where a bias makes the map affine."""
    return u if columns == u.shape[1] else np.concatenate([u, np.ones((len(u), 1))], axis=1)


def unroll(u, Lambda, B, C, D):
    """The dense recurrence: y (length, d) and the states h (length, N)."""
    u = homogeneous(u, B.shape[2])
    h, y, states = np.zeros(B.shape[1], B.dtype), [], []
    for i in range(len(u)):
        h = Lambda[i] @ h + B[i] @ u[i] if i > 0 else B[i] @ u[i]
        states.append(h)
        y.append((C[i] @ h).real + D[i] @ u[i])
    return np.array(y), np.array(states)


def kernel(Lambda, B, C, D):
    """Phi_ij = Re(C_i Lambda_i ... Lambda_{j+1} B_j) + [i = j] D_i, latest on the left; 0 for j > i."""
    length = len(B)
    phi = np.zeros((length, length, *D.shape[1:]))
    for j in range(length):
        carried = B[j]
        phi[j, j] = (C[j] @ carried).real + D[j]
        for i in range(j + 1, length):
            carried = Lambda[i] @ carried
            phi[i, j] = (C[i] @ carried).real
    return phi


# ------------------------------------------------------------------------------------------------- attention


def heads_of(u, i, W, b, heads):
    """W u_i + b cut into one contiguous piece per head: (heads, size / heads)."""
    return np.reshape(W @ u[i] + b, (heads, -1))


def attend(u, row, *, W_q, W_k, W_v, b_q=0.0, b_k=0.0, b_v=0.0, W_o=None, b_o=0.0, heads=1):
    """y_i = W_o [sum_{j <= i} P_ij v_j per head] + b_o; row(i, head, q_i, keys to i) gives P_i0..P_ii."""
    length, d = u.shape
    q = [heads_of(u, i, W_q, b_q, heads) for i in range(length)]
    k = [heads_of(u, i, W_k, b_k, heads) for i in range(length)]
    v = [heads_of(u, i, W_v, b_v, heads) for i in range(length)]
    y = np.zeros((length, d))
    for i in range(length):
        mixed = np.zeros((heads, d // heads))
        for head in range(heads):
            weights = row(i, head, q[i][head], [k[j][head] for j in range(i + 1)])
            for j in range(i + 1):
                mixed[head] += weights[j] * v[j][head]
        y[i] = (np.eye(d) if W_o is None else W_o) @ mixed.reshape(d) + b_o
    return y


def softmax_row(scale):
    """The weights P_i0..P_ii of one row, the largest score subtracted."""

    def row(i, head, q, keys):
        scores = np.array([scale * np.dot(q, k) for k in keys])
        exponentials = np.exp(scores - scores.max())
        return exponentials / exponentials.sum()

    return row


def softmax_attention(u, *, scale=None, heads=1, **weights):
    """Vaswani et al. 2017, causal: P_ij = exp(t_ij) / sum_{l <= i} exp(t_il), t_ij = scale q_i . k_j."""
    scale = (len(weights["W_q"]) // heads) ** -0.5 if scale is None else scale
    return attend(u, softmax_row(scale), heads=heads, **weights)


def softmax_attention_kernel(
    u, *, W_q, W_k, W_v, b_q=0.0, b_k=0.0, b_v=None, W_o=None, b_o=None, scale=None, heads=1
):
    """Phi_ij = sum_heads P_ij W_o[:, head] [W_v, b_v][head, :] + [i = j] [0, b_o]."""
    length, d = u.shape
    scale = (len(W_q) // heads) ** -0.5 if scale is None else scale
    affine = b_v is not None or b_o is not None
    W_o = np.eye(d) if W_o is None else W_o
    values = np.column_stack([W_v, np.zeros(d) if b_v is None else b_v]) if affine else W_v
    phi = np.zeros((length, length, d, d + affine))
    for i in range(length):
        for head in range(heads):
            channels = slice(head * d // heads, (head + 1) * d // heads)
            keys = [heads_of(u, j, W_k, b_k, heads)[head] for j in range(i + 1)]
            row = softmax_row(scale)(i, head, heads_of(u, i, W_q, b_q, heads)[head], keys)
            for j in range(i + 1):
                phi[i, j] += row[j] * W_o[:, channels] @ values[channels]
        if b_o is not None:
            phi[i, i, :, d] += b_o
    return phi


def separable(u, phi, psi, eta, **weights):
    """Separable attention: P_ij = phi(q_i) . psi(k_j) / eta_i (Sieber et al. 2024)."""

    def row(i, head, q, keys):
        products = [np.dot(phi(q), psi(k)) for k in keys]
        return [product / eta(i, head, products) for product in products]

    return attend(u, row, **weights)


def separable_dense(
    u, phi, psi, eta, *, W_q, W_k, W_v, b_q=0.0, b_k=0.0, b_v=None, W_o=None, b_o=None, heads=1
):
    """State gauge: Lambda_i = eta_{i-1} / eta_i I, B_i = psi_i / eta_i (x) W_v, C_i = W_o (I (x) phi_i^T)."""
    length, d = u.shape
    features_q = [[phi(q) for q in heads_of(u, i, W_q, b_q, heads)] for i in range(length)]
    features_k = [[psi(k) for k in heads_of(u, i, W_k, b_k, heads)] for i in range(length)]
    n = len(features_q[0][0])
    affine = b_v is not None or b_o is not None
    W_o = np.eye(d) if W_o is None else W_o
    b_v = np.zeros(d) if b_v is None else b_v
    Lambda, B, C, D = empty_coefficients(length, d * n, d + affine, d)
    before = np.ones(heads)
    for i in range(length):
        for channel in range(d):
            head = channel // (d // heads)
            eta_i = eta(i, head, [np.dot(features_q[i][head], features_k[j][head]) for j in range(i + 1)])
            for state in range(n):
                index = channel * n + state
                Lambda[i, index, index] = before[head] / eta_i
                for column in range(d):
                    B[i, index, column] = features_k[i][head][state] / eta_i * W_v[channel, column]
                    C[i, column, index] = W_o[column, channel] * features_q[i][head][state]
                if affine:
                    B[i, index, d] = features_k[i][head][state] / eta_i * b_v[channel]
            if (channel + 1) % (d // heads) == 0:
                before[head] = eta_i
        if b_o is not None:
            D[i, :, d] = b_o
    return Lambda, B, C, D


def linear_parts(scale):
    return (lambda q: scale * q), (lambda k: k), (lambda i, head, products: 1.0)


def linear_attention(u, *, scale=1.0, **weights):
    """Katharopoulos et al. 2020, without normaliser, identity features: P_ij = scale q_i . k_j."""
    return separable(u, *linear_parts(scale), **weights)


def linear_attention_coefficients(u, *, scale=1.0, **weights):
    """phi(q) = scale q, psi(k) = k, eta = 1, so Lambda = I."""
    return separable_dense(u, *linear_parts(scale), **weights)


def elu_parts():
    return elu_plus_one, elu_plus_one, (lambda i, head, products: sum(products))


def linear_attention_elu(u, **weights):
    """Katharopoulos et al. 2020: phi = psi = elu + 1, eta_i the row sum, no epsilon."""
    return separable(u, *elu_parts(), **weights)


def linear_attention_elu_coefficients(u, **weights):
    """Lambda_i = eta_{i-1} / eta_i with eta_i = phi_i . sum_{l <= i} psi_l."""
    return separable_dense(u, *elu_parts(), **weights)


def half_scale(W_q, heads, scale):
    """The root of the scale of the scores, by which q and k are each multiplied."""
    return ((len(W_q) // heads) ** -0.5 if scale is None else scale) ** 0.5


def taylor_row(scale, order):
    """The weights P_i0..P_ii of one row: softmax with the series of exp cut off after a degree."""

    def row(i, head, q, keys):
        scores = [scale * np.dot(q, k) for k in keys]
        truncated = [sum(t**p / math.factorial(p) for p in range(order + 1)) for t in scores]
        return [weight / sum(truncated) for weight in truncated]

    return row


def taylor_attention(u, *, W_q, scale=None, order=2, heads=1, **weights):
    """Softmax with exp cut off after a degree, from the scores themselves: no feature is formed."""
    scale = half_scale(W_q, heads, scale) ** 2
    return attend(u, taylor_row(scale, order), W_q=W_q, heads=heads, **weights)


def taylor_attention_coefficients(u, *, W_q, scale=None, order=2, heads=1, **weights):
    """phi_a(x) = x^a / sqrt(a!) of x = sqrt(scale) q, one entry for each set of letters, and the row sum."""
    half = half_scale(W_q, heads, scale)

    def phi(x):
        features = []
        for degree in range(order + 1):
            for word in itertools.combinations_with_replacement(range(len(x)), degree):
                repeats = math.prod(math.factorial(word.count(letter)) for letter in set(word))
                features.append(math.prod(half * x[letter] for letter in word) / repeats**0.5)
        return np.array(features)

    row_sum = lambda i, head, products: sum(products)  # noqa: E731
    return separable_dense(u, phi, phi, row_sum, W_q=W_q, heads=heads, **weights)


def favor_parts(W_q, omega, heads, scale):
    half = half_scale(W_q, heads, scale)

    def phi(x):
        x = half * x
        return np.array([np.exp(np.dot(w, x) - np.dot(x, x) / 2.0) for w in omega]) / len(omega) ** 0.5

    return phi, phi, lambda i, head, products: sum(products)


def favor_attention(u, *, W_q, omega, scale=None, heads=1, **weights):
    """Choromanski et al. 2021 (FAVOR+): phi_l(x) = exp(w_l . x - |x|^2 / 2) / sqrt(r), and the row sum."""
    return separable(u, *favor_parts(W_q, omega, heads, scale), W_q=W_q, heads=heads, **weights)


def favor_attention_coefficients(u, *, W_q, omega, scale=None, heads=1, **weights):
    """Lambda_i = eta_{i-1} / eta_i, B_i from phi(k_i) / eta_i, C_i from phi(q_i)."""
    return separable_dense(u, *favor_parts(W_q, omega, heads, scale), W_q=W_q, heads=heads, **weights)


def separable_parts(u, phi, psi, eta):
    if callable(eta):
        return phi, psi, lambda i, head, products: eta(u)[i, head]
    return phi, psi, {"row_sum": lambda i, head, products: sum(products), "one": lambda *_: 1.0}[eta]


def separable_attention(u, *, phi=elu_plus_one, psi=elu_plus_one, eta="row_sum", **weights):
    """Sieber et al. 2024, any features: eta_i is the row sum, 1, or entry i of eta(u) (length, heads)."""
    return separable(u, *separable_parts(u, phi, psi, eta), **weights)


def separable_attention_coefficients(u, *, phi=elu_plus_one, psi=elu_plus_one, eta="row_sum", **weights):
    """Lambda_i = eta_{i-1} / eta_i, B_i from psi(k_i) / eta_i, C_i from phi(q_i)."""
    return separable_dense(u, *separable_parts(u, phi, psi, eta), **weights)


def norm_parts(u, W_eta, b_eta, eta, feature_map):
    activation = {"exp": np.exp, "softplus": softplus, "sigmoid": sigmoid}[eta]
    phi = {"identity": lambda x: x, "elu_plus_one": elu_plus_one}[feature_map]
    return (
        phi,
        phi,
        lambda i, head, products: activation(
            np.dot(W_eta[head], u[i]) + np.broadcast_to(b_eta, len(W_eta))[head]
        ),
    )


def norm_attention(u, *, W_eta, b_eta=0.0, eta="exp", feature_map="identity", **weights):
    """Sieber et al. 2024, eq. 21: P_ij = q_i . k_j / eta_i, learned eta_i = act(w_head . u_i + b_head)."""
    return separable(u, *norm_parts(u, W_eta, b_eta, eta, feature_map), **weights)


def norm_attention_coefficients(u, *, W_eta, b_eta=0.0, eta="exp", feature_map="identity", **weights):
    """Lambda_i = eta_{i-1} / eta_i, one scalar per head."""
    return separable_dense(u, *norm_parts(u, W_eta, b_eta, eta, feature_map), **weights)


# ---------------------------------------------------------------------------------------------- state spaces


def discretise(a, b, delta, rule):
    """One mode h' = a h + b u at step delta: zero-order hold or bilinear (Tustin)."""
    if rule == "zoh":
        return np.exp(a * delta), (np.exp(a * delta) - 1.0) / a * b
    if rule == "bilinear":
        return (1.0 + a * delta / 2.0) / (1.0 - a * delta / 2.0), delta / (1.0 - a * delta / 2.0) * b
    raise ValueError(rule)


def discretise_matrix(A, B, delta, rule):
    """h' = A h + B u at step delta; zero-order hold is the top of expm([[A, B], [0, 0]] delta)."""
    n = len(A)
    if rule == "zoh":
        block = np.zeros((n + 1, n + 1))
        block[:n, :n], block[:n, n] = A * delta, B * delta
        block = scipy.linalg.expm(block)
        return block[:n, :n], block[:n, n]
    if rule == "bilinear":
        left = np.linalg.inv(np.eye(n) - delta / 2.0 * A)
        return left @ (np.eye(n) + delta / 2.0 * A), delta * left @ B
    raise ValueError(rule)


def s4d(u, *, A, B, C, delta, D, rule="zoh"):
    """Gu et al. 2022 (S4D): one diagonal complex system per channel, y = 2 Re(C h) + D u."""
    y = np.zeros(u.shape)
    for channel in range(u.shape[1]):
        a, b = discretise(A[channel], B[channel], delta[channel], rule)
        h = np.zeros(len(a), complex)
        for i in range(len(u)):
            h = a * h + b * u[i, channel]
            y[i, channel] = 2.0 * np.sum(C[channel] * h).real + D[channel] * u[i, channel]
    return y


def s4d_coefficients(u, *, A, B, C, delta, D, rule="zoh"):
    """Complex modes, n / 2 per channel; C carries the factor 2."""
    (length, d), modes = u.shape, A.shape[1]
    coefficients = empty_coefficients(length, d * modes, d, d, complex)
    for i in range(length):
        for channel in range(d):
            for mode in range(modes):
                index = channel * modes + mode
                a, b = discretise(A[channel, mode], B[channel, mode], delta[channel], rule)
                coefficients[0][i, index, index] = a
                coefficients[1][i, index, channel] = b
                coefficients[2][i, channel, index] = 2.0 * C[channel, mode]
            coefficients[3][i, channel, channel] = D[channel]
    return coefficients


def s4(u, *, A, B, C, delta, D, rule="bilinear"):
    """Gu, Goel, Re 2022 (S4): one dense state matrix, a step size and a readout per channel."""
    y = np.zeros(u.shape)
    for channel in range(u.shape[1]):
        a, b = discretise_matrix(A, B, delta[channel], rule)
        h = np.zeros(len(b))
        for i in range(len(u)):
            h = a @ h + b * u[i, channel]
            y[i, channel] = C[channel] @ h + D[channel] * u[i, channel]
    return y


def s4_coefficients(u, *, A, B, C, delta, D, rule="bilinear"):
    """Lambda is block diagonal: the discretised A of every channel."""
    (length, d), n = u.shape, len(A)
    coefficients = empty_coefficients(length, d * n, d, d)
    for i in range(length):
        for channel in range(d):
            a, b = discretise_matrix(A, B, delta[channel], rule)
            for state in range(n):
                for other in range(n):
                    coefficients[0][i, channel * n + state, channel * n + other] = a[state, other]
                coefficients[1][i, channel * n + state, channel] = b[state]
                coefficients[2][i, channel, channel * n + state] = C[channel, state]
            coefficients[3][i, channel, channel] = D[channel]
    return coefficients


def s5(u, *, A, B, C, delta, D, rule="zoh"):
    """Smith, Warrington, Linderman 2023 (S5): one complex diagonal system for all channels."""
    h, y = np.zeros(len(A), complex), np.zeros(u.shape)
    for i in range(len(u)):
        for mode in range(len(A)):
            a, b = discretise(A[mode], B[mode], delta[mode], rule)
            h[mode] = a * h[mode] + b @ u[i]
        y[i] = 2.0 * (C @ h).real + D * u[i]
    return y


def s5_coefficients(u, *, A, B, C, delta, D, rule="zoh"):
    """N = P / 2 complex modes shared by the channels; C carries the factor 2."""
    length, d = u.shape
    coefficients = empty_coefficients(length, len(A), d, d, complex)
    for i in range(length):
        for mode in range(len(A)):
            for channel in range(d):
                a, b = discretise(A[mode], B[mode, channel], delta[mode], rule)
                coefficients[0][i, mode, mode] = a
                coefficients[1][i, mode, channel] = b
                coefficients[2][i, channel, mode] = 2.0 * C[channel, mode]
                coefficients[3][i, channel, channel] = D[channel]
    return coefficients


def lru(u, *, nu_log, theta_log, gamma_log, B, C, D):
    """Orvieto et al. 2023 (LRU): lambda = exp(-exp(nu_log) + j exp(theta_log)), y = Re(C h) + D u."""
    h, y = np.zeros(len(B), complex), np.zeros(u.shape)
    for i in range(len(u)):
        h = np.exp(-np.exp(nu_log) + 1j * np.exp(theta_log)) * h + np.exp(gamma_log) * (B @ u[i])
        y[i] = (C @ h).real + D * u[i]
    return y


def lru_coefficients(u, *, nu_log, theta_log, gamma_log, B, C, D):
    """N = P complex modes; the rotation written out as cosine and sine."""
    length, d = u.shape
    coefficients = empty_coefficients(length, len(B), d, d, complex)
    for i in range(length):
        for mode in range(len(B)):
            radius, angle = np.exp(-np.exp(nu_log[mode])), np.exp(theta_log[mode])
            coefficients[0][i, mode, mode] = radius * (np.cos(angle) + 1j * np.sin(angle))
            for channel in range(d):
                coefficients[1][i, mode, channel] = np.exp(gamma_log[mode]) * B[mode, channel]
                coefficients[2][i, channel, mode] = C[channel, mode]
                coefficients[3][i, channel, channel] = D[channel]
    return coefficients


def s6(u, *, W_delta_down, W_delta_up, W_B, W_C, A_log, D, b_delta=0.0, b_rule="euler"):
    """Gu and Dao 2023 (Mamba): h = exp(delta A) h + delta B u (euler, as released) or its hold (zoh)."""
    h, y = np.zeros(A_log.shape), np.zeros(u.shape)
    A = -np.exp(A_log)
    for i in range(len(u)):
        delta = softplus(W_delta_up @ (W_delta_down @ u[i]) + b_delta)[:, None]
        decay = np.exp(delta * A)
        write = {"euler": delta * np.ones(A.shape), "zoh": (decay - 1.0) / A}[b_rule] * (W_B @ u[i])[None, :]
        h = decay * h + write * u[i][:, None]
        y[i] = h @ (W_C @ u[i]) + D * u[i]
    return y


def s6_coefficients(u, *, W_delta_down, W_delta_up, W_B, W_C, A_log, D, b_delta=0.0, b_rule="euler"):
    """Every entry from its own formula: lambda = exp(delta_c A_cs), b = delta_c beta_s, c = gamma_s."""
    (length, d), n = u.shape, A_log.shape[1]
    coefficients = empty_coefficients(length, d * n, d, d)
    b_delta = np.broadcast_to(b_delta, d)
    for i in range(length):
        low_rank = W_delta_down @ u[i]
        for channel in range(d):
            delta = np.log(1.0 + np.exp(np.dot(W_delta_up[channel], low_rank) + b_delta[channel]))
            for state in range(n):
                index, a = channel * n + state, -np.exp(A_log[channel, state])
                gain = delta if b_rule == "euler" else (np.exp(delta * a) - 1.0) / a
                coefficients[0][i, index, index] = np.exp(delta * a)
                coefficients[1][i, index, channel] = gain * np.dot(W_B[state], u[i])
                coefficients[2][i, channel, index] = np.dot(W_C[state], u[i])
            coefficients[3][i, channel, channel] = D[channel]
    return coefficients


def s6_2(u, *, w_delta, W_B, W_C, A_log, D, b_delta=0.0):
    """`S6_2` of Sieber et al. 2024 (released code): one scalar A, one pre-activation, a bias per channel."""
    h, y = np.zeros((u.shape[1], len(W_B))), np.zeros(u.shape)
    for i in range(len(u)):
        delta = softplus(w_delta @ u[i] + b_delta) * np.ones(u.shape[1])
        h = np.exp(-np.exp(A_log) * delta)[:, None] * h + np.outer(delta * u[i], W_B @ u[i])
        y[i] = h @ (W_C @ u[i]) + D * u[i]
    return y


def s6_2_coefficients(u, *, w_delta, W_B, W_C, A_log, D, b_delta=0.0):
    """lambda = exp(-a delta_c) with delta_c = softplus(w . u + bias_c): d distinct decays, not one."""
    (length, d), n = u.shape, len(W_B)
    coefficients = empty_coefficients(length, d * n, d, d)
    b_delta = np.broadcast_to(b_delta, d)
    for i in range(length):
        for channel in range(d):
            delta = np.log(1.0 + np.exp(np.dot(w_delta, u[i]) + b_delta[channel]))
            for state in range(n):
                index = channel * n + state
                coefficients[0][i, index, index] = np.exp(-delta * np.exp(A_log))
                coefficients[1][i, index, channel] = delta * np.dot(W_B[state], u[i])
                coefficients[2][i, channel, index] = np.dot(W_C[state], u[i])
            coefficients[3][i, channel, channel] = D[channel]
    return coefficients


def ssd(u, *, W_x, W_delta, A_log, W_B, W_C, D, b_delta=0.0, heads=1, groups=1, coupled=True):
    """Dao and Gu 2024 (Mamba-2): a scalar decay per head, B and C shared by the heads of a group."""
    d, n = u.shape[1], len(W_B) // groups
    h, y = np.zeros((heads, d // heads, n)), np.zeros(u.shape)
    for i in range(len(u)):
        delta = softplus(W_delta @ u[i] + b_delta)
        x = np.reshape(W_x @ u[i], (heads, d // heads))
        beta, gamma = np.reshape(W_B @ u[i], (groups, n)), np.reshape(W_C @ u[i], (groups, n))
        for head in range(heads):
            group = head * groups // heads
            decay = np.exp(-np.exp(A_log[head]) * delta[head])
            gain = delta[head] if coupled else 1.0
            h[head] = decay * h[head] + gain * np.outer(x[head], beta[group])
            y[i, head * (d // heads) : (head + 1) * (d // heads)] = h[head] @ gamma[group] + D[head] * x[head]
    return y


def ssd_coefficients(u, *, W_x, W_delta, A_log, W_B, W_C, D, b_delta=0.0, heads=1, groups=1, coupled=True):
    """The value map W_x enters B and D; head = channel // (d / heads), group = head * groups // heads."""
    (length, d), n = u.shape, len(W_B) // groups
    coefficients = empty_coefficients(length, d * n, d, d)
    b_delta = np.broadcast_to(b_delta, heads)
    for i in range(length):
        for channel in range(d):
            head = channel // (d // heads)
            group = head * groups // heads
            delta = np.log(1.0 + np.exp(np.dot(W_delta[head], u[i]) + b_delta[head]))
            for state in range(n):
                index = channel * n + state
                coefficients[0][i, index, index] = np.exp(-delta * np.exp(A_log[head]))
                coefficients[2][i, channel, index] = np.dot(W_C[group * n + state], u[i])
                for column in range(d):
                    beta = np.dot(W_B[group * n + state], u[i])
                    gain = delta if coupled else 1.0
                    coefficients[1][i, index, column] = gain * beta * W_x[channel, column]
            for column in range(d):
                coefficients[3][i, channel, column] = D[head] * W_x[channel, column]
    return coefficients


# -------------------------------------------------------------------------------------------- recurrent nets


def lstm(u, *, W_f, W_i, W_o, W_u, U_f, U_i, U_o, U_u, b_f=0.0, b_i=0.0, b_o=0.0, b_u=0.0):
    """Hochreiter and Schmidhuber 1997 with forget gate (torch.nn.LSTM): the gates see h_{i-1}; not a DSF."""
    cell, h, y = np.zeros(u.shape[1]), np.zeros(u.shape[1]), np.zeros(u.shape)
    for i in range(len(u)):
        forget = sigmoid(W_f @ u[i] + U_f @ h + b_f)
        write = sigmoid(W_i @ u[i] + U_i @ h + b_i)
        read = sigmoid(W_o @ u[i] + U_o @ h + b_o)
        cell = forget * cell + write * np.tanh(W_u @ u[i] + U_u @ h + b_u)
        h = y[i] = read * np.tanh(cell)
    return y


def qlstm(u, *, W_f, W_i, W_o, W_u, b_f=0.0, b_i=0.0, b_o=0.0):
    """Sieber et al. 2024, eq. 22: the LSTM with gates of the input alone and without tanh."""
    h, y = np.zeros(u.shape[1]), np.zeros(u.shape)
    for i in range(len(u)):
        h = sigmoid(W_f @ u[i] + b_f) * h + sigmoid(W_i @ u[i] + b_i) * (W_u @ u[i])
        y[i] = sigmoid(W_o @ u[i] + b_o) * h
    return y


def qlstm_rev(u, *, W_f, W_i, W_o, W_u, alpha, b_f=0.0, b_i=0.0, b_o=0.0):
    """Sieber et al. 2024, eq. 23: the forget gate is the reversed sigmoid, sigmoid(-f)^relu(alpha)."""
    h, y = np.zeros(u.shape[1]), np.zeros(u.shape)
    for i in range(len(u)):
        forget = sigmoid(-(W_f @ u[i] + b_f)) ** max(float(alpha), 0.0)
        h = forget * h + sigmoid(W_i @ u[i] + b_i) * (W_u @ u[i])
        y[i] = sigmoid(W_o @ u[i] + b_o) * h
    return y


def gated_dense(u, forget, *, W_f, W_i, W_o, W_u, b_f=0.0, b_i=0.0, b_o=0.0):
    """n = 1: Lambda = diag(forget), B = diag(input gate) W_u, C = diag(output gate), D = 0."""
    length, d = u.shape
    coefficients = empty_coefficients(length, d, d, d)
    b_f, b_i, b_o = np.broadcast_to(b_f, d), np.broadcast_to(b_i, d), np.broadcast_to(b_o, d)
    for i in range(length):
        for channel in range(d):
            coefficients[0][i, channel, channel] = forget(np.dot(W_f[channel], u[i]) + b_f[channel])
            coefficients[2][i, channel, channel] = sigmoid(np.dot(W_o[channel], u[i]) + b_o[channel])
            for column in range(d):
                gate = sigmoid(np.dot(W_i[channel], u[i]) + b_i[channel])
                coefficients[1][i, channel, column] = gate * W_u[channel, column]
    return coefficients


def qlstm_coefficients(u, **weights):
    """Forget gate sigmoid(f)."""
    return gated_dense(u, sigmoid, **weights)


def qlstm_rev_coefficients(u, *, alpha, **weights):
    """Forget gate exp(-relu(alpha) softplus(f)), the same function as sigmoid(-f)^relu(alpha)."""
    return gated_dense(u, lambda f: np.exp(-max(float(alpha), 0.0) * softplus(f)), **weights)


def rglru(u, *, W_a, W_x, Lambda_p, b_a=0.0, b_x=0.0, c=8.0, reset=False):
    """De et al. 2024 (Griffin): a = sigmoid(Lambda)^(c r), h = a h + sqrt(1 - a^2) (i * u).

    `reset` is the released code's rule at position 0: multiplier 1 in place of sqrt(1 - a^2).
    """
    h, y = np.zeros(u.shape[1]), np.zeros(u.shape)
    for i in range(len(u)):
        a = sigmoid(Lambda_p) ** (c * sigmoid(W_a @ u[i] + b_a))
        multiplier = np.ones(len(a)) if reset and i == 0 else np.sqrt(1.0 - a**2)
        h = y[i] = a * h + multiplier * sigmoid(W_x @ u[i] + b_x) * u[i]
    return y


def rglru_coefficients(u, *, W_a, W_x, Lambda_p, b_a=0.0, b_x=0.0, c=8.0, reset=False):
    """n = 1, C = I, D = 0, everything diagonal; log a = -c r softplus(-Lambda)."""
    length, d = u.shape
    coefficients = empty_coefficients(length, d, d, d)
    b_a, b_x = np.broadcast_to(b_a, d), np.broadcast_to(b_x, d)
    for i in range(length):
        for channel in range(d):
            recurrence_gate = sigmoid(np.dot(W_a[channel], u[i]) + b_a[channel])
            log_a = -c * recurrence_gate * softplus(-Lambda_p[channel])
            multiplier = 1.0 if reset and i == 0 else np.sqrt(-np.expm1(2.0 * log_a))
            coefficients[0][i, channel, channel] = np.exp(log_a)
            coefficients[1][i, channel, channel] = multiplier * sigmoid(
                np.dot(W_x[channel], u[i]) + b_x[channel]
            )
            coefficients[2][i, channel, channel] = 1.0
    return coefficients


# ------------------------------------------------------------------------------------------------ parameters


def normal(rng, **shapes):
    """Gaussian arrays: matrices keep W u of order one, vectors and numbers are of order one half."""
    return {
        key: rng.normal(size=shape) * (shape[-1] ** -0.5 if len(shape) > 1 else 0.5)
        for key, shape in shapes.items()
    }


def modes(rng, **shapes):
    """Complex Gaussian arrays, and for the name A stable poles of order one, none of them real."""
    poles = (
        {"A": -rng.uniform(0.2, 1.5, shapes["A"]) + 1j * rng.uniform(0.5, 2.5, shapes["A"])}
        if "A" in shapes
        else {}
    )
    return {
        key: rng.normal(size=shape) + 1j * rng.normal(size=shape) for key, shape in shapes.items()
    } | poles


def attention_parameters(rng, d, n, heads):
    m = n * heads
    biases = {"b_q": (m,), "b_k": (m,), "b_v": (d,), "b_o": (d,)}
    return normal(rng, W_q=(m, d), W_k=(m, d), W_v=(d, d), W_o=(d, d), **biases)


def draw(name, rng, d, n, heads, groups, rank, features):
    """All parameters of a model, the optional ones included."""
    if name in (
        "softmax_attention",
        "linear_attention",
        "linear_attention_elu",
        "separable_attention",
        "taylor_attention",
    ):
        return attention_parameters(rng, d, n, heads)
    if name == "favor_attention":
        return attention_parameters(rng, d, n, heads) | {"omega": rng.normal(size=(features, n))}
    if name == "norm_attention":
        return attention_parameters(rng, d, n, heads) | normal(rng, W_eta=(heads, d), b_eta=(heads,))
    if name == "s4d":
        delta = rng.uniform(0.1, 1.0, size=d)
        return modes(rng, A=(d, n), B=(d, n), C=(d, n)) | {"delta": delta} | normal(rng, D=(d,))
    if name == "s4":
        A = 0.3 * rng.normal(size=(n, n)) / np.sqrt(n) - np.diag(rng.uniform(0.5, 1.5, size=n))
        return {"A": A, "delta": rng.uniform(0.1, 1.0, size=d)} | normal(rng, B=(n,), C=(d, n), D=(d,))
    if name == "s5":
        delta = rng.uniform(0.1, 1.0, size=n)
        return modes(rng, A=(n,), B=(n, d), C=(d, n)) | {"delta": delta} | normal(rng, D=(d,))
    if name == "lru":
        return normal(rng, nu_log=(n,), theta_log=(n,), gamma_log=(n,), D=(d,)) | modes(
            rng, B=(n, d), C=(d, n)
        )
    if name == "s6":
        low_rank = {"W_delta_down": (rank, d), "W_delta_up": (d, rank), "b_delta": (d,)}
        return normal(rng, **low_rank, W_B=(n, d), W_C=(n, d), A_log=(d, n), D=(d,))
    if name == "s6_2":
        return normal(rng, w_delta=(d,), b_delta=(d,), W_B=(n, d), W_C=(n, d), A_log=(), D=(d,))
    if name == "ssd":
        per_head = {"W_delta": (heads, d), "b_delta": (heads,), "A_log": (heads,), "D": (heads,)}
        return normal(rng, W_x=(d, d), **per_head, W_B=(groups * n, d), W_C=(groups * n, d))
    if name == "lstm":
        weights = {f"{kind}_{gate}": (d, d) for kind in "WU" for gate in "fiou"}
        return normal(rng, **weights, b_f=(d,), b_i=(d,), b_o=(d,), b_u=(d,))
    if name in ("qlstm", "qlstm_rev"):
        drawn = normal(rng, W_f=(d, d), W_i=(d, d), W_o=(d, d), W_u=(d, d), b_f=(d,), b_i=(d,), b_o=(d,))
        return drawn if name == "qlstm" else drawn | {"alpha": np.asarray(rng.uniform(0.5, 2.0))}
    if name == "rglru":
        drawn = normal(rng, W_a=(d, d), W_x=(d, d), b_a=(d,), b_x=(d,))
        return drawn | {"Lambda_p": rng.uniform(0.5, 3.0, size=d)}
    raise KeyError(name)


def parameters(name, rng, d, n, *, heads=1, groups=1, rank=2, features=3, without=()):
    """Random parameters of a model, by registry name: stable, of order one, no zeros, no symmetry.

    `n` is the key size of one head for attention (m = heads n), the number of complex modes for s4d (per
    channel), s5 and lru, and the state expansion otherwise. `without` names optional parameters to leave out.
    """
    drawn = draw(name, rng, d, n, heads, groups, rank, features)
    return {key: np.asarray(value) for key, value in drawn.items() if key not in without}
