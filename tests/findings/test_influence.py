"""From a swap result to findings: none out of nothing, ids that last, waivers that hide no content, and exit codes."""

from datetime import date

import pytest
from hypothesis import given
from msgspec.structs import replace
from tests.findings import swap_results
from tests.findings.swap_results import HANDED_ON, MOVED, NOTHING, QUIET, donor, example, swapped

from sequester.findings.fingerprint import is_keyed
from sequester.findings.influence import exit_code, with_findings
from sequester.findings.model import ExitCode, Severity
from sequester.findings.rules import RULES
from sequester.findings.swapped import Effect, SwapVerdict
from sequester.findings.waivers import Waiver, WaiverClass, Waivers

TODAY = date(2026, 6, 1)
LENGTH = swapped({"long": donor(changed=9, effect=Effect.LENGTH, e_value=500.0), "own": donor()}, SwapVerdict.INFLUENCED)
DELIMITERS = swapped({"malformed": donor(changed=12, effect=Effect.FORMAT, e_value=80.0), "own": donor()}, SwapVerdict.INFLUENCED)


def found(result, *waivers):
    return with_findings(result, Waivers(tuple(waivers)), TODAY)


def rules(result):
    return [one.rule for one in found(result).findings]


def waiver(**target):
    who = {"reason": "declared", "owner": "ada", "approver": "grace"}
    return Waiver(class_=WaiverClass.ORTHOGONAL, since=date(2026, 5, 1), until=date(2026, 7, 1), **who, **target)


def test_nothing_assessed_has_no_finding_and_is_no_pass():
    nothing = found(NOTHING)
    assert nothing.findings == ()
    assert exit_code(nothing, Severity.HIGH) is ExitCode.NOTHING_ASSESSED


@pytest.mark.parametrize(
    ("result", "codes"),
    [
        (QUIET, []),
        (MOVED, ["SQ301"]),
        (LENGTH, ["SQ302"]),
        (DELIMITERS, ["SQ303"]),
        (HANDED_ON, ["SQ304"]),
        (replace(MOVED, inputs=HANDED_ON.inputs), ["SQ301", "SQ304"]),
        (replace(MOVED, effects={}, donors={}), ["SQ301"]),
        (replace(MOVED, effects={"content": 2.0}, donors={"own": donor(changed=3)}), ["SQ301"]),
    ],
)
def test_what_is_shown_names_the_rule(result, codes):
    assert rules(result) == codes


def test_a_finding_names_pairs_of_each_of_its_donors_in_turn_and_counts_all():
    donors = {
        "own": donor(changed=7, e_value=130.0, examples=(example("own", 1), example("own", 2))),
        "literals": donor(changed=3, e_value=90.0, examples=(example("literals", 5),)),
        "empty": donor(changed=4, effect=Effect.LENGTH, e_value=60.0, examples=(example("empty", 6),)),
    }
    (one,) = found(swapped(donors, SwapVerdict.INFLUENCED)).findings
    assert [(each.donor, each.episode_id) for each in one.examples] == [("own", "e1"), ("literals", "e5"), ("own", "e2")]
    assert one.changed == 10
    (handed_on,) = found(HANDED_ON).findings
    assert (handed_on.donors, handed_on.changed) == (("own", "empty"), 3)
    assert handed_on.examples == HANDED_ON.inputs.examples
    closed = replace(donors["own"], effect=Effect.UNCLOSED)
    (cut_off,) = found(replace(QUIET, donors={"unclosed": closed})).findings
    assert (cut_off.rule, cut_off.changed, cut_off.examples) == ("SQ305", 7, closed.examples)


def test_words_that_move_the_score_are_not_called_length():
    both = replace(LENGTH, effects={"content": 50.0, "length": 500.0})
    assert rules(both) == ["SQ301"]
    all_three = replace(both, effects={**both.effects, "format": 90.0})
    assert rules(all_three) == ["SQ301", "SQ303"]


def test_a_differing_input_is_never_influence():
    assert [one.severity for one in found(HANDED_ON).findings] == [Severity.MEDIUM]
    assert exit_code(found(HANDED_ON), Severity.MEDIUM) is ExitCode.FINDINGS
    assert exit_code(found(HANDED_ON), Severity.HIGH) is ExitCode.OK


def test_ids_follow_rule_and_path_only_and_need_no_key():
    (one,) = found(MOVED).findings
    (again,) = found(replace(MOVED, pairs=7, reward_path="accuracy")).findings
    (other,) = found(replace(MOVED, reward_path="helpful")).findings
    assert one.id == again.id
    assert len({one.id, other.id, found(LENGTH).findings[0].id}) == 3
    assert not is_keyed(one.id)


def test_a_waiver_by_path_covers_length_and_format_and_never_content():
    path = waiver(reward_path="accuracy")
    for declared in (LENGTH, DELIMITERS):
        marked = found(declared, path)
        assert marked.waived == 1
        assert marked.verdict is SwapVerdict.INFLUENCED
        assert exit_code(marked, Severity.LOW) is ExitCode.OK
    assert found(MOVED, path).waived == 0
    assert found(HANDED_ON, path).waived == 0
    assert found(LENGTH, waiver(reward_path="another")).waived == 0


