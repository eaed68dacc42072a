"""A swap result in which one rule found something, for the pages of terminal output kept beside these tests."""

from datetime import date

from tests.findings.swap_results import HANDED_ON, QUIET, donor, example, swapped

from sequester.findings.influence import with_findings
from sequester.findings.swapped import Effect, SwapVerdict
from sequester.findings.waivers import Waivers


def found(result):
    """The result with its findings, under a key of these tests."""
    return with_findings(result, Waivers(), date(2026, 6, 1))


def moved(effect):
    """Twelve prompts: one donor of this effect moves the score, another of content does not."""
    examples = (example("moving"), example("moving", 5, 0.0, 1.0))
    donors = {"own": donor(), "moving": donor(changed=9, effect=effect, e_value=410.0, examples=examples)}
    return found(swapped(donors, SwapVerdict.INFLUENCED))


def handed_on():
    """The score does not move, and what goes to a grader differs."""
    return found(HANDED_ON)


def cut_off():
    """Nothing moves but where no delimiter closes the CoT."""
    examples = (example("unclosed"),)
    donors = {"own": donor(), "unclosed": donor(changed=9, effect=Effect.UNCLOSED, e_value=410.0, examples=examples)}
    return found(swapped(donors, SwapVerdict.NO_INFLUENCE_FOUND))


NOTHING = found(QUIET)
CONTENT, LENGTH, FORMAT = (moved(effect) for effect in (Effect.CONTENT, Effect.LENGTH, Effect.FORMAT))
CUT_OFF = cut_off()
