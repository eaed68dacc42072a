"""The experiment: what is scored, how often and in which order. What follows from it is in `influence.conclusion`.

1. Unchanged inputs are scored several times: noise before difference.
2. The answer is swapped for another episode's: a scorer that does not move then shows nothing.
3. Where the scorer's inputs can be intercepted, both sides of one pair with each donor are compared on each code path.
4. Rounds over every case and donor. In a round, each case's renditions (its original, one for each donor) are scored beside one another, in
   an order drawn by lot, cases in an order drawn by lot: which of two scores is the original's is then a fair coin if the score does not
   depend on the CoT, even where it drifts or depends on what else is in the batch. In between, pairs that moved are scored again, chosen by
   the past only, both sides fresh.

It ends when the evidence suffices, when enough pairs are scored to have seen an effect of the smallest size of interest, or when the budget
is spent.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from sequester.errors import UsageError
from sequester.findings.swapped import Control, Inputs
from sequester.influence.model import Case, Donors, Pair, Rendition, Scorer, Scoring
from sequester.influence.record import Comparison, Outcome, Record, Series
from sequester.statistics.paired import SHIFTS_CLAIMED, pairs_needed

Progress = Callable[[int, str], None]
"""Told after every call of the scorer: episodes scored so far, and what is being scored."""


class Rendering(NamedTuple):
    """How a case is put together again."""

    original: Callable[[Case], Rendition]
    """As it was logged."""
    with_answer: Callable[[Case, str], Rendition | None]
    """With its own CoT and another answer; None where it has no answer to replace."""


SHARED_FAILURES = ("missing_columns", "rate_limited", "timeout")
"""Failures of a batch that are not looked for in each of its episodes alone: they would fail as well, or take too long."""
LARGEST_SCORE = 1e100
"""A score beyond is taken as a failure: differences of such numbers would overflow."""
CONTROLS = 20
"""Cases whose answer is swapped."""
OBSERVED = 50
"""Cases whose code path is looked for."""
OBSERVING_SHARE = 0.2
"""Of the calls, at most so many for input comparison."""
PLANNED_SHARE = 0.6
"""Of the calls, at most so many for unchanged inputs and the first round: cases are left out so that some remain for repeats."""
REPEATED_ROUNDS = 16
"""Rounds of repeats of a noise-free scorer: equal differences need about ten."""
LEAST_REPEATED = 3
"""Pairs of each donor that are scored again after a round, if so many moved; of many cases, one in five."""


class Plan(Struct, frozen=True):
    """What the user decides. Raises UsageError for values that mean nothing."""

    alpha: float = 0.05
    """Probability of calling a scorer influenced that is not, over the whole experiment."""
    noise: str = "replicate"
    """`deterministic`: the same input is declared to get the same score. `replicate`: that is measured."""
    smallest: float = 0.5
    """Smallest mean shift of interest, in per-call standard deviations; 0.1 or more."""
    batch: int = 32
    """Episodes handed to the scorer in one call, at most."""
    outcome: str = "score"
    """`score`, or `keep` for a selection function: the bits of the whole group are compared."""
    most_calls: int = 20_000
    """Episodes scored at most, replicates included."""
    seconds: float = 600.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("noise", ("deterministic", "replicate")), ("outcome", ("score", "keep"))):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} is none of: {', '.join(allowed)}")
        if not 0.0 < self.alpha < 1.0:
            raise UsageError(f"alpha {self.alpha} is not between 0 and 1", hint="5 % is written 0.05")
        if not self.smallest >= SHIFTS_CLAIMED[0]:
            raise UsageError(
                f"smallest {self.smallest} is less than {SHIFTS_CLAIMED[0]}", hint="0.5 is half a per-call standard deviation"
            )
        if self.batch < 1:
            raise UsageError(f"batch {self.batch} is not a positive number")


class Subject(Struct, frozen=True):
    """What is tested."""

    reward_path: str
    source: str
    """`FILE.py:function` as it was given."""


Trial = tuple[int, Rendition]
"""Index of a case, and what is scored for it."""


def run(
    cases: Sequence[Case],
    scorer: Scorer,
    donors: Donors,
    plan: Plan,
    rendering: Rendering,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Record:
    """Do all of it. `clock` gives seconds. Errors of the scorer's own machinery go through; failures of reward code are counted."""
    return _Experiment(cases, scorer, donors, plan, rendering, progress, clock).record


