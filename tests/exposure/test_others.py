"""Another episode's reasoning in a reward input: what is found, whose it is said to be, and which coincidences are left alone."""

import gzip
import json
import random

import pytest
from msgspec.structs import replace
from tests.exposure.cases import KEY, answer, audited, call, episode, facts, leaky, reasoning, result_of, words, write

from sequester.episodes.readers import interchange, jsonlines
from sequester.exposure import others
from sequester.exposure.others import Encounters, exposed, pairs_across
from sequester.findings.model import FindingClass, Severity, Verdict


def crossing(result):
    """Episode -> whose reasoning was found in its inputs, at medium or above."""
    assert all(one.rule == "SQ104" and one.owner for one in result.findings if one.class_ is FindingClass.CROSS_EPISODE)
    return {
        one.episode_id: one.owner
        for one in result.findings
        if one.class_ is FindingClass.CROSS_EPISODE and one.severity.at_least(Severity.MEDIUM)
    }


def shown(number, *owners, **keys):
    """An episode whose scorer saw the reasoning of others."""
    return episode(number, call(number, notes="\n\n".join(reasoning(owner) for owner in owners)), **keys)


def test_nothing_to_compare_finds_nothing_and_is_no_pass(tmp_path):
    pairs, edges = Encounters().finished()
    assert not pairs
    assert edges == ((b"", b""), (b"", b""), (), (), 0)
    assert not pairs_across(edges.last, edges.first)
    assert not list(exposed(iter(()), {}, KEY))
    assert audited().verdict is Verdict.NOTHING_ASSESSED
    assert result_of(tmp_path, *(episode(number) for number in range(20))).verdict is Verdict.NONE_FOUND


def test_a_shifted_index_exposes_every_episode(tmp_path):
    result = result_of(tmp_path, *(shown(number, (number + 1) % 30) for number in range(30)))
    assert crossing(result) == {f"e{number}": f"e{(number + 1) % 30}" for number in range(30)}
    assert (result.verdict, result.episodes.exposed, result.episodes.audited) == (Verdict.EXPOSED, 30, 30)
    assert result.reward_calls.exposed == 30
    assert {one.severity for one in result.findings} == {Severity.HIGH}


@pytest.mark.parametrize("place", [3, 5])
def test_one_exchanged_input_exposes_one_episode_and_names_the_other(tmp_path, place):
    run = [episode(number) for number in range(9)]
    run[4] = shown(4, place)
    result = result_of(tmp_path, *run)
    assert crossing(result) == {"e4": f"e{place}"}
    (found,) = result.findings
    assert found.owner_source.endswith(f":{place + 1}")
    assert found.source.endswith(":5")
    assert f"episode e{place}" in found.note
    assert (found.reward_path, found.field, found.transforms) == ("judge", "notes", ("verbatim",))
    (span,) = found.spans
    assert reasoning(place)[slice(*span.cot)] == reasoning(place)[slice(*span.input)] == reasoning(place)
    assert found.cot_fraction == 1.0
    assert result.episodes.exposed == 1
    assert result.episodes.audited == 9


