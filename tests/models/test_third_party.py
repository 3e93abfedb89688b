"""The models against code that others wrote: torch, SciPy, mambapy and transformers, in float64 at 1e-10.

Every comparison runs twice: for the package, and for the oracles, which proves the oracles that
`test_models.py` relies on. transformers and mambapy cast parts of their arithmetic with `Tensor.float()`;
the fixture `in_double` turns that cast into `Tensor.double()`, so that they too are compared in float64.
"""

from functools import partial
from types import SimpleNamespace

import numpy as np
import oracles
import pytest
import scipy.signal
import torch
from scipy.linalg import block_diag

import dsf_theory

LENGTH = 33


def assert_close(name, found, expected, rtol=1e-10):
    """Largest deviation at most `rtol` of the largest expected entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{name}: shape {found.shape}, expected {expected.shape}"
    error = np.max(np.abs(found - expected)) / np.max(np.abs(expected))
    assert error <= rtol, f"{name}: relative deviation {error:.1e} > {rtol:.0e}"


def tensor(array):
    return torch.tensor(np.asarray(array))


def load(module, **arrays):
    """Set parameters of a torch module, by their dotted names, in float64."""
    module.double().eval()
    for name, array in arrays.items():
        parameter = module.get_parameter(name)
        with torch.no_grad():
            parameter.copy_(tensor(array).reshape(parameter.shape))
    return module


def from_oracles():
    """Outputs, dense matrices and states by the plain loops."""
    return SimpleNamespace(
        output=lambda name, u, **given: getattr(oracles, name)(u, **given),
        dense=lambda name, u, **given: getattr(oracles, f"{name}_coefficients")(u, **given),
        states=lambda name, u, **given: oracles.unroll(
            u, *getattr(oracles, f"{name}_coefficients")(u, **given)
        )[1],
    )


def from_package():
    """Outputs, dense matrices and states by the package."""

    def dense(name, u, **given):
        system = dsf_theory.MODELS[name](**given).system(u)
        return system.Lambda, system.B, system.C, system.D

    return SimpleNamespace(
        output=lambda name, u, **given: dsf_theory.MODELS[name](**given).output(u),
        dense=dense,
        states=lambda name, u, **given: dsf_theory.MODELS[name](**given).system(u).states(),
    )


@pytest.fixture(params=[from_oracles, from_package], ids=["oracle", "package"])
def ours(request):
    return request.param()


@pytest.fixture
def rng():
    return np.random.default_rng(20240524)


@pytest.fixture
def in_double(monkeypatch):
    """Casts to float32 inside third-party code become casts to float64."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)


@pytest.fixture(scope="module")
def transformers():
    return pytest.importorskip("transformers")


# ------------------------------------------------------------------------------------------- attention


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("scale", [None, 0.7])
def test_softmax_attention_is_torch_sdpa(ours, rng, heads, scale):
    d, n = 6, 5
    given = oracles.parameters("softmax_attention", rng, d, n, heads=heads)
    u = rng.normal(size=(LENGTH, d))

    def project(weight, bias):
        return tensor(u @ given[weight].T + given[bias]).reshape(LENGTH, heads, -1).transpose(0, 1)

    q, k, v = project("W_q", "b_q"), project("W_k", "b_k"), project("W_v", "b_v")
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
    y = y.transpose(0, 1).reshape(LENGTH, d).numpy() @ given["W_o"].T + given["b_o"]
    options = {} if scale is None else {"scale": scale}
    assert_close("y", ours.output("softmax_attention", u, **given, heads=heads, **options), y)


