"""From chains to findings-to-be: where they stand in reasoning and input, and what is beside them there.

What comes to `low` whatever else the run holds is only weighed, and made where it is to be listed: two that write about one task share
many such stretches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from sequester.episodes.families import DELIMITERS, HARMONY_TOKENS, spotter
from sequester.episodes.guarded import GuardedText
from sequester.exposure import matching
from sequester.exposure.severity import THRESHOLDS
from sequester.exposure.sharing import windows_for
from sequester.exposure.subject import Subject
from sequester.exposure.tally import RULE_OF_CLASS, Candidate, Minor
from sequester.exposure.weighing import said_once, weigh, weighs_little
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import FindingClass, Span

SPANS_KEPT = 32
_BESIDE = 16
"""Code points on both sides of a stretch in which a marker says that a split failed there."""
_has_marker = spotter([*DELIMITERS, *((token[0], re.escape(token)) for token in HARMONY_TOKENS)])


class Site(NamedTuple):
    """Where chains were found: in the fields of a reward call, or in what was decoded of one."""

    name: str
    """What a finding there is called."""
    transforms: tuple[str, ...]
    texts: Sequence[str]
    """What the fields of runs are indices into."""
    fields: Sequence[str] = ()
    """Names of the texts where chains go over several."""


def fields_of(chain: matching.Chain) -> tuple[int, ...]:
    """The fields that a chain goes over."""
    first, last = chain.runs[0].field, chain.runs[-1].field
    return (first,) if first == last else tuple(sorted({run.field for run in chain.runs}))


def site_of(texts: Sequence[tuple[str, GuardedText]], indices: Sequence[int]) -> Site:
    """The fields of a call where chains go over those with these indices."""
    inputs = [text.reveal() for _, text in texts]
    if len(indices) == 1:
        return Site(texts[indices[0]][0], (), inputs)
    name = " + ".join(texts[index][0] for index in indices[:3]) + (" + …" if len(indices) > 3 else "")
    return Site(name, ("split-over-fields",), inputs, [field for field, _ in texts])


class Finder(NamedTuple):
    """What turns chains into candidates: whose reasoning, which reward path, which key."""

    subject: Subject
    path: str
    key: FingerprintKey

    def fingerprint(self, class_: FindingClass, identity: GuardedText) -> str:
        """Id of the finding with this normalised text."""
        return self.key.fingerprint(RULE_OF_CLASS[class_], self.path, identity)

    def located(
        self, texts: Sequence[tuple[str, GuardedText]], chains: Sequence[matching.Chain], class_: FindingClass
    ) -> Candidate:
        """The finding-to-be from chains that go over the same fields, all of them localised."""
        return self._candidate(site_of(texts, fields_of(chains[0])), chains, (), chains, class_)

    def candidates(
        self, site: Site, chains: Sequence[matching.Chain], class_: FindingClass = FindingClass.CONTENT
    ) -> Iterator[Candidate | Minor]:
        """The finding-to-be, if any, from chains that go over the same fields of one site."""
        private = 0
        low: list[matching.Chain] = []
        telling: list[matching.Chain] = []
        # Only an input without markers can have none beside a stretch.
        is_marked = bool(chains) and any(_has_marker(site.texts[field]) for field in fields_of(chains[0]))
        for chain in chains:
            weight = weigh(self.subject, chain)
            if weight.private >= THRESHOLDS.report:
                private += weight.private
                is_low = not is_marked and weighs_little(weight) and not self._is_drafted(chain)
                (low if is_low else telling).append(chain)
        whole = partial(self._candidate, site, chains, low, telling, class_)
        if telling or (low and self.subject.material.lacks_answer):
            yield whole()
        elif low:
            yield Minor(self._class_of(chains, class_), site.name, site.transforms, round(private * _once(low)), whole)

    def _candidate(
        self,
        site: Site,
        chains: Sequence[matching.Chain],
        low: Sequence[matching.Chain],
        telling: Sequence[matching.Chain],
        class_: FindingClass,
    ) -> Candidate:
        """Of `chains`, those that come to `low` whatever else the run holds are not localised; the `telling` ones are."""
        subject, texts = self.subject, site.texts
        normalised = cache(lambda field: matching.normalise(texts[field]))

        def windows(run: matching.Run) -> bytes:
            text = subject.normalised[run.cot_start : run.cot_start + run.length]
            return windows_for(text, partial(normalised, run.field), run.input_start)

        weights = [weigh(subject, chain, windows) for chain in low]
        spans = self._spans(site, [run for chain in telling for run in chain.runs])
        placed = iter(spans)
        for chain in telling:
            weight = weigh(subject, chain, windows)
            here = list(islice(placed, len(chain.runs)))
            beside = self._is_drafted(chain) or any(
                _is_beside_marker(texts[run.field], span) for run, span in zip(chain.runs, here, strict=True)
            )
            # The words need to be looked up only where they decide.
            is_term = weight.telling < THRESHOLDS.run and not _is_news(subject, here)
            weights.append(replace(weight, beside_marker=beside, telling=THRESHOLDS.run if is_term else weight.telling))
        spans.sort(key=lambda span: span.cot)
        transforms = site.transforms
        if class_ in (FindingClass.CONTENT, FindingClass.CROSS_EPISODE) and spans and not transforms:
            transforms = ("verbatim",) if _is_verbatim(subject, spans, texts) else ("reformatted",)
        class_ = self._class_of(chains, class_)
        identity = self.fingerprint(class_, subject.identity(chains))
        kept = tuple(spans[:SPANS_KEPT])
        once = _once([*low, *telling])
        return Candidate(class_, site.name, transforms, kept, tuple(weights), identity, len(spans) - len(kept), once=once)

    def _class_of(self, chains: Sequence[matching.Chain], class_: FindingClass) -> FindingClass:
        """Content that a later tool result holds too may have come from there."""
        if class_ is not FindingClass.CONTENT or not self.subject.material.later:
            return class_
        longest = max((run for chain in chains for run in chain.runs), key=lambda run: run.private)
        through = self.subject.came_through_a_tool(longest.cot_start, longest.cot_start + longest.length)
        return FindingClass.INDIRECT if through else class_

    def _is_drafted(self, chain: matching.Chain) -> bool:
        """Whether a run stands in a tool call drafted in the reasoning: in an input it is the call executed."""
        subject = self.subject
        return bool(subject.drafts) and any(
            subject.drafts_a_call(run.cot_start, run.cot_start + run.length) for run in chain.runs
        )

    def _spans(self, site: Site, runs: Sequence[matching.Run]) -> list[Span]:
        """Runs in code points of the joined reasoning and of their inputs."""
        cots = self.subject.cot_spans([(run.cot_start, run.cot_start + run.length) for run in runs])
        by_field: dict[int, list[tuple[int, int]]] = {}
        for run in runs:
            by_field.setdefault(run.field, []).append((run.input_start, run.input_start + run.length))
        inputs = {field: iter(matching.spans(site.texts[field], stretches)) for field, stretches in by_field.items()}
        return [
            Span(cot, next(inputs[run.field]), site.fields[run.field] if site.fields else "")
            for run, cot in zip(runs, cots, strict=True)
        ]


def _once(chains: Sequence[matching.Chain]) -> float:
    return said_once((run.cot_start, run.length, run.private) for chain in chains for run in chain.runs)


def _is_beside_marker(text: str, span: Span) -> bool:
    start, end = span.input
    return _has_marker(text[max(0, start - _BESIDE) : start] + " " + text[end : end + _BESIDE])


def _is_news(subject: Subject, spans: Sequence[Span]) -> bool:
    """Whether the longest of some spans has words of its own."""
    longest = max(spans, key=lambda span: span.cot[1] - span.cot[0])
    return subject.news(*longest.cot) >= THRESHOLDS.new_letters


def _is_verbatim(subject: Subject, spans: Sequence[Span], inputs: Sequence[str]) -> bool:
    """Whether the longest span stands in an input character for character."""
    start, end = max((span.cot for span in spans), key=lambda cot: cot[1] - cot[0])
    return any(subject.joined[start:end] in text for text in inputs)
