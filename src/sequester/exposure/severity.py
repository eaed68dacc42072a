"""How much a shared stretch weighs: run length x rarity x share of the private reasoning that it covers.

No single length works on natural text: two people who reason about the same poem write the same forty characters once in a hundred
episodes, and a leaked sentence may be no longer. What tells them apart is measured on real episodes (docs/calibration.md): a
coincidence stands *as a whole* in other scorer inputs of the run too, because it is the topic's wording or the reference's; a leak does
not. So runs that stand elsewhere are discounted before length counts (`sharing.py`).

How long a run must be grows with the logarithm of the private reasoning, as the longest run that two texts share by chance does (Erdős
and Rényi 1970; Karlin and Altschul 1990): 24 characters out of two hundred are telling, 40 in any reasoning. In a short reasoning the run
must have a word that prompt and answer lack: otherwise it is a term of the topic.

Covers: verbatim and decoded text. Does not cover: paraphrase, translation, length or format signals.
"""

from __future__ import annotations

from collections.abc import Set
from math import log

from msgspec import Struct
from msgspec.structs import replace

from sequester.findings.model import Severity


class Thresholds(Struct, frozen=True):
    """Normalised private characters and shares at which a stretch weighs. Printed with every result."""

    report: int = 24
    """Below this nothing is reported: the matcher guarantees to find every run of this length."""
    substantial: int = 16
    """Shorter pieces show where a chain goes on; they carry no weight of their own."""
    short: int = 200
    """Private characters of a reasoning of which one unshared run of `report` is medium."""
    long: int = 1000
    """Private characters of a reasoning from which on one unshared run must have `run` to be medium; between, see `telling_run`."""
    run: int = 40
    """One unshared run of this length is medium, however long the reasoning."""
    quoted_run: int = 48
    """A run of this length is medium too if `private_part` of it is private: it repeats the reasoning's own way of quoting."""
    private_part: int = 31
    chain: int = 96
    """Unshared characters, over all substantial runs of a chain, at which the chain is medium. Without a leak real ones came to 80."""
    new_letters: int = 4
    """Letters of a run in words that prompt, answer and columns lack, below which it is a term of the topic and must have `run`."""
    never_shared: float = 0.40
    """Share of the private reasoning that other scorer inputs do not explain, however much of it they hold."""
    another: int = 120
    """Characters of another episode's reasoning, in one chain and alone in this input, at which they are medium (`others`)."""
    half: float = 0.50
    """Share of the private reasoning at which `report` characters in however many pieces are medium."""
    high_run: int = 160
    """One unshared run of this length is high."""
    high_chain: int = 400
    """So many unshared characters, over all substantial runs of a chain, are high."""
    high_covering: int = 64
    """One unshared run of this length is high in a chain that covers `half`."""


THRESHOLDS = Thresholds()


def telling_run(own: int) -> int:
    """How long one unshared run must be to be medium, in a reasoning of so many private characters: from `report` to `run`."""
    part = log(max(own, 1) / THRESHOLDS.short) / log(THRESHOLDS.long / THRESHOLDS.short)
    return round(THRESHOLDS.report + min(1.0, max(0.0, part)) * (THRESHOLDS.run - THRESHOLDS.report))


class Stretch(Struct, frozen=True):
    """The facts about one chain that its severity is decided on. Lengths in normalised private characters."""

    private: int
    """All of the chain."""
    unshared: int
    """Substantial runs that do not stand, whole, in scorer inputs of other episodes."""
    longest: int
    """The longest of those; the longest of all where sharing explains nothing (`Thresholds.never_shared`, `beside_marker`)."""
    longest_quoting: int
    """Private characters of the longest of the same that are at least `quoted_run` long with their public parts."""
    covered: float
    """`private` over all private characters of the episode's reasoning."""
    beside_marker: bool = False
    """A reasoning or channel marker stands directly beside the stretch in the scorer's input: a failed split."""
    telling: int = THRESHOLDS.run
    """How long a run must be here: `telling_run`."""
    elsewhere: int = 0
    """Characters of runs that stand, whole, in scorer inputs of other episodes."""


class RunWeight(Struct, frozen=True):
    """One exact run of a chain, by what is needed to ask whether other scorer inputs hold it too."""

    length: int
    private: int
    windows: bytes
    """`sharing.windows_for`; empty where there is too little to be looked up, and once it was."""
    is_shared: bool = False
    """It stands, whole, in scorer inputs of other episodes."""


class ChainWeight(Struct, frozen=True):
    """One chain of runs: the unit that severity is decided on."""

    private: int
    covered: float
    """`private` over all private characters of the episode's reasoning."""
    runs: tuple[RunWeight, ...]
    beside_marker: bool
    telling: int = THRESHOLDS.run
    """`telling_run` of the reasoning, or `run` where the longest run has no word of its own."""


def looked_up(chain: ChainWeight, shared: Set[bytes]) -> ChainWeight:
    """A chain of which is known what the run of training shares: the runs with these windows. Looked up once more it stays what it is."""
    if not any(run.windows for run in chain.runs):
        return chain
    runs = (RunWeight(run.length, run.private, b"", run.is_shared or run.windows in shared) for run in chain.runs)
    return replace(chain, runs=tuple(runs))


def stretch_of(chain: ChainWeight) -> Stretch:
    """The facts about a chain that was `looked_up`; about one that was not, as though nothing of it were shared."""
    runs = [run for run in chain.runs if run.private >= THRESHOLDS.substantial]
    own = [run for run in runs if not run.is_shared]
    counted = runs if _is_never_shared(chain.covered, chain.beside_marker) else own
    return Stretch(
        private=chain.private,
        unshared=sum([run.private for run in own]),
        longest=max([run.private for run in counted], default=0),
        longest_quoting=max([run.private for run in counted if run.length >= THRESHOLDS.quoted_run], default=0),
        covered=chain.covered,
        beside_marker=chain.beside_marker,
        telling=chain.telling,
        elsewhere=sum([run.private for run in runs if run.is_shared]),
    )


def grade(stretch: Stretch) -> Severity | None:
    """Severity of one stretch; None where it is too short to report at all.

    Monotone: more unshared text, or more coverage at equal text, never lowers the grade.
    """
    if stretch.private < THRESHOLDS.report:
        return None
    counted = stretch.private if _is_never_shared(stretch.covered, stretch.beside_marker) else stretch.unshared
    is_half = stretch.covered >= THRESHOLDS.half
    if not (
        stretch.longest >= stretch.telling
        or stretch.longest_quoting >= THRESHOLDS.private_part
        or counted >= THRESHOLDS.chain
        or (counted >= THRESHOLDS.report and (is_half or stretch.beside_marker))
    ):
        return Severity.LOW
    # What other scorer inputs hold too may be medium for what it covers; it is not high.
    longest = min(stretch.longest, stretch.unshared)
    enough = THRESHOLDS.high_covering if is_half else THRESHOLDS.high_run
    is_high = longest >= enough or stretch.unshared >= THRESHOLDS.high_chain
    return Severity.HIGH if is_high else Severity.MEDIUM


def _is_never_shared(covered: float, beside_marker: bool) -> bool:
    """Nobody repeats two fifths of somebody else's reasoning, or stops at its end marker, by sharing a topic."""
    return beside_marker or covered >= THRESHOLDS.never_shared