@pytest.mark.parametrize("heads", [1, 3])
def test_softmax_attention_is_torch_multi_head_attention(ours, rng, heads):
    d = 6
    given = oracles.parameters("softmax_attention", rng, d, d // heads, heads=heads)
    u = rng.normal(size=(LENGTH, d))
    joined = {
        "in_proj_weight": np.concatenate([given["W_q"], given["W_k"], given["W_v"]]),
        "in_proj_bias": np.concatenate([given["b_q"], given["b_k"], given["b_v"]]),
    }
    module = torch.nn.MultiheadAttention(d, heads, batch_first=True)
    load(module, **joined, **{"out_proj.weight": given["W_o"], "out_proj.bias": given["b_o"]})
    future = torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1)
    x = tensor(u)[None]
    with torch.no_grad():
        y = module(x, x, x, attn_mask=future, need_weights=True)[0][0]
    assert_close("y", ours.output("softmax_attention", u, **given, heads=heads), y)


# ---------------------------------------------------------------------------------------- state spaces


def legs(n):
    """The HiPPO-LegS pair of Gu et al. 2020: A (n, n) lower triangular, B (n)."""
    A = np.zeros((n, n))
    for row in range(n):
        for column in range(row):
            A[row, column] = -np.sqrt((2 * row + 1) * (2 * column + 1))
        A[row, row] = -(row + 1)
    return A, np.sqrt(2 * np.arange(n) + 1.0)


def scipy_pair(A, B, delta, rule):
    """A and B as SciPy discretises them; its bilinear rule also changes C and D, which are left out."""
    n = len(A)
    return scipy.signal.cont2discrete((A, B.reshape(n, -1), np.eye(n), np.zeros((n, 1))), delta, method=rule)[
        :2
    ]


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
@pytest.mark.parametrize("hippo", [False, True])
def test_s4_discretisation_is_scipy(ours, rng, rule, hippo):
    d, n = 3, 5
    given = oracles.parameters("s4", rng, d, n)
    if hippo:
        given["A"], given["B"] = legs(n)
    Lambda, B, C, _ = ours.dense("s4", rng.normal(size=(2, d)), **given, rule=rule)
    pairs = [scipy_pair(given["A"], given["B"], delta, rule) for delta in given["delta"]]
    assert_close("Lambda", Lambda[1], block_diag(*[a for a, _ in pairs]))
    assert_close("B", B[1], block_diag(*[b for _, b in pairs]))
    assert_close("C", C[1], block_diag(*given["C"]))


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
def test_s4d_discretisation_is_scipy(ours, rng, rule):
    d, modes = 3, 4
    given = oracles.parameters("s4d", rng, d, modes)
    Lambda, B, _, _ = ours.dense("s4d", rng.normal(size=(2, d)), **given, rule=rule)
    pairs = [scipy_pair(np.diag(given["A"][c]), given["B"][c], given["delta"][c], rule) for c in range(d)]
    assert_close("Lambda", Lambda[1], block_diag(*[a for a, _ in pairs]))
    assert_close("B", B[1], block_diag(*[b for _, b in pairs]))


@pytest.mark.parametrize("rule", ["zoh", "bilinear"])
def test_s5_discretisation_is_scipy(ours, rng, rule):
    d, modes = 3, 4
    given = oracles.parameters("s5", rng, d, modes)
    Lambda, B, _, _ = ours.dense("s5", rng.normal(size=(2, d)), **given, rule=rule)
    for mode in range(modes):
        A, row = given["A"][mode].reshape(1, 1), given["B"][mode].reshape(1, d)
        a, b = scipy.signal.cont2discrete((A, row, A, 0 * row), given["delta"][mode], method=rule)[:2]
        assert_close("Lambda", Lambda[1, mode, mode], a[0, 0])
        assert_close("B", B[1, mode], b[0])


def test_lru_is_a_bank_of_scipy_filters(ours, rng):
    d, modes = 3, 5
    given = oracles.parameters("lru", rng, d, modes)
    u = rng.normal(size=(LENGTH, d))
    poles = np.exp(-np.exp(given["nu_log"]) + 1j * np.exp(given["theta_log"]))
    x = (u @ given["B"].T) * np.exp(given["gamma_log"])
    h = np.stack([scipy.signal.lfilter([1.0], [1.0, -poles[k]], x[:, k]) for k in range(modes)], axis=1)
    assert_close("h", ours.states("lru", u, **given), h)
    assert_close("y", ours.output("lru", u, **given), (h @ given["C"].T).real + given["D"] * u)


