"""The models that tests run: every one of the registry with its default options, and the options listed here."""

import oracles
from laws import Case

import dsf_theory as dsf


def positive_features(x):
    """Three positive features of any number of entries, for arrays of any library."""
    return (1 + x[..., [0, -1, 0]] / 3) ** 2 + x[..., [0, 0, -1]] ** 2 / 7 + 0.2


def signed_features(x):
    """Three features of either sign, other than those above."""
    return x[..., [-1, 0, 0]] - x[..., [0, -1, -1]] ** 2 / 5 + 0.3


def signed_normaliser(u):
    """A normaliser of either sign for two heads."""
    return u[..., [0, 1]] + u[..., [1, 0]] ** 3 / 3


HEADS = [{"heads": 2}, {"heads": 3}]
RULES = [{"rule": "zoh"}, {"rule": "bilinear"}]
OPTIONS = {
    "softmax_attention": [*HEADS, {"heads": 2, "scale": 0.37}],
    "linear_attention": [*HEADS, {"scale": 0.37}],
    "linear_attention_elu": HEADS,
    "separable_attention": [
        {"phi": positive_features, "psi": positive_features, "heads": 3},
        {"phi": positive_features, "psi": signed_features, "eta": "one", "heads": 2},
        {"phi": positive_features, "psi": signed_features, "eta": signed_normaliser, "heads": 2},
    ],
    "norm_attention": [
        *HEADS,
        {"heads": 2, "eta": "softplus"},
        {"eta": "sigmoid"},
        {"feature_map": "elu_plus_one"},
    ],
    "taylor_attention": [*HEADS, {"order": 4}],
    "favor_attention": HEADS,
    "s4d": RULES[1:],
    "s4": RULES[:1],
    "s5": RULES[1:],
    "s6": [{"b_rule": "zoh"}],
    "ssd": [*HEADS, {"heads": 4, "groups": 2}, {"heads": 3, "groups": 3}, {"coupled": False}],
    "rglru": [{"reset": True}, {"c": 3.0}],
}
"""What the laws are run with beyond the defaults, which every registered model is run with."""

CASES = [
    Case(model, options, getattr(oracles, name, None))
    for name, model in dsf.MODELS.items()
    for options in ({}, *OPTIONS.get(name, ()))
]