class _Experiment:
    def __init__(
        self,
        cases: Sequence[Case],
        scorer: Scorer,
        donors: Donors,
        plan: Plan,
        rendering: Rendering,
        progress: Progress | None,
        clock: Callable[[], float],
    ) -> None:
        self._scorer, self._donors, self._plan, self._progress, self._clock = scorer, donors, plan, progress, clock
        self._rng = random.Random(plan.seed)
        self._deadline = clock() + plan.seconds
        self._groups = _groups(cases) if plan.outcome == "keep" else {}
        self._observations = 0
        self._spent = False
        self._passes = 2 if plan.noise == "deterministic" else 3
        chosen = self._chosen(cases)
        self.record = Record(tuple(chosen), len(cases), unchanged=[[] for _ in chosen])
        self.record.series.update((name, Series()) for name in donors.names)
        self._rendering = rendering
        self._originals = [rendering.original(case) for case in chosen]
        self._base = {case.episode_id: rendering.original(case) for members in self._groups.values() for case in members}
        self._baseline()
        self._alive = [case for case in range(len(chosen)) if self.record.unchanged[case]]
        if self._alive:
            self._control()
            self._observe()
            self._rounds()
        self.record.stopped = self._spent or len(chosen) < len(cases)
        self.record.branches = scorer.branches()

    def _chosen(self, cases: Sequence[Case]) -> list[Case]:
        """As many as the budget allows for one round, of as many prompts as possible, by lot."""
        sizes = sum(len(self._members(case)) for case in cases) / len(cases) if cases else 1.0
        each = (self._passes + len(self._donors.names) + 1) * sizes
        most = int(PLANNED_SHARE * self._plan.most_calls / each) if self._plan.seconds > 0 else 0
        if most >= len(cases):
            return list(cases)
        shuffled = self._rng.sample(list(cases), len(cases))
        seen: Counter[str] = Counter()
        ranks = []
        for case in shuffled:
            ranks.append(seen[case.prompt_key])
            seen[case.prompt_key] += 1
        order = sorted(range(len(shuffled)), key=ranks.__getitem__)
        return [shuffled[index] for index in order[: max(0, most)]]

    def _members(self, case: Case) -> Sequence[Case]:
        """The case, followed by the rest of its group if a whole group is needed to score it."""
        return self._groups.get(case.episode_id, (case,))

    # Scoring

    def _scored(self, trials: Sequence[Trial], what: str) -> list[Outcome | str]:
        """Outcomes, or names of failures, in order; shorter where the budget ended."""
        found: list[Outcome | str] = []
        while len(found) < len(trials):
            batch = trials[len(found) : len(found) + (1 if self._groups else self._plan.batch)]
            outcomes = self._call(self._handed_over(batch), what)
            if len(batch) > 1 and outcomes and all(isinstance(each, str) and each not in SHARED_FAILURES for each in outcomes):
                # One rendition that the code fails on takes its whole batch along: which one it was shows when each is alone.
                outcomes = [outcome for _, rendition in batch for outcome in self._call([rendition], what)]
            found += outcomes
            if self._spent:
                break
        return found

    def _call(self, renditions: Sequence[Rendition], what: str) -> list[Outcome | str]:
        """One call of the scorer; nothing if the budget does not reach that far."""
        if self.record.calls + len(renditions) > self._plan.most_calls or self._clock() >= self._deadline:
            self._spent = True
            return []
        scorings = self._scorer.score(renditions)
        self.record.calls += len(renditions)
        if self._progress is not None:
            self._progress(self.record.calls, what)
        return [_group_outcome(scorings)] if self._groups else list(map(_outcome, scorings))

    def _handed_over(self, batch: Sequence[Trial]) -> list[Rendition]:
        """What the scorer is given: the batch, or the group of the one trial in it, which comes first."""
        if not self._groups:
            return [rendition for _, rendition in batch]
        ((index, rendition),) = batch
        return [rendition, *(self._base[case.episode_id] for case in self._members(self.record.cases[index])[1:])]

    def _baseline(self) -> None:
        for _ in range(self._passes):
            order = self._shuffled(range(len(self._originals)))
            outcomes: list[Outcome | None] = [None] * len(order)
            for case, outcome in zip(
                order, self._scored([(case, self._originals[case]) for case in order], "unchanged"), strict=False
            ):
                if isinstance(outcome, str):
                    self.record.failures[outcome] += 1
                else:
                    outcomes[case] = outcome
                    self.record.unchanged[case].append(outcome)
            self.record.passes.append(outcomes)

    def _control(self) -> None:
        trials = []
        for case in self._shuffled(self._alive)[:CONTROLS]:
            own = self.record.cases[case].answer
            others = (self.record.cases[self._rng.randrange(len(self.record.cases))].answer for _ in range(8))
            other = next((answer for answer in others if answer != own), None)
            rendition = self._rendering.with_answer(self.record.cases[case], other) if other is not None else None
            if rendition is not None:
                trials.append((case, rendition))
        pairs = moved = 0
        for (case, _), outcome in zip(trials, self._scored(trials, "control"), strict=False):
            if not isinstance(outcome, str):
                pairs += 1
                moved += outcome not in self.record.unchanged[case]
        self.record.control = Control(pairs, moved)

    # Input comparison

    def _observe(self) -> None:
        paths: dict[str, tuple[int, Scoring]] = {}
        for case in self._shuffled(self._alive)[:OBSERVED]:
            seen = self._observed(self._originals[case])
            if seen is not None:
                paths.setdefault(seen.path, (case, seen))
        compared: list[set[str]] = []
        unstable: set[str] = set()
        for case, seen in paths.values():
            again = self._observed(self._originals[case])
            if again is not None:
                unstable |= _differing(seen, again)
            for number, name in enumerate(self._donors.names):
                pair = self._donors.pair(self.record.cases[case], name, case + number)
                if isinstance(pair, Pair):
                    found = self._compared(pair, seen if pair.original == self._originals[case] else None)
                    if found is not None:
                        compared.append(found[0])
                        unstable |= found[1]
        sites = Counter(site for found in compared for site in found - unstable)
        differing = sum(bool(found - unstable) for found in compared)
        self.record.inputs = Inputs(len(compared), differing, dict(sites), self._scorer.not_intercepted())
        self.record.unstable = tuple(sorted(unstable))

    def _compared(self, pair: Pair, original: Scoring | None) -> tuple[set[str], set[str]] | None:
        """Sites at which the two sides of a pair differ, and those of them that differ by themselves; None if nothing was intercepted.

        A difference is looked at twice: a clock that ticks once a second lies still between two looks more often than not."""
        before = original if original is not None else self._observed(pair.original)
        swapped = self._observed(pair.swapped)
        if before is None or swapped is None or not (before.seen or swapped.seen):
            return None
        sites = _differing(before, swapped)
        if not sites:
            return sites, set()
        after, again = self._observed(pair.original), self._observed(pair.swapped)
        if after is None or again is None:
            return set(), sites
        return sites, _differing(before, after) | _differing(swapped, again)

    def _observed(self, rendition: Rendition) -> Scoring | None:
        """None if it failed, or would cost more than input comparison may."""
        if self._clock() >= self._deadline or self._observations >= OBSERVING_SHARE * self._plan.most_calls:
            return None
        self._observations += 1
        self.record.calls += 1
        scoring = self._scorer.observe(rendition)
        if self._progress is not None:
            self._progress(self.record.calls, "inputs")
        return None if scoring.failure else scoring

    # Rounds

    def _rounds(self) -> None:
        names = tuple(self._donors.names)
        number = 0
        while not self._spent:
            # With noise every pair is scored in two rounds: the products of the two differences show what repeats.
            turn = number // 2 if self.record.noisy else number
            self._round(self._planned(names, turn, first=number == 0), planned=True)
            names = tuple(self.record.probing)
            number += 1
            for _ in range(REPEATED_ROUNDS):
                if self._decided() or not self._round(self._repeated(), planned=False) or self.record.noisy:
                    break
            if self._decided() or not self.record.noisy or number >= self._enough():
                return

    def _decided(self) -> bool:
        return self._spent or self.record.e_value >= 1.0 / self._plan.alpha

    def _enough(self) -> int:
        """Rounds until every donor that has pairs at all has those that the smallest effect of interest needs."""
        probing = self.record.probing
        cases = [len({comparison.case for comparison in series.comparisons}) for series in probing.values()]
        if not any(cases):
            return 0
        return math.ceil(pairs_needed(self._plan.smallest, len(probing), self._plan.alpha) / min(filter(None, cases)))

    def _planned(self, names: Sequence[str], turn: int, first: bool) -> Iterator[tuple[int, dict[str, tuple[int, Pair]]]]:
        """Every case with every donor; each case at another turn, so that a rotation of texts is used evenly."""
        for case in self._shuffled(self._alive):
            pairs = {}
            for name in names:
                pair = self._donors.pair(self.record.cases[case], name, case + turn)
                if isinstance(pair, Pair):
                    pairs[name] = (case + turn, pair)
                elif first:
                    self.record.series[name].unavailable[pair] += 1
            if pairs:
                yield case, pairs

    def _repeated(self) -> Iterator[tuple[int, dict[str, tuple[int, Pair]]]]:
        """Of each donor the pairs that have moved most, against the noise of so many differences; at most one of each case."""
        chosen: dict[int, dict[str, tuple[int, Pair]]] = {}
        most = max(LEAST_REPEATED, len(self._alive) // 5)
        for name, series in self.record.probing.items():
            best: dict[int, tuple[float, int]] = {}
            for (case, turn), pair in series.pairs.items():
                if pair.total:
                    best[case] = max(best.get(case, (0.0, 0)), (abs(pair.total) / math.sqrt(pair.count), turn))
            for case in sorted(best, key=lambda case: (-best[case][0], case))[:most]:
                made = self._donors.pair(self.record.cases[case], name, best[case][1])
                if isinstance(made, Pair):
                    chosen.setdefault(case, {})[name] = (best[case][1], made)
        for case in self._shuffled(chosen):
            yield case, chosen[case]

    def _round(self, blocks: Iterator[tuple[int, dict[str, tuple[int, Pair]]]], *, planned: bool) -> bool:
        """Score the blocks and take in what they show. False if there were none."""
        trials: list[Trial] = []
        laid: list[tuple[int, str, int, int, int]] = []
        """Case, donor, turn, places of the original and of the swapped rendition."""
        own: list[tuple[int, int]] = []
        """Case, place of its unchanged rendition."""
        for case, pairs in blocks:
            unchanged = self._originals[case]
            renditions: list[Rendition] = []
            sides: list[tuple[str, int, int, int]] = []
            shared = -1
            for name, (turn, pair) in pairs.items():
                self.record.series[name].effect = pair.effect
                if pair.original == unchanged:
                    if shared < 0:
                        shared = len(renditions)
                        renditions.append(unchanged)
                    original = shared
                else:
                    original = len(renditions)
                    renditions.append(pair.original)
                sides.append((name, turn, original, len(renditions)))
                renditions.append(pair.swapped)
            places = self._shuffled(range(len(renditions)))
            at = len(trials)
            block: list[Trial] = [(case, unchanged)] * len(renditions)
            for place, rendition in zip(places, renditions, strict=True):
                block[place] = (case, rendition)
            trials += block
            if shared >= 0:
                own.append((case, at + places[shared]))
            laid += [(case, name, turn, at + places[o], at + places[s]) for name, turn, o, s in sides]
        outcomes = self._scored(trials, "planned" if planned else "repeated")
        for case, place in own:
            if place < len(outcomes) and not isinstance(outcome := outcomes[place], str):
                self.record.unchanged[case].append(outcome)
        self._take(laid, outcomes, planned)
        return bool(laid)

    def _take(self, laid: Sequence[tuple[int, str, int, int, int]], outcomes: Sequence[Outcome | str], planned: bool) -> None:
        found: dict[str, list[Comparison]] = {}
        for case, name, turn, original, swapped in laid:
            if max(original, swapped) >= len(outcomes):
                continue
            before, after = outcomes[original], outcomes[swapped]
            if isinstance(before, str) or isinstance(after, str):
                if planned:
                    self.record.series[name].failed[after if isinstance(after, str) else str(before)] += 1
            else:
                found.setdefault(name, []).append(Comparison(case, turn, _difference(before, after), planned))
        for name, comparisons in found.items():
            self.record.series[name].take(comparisons)

    def _shuffled(self, items: Mapping[int, object] | Sequence[int]) -> list[int]:
        return self._rng.sample(list(items), len(items))


def _groups(cases: Sequence[Case]) -> dict[str, tuple[Case, ...]]:
    """For each episode its group, itself first: those that compete with it. One group of all where every group has one member."""
    by_group: dict[str, list[Case]] = {}
    for case in cases:
        by_group.setdefault(case.group, []).append(case)
    found = list(by_group.values())
    if all(len(group) == 1 for group in found):
        found = [list(cases)]
    return {case.episode_id: (case, *(other for other in group if other is not case)) for group in found for case in group}


def _outcome(scoring: Scoring) -> Outcome | str:
    if scoring.failure:
        return scoring.failure
    if scoring.score is None:
        return "no_score"
    return (float(scoring.score),) if abs(scoring.score) <= LARGEST_SCORE else "not_a_number"


def _group_outcome(scorings: Sequence[Scoring]) -> Outcome | str:
    bits: list[float] = []
    for scoring in scorings:
        outcome = _outcome(scoring)
        if isinstance(outcome, str):
            return outcome
        bits += outcome
    return tuple(bits)


def _difference(before: Outcome, after: Outcome) -> float:
    """The first difference other than 0, the episode's own before those of its group. Odd: exchanging the sides changes its sign alone."""
    return next((b - a for a, b in zip(before, after, strict=True) if b != a), 0.0)


def _differing(one: Scoring, other: Scoring) -> set[str]:
    """Sites that were handed different inputs, as multisets, or by one side only."""
    counts: dict[str, Counter[bytes]] = {}
    for scoring, sign in ((one, 1), (other, -1)):
        for seen in scoring.seen:
            counts.setdefault(seen.site, Counter())[seen.digest] += sign
    return {site for site, digests in counts.items() if any(digests.values())}