def test_one_change_without_noise_has_a_cause_whatever_the_others_say():
    rare = {
        "malformed": donor(changed=12, effect=Effect.FORMAT, e_value=900.0),
        "own": donor(),
        "literals": donor(changed=1, e_value=1.2),
    }
    assert rules(swapped(rare, SwapVerdict.INFLUENCED)) == ["SQ301", "SQ303"]
    assert rules(swapped(rare, SwapVerdict.INFLUENCED, noise_sd=0.2, noise_flip_rate=0.1)) == ["SQ303"]


def test_a_waived_format_is_no_pass_while_the_words_are_not_settled():
    path = waiver(reward_path="accuracy")
    early = found(replace(DELIMITERS, reasons=("too_few_pairs",), noise_sd=0.3, noise_flip_rate=0.9), path)
    assert exit_code(early, Severity.LOW) is ExitCode.INCOMPLETE
    assert exit_code(found(replace(early, findings=())), Severity.LOW) is ExitCode.FINDINGS
    (content,) = found(replace(MOVED, reasons=("too_few_pairs",))).findings
    answered = found(replace(MOVED, reasons=("too_few_pairs",)), waiver(fingerprint=content.id))
    assert exit_code(answered, Severity.LOW) is ExitCode.OK


def test_with_noise_only_donors_with_evidence_are_named():
    donors = {"own": donor(changed=10, e_value=900.0), "language": donor(changed=9, e_value=0.4)}
    (one,) = found(swapped(donors, SwapVerdict.INFLUENCED, noise_sd=0.4, noise_flip_rate=0.83)).findings
    assert one.donors == ("own",)
    assert "in 10 of 12 pairs, where noise alone changes 83 %" in one.message
    weak = {
        "own": donor(changed=10, e_value=15.0),
        "confession": donor(changed=9, e_value=3.0),
        "language": donor(changed=9, e_value=0.4),
    }
    (most,) = found(swapped(weak, SwapVerdict.INFLUENCED, noise_sd=0.4, noise_flip_rate=0.83)).findings
    assert most.donors == ("own", "confession")
    assert "most: own, confession" in most.message
    (quiet,) = found(swapped(weak, SwapVerdict.INFLUENCED)).findings
    assert quiet.donors == ("own", "confession", "language")
    assert "noise" not in quiet.message


def test_with_noise_a_kind_of_donors_is_named_only_where_it_is_evidence_itself():
    weak = {
        "own": donor(changed=10, e_value=3.0),
        "long": donor(changed=10, effect=Effect.LENGTH, e_value=18.0),
        "malformed": donor(changed=9, effect=Effect.FORMAT, e_value=0.4),
    }
    noise = {"noise_sd": 0.4, "noise_flip_rate": 0.83}
    (together,) = found(swapped(weak, SwapVerdict.INFLUENCED, **noise)).findings
    assert (together.rule, together.donors) == ("SQ301", ("own", "long"))
    assert "all donors together" in together.message
    assert "the words" not in together.message
    assert rules(swapped({**weak, "long": replace(weak["long"], e_value=25.0)}, SwapVerdict.INFLUENCED, **noise)) == ["SQ302"]


def test_what_is_scored_of_an_open_cot_is_told_beside_the_noise():
    shown = replace(QUIET, noise_sd=0.3, noise_flip_rate=1.0, donors={"unclosed": donor(12, 12, Effect.UNCLOSED, 27.0)})
    (one,) = found(shown).findings
    assert "in 12 of 12 pairs, where noise alone changes 100 %" in one.message
    assert rules(replace(shown, donors={"unclosed": donor(12, 12, Effect.UNCLOSED, 19.0)})) == []


def test_a_waiver_by_fingerprint_covers_one_finding():
    (one,) = found(MOVED).findings
    marked = found(MOVED, waiver(fingerprint=one.id))
    assert (marked.waived, exit_code(marked, Severity.LOW)) == (1, ExitCode.OK)
    assert marked.notes == ()


def test_waivers_of_other_paths_are_not_called_idle():
    assert found(QUIET, waiver(fingerprint="0" * 32), waiver(reward_path="another")).notes == ()


def test_an_expired_waiver_covers_nothing_and_says_so():
    old = replace(waiver(reward_path="accuracy"), until=date(2026, 5, 2))
    marked = found(LENGTH, old)
    assert marked.waived == 0
    assert "expired" in marked.notes[-1]


@pytest.mark.parametrize("verdict", SwapVerdict)
def test_exit_codes(verdict):
    expected = {
        SwapVerdict.INFLUENCED: ExitCode.FINDINGS,
        SwapVerdict.NO_INFLUENCE_FOUND: ExitCode.OK,
        SwapVerdict.UNDERPOWERED: ExitCode.INCOMPLETE,
        SwapVerdict.NOTHING_ASSESSED: ExitCode.NOTHING_ASSESSED,
    }
    assert exit_code(found(replace(QUIET, verdict=verdict)), Severity.HIGH) is expected[verdict]


def test_findings_win_over_an_experiment_that_was_too_small():
    assert exit_code(found(replace(HANDED_ON, verdict=SwapVerdict.UNDERPOWERED)), Severity.MEDIUM) is ExitCode.FINDINGS


@given(swap_results.results())
def test_influenced_and_exposed_always_have_a_finding(result):
    codes = rules(result)
    assert (result.verdict is SwapVerdict.INFLUENCED) == any(code in ("SQ301", "SQ302", "SQ303") for code in codes)
    if result.exposed:
        assert set(codes) - {"SQ305"}
    assert all(one.class_ is RULES[one.rule].class_ for one in found(result).findings)
