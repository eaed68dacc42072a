"""How much a shared stretch weighs: run length x rarity x share of the private reasoning that it covers.

No single length works on natural text: two people who reason about the same poem write the same forty characters once in a hundred
episodes, and a leaked sentence may be no longer. What tells them apart is measured on real episodes (docs/calibration.md): a
coincidence stands *as a whole* in other scorer inputs of the run too, because it is the topic's wording; a leak does not. So runs that
stand elsewhere are discounted before length counts. Short episodes are graded by coverage: nobody repeats a tenth of somebody
else's private reasoning in one run by chance, unless the run is a term of the topic, all of whose words prompt and answer hold too.

Covers: verbatim and decoded text. Does not cover: paraphrase, translation, length or format signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sequester.findings.model import Severity


class Thresholds(Struct, frozen=True):
    """Normalised private characters and shares at which a stretch weighs. Printed with every result."""

    report: int = 24
    """Below this nothing is reported: the matcher guarantees to find every run of this length."""
    substantial: int = 16
    """Shorter pieces show where a chain goes on; they carry no weight of their own."""
    run: int = 40
    """One unshared run of this length is medium. A shorter one cannot be looked up among the run's other scorer inputs."""
    quoted_run: int = 48
    """A run of this length is medium too if `private_part` of it is private: it repeats the reasoning's own way of quoting."""
    private_part: int = 31
    chain: int = 128
    """Unshared characters, over all substantial runs of a chain, at which the chain is medium."""
    covered: float = 0.10
    """Share of the private reasoning that one unshared run of `report` characters must cover to be medium."""
    new_letters: int = 4
    """Letters of a run in words that prompt, answer and columns lack, below which it is a term of the topic and not covering."""
    never_shared: float = 0.40
    """Share of the private reasoning that other scorer inputs do not explain, however much of it they hold."""
    high: int = 160
    """Unshared characters of a chain that are high."""
    high_covered: float = 0.50
    """Share of the private reasoning at which anything medium is high, and `report` characters in however many pieces are medium."""


THRESHOLDS = Thresholds()


class Stretch(Struct, frozen=True):
    """The facts about one chain that its severity is decided on. Lengths in normalised private characters."""

    private: int
    """All of the chain."""
    unshared: int
    """Substantial runs that do not stand, whole, in scorer inputs of other episodes."""
    longest: int
    """The longest of those."""
    longest_quoting: int
    """Private characters of the longest of those that are at least `quoted_run` long with their public parts."""
    covered: float
    """`private` over all private characters of the episode's reasoning."""
    beside_marker: bool = False
    """A reasoning or channel marker stands directly beside the stretch in the scorer's input: a failed split."""
    longest_covered: float = 0.0
    """`longest` over all private characters; 0 where none of its words is the reasoning's own."""
    elsewhere: int = 0
    """Characters of runs that stand, whole, in scorer inputs of other episodes."""


Shared = Callable[[Sequence[int]], bool]
"""Whether the run with these windows stands in scorer inputs of other episodes."""


class RunWeight(Struct, frozen=True):
    """One exact run of a chain, by what is needed to ask whether other scorer inputs hold it too."""

    length: int
    private: int
    windows: Sequence[int]
    """`sketch.windows_of` the run; empty where it is too short to be looked up."""


class ChainWeight(Struct, frozen=True):
    """One chain of runs: the unit that severity is decided on."""

    private: int
    covered: float
    """`private` over all private characters of the episode's reasoning."""
    runs: tuple[RunWeight, ...]
    beside_marker: bool
    novel: bool = True
    """The longest run has at least `new_letters` in words that the public texts of its episode lack."""


def stretch_of(chain: ChainWeight, shared: Shared) -> Stretch:
    """The facts about a chain, given what the run of training shares."""
    held = [shared(run.windows) for run in chain.runs]
    own = [run for run, is_held in zip(chain.runs, held, strict=True) if run.private >= THRESHOLDS.substantial and not is_held]
    elsewhere = sum(run.private for run, is_held in zip(chain.runs, held, strict=True) if is_held)
    private = [run.private for run in own]
    quoting = [run.private for run in own if run.length >= THRESHOLDS.quoted_run]
    longest = max(private, default=0)
    share = chain.covered * longest / max(1, chain.private) if chain.novel else 0.0
    long = (longest, max(quoting, default=0))
    return Stretch(chain.private, sum(private), *long, chain.covered, chain.beside_marker, share, elsewhere)


def grade(stretch: Stretch, at: Thresholds = THRESHOLDS) -> Severity | None:
    """Severity of one stretch; None where it is too short to report at all.

    Monotone: more unshared text, or more coverage at equal text, never lowers the grade.
    """
    if stretch.private < at.report:
        return None
    own_words = stretch.longest >= at.report and stretch.longest_covered >= at.covered
    telling = own_words or stretch.covered >= at.high_covered or stretch.beside_marker
    if stretch.covered >= at.never_shared or stretch.beside_marker:
        # Nobody repeats two fifths of somebody else's reasoning, or stops at its end marker, by sharing a topic.
        stretch = replace(stretch, unshared=stretch.private, longest=max(stretch.longest, stretch.private))
    long_enough = stretch.longest >= at.run or stretch.longest_quoting >= at.private_part or stretch.unshared >= at.chain
    if not (long_enough or (telling and stretch.unshared >= at.report)):
        return Severity.LOW
    if stretch.unshared >= at.high or (stretch.covered >= at.high_covered and stretch.unshared >= at.run):
        return Severity.HIGH
    return Severity.MEDIUM
