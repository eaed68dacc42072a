"""A swap result in which one rule found something, for the pages of terminal output kept beside these tests."""

from datetime import date

from msgspec.structs import replace
from tests.findings.swap_results import QUIET, donor, swapped

from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.influence import with_findings
from sequester.findings.swapped import Effect, Inputs, SwapVerdict
from sequester.findings.waivers import Waivers


def found(result):
    """The result with its findings, under a key of these tests."""
    return with_findings(result, FingerprintKey(b"k" * 32), Waivers(), date(2026, 6, 1))


def moved(effect):
    """Twelve prompts: one donor of this effect moves the score, another of content does not."""
    donors = {"own": donor(), "moving": donor(changed=9, effect=effect, e_value=410.0)}
    return found(swapped(donors, SwapVerdict.INFLUENCED))


def handed_on():
    """The score does not move, and what goes to a grader differs."""
    sites = {"rewards.py:41 -> POST /v1/chat/completions": 3}
    return found(replace(QUIET, exposed=True, inputs=Inputs(4, 3, sites, ())))


def cut_off():
    """Nothing moves but where no delimiter closes the CoT."""
    donors = {"own": donor(), "unclosed": donor(changed=9, effect=Effect.UNCLOSED, e_value=410.0)}
    return found(swapped(donors, SwapVerdict.NO_INFLUENCE_FOUND))


NOTHING = found(QUIET)
CONTENT, LENGTH, FORMAT = (moved(effect) for effect in (Effect.CONTENT, Effect.LENGTH, Effect.FORMAT))
CUT_OFF = cut_off()
