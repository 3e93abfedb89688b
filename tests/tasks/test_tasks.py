"""The tasks: each the distribution that its paper defines, from a seed alone; published files are read as they are."""

import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from io import BytesIO
from itertools import islice, permutations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from dsf_theory import tasks
from dsf_theory.tasks import IGNORED, MQAR, SPLITS, TASKS, InductionHeads, ListOps, SelectiveCopying, batches
from dsf_theory.tasks.listops import SYMBOLS, expression, tokenise
from dsf_theory.tasks.recall import distinct
from dsf_theory.tasks.text import LanguageModelling, encoded

SMALL = {
    "mqar": {"length": 16, "pairs": 3, "vocabulary": 32},
    "selective_copying": {"length": 20, "tokens": 4, "vocabulary": 6},
    "induction_heads": {"length": 10, "vocabulary": 5},
    "listops": {"length": 40, "minimum": 4, "depth": 4, "arguments": 4},
    "digits": {},
    "text": {"length": 24},
}
UNLIKELY = 1e-3  # p-values of right code are uniform; the seeds are fixed, so that the tests are too


def small(name, **changes):
    return TASKS[name](**SMALL[name], **changes)


def follows(outcomes, law):
    """The p-value of outcomes under a law, a dict of probabilities; 0 for one that the law excludes."""
    found = Counter(map(tuple, outcomes.tolist()))
    if not set(found) <= set(law):
        return 0.0
    expected = np.array(list(law.values())) * len(outcomes)
    assert expected.sum() == pytest.approx(len(outcomes)) and expected.min() > 5
    return stats.chisquare([found[outcome] for outcome in law], expected).pvalue


def same_law(one, other):
    """The p-value of two samples of whole numbers under one law; rare numbers are counted together."""
    top = 1 + max(one.max(), other.max())
    counts = np.array([np.bincount(sample.ravel(), minlength=top) for sample in (one, other)])
    rare = counts.sum(axis=0) < 20
    counts = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    return stats.chi2_contingency(counts[:, counts.any(axis=0)]).pvalue


# Every task


@pytest.mark.parametrize("name", SMALL)
def test_a_batch_is_what_the_task_says(name):
    task = small(name)
    batch = task.batch(seed=1, rows=50)
    assert batch.labels.shape == (50, task.length) and batch.labels.dtype == np.int64
    labelled = batch.labels[batch.labels != IGNORED]
    assert labelled.min() >= 0 and labelled.max() < task.classes
    assert ((batch.labels != IGNORED).sum(axis=1) == task.labels_per_row).all()
    if task.vocabulary:
        assert batch.inputs.shape == (50, task.length) and batch.inputs.dtype == np.int64
        assert batch.inputs.min() >= 0 and batch.inputs.max() < task.vocabulary
    else:
        assert batch.inputs.shape == (50, task.length, task.channels) and batch.inputs.dtype == np.float32
    in_torch = batch.tensors()
    assert torch.equal(in_torch.labels, torch.as_tensor(batch.labels)) and in_torch.inputs.shape[:2] == (
        50,
        task.length,
    )


@pytest.mark.parametrize("name", SMALL)
def test_guessing_is_a_rate_that_is_reached_blindly(name):
    """Of one constant answer, counted anew; in MQAR of a random value of the row."""
    task = small(name, split="test")
    batch = task.batch(seed=5, rows=4000)
    labels = batch.labels[batch.labels != IGNORED]
    if name == "mqar":
        values = np.random.default_rng(0).permuted(batch.inputs[:, 1:6:2], axis=1)
        right = np.mean(values == batch.labels[batch.labels != IGNORED].reshape(len(values), -1))
    else:
        right = np.mean(labels == Counter(labels.tolist()).most_common(1)[0][0])
    assert (
        task.guessing == pytest.approx(right, abs=0.03)
        and replace(task, split="train").guessing == task.guessing
    )


def test_labels_name_the_size_that_makes_a_task_hard():
    assert (
        MQAR(length=32, pairs=8).label == "MQAR, 8 pairs" and ListOps(length=64).label == "ListOps, 64 steps"
    )
    assert InductionHeads(length=32).label == "induction heads, 32 steps"
    for name in SMALL:
        assert str(small(name).difficulty) in small(name).label