@pytest.fixture
def s6_case(rng):
    """Parameters, input, and the arguments of a selective scan as torch tensors."""
    d, n, rank = 6, 5, 2
    given = oracles.parameters("s6", rng, d, n, rank=rank)
    u = rng.normal(size=(LENGTH, d))
    delta = np.logaddexp(0.0, u @ given["W_delta_down"].T @ given["W_delta_up"].T + given["b_delta"])
    scan = [u, delta, -np.exp(given["A_log"]), u @ given["W_B"].T, u @ given["W_C"].T, given["D"]]
    scan = [array if k in (2, 5) else array[None] for k, array in enumerate(scan)]
    return SimpleNamespace(given=given, u=u, d=d, n=n, rank=rank, scan=[tensor(array) for array in scan])


def mamba_weights(given):
    """The names that mambapy and transformers share."""
    return {
        "x_proj.weight": np.concatenate([given["W_delta_down"], given["W_B"], given["W_C"]]),
        "dt_proj.weight": given["W_delta_up"],
        "dt_proj.bias": given["b_delta"],
        "A_log": given["A_log"],
        "D": given["D"],
    }


@pytest.mark.parametrize("parallel", [True, False], ids=["parallel", "sequential"])
def test_s6_is_mambapy(ours, s6_case, in_double, parallel):
    mamba = pytest.importorskip("mambapy.mamba")
    config = mamba.MambaConfig(
        d_model=s6_case.d,
        n_layers=1,
        dt_rank=s6_case.rank,
        d_state=s6_case.n,
        expand_factor=1,
        pscan=parallel,
    )
    block = load(mamba.MambaBlock(config), **mamba_weights(s6_case.given))
    scan = block.selective_scan if parallel else block.selective_scan_seq
    found = ours.output("s6", s6_case.u, **s6_case.given)
    with torch.no_grad():
        assert_close("ssm", found, block.ssm(tensor(s6_case.u)[None], None)[0])
        assert_close("selective_scan", found, scan(*s6_case.scan)[0])


def test_s6_states_are_mambapy_pscan(ours, s6_case):
    pscan = pytest.importorskip("mambapy.pscan").pscan
    x, delta, A, B, _, _ = s6_case.scan
    states = pscan(torch.exp(delta[..., None] * A), delta[..., None] * B[:, :, None] * x[..., None])
    states = states.reshape(LENGTH, s6_case.d * s6_case.n)
    assert_close("h", ours.states("s6", s6_case.u, **s6_case.given), states)


def watch(module):
    """The list that every later call of the module extends by (its arguments, its result)."""
    calls = []
    module.register_forward_hook(lambda _, arguments, result: calls.append((arguments, result)))
    return calls


@pytest.mark.parametrize("mambapy", [False, True], ids=["loop", "mambapy"])
def test_s6_is_transformers_mamba_mixer(ours, transformers, s6_case, in_double, mambapy):
    """The S6 layer sits between x_proj, which sees its input, and out_proj, which sees its output, gated."""
    from transformers.models.mamba.modeling_mamba import MambaMixer

    config = transformers.MambaConfig(
        hidden_size=s6_case.d,
        state_size=s6_case.n,
        time_step_rank=s6_case.rank,
        expand=1,
        num_hidden_layers=1,
    )
    config.use_mambapy = mambapy
    mixer = load(MambaMixer(config, layer_idx=0), **mamba_weights(s6_case.given))
    into, after, gates = watch(mixer.x_proj), watch(mixer.out_proj), watch(mixer.in_proj)
    with torch.no_grad():
        mixer(tensor(s6_case.u)[None])
    u, gated, gate = into[0][0][0][0].numpy(), after[0][0][0][0], gates[0][1][0, :, s6_case.d :]
    found = ours.output("s6", u, **s6_case.given)
    assert_close("y", found * torch.nn.functional.silu(gate).numpy(), gated)


