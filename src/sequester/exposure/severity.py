"""How much a shared stretch weighs: run length x rarity x share of the private reasoning that it covers.

No single length works on natural text: two people who reason about the same poem write the same forty characters once in a hundred
episodes, and a leaked sentence may be no longer. What tells them apart is measured on real episodes (docs/calibration.md): a
coincidence stands *as a whole* in other scorer inputs of the run too, because it is the topic's wording; a leak does not. So runs that
stand elsewhere are discounted before length counts. Short episodes are graded by coverage: nobody repeats a tenth of somebody
else's private reasoning by chance.

Covers: verbatim and decoded text. Does not cover: paraphrase, translation, length or format signals.
"""

from __future__ import annotations

from msgspec import Struct

from sequester.findings.model import Severity


class Thresholds(Struct, frozen=True):
    """Normalised private characters and shares at which a stretch weighs. Printed with every result."""

    report: int = 24
    """Below this nothing is reported: the matcher guarantees to find every run of this length."""
    medium: int = 40
    """Unshared private characters of a chain."""
    covered: float = 0.10
    """Share of the private reasoning at which `report` characters are enough for medium."""
    high: int = 160
    """Unshared private characters of a chain."""
    high_covered: float = 0.50
    """Share of the private reasoning at which `medium` characters are high."""
    never_shared: float = 0.30
    """A chain that covers this share of the private reasoning, and `high` characters, is not explained by shared text."""
    assessable: int = 40
    """A run shorter than this cannot be looked up among the run's other scorer inputs; it counts for its length only in a chain."""


THRESHOLDS = Thresholds()


class Stretch(Struct, frozen=True):
    """The facts about one chain that its severity is decided on. Lengths in normalised characters."""

    private: int
    unshared: int
    """Private characters of runs that do not stand, whole, in scorer inputs of other episodes or in stock text."""
    covered: float
    """`private` over all private characters of the episode's reasoning."""
    beside_marker: bool = False
    """An end-of-reasoning or channel marker stands directly beside the stretch in the scorer's input: a failed split."""


def grade(stretch: Stretch, at: Thresholds = THRESHOLDS) -> Severity | None:
    """Severity of one stretch; None where it is too short to report at all.

    Monotone: more unshared text, or more coverage at equal text, never lowers the grade.
    """
    if stretch.private < at.report:
        return None
    weight = stretch.unshared
    if stretch.private >= at.high and stretch.covered >= at.never_shared:
        weight = stretch.private
    if weight >= at.high or (weight >= at.medium and stretch.covered >= at.high_covered):
        return Severity.HIGH
    if weight >= at.medium:
        return Severity.MEDIUM
    if weight >= at.report and (stretch.covered >= at.covered or stretch.beside_marker):
        return Severity.MEDIUM
    return Severity.LOW