@pytest.mark.parametrize("name", SMALL)
def test_batches_come_from_their_seed_and_number_alone(name):
    task = small(name)
    first = [batch.inputs for batch in islice(batches(task, 6, seed=3), 4)]
    resumed = [batch.inputs for batch in islice(batches(task, 6, seed=3, start=2), 2)]
    assert all(map(np.array_equal, first[2:], resumed))
    assert np.array_equal(task.batch(3, 6).inputs, first[0])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], task.batch(4, 6).inputs)
    rng = np.random.default_rng(0)
    assert not np.array_equal(task.batch(rng, 6).inputs, task.batch(rng, 6).inputs)


@pytest.mark.parametrize("name", ["mqar", "selective_copying", "digits", "text"])
def test_no_row_is_in_two_splits(name):
    rows = []
    for split in SPLITS:
        stream = islice(batches(TASKS[name](split=split), 50, seed=0), 10)
        rows.append({row.tobytes() for batch in stream for row in batch.inputs})
    assert not (rows[0] & rows[1] or rows[0] & rows[2] or rows[1] & rows[2])


def test_registry_names_its_tasks():
    assert set(TASKS) == {*SMALL, "lra_listops", "lra_text", "lra_retrieval", "lra_image", "lra_pathfinder"}
    for name, task in TASKS.items():
        assert task.name == name and ">>>" in task.__doc__ and "Args:" in task.__doc__


def test_import_loads_neither_torch_nor_optional_packages():
    code = "import sys, dsf_theory.tasks; print({'torch', 'sklearn', 'datasets', 'PIL'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


