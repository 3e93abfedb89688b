"""A claim: a statement that a machine can refute.

A claim has hypotheses, a proof in steps, a confirmation in numbers, and for each hypothesis a case where it is
dropped and the claim fails. Every step compares two expressions that the models themselves produce; it holds if
their difference vanishes. Nothing is true because it says so: change a model, and the claims about it fail.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from dsf_theory.arrays import checks
from dsf_theory.claims.outcome import Counterexample, StepResult
from dsf_theory.claims.render.pages import claim_markdown
from dsf_theory.claims.report import Report
from dsf_theory.claims.statement import METHODS, Condition, Identity, Statement

EXACT, BROKEN = 1e-10, 1e-2
"""A claim holds in numbers below the first residual; a dropped hypothesis breaks it by more than the second."""

HELD = 1e-12
"""A case satisfies a hypothesis if it violates it by no more than this."""


@dataclass(frozen=True)
class Step:
    """One step: a name, a method of :data:`METHODS`, and a function that computes what is compared."""

    name: str
    method: str
    run: Callable

    def check(self, rng: np.random.Generator | None = None) -> StepResult:
        """Run the step; an exception is a failure."""
        start, identities, residual, error = perf_counter(), (), float("nan"), ""
        try:
            if self.method == "numbers":
                residual = float(np.max(np.abs(self.run(rng))))
                ok = bool(residual < EXACT)
            else:
                identities = tuple(as_identities(self.run()))
                left = [identity.residual for identity in identities]
                residual = next((r for r in left if r != 0), 0)
                ok = bool(left) and residual == 0
        except Exception as exception:  # noqa: BLE001 (a proof that cannot be carried out has failed)
            ok, identities, error = False, (), f"{type(exception).__name__}: {exception}"
        return StepResult(self.name, self.method, residual, ok, perf_counter() - start, identities, error)


@dataclass(frozen=True)
class Hypothesis(Condition):
    """A condition, how far a case violates it, and two cases: one that holds, one where it is dropped.

    Args:
        words, latex: the condition, in words and as a formula.
        violation: case -> zero where the condition holds, else how far it does not.
        residual: case -> how far the claim is from true.
        holds, dropped: the two cases, or functions that make them.
    """

    violation: Callable[[Any], float]
    residual: Callable[[Any], float]
    holds: Any
    dropped: Any

    def check(self) -> Counterexample:
        """Compute both cases; an exception is a failure."""
        start, found, error = perf_counter(), [float("nan")] * 4, ""
        try:
            cases = [case() if callable(case) else case for case in (self.holds, self.dropped)]
            found = [float(np.max(np.abs(measure(case)))) for case in cases for measure in self.measures]
        except Exception as exception:  # noqa: BLE001 (a counterexample that cannot be computed is none)
            error = f"{type(exception).__name__}: {exception}"
        held, with_it, violated, without_it = found
        finite = np.isfinite(violated) and np.isfinite(without_it)
        ok = held <= HELD and with_it < EXACT and finite and violated > HELD and without_it > BROKEN
        return Counterexample(
            self.words,
            self.latex,
            held,
            with_it,
            violated,
            without_it,
            bool(ok),
            perf_counter() - start,
            error,
        )

    @property
    def measures(self) -> tuple[Callable, Callable]:
        """The violation of the hypothesis and the residual of the claim."""
        return self.violation, self.residual


@dataclass(eq=False, repr=False)
class Claim(Statement):
    """A statement with its hypotheses, its proof and its numbers, each added by a decorator.

    Args:
        id, title, statement, latex, source, models, notebook: see :class:`Statement`.
        hypotheses: what is assumed, with a case for each where it is dropped.
        proof: its steps.
        confirmations: what is compared in numbers.
    """

    hypotheses: list[Hypothesis] = field(default_factory=list)
    proof: list[Step] = field(default_factory=list)
    confirmations: list[Step] = field(default_factory=list)

    def step(self, name: str, method: str) -> Callable:
        """Add a step to the proof: a function that returns or yields :class:`Identity`, or pairs."""
        if method not in METHODS or method == "numbers":
            raise ValueError(f"method: expected one of {', '.join(METHODS)}, but numbers, found {method!r}")
        return lambda run: self.proof.append(Step(name, method, run)) or run

    def numbers(self, name: str) -> Callable:
        """Add a confirmation: a function of a random generator that returns a residual, or an array of them."""
        return lambda run: self.confirmations.append(Step(name, "numbers", run)) or run

    def hypothesis(
        self, words: str, latex: str, *, violation: Callable, holds: Any, dropped: Any
    ) -> Callable:
        """Add a hypothesis: a function of a case that returns the residual of the claim; see the class."""
        return lambda residual: (
            self.hypotheses.append(Hypothesis(words, latex, violation, residual, holds, dropped)) or residual
        )

    def check(self, seed: int = 0) -> Report:
        """Carry out the proof, the confirmation and the counterexamples.

        Args:
            seed: of the random numbers of the confirmation.
        """
        rng = np.random.default_rng(checks.whole_number("seed", seed))
        steps = [step.check() for step in self.proof] + [step.check(rng) for step in self.confirmations]
        return Report(self, tuple(steps), tuple(hypothesis.check() for hypothesis in self.hypotheses))

    def __repr__(self) -> str:
        return f"Claim({self.id})"

    def _repr_markdown_(self) -> str:
        return claim_markdown(self, self.hypotheses)


def as_identities(found: Identity | tuple | Iterable) -> Iterator[Identity]:
    """Identities from what a step returned: one, a pair ``(left, right)``, or several of either."""
    if isinstance(found, Identity):
        yield found
    elif isinstance(found, tuple) and len(found) > 1:
        yield Identity(*found)
    else:
        for each in found:
            yield from as_identities(each)