def test_siblings_joined_into_one_prompt_without_ones_own(tmp_path):
    groups = [range(start, start + 4) for start in range(0, 24, 4)]
    run = [shown(number, *(other for other in group if other != number)) for group in groups for number in group]
    result = result_of(tmp_path, *run)
    owners = crossing(result)
    assert len(owners) == 24
    assert all(int(owner[1:]) // 4 == int(name[1:]) // 4 for name, owner in owners.items())
    assert all("further episode(s)" in one.note for one in result.findings)


def test_a_digest_of_excerpts_is_no_shared_reference(tmp_path):
    excerpts = "\n".join(words(f"reasoning {owner}", 400)[:700] for owner in range(5))
    run = [episode(number, reasoning=words(f"reasoning {number}", 400)) for number in range(5)]
    run += [episode(number, call(number, digest=excerpts)) for number in range(5, 30)]
    assert set(crossing(result_of(tmp_path, *run))) == {f"e{number}" for number in range(5, 30)}


def test_a_rollout_shown_as_an_example_to_all_later_ones(tmp_path):
    run = [episode(0), *(shown(number, 0) for number in range(1, 40))]
    assert crossing(result_of(tmp_path, *run)) == {f"e{number}": "e0" for number in range(1, 40)}


def test_what_every_scorer_was_given_is_nobodys_though_it_is_most_of_one_reasoning(tmp_path):
    """One of twenty policies recites the judge's own instructions, and thinks little beside."""
    rules = words("instructions", 30)
    run = [episode(n, call(n, system=rules), reasoning=words(f"reasoning {n}", 40)) for n in range(20)]
    run[3] = episode(3, call(3, system=rules), reasoning=f"{rules} {words('little', 12)}")
    assert not crossing(result_of(tmp_path, *run))


def test_stock_text_is_nobodys(tmp_path):
    """As in an episode's own input: what everybody knows by heart weighs nothing."""
    licence = (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation "
        'files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, '
        "modify, merge, publish, distribute, sublicense, and/or sell copies of the Software"
    )
    run = [episode(number) for number in range(6)]
    run[1] = episode(1, reasoning=f"{reasoning(1)} {licence}")
    run[2] = episode(2, call(2, reference=licence))
    assert not crossing(result_of(tmp_path, *run))


def test_the_owner_does_not_depend_on_which_border_is_compared_first(tmp_path):
    files = [[episode(0)], [episode(1)], [shown(2, 1)], [{**episode(1), "episode_id": "again"}]]
    paths = [write(tmp_path / f"{number}.jsonl", some) for number, some in enumerate(files)]
    owners = [crossing(audited(*paths, jobs=jobs)) for jobs in (1, 2, 3)]
    assert owners == [owners[0]] * 3
    assert set(owners[0]) == {"e2"}


def test_a_damaged_end_hides_nothing_beyond_the_border(tmp_path):
    whole = (
        "".join(json.dumps(episode(number)) + "\n" for number in (0, 1)).encode()
        + b'{"noise": "'
        + random.Random(1).randbytes(4000)
    )
    damaged = tmp_path / "a.jsonl.gz"
    damaged.write_bytes(gzip.compress(whole)[:-1500])
    result = audited(damaged, write(tmp_path / "b.jsonl", [shown(2, 1)]))
    assert crossing(result) == {"e2": "e1"}
    assert [bool(one.error) for one in result.inputs] == [True, False]


def test_the_length_of_what_was_handed_over_decides(tmp_path):
    long = {number: words(f"reasoning {number}", 500) for number in range(20)}
    for size, expected in ((300, True), (90, False)):
        run = [episode(n, call(n, notes=long[(n + 1) % 20][50 : 50 + size]), reasoning=long[n]) for n in range(20)]
        assert (len(crossing(result_of(tmp_path, *run))) >= 19) is expected


def test_short_reasoning_is_found_whole(tmp_path):
    short = {number: words(f"reasoning {number}", 12) for number in range(40)}
    assert max(map(len, short.values())) < 120
    run = [episode(n, call(n, notes=short[(n + 1) % 40]), reasoning=short[n]) for n in range(40)]
    assert len(crossing(result_of(tmp_path, *run))) >= 36


def test_most_of_a_short_reasoning_in_many_inputs_is_a_turn_of_phrase(tmp_path):
    phrase = words("a phrase", 12)
    run = [episode(n, reasoning=reasoning(n)) for n in range(20)]
    run[3] = episode(3, reasoning=f"{phrase} {words('rest', 4)}")
    for n in (5, 6, 7, 8):
        run[n] = episode(n, call(n, reference=phrase))
    assert not crossing(result_of(tmp_path, *run))


def test_edited_and_rewrapped_text_is_found_too(tmp_path):
    draw = random.Random(3)
    text = words("reasoning 2", 400).split()
    edited = " ".join(word.upper() if draw.random() < 0.3 else word for word in text if draw.random() > 0.03)
    wrapped = "> " + edited.replace(" ", "\n> ")
    run = [episode(n, reasoning=words(f"reasoning {n}", 400)) for n in range(5)]
    run[4] = episode(4, call(4, notes=wrapped))
    assert crossing(result_of(tmp_path, *run)) == {"e4": "e2"}


def test_ones_own_reasoning_stays_a_finding_of_its_own(tmp_path):
    result = result_of(tmp_path, *(episode(number) for number in range(5)), leaky(7), shown(8, 2))
    assert {one.episode_id: one.class_ for one in result.findings} == {
        "e7": FindingClass.CONTENT,
        "e8": FindingClass.CROSS_EPISODE,
    }
    both = result_of(tmp_path, *(episode(number) for number in range(5)), shown(8, 8, 2))
    assert {one.class_ for one in both.findings} == {FindingClass.CONTENT, FindingClass.CROSS_EPISODE}
    assert both.episodes.exposed == 1


def test_the_same_rollout_in_two_records_is_not_another_one(tmp_path):
    twice = [leaky(1), leaky(1, episode_id="again")]
    assert not crossing(result_of(tmp_path, *(episode(number) for number in range(2, 6)), *twice))
    owners = crossing(result_of(tmp_path, *([episode(1)] * 4), shown(8, 1)))
    assert owners == {"e8": "e1"}


def test_a_siblings_answer_drafted_in_the_reasoning_of_a_third_is_no_finding(tmp_path):
    said = words("what the siblings say", 120)
    run = [episode(0, answer=said), episode(1, reasoning=reasoning(1) + said)]
    run += [episode(number, call(number, reference=said)) for number in range(2, 10)]
    assert not crossing(result_of(tmp_path, *run))


def test_a_rubric_that_somebody_recites_is_no_finding(tmp_path):
    rubric = words("a long rubric", 60)
    run = [episode(number, call(number, instructions=rubric)) for number in range(8)]
    run[3] = episode(3, call(3, instructions=rubric), reasoning=words("reasoning 3", 400) + rubric)
    assert result_of(tmp_path, *run).verdict is Verdict.NONE_FOUND


def test_what_the_reader_was_given_or_says_itself_is_no_finding(tmp_path):
    given = reasoning(2)
    for one in (
        shown(5, 2, prompt="An example: " + given),
        shown(5, 2, answer=given),
        shown(5, 2, columns={"reference": given}),
    ):
        assert not crossing(result_of(tmp_path, *(episode(number) for number in range(4)), one))


def test_an_idea_that_many_have_is_no_finding(tmp_path):
    idea = words("an idea", 100)
    run = [episode(number, reasoning=idea + reasoning(number)) for number in range(3)]
    assert not crossing(result_of(tmp_path, *run, episode(9, call(9, notes=idea))))


def test_several_calls_are_told_apart(tmp_path):
    two = episode(6, call(6), call(6, "critic", notes=reasoning(1)), call(6, "critic", notes=reasoning(2)))
    result = result_of(tmp_path, *(episode(number) for number in range(5)), two)
    assert {(one.call, one.reward_path, one.owner) for one in result.findings} == {(1, "critic", "e1"), (2, "critic", "e2")}
    assert (result.episodes.exposed, result.reward_calls.exposed, result.reward_calls.seen) == (1, 2, 8)


def test_the_advantage_of_an_exposed_episode_is_counted_once(tmp_path):
    run = [episode(number) for number in range(4)]
    run.append(shown(4, 0))
    plain = result_of(tmp_path, *(episode(number) for number in range(5)))
    result = result_of(tmp_path, *run)
    assert result.reward_mass == plain.reward_mass
    assert (result.episodes.seen, result.episodes.audited) == (plain.episodes.seen, plain.episodes.audited)


def test_a_call_that_is_not_assessed_may_be_exposed(tmp_path):
    run = [episode(number) for number in range(4)]
    run.append(shown(4, 0, reasoning="too short"))
    result = result_of(tmp_path, *run)
    assert crossing(result) == {"e4": "e0"}
    assert result.episodes.exposed == 1


def test_an_answer_that_is_shown_is_no_reasoning(tmp_path):
    run = [episode(number, call(number, others=[answer(other) for other in range(8)])) for number in range(8)]
    assert result_of(tmp_path, *run).verdict is Verdict.NONE_FOUND


@pytest.mark.parametrize("parts", [2, 3, 9])
def test_neighbouring_units_are_compared_too_in_one_process_or_several(tmp_path, monkeypatch, parts):
    run = [shown(number, (number + 1) % 64) for number in range(64)]
    run[20] = episode(20)
    path = write(tmp_path / "run.jsonl", run)
    whole = audited(path)
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", path.stat().st_size // parts)
    one, two = audited(path), audited(path, jobs=2)
    assert facts(one) == facts(two)
    assert len(crossing(whole)) == 63
    assert len(crossing(one)) == (63 if parts == 2 else 62), "the last one was shown what the first one thought, two units before"
    assert one.episodes.audited == whole.episodes.audited == 64


def test_files_in_a_row_are_neighbours(tmp_path):
    for step in range(4):
        run = [shown(number, number + 1) for number in range(8 * step, 8 * step + 8)]
        write(tmp_path / "run" / f"{step}.jsonl", run)
    write(tmp_path / "run" / "4.jsonl", [episode(32)])
    result = audited(tmp_path / "run")
    assert crossing(result) == {f"e{number}": f"e{number + 1}" for number in range(32)}
    assert all(one.owner_source.startswith(str(tmp_path)) for one in result.findings)


def test_an_episode_that_is_exposed_twice_over_is_counted_once(tmp_path, monkeypatch):
    run = [episode(number) for number in range(20)]
    run[9] = episode(9, call(9, mine=reasoning(9)), call(9, before=reasoning(7)), call(9, "critic", after=reasoning(12)))
    path = write(tmp_path / "run.jsonl", run)
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", path.stat().st_size // 2 + 200)
    result = audited(path)
    assert (result.episodes.seen, result.episodes.audited, result.episodes.exposed) == (20, 20, 1)
    assert {(one.call, one.rule, one.owner) for one in result.findings} == {
        (0, "SQ101", ""),
        (1, "SQ104", "e7"),
        (2, "SQ104", "e12"),
    }


def test_only_the_records_concerned_are_read_again(tmp_path, monkeypatch):
    path = write(tmp_path / "run.jsonl", [*(episode(number) for number in range(40)), shown(40, 7)])
    read = []

    def decoded_lines(unit, *rest):
        for source, line in jsonlines.decoded_lines(unit, *rest):
            read.append(source.record)
            yield source, line

    monkeypatch.setattr(interchange, "decoded_lines", decoded_lines)
    assert crossing(audited(path)) == {"e40": "e7"}
    assert read == [*range(1, 42), 8, 41]


def test_records_with_one_number_are_told_apart(tmp_path, monkeypatch):
    run = [shown(number, (number + 1) % 64) for number in range(64)]
    path = write(tmp_path / "run.jsonl", run)
    whole = crossing(audited(path))

    def decoded_lines(unit, *rest):
        """As a bundle made of two logs would have it."""
        for source, line in jsonlines.decoded_lines(replace(unit, wanted=None), *rest):
            yield replace(source, record=source.record % 20), line

    monkeypatch.setattr(interchange, "decoded_lines", decoded_lines)
    assert crossing(audited(path)) == whole
    monkeypatch.setattr(others, "EDGE", 5)
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", path.stat().st_size // 2)
    assert len(crossing(audited(path))) == 63


def test_what_is_common_in_a_unit_is_common_at_its_borders(tmp_path, monkeypatch):
    idea = words("an idea", 100)
    run = [episode(number, reasoning=reasoning(number) + (idea if number in (1, 2, 90) else "")) for number in range(200)]
    for number in (5, 120):
        run[number] = episode(number, call(number, notes=idea))
    path = write(tmp_path / "run.jsonl", run)
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", path.stat().st_size // 2)
    assert not crossing(audited(path))


def test_windows_are_compared_in_overlapping_parts(tmp_path, monkeypatch):
    run = [shown(number, number ^ 1) for number in range(640)]
    whole = facts(result_of(tmp_path, *run))
    monkeypatch.setattr(others, "HORIZON", 4000)
    parts = result_of(tmp_path, *run)
    assert facts(parts) == whole
    assert len(crossing(parts)) >= 635


def test_of_many_owners_the_best_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(others, "MOST_OWNERS", 2)
    run = [*(episode(number) for number in range(6)), shown(9, *range(6))]
    (found,) = result_of(tmp_path, *run).findings
    assert "1 further episode(s)" in found.note


def test_a_file_that_changes_between_the_readings_is_said(tmp_path, monkeypatch):
    path = write(tmp_path / "run.jsonl", [*(episode(number) for number in range(4)), shown(4, 0)])
    finished = Encounters.finished

    def meanwhile(self):
        path.write_bytes(path.read_bytes().replace(b'"environment": "harbours"', b'"environment": "airports"'))
        return finished(self)

    monkeypatch.setattr(Encounters, "finished", meanwhile)
    result = audited(path)
    assert "changed while it was read" in result.inputs[0].error
    assert result.verdict is Verdict.INCOMPLETE


def test_a_file_that_goes_away_between_the_readings_is_said(tmp_path, monkeypatch):
    path = write(tmp_path / "run.jsonl", [*(episode(number) for number in range(4)), shown(4, 0)])
    finished = Encounters.finished

    def meanwhile(self):
        path.unlink()
        return finished(self)

    monkeypatch.setattr(Encounters, "finished", meanwhile)
    result = audited(path)
    assert result.inputs[0].error
    assert result.verdict is Verdict.INCOMPLETE


def test_episodes_without_reasoning_may_be_handed_that_of_others(tmp_path):
    """Thinking is off in every second episode, and one of these is scored beside a sibling's reasoning."""
    run = [episode(number, reasoning=reasoning(number) if number % 2 else "") for number in range(12)]
    plain = result_of(tmp_path, *run)
    assert (plain.verdict, plain.episodes.without_cot, plain.reward_calls.seen) == (Verdict.NONE_FOUND, 6, 6)
    run[4] = shown(4, 5, reasoning="")
    result = result_of(tmp_path, *run)
    assert crossing(result) == {"e4": "e5"}
    assert result.verdict is Verdict.EXPOSED
    # Reasoning had a part in its score, so it counts among the episodes with CoT.
    assert (result.episodes.seen, result.episodes.without_cot, result.episodes.audited, result.episodes.exposed) == (12, 5, 7, 1)
    assert (result.reward_calls.seen, result.reward_calls.audited, result.reward_calls.exposed) == (7, 7, 1)
    assert [(one.count, one.of) for one in result.rates] == [(1, 7), (1, 7)]


def test_of_an_episode_without_reasoning_the_other_calls_are_counted_too(tmp_path):
    run = [episode(number) for number in range(5)]
    run.append(episode(5, call(5, notes=reasoning(2)), {"reward_path": "critic", "score": 1.0}, reasoning=""))
    result = result_of(tmp_path, *run)
    assert (result.episodes.exposed, result.episodes.without_cot) == (1, 0)
    assert (result.reward_calls.seen, result.reward_calls.not_assessed) == (7, {"input_not_logged": 1})


UNDELIMITED = {"reasoning": None, "answer": None, "completion": answer(6), "template": "qwen3"}


@pytest.mark.parametrize("keys", [{"reasoning": None}, UNDELIMITED])
def test_episodes_whose_reasoning_is_not_known_may_be_handed_that_of_others(tmp_path, keys):
    run = [episode(number) for number in range(6)]
    run.append(episode(6, **keys))
    plain = result_of(tmp_path, *run)
    assert plain.verdict is Verdict.INCOMPLETE
    run[6] = shown(6, 2, **keys)
    result = result_of(tmp_path, *run)
    assert crossing(result) == {"e6": "e2"}
    assert (result.verdict, result.episodes.exposed, result.episodes.seen) == (Verdict.EXPOSED, 1, 7)


def test_what_an_episode_without_reasoning_answers_is_nobodys(tmp_path):
    said = words("what one says", 80)
    run = [episode(number) for number in range(5)]
    run[1] = episode(1, reasoning=reasoning(1) + said)
    run[2] = episode(2, call(2, reference=said), reasoning="")
    assert set(crossing(result_of(tmp_path, *run))) == {"e2"}
    run[3] = episode(3, answer=said, reasoning="")
    assert not crossing(result_of(tmp_path, *run))


def test_neighbours_without_reasoning_are_compared_over_borders(tmp_path):
    paths = [write(tmp_path / "a.jsonl", [episode(0)]), write(tmp_path / "b.jsonl", [shown(1, 0, reasoning=""), episode(2)])]
    result = audited(*paths)
    assert crossing(result) == {"e1": "e0"}
    assert (result.episodes.seen, result.episodes.without_cot, result.episodes.audited) == (3, 0, 3)


def thinking(number, count=500):
    """A long reasoning, of which a part is far from two fifths."""
    return words(f"reasoning {number}", count)


def test_a_digest_of_all_reasoning_hides_no_leak(tmp_path):
    """One scorer is given all that a run thought; three episodes' own scorers were given a part of theirs."""
    run = [episode(n, reasoning=thinking(n)) for n in range(20)]
    for n in (3, 8, 15):
        run[n] = episode(n, call(n, notes=thinking(n)[300:700]), reasoning=thinking(n))
    alone = result_of(tmp_path, *run)
    run.append(episode(20, call(20, digest="\n".join(thinking(n) for n in range(20)))))
    result = result_of(tmp_path, *run)
    own = [
        {one.episode_id: one.severity for one in found.findings if one.class_ is FindingClass.CONTENT}
        for found in (alone, result)
    ]
    assert own[0] == own[1] == dict.fromkeys(("e3", "e8", "e15"), Severity.HIGH)
    assert set(crossing(result)) == {"e20"}


def test_a_sibling_that_stands_raw_in_a_prompt_which_both_share(tmp_path):
    run = [episode(n, reasoning=thinking(n)) for n in range(20)]
    pair = f"Answer A: {answer(6)}\nAnswer B: {thinking(7)[400:1200]} {answer(7)}\nWhich is better?"
    for n in (6, 7):
        run[n] = episode(n, call(n, pair=pair), reasoning=thinking(n))
    result = result_of(tmp_path, *run)
    assert crossing(result) == {"e6": "e7"}
    assert {one.episode_id: one.severity for one in result.findings if one.class_ is FindingClass.CONTENT} == {
        "e7": Severity.HIGH
    }
    assert result.episodes.exposed == 2


def test_a_reference_that_two_were_given_and_one_uses_is_no_finding(tmp_path):
    reference = words("reference", 200)
    run = [episode(n, reasoning=thinking(n)) for n in range(20)]
    run[6] = episode(6, call(6, reference=reference), reasoning=thinking(6) + reference[300:400])
    run[7] = episode(7, call(7, reference=reference), reasoning=thinking(7))
    assert not crossing(result_of(tmp_path, *run))


def test_no_more_is_kept_than_is_allowed_and_what_was_let_go_is_said(tmp_path, monkeypatch):
    run = [shown(number, (number + 15) % 30) for number in range(30)]
    assert len(crossing(result_of(tmp_path, *run))) == 30
    monkeypatch.setattr(others, "MOST_KEPT", 8000)
    result = result_of(tmp_path, *run)
    assert 0 < len(crossing(result)) < 30
    assert result.episodes.audited + result.episodes.not_assessed["limit"] == 30
    assert any("`episodes kept for comparison` was hit" in note for note in result.notes)
    monkeypatch.setattr(others, "MOST_KEPT", 10)
    result = result_of(tmp_path, *run)
    assert (result.verdict, result.episodes.not_assessed) == (Verdict.NOTHING_ASSESSED, {"limit": 30})


def test_neighbours_are_compared_where_few_of_a_unit_are_still_held(tmp_path, monkeypatch):
    run = [shown(number, (number + 1) % 140) for number in range(140)]
    path = write(tmp_path / "run.jsonl", run)
    monkeypatch.setattr(others, "HORIZON", 0)
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", path.stat().st_size // 2)
    assert crossing(audited(path))["e69"] == "e70"
