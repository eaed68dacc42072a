"""The experiment: what is scored, how often and in which order. What follows from it is in `influence.conclusion`.

1. Where the scorer's inputs can be intercepted, both sides of one pair with each donor are compared on each code path; before anything is
   scored, because a cache asks its grader once.
2. Unchanged inputs are scored several times: noise before difference.
3. The answer is swapped for another episode's: a scorer that does not move then shows nothing. Some cases come with another answer, and are
   cases like others (`influence.other_answers`).
4. What both sides of a pair share is looked at: `influence.interference`.
5. Rounds over every case and donor. In a round, each case's renditions (its original, one for each donor) are scored beside one another, in
   an order drawn by lot, cases in an order drawn by lot: which of two scores is the original's is then a fair coin if the score does not
   depend on the CoT, even where it drifts or depends on what else is in the batch. With noise, which would hide that the scorer remembers,
   each is scored in a process of its own, which one being drawn by lot. In between, pairs that moved are scored again, chosen by the past
   only, both sides fresh.

It ends when the evidence suffices, when enough pairs are scored to have seen an effect of the smallest size of interest, or when the budget
is spent.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from sequester.errors import UsageError
from sequester.findings.swapped import Control, Effect, Inputs
from sequester.influence.control import answers_to_swap
from sequester.influence.input_comparison import LOOKS, Probe, at_the_ends, compare_inputs
from sequester.influence.interference import MEMORY, Interference
from sequester.influence.layout import Block, Layout, chunks
from sequester.influence.metering import Budget, MeteredScorer, Progress, groups_of
from sequester.influence.model import Case, Donors, Pair, Rendition, Scorer, Scoring
from sequester.influence.record import Comparison, Evidence, Outcome, Record, Series
from sequester.influence.survival import Survival
from sequester.statistics.paired import SHIFTS_CLAIMED, pairs_needed
from sequester.statistics.symmetry import two_sided


class Rendering(NamedTuple):
    """How a case is put together again."""

    original: Callable[[Case], Rendition]
    """As it was logged."""
    with_answer: Callable[[Case, str], Rendition | None]
    """With its own CoT and another answer; None where it has no answer to replace."""


NOISY_CONTROLS = 3
"""Times that a swapped answer is scored where there is noise."""
OBSERVED = 50
"""Cases whose code path is looked for."""
LOOKED_FOR_SHARE = 0.5
"""Of what input comparison may take, at most so much for code paths: the rest is for comparing."""
PLANNED_SHARE = 0.6
"""Of the calls, at most so many for unchanged inputs and the first round: cases are left out so that some remain for repeats."""
REPEATED_ROUNDS = 16
"""Rounds of repeats of a noise-free scorer: equal differences need about ten."""
TEXTS = 25
"""Pairs with each donor that are enough without noise: of few cases several turns, because donors have several texts and formats."""
MOST_OF_ONE = 1 / 3
"""Of the pairs without noise, those with one donor that has much to say."""
FEWER = 4
"""A donor that has pairs for fewer cases than others by more than this factor is not waited for."""
BATCHES_AT_ONCE = 4
"""Renditions in memory, in batches; after so many the evidence is looked at."""
APART_AT_ONCE = 2_560
"""Renditions in memory at most, where those of a case are scored in processes of their own: each process is started for many cases."""
STARTING_SHARE = 0.5
"""Of the time, at most so much for starting these processes."""
AFRESH_SHARE = 0.1
"""Of the time, at most so much for starting processes in which inputs are compared that a cache would answer."""
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
    """Scorings at most, replicates included: of one episode each, or of one group that is selected from."""
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
        self._scorer, self._donors, self._plan, self._rendering = scorer, donors, plan, rendering
        self._rng = random.Random(plan.seed)
        self._done = 0
        """Planned rounds."""
        self._passes = 2 if plan.noise == "deterministic" else 3
        chosen = self._chosen(cases)
        self.record = Record(
            tuple(chosen), sum(case.logged for case in cases), later=[[] for _ in chosen], unchanged=[[] for _ in chosen]
        )
        self.record.series.update((name, Series()) for name in donors.names)
        groups = groups_of(cases) if plan.outcome == "keep" else {}
        budget = Budget(plan.most_calls, plan.seconds, clock, clock())
        self._meter = MeteredScorer(
            scorer, budget, plan.batch, [groups[case.episode_id] for case in chosen] if groups else [], rendering.original, progress
        )  # fmt: skip
        self._meter.fresh()  # somebody may have used it before
        self._observe()
        self._meter.fresh()
        survival = Survival(self.record, self._meter, donors)
        self._baseline()
        self._stake()
        self._alive = [case for case in range(len(chosen)) if self.record.unchanged[case]]
        if self._alive:
            self._control()
            survival.before(self._alive, random.Random(plan.seed))
            interference = Interference(self.record, self._meter, donors, self._original, 1.0 / plan.alpha, self._rng)
            interference.memory(self._shuffled(self._alive))
            if not survival.after() and MEMORY not in self.record.unchecked:
                self.record.unchecked.append(MEMORY)
            if plan.outcome == "score":
                interference.batches(self._shuffled(self._alive), plan.batch)
            if self.record.noisy and self.record.fresh is not False and not self._apart:
                self.record.unchecked.append(MEMORY)
            self._rounds()
            interference.confirm(self._alive, plan.batch)
        self.record.absent = tuple(sorted(self._meter.absent))
        self.record.unanswered = self._meter.unanswered
        self.record.repeated, self.record.mended = self._meter.repeated, self._meter.mended
        self.record.calls = self._meter.calls
        self.record.branches = scorer.branches()
        self.record.stopped = self._meter.spent or len(chosen) < len(cases)

    def _chosen(self, cases: Sequence[Case]) -> list[Case]:
        """As many as the budget allows for one round, of as many prompts as possible, by lot; of those with another answer one in five."""
        each = self._passes + len(self._donors.names) + 1
        most = int(PLANNED_SHARE * self._plan.most_calls / each) if self._plan.seconds > 0 else 0
        if most >= len(cases):
            return list(cases)
        others = [case for case in cases if not case.logged][: most // 5]
        logged = [case for case in cases if case.logged]
        shuffled = self._rng.sample(logged, len(logged))
        seen: Counter[str] = Counter()
        ranks = []
        for case in shuffled:
            ranks.append(seen[case.prompt_key])
            seen[case.prompt_key] += 1
        order = sorted(range(len(shuffled)), key=ranks.__getitem__)
        return [*(shuffled[index] for index in order[: max(0, most - len(others))]), *others]

    def _original(self, case: int) -> Rendition:
        return self._rendering.original(self.record.cases[case])

    def _baseline(self) -> None:
        for _ in range(self._passes):
            order = self._shuffled(range(len(self.record.cases)))
            outcomes: list[Outcome | None] = [None] * len(order)
            for case, outcome in self._each(order, self._original, "unchanged"):
                if isinstance(outcome, str):
                    if self.record.cases[case].logged:  # an answer of our making may be one that no trainer meets
                        self.record.failures[outcome] += 1
                else:
                    outcomes[case] = outcome
                    self.record.unchanged[case].append(outcome)
            self.record.passes.append(outcomes)

    def _stake(self) -> None:
        """Divide the stake over the numbers that outcomes have, before any is bet: those of a panel are its mean and its members."""
        if self._plan.outcome == "score":
            most = max((len(outcome) for outcomes in self.record.unchanged for outcome in outcomes), default=1)
            self.record.parts = max(1, most)
        for series in self.record.series.values():
            series.evidence = [Evidence(two_sided(self._plan.smallest)) for _ in range(self.record.parts)]

    def _each(self, cases: Sequence[int], made: Callable[[int], Rendition], what: str) -> Iterator[tuple[int, Outcome | str]]:
        """Some rendition of each case, scored; not all of them in memory at once."""
        for start in range(0, len(cases), self._plan.batch):
            part = cases[start : start + self._plan.batch]
            yield from zip(part, self._meter.score([(case, made(case)) for case in part], what), strict=False)

    def _control(self) -> None:
        swapped: dict[int, Rendition] = {}
        logged = [case for case in self._alive if self.record.cases[case].logged]
        for case, answer in answers_to_swap(self.record.cases, logged, self._rng).items():
            rendition = self._rendering.with_answer(self.record.cases[case], answer)
            if rendition is not None:
                swapped[case] = rendition
        for _ in range(NOISY_CONTROLS if self.record.noisy else 1):
            for case, outcome in self._each(list(swapped), swapped.__getitem__, "control"):
                if not isinstance(outcome, str) and (outcome or any(self.record.unchanged[case])):
                    self.record.answered.setdefault(case, []).append(outcome)
        moved = sum(outcomes[0] not in self.record.unchanged[case] for case, outcomes in self.record.answered.items())
        self.record.control = Control(len(self.record.answered), moved, beside=len(self._alive) - len(logged))

    # Input comparison

    def _observe(self) -> None:
        paths: dict[str, dict[int, Scoring]] = {}
        for case in self._shuffled(range(len(self.record.cases)))[:OBSERVED]:
            if paths and not self._meter.may_observe(LOOKED_FOR_SHARE):
                break
            seen = self._meter.observe(self._original(case))
            if seen is not None:
                paths.setdefault(seen.path, {})[case] = seen
        found = [compare_inputs(self._to_compare(paths.values()), self._meter.observe, self._rng)]
        unstable = found[0].unstable
        if found[0].spent and self._meter.fresh():
            affordable = list(paths.values())[: self._affordable_paths()]
            found.append(compare_inputs(self._to_compare(self._seen_afresh(affordable)), self._observe_afresh, self._rng))
            if len(affordable) == len(paths) and found[1].pairs:
                unstable = found[1].unstable
        self.record.differing = [pair for each in found for pair in each.differing()]
        self.record.inputs = Inputs(
            sum(len(each.pairs) for each in found),
            len(self.record.differing),
            dict(sum((each.sites() for each in found), Counter[str]())),
            self._scorer.not_intercepted(),
            dict(Counter(pair.donor for pair in self.record.differing)),
        )
        self.record.unstable = tuple(sorted(unstable))
        self.record.inputs_cut = self._meter.observing_spent

    def _observe_afresh(self, rendition: Rendition) -> Scoring | None:
        """In a process in which no cache has been filled yet."""
        return self._meter.observe(rendition) if self._meter.fresh() else None

    def _seen_afresh(self, paths: Iterable[Mapping[int, Scoring]]) -> Iterator[Mapping[int, Scoring]]:
        """One case of each path."""
        for seen in paths:
            case = next(iter(seen))
            again = self._observe_afresh(self._original(case))
            if again is not None:
                yield {case: again}

    def _affordable_paths(self) -> int:
        """Code paths that can be looked at with a process for each rendition, up to four times, and one pair again and again."""
        each = 4 * (len(self._donors.names) + 1) * self._meter.start_seconds
        seconds = AFRESH_SHARE * self._plan.seconds - 2 * LOOKS * self._meter.start_seconds
        return OBSERVED if each * OBSERVED <= seconds else max(0, int(seconds / each))

    def _to_compare(self, paths: Iterable[Mapping[int, Scoring]]) -> Iterator[tuple[Rendition, Scoring, Iterable[Probe]]]:
        """Of each code path one episode with every donor, and those at the ends of what varies with one of content and one of length:
        what is handed on may be a piece of fixed size."""
        for seen in paths:
            for number, case in enumerate(at_the_ends(self.record.cases, list(seen))):
                probes = list(self._probes(case))
                if number:
                    probes = list(
                        {one.pair.effect: one for one in reversed(probes) if one.pair.effect is not Effect.FORMAT}.values()
                    )
                yield self._original(case), seen[case], probes

    def _probes(self, case: int) -> Iterator[Probe]:
        """With each donor that the verdict is about, another turn each."""
        for turn, name in enumerate(self._donors.names, case):
            pair = self._donors.pair(self.record.cases[case], name, turn)
            if isinstance(pair, Pair) and pair.effect is not Effect.UNCLOSED:
                yield Probe(case, turn, pair)

    # Rounds

    def _rounds(self) -> None:
        while not self._meter.spent:
            # With noise every pair is scored in two rounds: the products of the two differences show what repeats.
            turn = self._done // 2 if self.record.noisy else self._done
            self._round(self._planned(self._due(), turn), planned=True)
            self._done += 1
            for _ in range(REPEATED_ROUNDS):
                if self._decided() or not self._round(self._repeated(), planned=False) or self.record.noisy:
                    break
            if self._over() or not self._due():
                return

    def _decided(self) -> bool:
        return self._meter.spent or self.record.look(1.0 / self._plan.alpha)

    def _over(self) -> bool:
        """The evidence suffices, and every case has met every donor, with noise twice. No look before: the set of donors is still open."""
        return self._meter.spent or (self._done > 0 and self._decided() and self._done >= (2 if self.record.noisy else 1))

    def _useful(self) -> tuple[str, ...]:
        """Donors with pairs; not one that the verdict is not about, once it has shown what it does."""
        return tuple(
            name for name, series in self.record.paired.items()
            if series.comparisons and (name in self.record.probing or series.e_value < 1.0 / self._plan.alpha)
        )  # fmt: skip

    def _due(self) -> tuple[str, ...]:
        """Donors of the next round: all at first, then those with pairs until there are enough, then those that have something left to
        say, where a pair settles something."""
        if not self._done:
            return tuple(self._donors.names)
        if self._done < self._enough():
            return self._useful()
        pairs = {name: len(self.record.series[name].planned) for name in self._useful()}
        most = MOST_OF_ONE * sum(pairs.values())
        return tuple(name for name in pairs if not self.record.noisy and pairs[name] < most and self._donors.has_more(name))

    def _enough(self) -> int:
        """Rounds until every donor that has pairs at all has those that the smallest effect of interest needs; without noise, until it has
        shown some of its texts. Pairs beside other answers are extra."""
        probing = self.record.probing
        met = [{comparison.case for comparison in series.comparisons} for series in probing.values() if series.comparisons]
        cases = [max(1, sum(self.record.cases[case].logged for case in those)) for those in met]
        if not cases:
            return 0
        needed = TEXTS
        if self.record.noisy:
            stakes = len(probing) * self.record.parts
            needed = pairs_needed(self._plan.smallest, stakes, self._plan.alpha, self.record.jump, self._plan.smallest)
        return math.ceil(needed / max(min(cases), max(cases) // FEWER))

    def _planned(self, names: Sequence[str], turn: int) -> Iterator[Block]:
        """Every case with every donor; each case at another turn, so that a rotation of texts is used evenly."""
        for case in self._shuffled(self._alive):
            pairs = {}
            for name in names:
                pair = self._donors.pair(self.record.cases[case], name, case + turn)
                if isinstance(pair, Pair):
                    pairs[name] = (case + turn, pair)
                    self.record.series[name].effect = pair.effect
                elif not self._done and self.record.cases[case].logged:
                    self.record.series[name].unavailable[pair] += 1
            if pairs:
                yield Block(case, self._original(case), pairs)

    def _repeated(self) -> Iterator[Block]:
        """Of each donor the pairs that have moved most, against the noise of so many differences; at most one of each case."""
        chosen: dict[int, dict[str, int]] = {}
        most = max(LEAST_REPEATED, len(self._alive) // 5)
        for name in self._useful():
            for case, turn in self.record.series[name].most_moved(most):
                chosen.setdefault(case, {})[name] = turn
        for case in self._shuffled(list(chosen)):
            made = ((name, turn, self._donors.pair(self.record.cases[case], name, turn)) for name, turn in chosen[case].items())
            yield Block(case, self._original(case), {name: (turn, pair) for name, turn, pair in made if isinstance(pair, Pair)})

    @property
    def _apart(self) -> bool:
        """Whether the renditions of a case are scored in processes of their own: nothing is scored then after what a cache by prompt and
        answer takes for the same."""
        return bool(self.record.fresh) and (self.record.remembers or (self.record.noisy and self._starts_are_cheap()))

    def _starts_are_cheap(self) -> bool:
        renditions = len(self._donors.names) + 1
        # Two rounds; chunks that double until they hold the most.
        starts = 2 * renditions * (3 + len(self._alive) * renditions / APART_AT_ONCE)
        return starts * self._meter.start_seconds <= STARTING_SHARE * self._plan.seconds

    def _scored(self, layout: Layout, what: str) -> list[list[Outcome | str]]:
        """Outcomes by session, as far as the budget goes."""
        found: list[list[Outcome | str]] = []
        for trials in layout.sessions:
            if self._meter.spent or (len(layout.sessions) > 1 and not self._meter.fresh()):
                break
            found.append(self._meter.score(trials, what))
        return found

    def _round(self, blocks: Iterator[Block], *, planned: bool) -> bool:
        """Score the blocks and take in what they show. False if there were none."""
        laid = False
        apart = self._apart
        size = self._plan.batch * (len(self._donors.names) + 1 if apart else BATCHES_AT_ONCE)
        for chunk in chunks(blocks, size, APART_AT_ONCE if apart else size):
            laid = True
            layout = Layout(chunk, self._rng, apart)
            reading = layout.read(self._scored(layout, "planned" if planned else "repeated"), planned)
            for case, outcome in reading.unchanged:
                self.record.unchanged[case].append(outcome)
                if planned:
                    self.record.later[case].append(outcome)
            found: dict[str, list[Comparison]] = {}
            for name, comparison in reading.comparisons:
                found.setdefault(name, []).append(comparison)
            for name, comparisons in found.items():
                self.record.series[name].take(comparisons)
            for name, failure in reading.failed if planned else ():
                self.record.series[name].failed[failure] += 1
            for name, swapped in reading.mended:
                self.record.series[name].mended[swapped] += 1
            for name in reading.without_score if planned else ():
                self.record.series[name].without_score += 1
            if self._over():
                break
        return laid

    def _shuffled(self, items: Sequence[int]) -> list[int]:
        return self._rng.sample(items, len(items))