@pytest.mark.parametrize(("heads", "groups"), [(1, 1), (3, 1), (2, 2), (6, 3)])
def test_ssd_is_transformers_mamba2_mixer(ours, transformers, rng, in_double, heads, groups):
    """With an identity convolution the projections are ours, and the norm sees the output of the SSD."""
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    d, n = 6, 5
    given = oracles.parameters("ssd", rng, d, n, heads=heads, groups=groups)
    config = transformers.Mamba2Config(
        hidden_size=d, state_size=n, num_heads=heads, head_dim=d // heads, n_groups=groups, expand=1,
        conv_kernel=1, chunk_size=8, hidden_act="linear", num_hidden_layers=1,
    )  # fmt: skip
    projections = [np.zeros((d, d)), given["W_x"], given["W_B"], given["W_C"], given["W_delta"]]
    channels = d + 2 * groups * n
    mixer = load(
        Mamba2Mixer(config, layer_idx=0),
        **{"in_proj.weight": np.concatenate(projections), "dt_bias": given["b_delta"]},
        **{"conv1d.weight": np.ones(channels), "conv1d.bias": np.zeros(channels)},
        **{"A_log": given["A_log"], "D": given["D"]},
    )
    before_norm = watch(mixer.norm)
    u = rng.normal(size=(LENGTH, d))
    with torch.no_grad():
        mixer(tensor(u)[None])
    assert_close("y", ours.output("ssd", u, **given, heads=heads, groups=groups), before_norm[0][0][0][0])


# -------------------------------------------------------------------------------------- recurrent nets


def test_lstm_is_torch_lstm(ours, rng):
    d = 5
    given = oracles.parameters("lstm", rng, d, 1)
    u = rng.normal(size=(LENGTH, d))
    order = "ifuo"  # torch stacks input, forget, cell and output gate, and adds two biases
    module = load(
        torch.nn.LSTM(d, d),
        weight_ih_l0=np.concatenate([given[f"W_{gate}"] for gate in order]),
        weight_hh_l0=np.concatenate([given[f"U_{gate}"] for gate in order]),
        bias_ih_l0=np.concatenate([0.3 * given[f"b_{gate}"] for gate in order]),
        bias_hh_l0=np.concatenate([0.7 * given[f"b_{gate}"] for gate in order]),
    )
    with torch.no_grad():
        assert_close("y", ours.output("lstm", u, **given), module(tensor(u))[0])


@pytest.mark.parametrize("blocks", [1, 2])
def test_rglru_is_transformers_recurrent_gemma(ours, transformers, rng, blocks):
    """Its gates are block diagonal and stored for row vectors, and recurrent_param is -Lambda_p."""
    from transformers.models.recurrent_gemma.modeling_recurrent_gemma import RecurrentGemmaRglru

    d = 6
    given = oracles.parameters("rglru", rng, d, 1)
    mask = block_diag(*[np.ones((d // blocks, d // blocks))] * blocks)
    given["W_a"], given["W_x"] = mask * given["W_a"], mask * given["W_x"]

    def stacked(weight):
        return np.stack([piece.T for piece in blocks_of(weight, blocks)])

    layer = load(
        RecurrentGemmaRglru(SimpleNamespace(num_attention_heads=blocks, lru_width=d)),
        recurrent_param=-given["Lambda_p"],
        input_gate_weight=stacked(given["W_x"]),
        input_gate_bias=given["b_x"],
        recurrent_gate_weight=stacked(given["W_a"]),
        recurrent_gate_bias=given["b_a"],
    )
    layer._rnn_scan = partial(layer._rnn_scan, acc_dtype=torch.float64)
    u = rng.normal(size=(LENGTH, d))
    with torch.no_grad():
        y = layer(tensor(u)[None], torch.arange(LENGTH)[None])[0]
    assert_close("y", ours.output("rglru", u, **given, reset=True), y)


def blocks_of(matrix, count):
    """The square blocks on the diagonal."""
    size = len(matrix) // count
    return [matrix[k * size : (k + 1) * size, k * size : (k + 1) * size] for k in range(count)]