BAD = {
    "split": (lambda: MQAR(split="dev"), "split: expected one of 'train', 'validation', 'test', found 'dev'"),
    "rows": (lambda: MQAR().batch(0, 0), "rows: expected a whole number >= 1, found 0"),
    "rows in order": (lambda: next(small("digits").in_order(0)), "rows: expected a whole number >= 1, found 0"),
    "negative seed": (lambda: MQAR().batch(-1, 2), "seed: expected a whole number >= 0, found -1"),
    "text as seed": (lambda: next(batches(MQAR(), 2, seed="a")), "seed: expected a whole number >= 0, found 'a'"),
    "odd length": (lambda: MQAR(length=63), "length: expected an even number, found 63"),
    "many pairs": (lambda: MQAR(length=64, pairs=17), "length: expected at least 4 pairs = 68, found 64"),
    "few tokens": (lambda: MQAR(vocabulary=64), "vocabulary: expected at least length + 1 = 65, found 64"),
    "no pairs": (lambda: MQAR(pairs=0), "pairs: expected a whole number >= 1, found 0"),
    "power": (lambda: MQAR(power=0.0), "power: expected a number in (0, 1], found 0.0"),
    "NaN power": (lambda: MQAR(power=np.nan), "power: expected a number in (0, 1], found nan"),
    "no room": (lambda: SelectiveCopying(length=31), "length: expected at least 2 tokens = 32, found 31"),
    "no data": (lambda: SelectiveCopying(vocabulary=2), "vocabulary: expected at least 3 (noise, data, marker)"),
    "short": (lambda: InductionHeads(length=3), "length: expected at least 4, found 3"),
    "one token": (lambda: InductionHeads(vocabulary=1), "vocabulary: expected at least 2"),
    "one argument": (lambda: ListOps(arguments=1), "arguments: expected at least 2, found 1"),
    "no expression": (
        lambda: ListOps(length=7, minimum=4, depth=3, arguments=2).batch(0, 1),
        "expressions of depth=3 and arguments=2 have, found none of",
    ),
    "unit": (lambda: LanguageModelling(unit="token"), "unit: expected one of 'character', 'byte', 'word'"),
    "long window": (
        lambda: LanguageModelling(length=10**6).batch(0, 1),
        "length: expected less than the",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    run, message = BAD[case]
    with pytest.raises(ValueError) as caught:
        run()
    assert message in str(caught.value)


# Drawing without replacement


@pytest.mark.parametrize(("n", "k"), [(24, 3), (16, 2), (5, 4), (4, 4)])
def test_distinct_numbers_are_equally_likely_in_every_order(n, k):
    outcomes = list(permutations(range(n), k))
    drawn = distinct(np.random.default_rng(0), n, k, 12 * len(outcomes))
    assert follows(drawn, dict.fromkeys(outcomes, 1 / len(outcomes))) > UNLIKELY


@given(n=st.integers(1, 300), data=st.data(), rows=st.integers(1, 40), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_distinct_numbers_are_distinct(n, data, rows, seed):
    k = data.draw(st.integers(1, n))
    drawn = distinct(np.random.default_rng(seed), n, k, rows)
    assert drawn.shape == (rows, k) and drawn.min() >= 0 and drawn.max() < n
    assert all(len(set(row)) == k for row in drawn.tolist())


# MQAR


@given(pairs=st.integers(1, 9), spare=st.integers(0, 12), more=st.integers(1, 40), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_mqar_asks_for_every_pair_once(pairs, spare, more, seed):
    length = 4 * pairs + 2 * spare
    task = MQAR(length=length, pairs=pairs, vocabulary=length + more)
    for inputs, labels in zip(*task.batch(seed, 5), strict=True):
        keys, values = inputs[: 2 * pairs : 2], inputs[1 : 2 * pairs : 2]
        half = task.vocabulary // 2
        assert len(set(keys)) == len(set(values)) == pairs
        assert 1 <= keys.min() and keys.max() < half <= values.min() and values.max() < task.vocabulary
        asked = np.flatnonzero(labels != IGNORED)
        assert asked.min() >= 2 * pairs and not (asked % 2).any()
        assert sorted(inputs[asked]) == sorted(keys)
        answer = dict(zip(keys, values, strict=True))
        assert all(labels[step] == answer[inputs[step]] for step in asked)
        assert not np.delete(inputs[2 * pairs :], asked - 2 * pairs).any()


def mqar_outcomes(batch, pairs):
    """(rows, 3 pairs): keys, values and gaps."""
    inputs, labels = batch
    keys, values = inputs[:, : 2 * pairs : 2], inputs[:, 1 : 2 * pairs : 2]
    asked = (inputs[:, None] == keys[:, :, None]) & (labels != IGNORED)[:, None]
    assert (asked.sum(axis=2) == 1).all()
    return np.hstack([keys, values, (asked.argmax(axis=2) - 2 * pairs) // 2])


@pytest.mark.parametrize("power", [0.01, 0.5, 1.0])
def test_mqar_has_the_published_law_exactly(power):
    """All 12 * 30 * 6 outcomes of two pairs among 4 keys, 6 values and 3 gaps, with their probabilities."""
    p = np.arange(1, 4) ** (power - 1.0)
    p /= p.sum()
    law = {
        (*keys, *values, *gaps): p[gaps[0]] * p[gaps[1]] / (1 - p[gaps[0]]) / 12 / 30
        for keys in permutations(range(1, 5), 2)
        for values in permutations(range(5, 11), 2)
        for gaps in permutations(range(3), 2)
    }
    outcomes = mqar_outcomes(MQAR(length=10, pairs=2, vocabulary=11, power=power).batch(0, 60_000), 2)
    assert follows(outcomes, law) > UNLIKELY
    if power < 1:  # keys in the order of their gaps would be another law, and the test would see it
        assert follows(np.hstack([outcomes[:, :4], np.sort(outcomes[:, 4:], axis=1)]), law) < 1e-9
        assert follows(outcomes[:, [0, 1, 2, 3, 5, 4]], law) < 1e-9


def published_mqar(task, rows):
    """MQAR as its published definition says, one row and one ``choice`` at a time."""
    random, context, half = np.random.RandomState(0), 2 * task.pairs, task.vocabulary // 2
    space = (task.length - context) // 2
    p = task.power * np.arange(1, space + 1) ** (task.power - 1)
    inputs, labels = np.zeros((rows, task.length), int), np.full((rows, task.length), IGNORED)
    for r in range(rows):
        keys = random.choice(np.arange(1, half), size=task.pairs, replace=False)
        values = random.choice(np.arange(half, task.vocabulary), size=task.pairs, replace=False)
        gaps = random.choice(np.arange(space), size=task.pairs, replace=False, p=p / p.sum())
        for k in range(task.pairs):
            inputs[r, 2 * k], inputs[r, 2 * k + 1] = keys[k], values[k]
            inputs[r, context + 2 * gaps[k]], labels[r, context + 2 * gaps[k]] = keys[k], values[k]
    return tasks.Batch(inputs, labels)


@pytest.mark.parametrize(("length", "pairs", "vocabulary"), [(64, 4, 8192), (32, 8, 40)])
def test_mqar_is_distributed_as_published(length, pairs, vocabulary):
    task = MQAR(length=length, pairs=pairs, vocabulary=vocabulary)
    theirs = mqar_outcomes(published_mqar(task, 3000), pairs)
    ours = mqar_outcomes(task.batch(0, 30_000), pairs)
    bins = max(1, vocabulary // 64)
    for column in range(3 * pairs):
        one, other = theirs[:, column], ours[:, column]
        if column < 2 * pairs:
            one, other = one // bins, other // bins
        assert same_law(one, other) > UNLIKELY, column
    sets = [(1 << outcomes[:, -pairs:]).sum(axis=1) for outcomes in (theirs, ours)]
    known = np.unique(np.concatenate(sets))
    assert same_law(*(np.searchsorted(known, each) for each in sets)) > UNLIKELY


def test_mqar_filler_is_any_token():
    task = MQAR(length=16, pairs=2, vocabulary=20)
    plain, filled = task.batch(0, 4000), replace(task, filler=True).batch(0, 4000)
    assert np.array_equal(plain.labels, filled.labels)
    assert np.array_equal(plain.inputs[plain.inputs > 0], filled.inputs[plain.inputs > 0])
    assert stats.chisquare(np.bincount(filled.inputs[plain.inputs == 0], minlength=20)).pvalue > UNLIKELY


# Selective copying and induction heads: every outcome of the smallest sizes is equally likely


def test_selective_copying_has_the_published_law():
    law = {}
    for (one, two), data in product(product(range(4), repeat=2), product((1, 2), repeat=2)):
        if one < two:
            row = np.array([0, 0, 0, 0, 3, 3])
            row[[one, two]] = data
            law[(*row, *data)] = 1 / 24
    inputs, labels = SelectiveCopying(length=6, tokens=2, vocabulary=4).batch(0, 2000)
    assert (labels[:, :4] == IGNORED).all()
    assert follows(np.hstack([inputs, labels[:, 4:]]), law) > UNLIKELY


def test_induction_heads_have_the_published_law():
    law = Counter()
    for step, ordinary in product(range(2), product(range(2), repeat=4)):
        row = np.array([*ordinary, 2])
        row[step] = 2
        law[(*row, row[step + 1])] += 1 / 32
    inputs, labels = InductionHeads(length=5, vocabulary=3).batch(0, 2000)
    assert (labels[:, :4] == IGNORED).all()
    assert follows(np.hstack([inputs, labels[:, 4:]]), law) > UNLIKELY


# ListOps


def plain_tree(random, depth, task):
    """The symbols of one tree, grown as published: a node, then its arguments, one after another."""
    if depth == task.depth or random.random() > 0.25:
        return [str(random.integers(10))]
    arguments = random.integers(2, task.arguments + 1)
    inside = [symbol for _ in range(arguments) for symbol in plain_tree(random, depth + 1, task)]
    return [("[MIN", "[MAX", "[MED", "[SM")[random.integers(4)], *inside, "]"]


def plain_value(symbols):
    """The value of an expression, by recursive descent; takes its symbols from a list."""
    symbol = symbols.pop(0)
    if symbol.isdigit():
        return int(symbol)
    arguments = []
    while symbols[0] != "]":
        arguments.append(plain_value(symbols))
    symbols.pop(0)
    sum_modulo_10 = {"[SM": lambda numbers: sum(numbers) % 10}
    return ({"[MIN": min, "[MAX": max, "[MED": lambda n: int(statistics.median(n))} | sum_modulo_10)[symbol](
        arguments
    )


@pytest.mark.parametrize(
    "task", [ListOps(), small("listops"), ListOps(length=90, minimum=1, depth=6, arguments=3)]
)
def test_listops_labels_are_the_values(task):
    for inputs, labels in zip(*task.batch(seed=0, rows=40), strict=True):
        symbols = expression(inputs).split()
        assert task.minimum < len(symbols) < task.length and not inputs[len(symbols) :].any()
        assert np.flatnonzero(labels != IGNORED).tolist() == [len(symbols) - 1]
        assert labels[len(symbols) - 1] == plain_value(symbols) and not symbols
        assert np.array_equal(tokenise(expression(inputs)), inputs[inputs > 0])


def test_listops_at_true_size_keeps_the_grammar():
    """Operators nested nine deep at most below a leaf's level, with two to ten arguments, 501 to 1,999 tokens."""
    depths, counts, sizes = set(), set(), []
    for inputs in ListOps().batch(seed=1, rows=200).inputs:
        open_lists, symbols = [0], expression(inputs).split()
        for symbol in symbols:
            if symbol == "]":
                counts.add(open_lists.pop())
                continue
            open_lists[-1] += 1
            if symbol[0] == "[":
                open_lists.append(0)
                depths.add(len(open_lists) - 1)
        assert open_lists == [1]
        sizes.append(len(symbols))
    assert counts == set(range(2, 11)) and depths == set(range(1, 10))
    assert 500 < min(sizes) < 600 and 1800 < max(sizes) < 2000


def test_listops_has_the_published_law():
    task, random = ListOps(length=60, minimum=1, depth=4, arguments=5), np.random.default_rng(0)
    theirs = []
    while len(theirs) < 4000:
        symbols = plain_tree(random, 1, task)
        if task.minimum < len(symbols) < task.length:
            theirs.append(symbols)
    ours = [expression(row).split() for row in task.batch(0, 20_000).inputs]
    for reading in (
        len,
        lambda symbols: SYMBOLS.index(symbols[0]),
        lambda symbols: SYMBOLS.index(symbols[1]),
        lambda symbols: SYMBOLS.index(symbols[-2]),
        lambda symbols: sum(symbol[0] == "[" for symbol in symbols),
        lambda symbols: max(np.cumsum([(s[0] == "[") - (s == "]") for s in symbols])),
        lambda symbols: plain_value(list(symbols)),
    ):
        assert (
            same_law(*(np.array([reading(symbols) for symbols in each]) for each in (theirs, ours)))
            > UNLIKELY
        )


# Recorded tasks


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    parts = [
        tasks.Batch(*map(np.concatenate, zip(*small("digits", split=split).in_order(100), strict=True)))
        for split in SPLITS
    ]
    assert [len(part.inputs) for part in parts] == [1437, 180, 180]
    assert np.array_equal(np.concatenate([part.inputs for part in parts])[:, :, 0] * 16, pixels)
    labels = np.concatenate([part.labels for part in parts])
    assert np.array_equal(labels[:, -1], digits) and (labels[:, :-1] == IGNORED).all()


def test_windows_of_a_text_lie_end_to_end(tmp_path):
    text = "".join(map(chr, np.random.default_rng(0).integers(97, 123, size=1050)))
    (tmp_path / "text.txt").write_text(text)
    task = LanguageModelling(corpus=tmp_path / "text.txt", length=7)  # which divides all three parts
    letters = sorted(set(text[:840]))
    assert task.vocabulary == task.classes == len(letters) + 1
    for split, part in zip(SPLITS, (text[:840], text[840:945], text[945:]), strict=True):
        one = replace(task, split=split)
        shown = [tasks.Batch(*each) for each in one.in_order(5)]
        assert sum(len(each.inputs) for each in shown) == one.examples == (len(part) - 1) // 7
        read = "".join(letters[token - 1] for each in shown for token in each.inputs.ravel())
        asked = "".join(letters[token - 1] for each in shown for token in each.labels.ravel())
        assert read == part[: len(read)] and asked == part[1 : 1 + len(read)]
    starts = {"".join(letters[t - 1] for t in row) for row in task.batch(0, 2000).inputs}
    assert starts <= {text[i : i + 7] for i in range(833)} and len(starts) > 700


def test_units_of_a_text(tmp_path):
    (tmp_path / "text.txt").write_text("a b\u00e9 a\n" * 8 + "a c\n" * 4, encoding="utf-8")
    path = str(tmp_path / "text.txt")
    tokens, vocabulary = encoded(path, "word")
    assert vocabulary == 4 and tokens["train"][:6].tolist() == [1, 2, 1, 3, 1, 2]  # a, bé, a, <eos>, a, bé
    assert tokens["test"][-2:].tolist() == [0, 3]  # c is not in the training part
    tokens, vocabulary = encoded(path, "byte")
    assert vocabulary == 256 and bytes(tokens["train"][:7]) == b"a b\xc3\xa9 a"
    tokens, vocabulary = encoded(path, "character")
    assert vocabulary == 6 and tokens["train"][:6].tolist() == [3, 2, 4, 5, 2, 3]
    assert 0 in tokens["test"]


def test_pythons_documentation_is_a_text():
    task = LanguageModelling()
    assert len(task.tokens) > 200_000 and 50 < task.vocabulary < 300
    with pytest.raises(FileNotFoundError, match="corpus: expected 'python'.*found 'nowhere'"):
        LanguageModelling(corpus="nowhere").batch(0, 1)


WIKITEXT = {
    "train": "\n = Title = \n\n One sentence . \n",
    "valid": " Two of <unk> . \n",
    "test": " Three . \n",
}


@pytest.mark.parametrize("ending", ["tokens", "raw"])
def test_wikitext_in_its_published_files(tmp_path, ending):
    for part, text in WIKITEXT.items():
        (tmp_path / f"wiki.{part}.{ending}").write_text(text)
    tokens, _ = encoded(str(tmp_path), "byte")
    assert [bytes(tokens[split]).decode() for split in SPLITS] == list(WIKITEXT.values())


# Through `datasets`: local folders in the layout of the hub's repositories


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Writes a part of a data set as the hub holds it, in Parquet; the folder is what a task is given."""
    import datasets
    import pyarrow
    from pyarrow import parquet

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()

    def write(part, columns, config="data"):
        folder = tmp_path / "hub"
        (folder / config).mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.table(columns), folder / config / f"{part}-00000-of-00001.parquet")
        return folder

    return write


def test_wikitext_through_datasets(hub):
    config = "wikitext-103-raw-v1"
    for part, split in zip(WIKITEXT, SPLITS, strict=True):
        lines = [line if line.strip() else "" for line in WIKITEXT[part].splitlines(keepends=True)]
        folder = hub(split, {"text": lines}, config)
    files = "".join(f"\n  - split: {split}\n    path: {config}/{split}-*" for split in SPLITS)
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: {config}\n  data_files:{files}\n---\n")
    tokens, _ = encoded(str(folder), "byte")
    assert [bytes(tokens[split]).decode() for split in SPLITS] == list(WIKITEXT.values())


def spelt(row):
    """The bytes that a row of tokens spells."""
    return bytes((row[row > 0] - 1).tolist())


def test_lra_text_through_datasets(hub):
    hub("train", {"text": ["good", "b\u00e4d film"], "label": [1, 0]})
    folder = hub("test", {"text": ["dull"], "label": [0]})
    ((inputs, labels),) = tasks.LRAText(source=folder, length=6).in_order(10)
    assert [spelt(row) for row in inputs] == [b"good", b"b\xc3\xa4d f"]
    assert labels.tolist() == [[IGNORED] * 3 + [1] + [IGNORED] * 2, [IGNORED] * 5 + [0]]
    for split in ("validation", "test"):
        assert tasks.LRAText(source=folder, split=split).examples == 1


IMAGE_CARD = """---
dataset_info:
  features:
  - name: img
    dtype: image
  - name: label
    dtype: int64
---
"""


def png(pixels):
    """An image as Parquet files of the hub hold it."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return {"bytes": file.getvalue(), "path": None}


def test_lra_image_through_datasets(hub):
    pixels = np.random.default_rng(0).integers(256, size=(22, 32, 32, 1)).astype(np.uint8)
    images = [png(image.repeat(3, axis=2)) for image in pixels]  # grey, as red, green and blue
    hub("train", {"img": images[:20], "label": [k % 10 for k in range(20)]})
    folder = hub("test", {"img": images[20:], "label": [0, 1]})
    (folder / "README.md").write_text(IMAGE_CARD)
    found = [next(tasks.LRAImage(source=folder, split=split).in_order(100)) for split in SPLITS]
    assert [len(each.inputs) for each in found] == [18, 2, 2]
    assert np.array_equal(np.concatenate([each.inputs for each in found]), pixels.reshape(22, 1024))
    assert np.concatenate([each.labels for each in found])[:, -1].tolist() == [k % 10 for k in range(22)]


# The other files of the Long Range Arena


def test_lra_listops_files(tmp_path):
    rows = ["( ( ( [MAX 2 ) 9 ) ] )\t9", "( ( ( ( [SM 7 ) 8 ) ( ( ( [MIN 3 ) 1 ) ] ) ) ] )\t6"]
    for part in ("train", "val", "test"):
        (tmp_path / f"basic_{part}.tsv").write_text("\r\n".join(["Source\tTarget", *rows, ""]))
    for split in SPLITS:
        ((inputs, labels),) = tasks.LRAListOps(source=tmp_path, split=split, length=12).in_order(5)
        assert [expression(row) for row in inputs] == ["[MAX 2 9 ]", "[SM 7 8 [MIN 3 1 ] ]"]
        assert labels.max(axis=1).tolist() == [9, 6] and labels[0, 3] == 9 and labels[1, 7] == 6
        assert plain_value(expression(inputs[1]).split()) == 6


def test_lra_retrieval_files(tmp_path):
    lines = ['1.0\tA1\tA2\tone "text\tlonger text', "0.0\tA1\tA3\tsome\t"]
    for part in ("train", "eval", "test"):
        (tmp_path / f"new_aan_pairs.{part}.tsv").write_text("\n".join(lines) + "\n")
    for split in SPLITS:
        ((inputs, labels),) = tasks.LRARetrieval(source=tmp_path, split=split, length=17).in_order(5)
        assert spelt(inputs[0, :8]) == b'one "tex' and spelt(inputs[0, 9:]) == b"longer t"
        assert inputs[0, 8] == inputs[1, 4] == 257 and not inputs[1, 5:].any()
        assert labels[0, 16] == 1 and labels[1, 4] == 0 and (labels != IGNORED).sum() == 2


def test_lra_pathfinder_files(tmp_path):
    level = tmp_path / "curv_contour_length_14"
    (level / "metadata").mkdir(parents=True)
    (level / "imgs" / "0").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(256, size=(21, 8, 8)).astype(np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(level / "imgs" / "0" / f"sample_{number}.png")
    (level / "imgs" / "0" / "sample_20.png").write_bytes(b"")  # there is such a file in the published data
    for name, some in (("10", range(15, 21)), ("2", range(15))):  # in the order of numbers, not of names
        lines = [f"imgs/0 sample_{k}.png {k} {k % 2} 0 1.0" for k in some]
        (level / "metadata" / f"{name}.npy").write_text("\n".join(lines) + "\n")
    found = [
        next(tasks.LRAPathfinder(source=tmp_path, split=split, length=64).in_order(100)) for split in SPLITS
    ]
    assert [len(each.inputs) for each in found] == [16, 2, 2]
    assert np.array_equal(np.concatenate([each.inputs for each in found]), pixels[:20].reshape(20, 64))
    assert np.concatenate([each.labels for each in found])[:, -1].tolist() == [k % 2 for k in range(20)]


def test_files_that_are_missing_or_wrong_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="source: expected .*basic_train.tsv, found nothing"):
        tasks.LRAListOps(source=tmp_path).batch(0, 1)
    (tmp_path / "basic_train.tsv").write_text("Source\tTarget\n")
    with pytest.raises(ValueError, match="source: expected examples for train, found none"):
        tasks.LRAListOps(source=tmp_path).batch(0, 1)
    (tmp_path / "basic_train.tsv").write_text("Source\tTarget\n[MAX 1 2 ]\t2\tmore\n")
    with pytest.raises(ValueError, match="basic_train.tsv, line 2: expected 2 fields, found 3"):
        tasks.LRAListOps(source=tmp_path).batch(0, 1)
    with pytest.raises(ValueError, match="text: expected symbols of ListOps, found '.MAXIMUM'"):
        tokenise("[MAXIMUM 1 2 ]")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        ImportError, match=r"stanfordnlp/imdb needs datasets: pip install 'dsf_theory\[data\]'"
    ):
        tasks.LRAText().batch(0, 1)
