"""The audit from files to verdict: what is counted as what, and that nothing unread or doubtful ever counts as searched."""

import base64
import gzip
import json
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure import cases
from tests.exposure.cases import answer, audited, call, episode, facts, leaky, reasoning, result_of, words, write

from sequester.episodes.readers import jsonlines
from sequester.errors import UsageError
from sequester.exposure.stock import stock_texts
from sequester.findings.digests import digests
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import Severity, Verdict


def counted(result):
    """Checks that every episode stands in exactly one place; returns the counts."""
    counts = result.episodes
    assert counts.seen == counts.without_cot + counts.audited + sum(counts.not_assessed.values())
    assert 0 <= counts.exposed <= counts.seen - counts.without_cot
    calls = result.reward_calls
    assert calls.seen == calls.audited + sum(calls.not_assessed.values())
    assert calls.seen == sum(calls.evidence.values()) + calls.not_assessed.get("input_not_logged", 0)
    assert calls.exposed <= calls.audited
    for rate in result.rates:
        assert 0 <= rate.count <= rate.of
        assert rate.low is None or 0 <= rate.low <= rate.high <= 1
    return counts


def graded(result):
    return {one.episode_id: one.severity for one in reversed(result.findings)}


def test_no_input_is_never_a_pass():
    assert audited().verdict is Verdict.NOTHING_ASSESSED


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0" * 5000, b"not a log at all\n", b"{", b"[]", b"null\n"])
def test_a_file_that_is_no_log_is_never_a_pass_and_is_named(tmp_path, content):
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    result = audited(path)
    assert result.verdict is Verdict.NOTHING_ASSESSED
    assert [one.path for one in result.inputs] == [str(path)]
    assert result.inputs[0].error


def test_an_empty_directory_is_never_a_pass_and_is_named(tmp_path):
    result = audited(tmp_path)
    assert result.verdict is Verdict.NOTHING_ASSESSED
    assert "without files" in result.inputs[0].error
    assert "check the path" in result.inputs[0].hint


def test_inputs_that_all_readers_refused_alike_share_one_note(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jsonl").write_text('{"x": 1}\n')
    result = audited(tmp_path)
    assert [one.error for one in result.inputs] == ["no reader recognises the content (jsonl with x)"] * 3
    assert "--map FILE" in result.inputs[0].hint
    (note,) = result.notes
    assert note.startswith(f"{tmp_path / 'a.jsonl'} and 2 more: tried bundle: ")


def test_an_unknown_format_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="format"):
        audited(write(tmp_path / "run.jsonl", [episode(1)]), format="jsonlines")


def test_recorded_inputs_without_reasoning_are_audited_and_nothing_is_found(tmp_path):
    result = result_of(tmp_path, *(episode(number) for number in range(6)))
    assert result.verdict is Verdict.NONE_FOUND
    assert counted(result).audited == 6
    assert not result.findings


def test_a_handed_over_completion_is_exposed_whatever_else_was_clean(tmp_path):
    result = result_of(tmp_path, *(episode(number) for number in range(6)), leaky(9))
    assert result.verdict is Verdict.EXPOSED
    assert counted(result).exposed == 1
    assert graded(result) == {"e9": Severity.HIGH}
    assert (result.affected.first_step, result.affected.last_step) == (0, 2), "all steps of the path, not of the episode"


def pieces(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


LEAKS = {
    "verbatim": lambda text: text,
    "a sentence of it": lambda text: text[:120],
    "JSON in JSON": lambda text: json.dumps(json.dumps({"content": text})),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "bytes": lambda text: list(text.encode()),
    "gzip, as bytes": lambda text: list(gzip.compress(text.encode())),
    "base64, as bytes": lambda text: list(base64.b64encode(text.encode())),
    "lines of hex": lambda text: pieces(text.encode().hex(), 64),
    "lines of gzip in base64": lambda text: pieces(base64.b64encode(gzip.compress(text.encode())).decode(), 76),
    "nested values": lambda text: {"messages": [{"role": "assistant", "parts": [{"thinking": text}]}]},
    "split over fields": lambda text: dict(enumerate(pieces(text, 20))),
    "words": str.split,
    "log-probabilities": lambda text: [{"token": word, "logprob": -0.5} for word in text.split()],
    "line by line": lambda text: "\n".join(f"> {word}" for word in text.split()),
    "shouted": str.upper,
    "Markdown": lambda text: "**" + text.replace(" ", "** *") + "*",
}


@pytest.mark.parametrize("how", LEAKS)
def test_a_leak_in_any_wrapping_is_found_at_medium_or_above(tmp_path, how):
    seen = LEAKS[how](reasoning(3))
    seen = {str(key): value for key, value in seen.items()} if isinstance(seen, dict) else seen
    result = result_of(tmp_path, episode(1), episode(2), episode(3, call(3, seen=seen)))
    assert result.verdict is Verdict.EXPOSED
    assert graded(result)["e3"].at_least(Severity.MEDIUM)
    assert set(graded(result)) == {"e3"}


def test_text_that_the_model_was_given_is_not_private(tmp_path):
    clue = words("clue", 40)
    thinks = f"{reasoning(1)} The clue says {clue}"
    result = result_of(tmp_path, episode(1, call(1, question=clue), prompt=clue, reasoning=thinks))
    assert result.verdict is Verdict.NONE_FOUND


def test_an_answer_that_repeats_reasoning_is_counted_as_echo_and_is_no_finding(tmp_path):
    said = reasoning(1)[:150]
    result = result_of(tmp_path, episode(1, call(1, seen=said), answer=said), episode(2))
    assert result.verdict is Verdict.NONE_FOUND
    assert (result.echo.episodes, result.echo.of, result.echo.by_channel) == (1, 2, {"answer": 1})
    assert not result.findings


def test_an_answer_that_is_the_whole_completion_is_a_failed_split_and_no_echo(tmp_path):
    whole = f"<think>\n{reasoning(1)}\n</think>\n\n{answer(1)}"
    result = result_of(tmp_path, episode(1, call(1, seen=whole), answer=whole), episode(2))
    assert result.verdict is Verdict.EXPOSED
    assert counted(result).not_assessed == {}, "its only call is exposed, so it was assessed"
    assert result.echo.episodes == 0


NOT_ASSESSED = {
    "no_reward_call": episode(7) | {"reward_calls": []},
    "input_not_logged": episode(7, {"reward_path": "judge"}),
    "ambiguous": episode(7, reasoning=None, answer=None, completion=words("undelimited", 50)),
    "split_failed": episode(7, answer=f"<think>{reasoning(8)}</think>{answer(8)}"),
    "not_logged": episode(7, visibility="redacted"),
    "summary_only": episode(7, visibility="summary"),
    "no_private_text": episode(7, reasoning="Go to port."),
    "malformed": episode(7, step="three"),
}
GRID = "\n".join(" ".join(random.Random(row).choices("01234", k=20)) for row in range(20))


def test_an_empty_field_of_withheld_reasoning_keeps_the_verdict_from_none_found(tmp_path):
    result = result_of(tmp_path, episode(1), episode(7, reasoning="", visibility="redacted"))
    assert result.verdict is Verdict.INCOMPLETE
    assert counted(result).not_assessed == {"not_logged": 1}


def test_reasoning_too_uniform_to_be_looked_for_is_not_assessed(tmp_path):
    result = result_of(tmp_path, episode(1), episode(7, call(7, log=f"<think>{GRID}</think>"), reasoning=GRID))
    assert result.verdict is Verdict.INCOMPLETE
    assert counted(result).not_assessed == {"no_private_text": 1}


def test_reasoning_that_is_mostly_stock_text_is_not_assessed(tmp_path):
    stock = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
    assert stock in stock_texts()[0]
    thought = f"I could hardcode it.\n{stock}\nDone."
    result = result_of(tmp_path, episode(1), episode(7, call(7, log=f"<think>\n{thought}\n</think>"), reasoning=thought))
    assert result.verdict is Verdict.INCOMPLETE
    assert counted(result).not_assessed == {"no_private_text": 1}


def test_calls_whose_input_is_not_logged_stand_in_a_rate_of_their_own(tmp_path):
    result = result_of(tmp_path, episode(1), *(NOT_ASSESSED["input_not_logged"] | {"episode_id": f"u{n}"} for n in range(3)))
    unlogged = [(rate.count, rate.of, rate.low, rate.high) for rate in result.rates if rate.section == "input_not_logged"]
    assert unlogged == [(0, 3, 0.0, 1.0)]


def test_a_text_without_blanks_that_is_no_encoding_is_found_once(tmp_path):
    thought = "鸥群先落在灯塔旁边随后雾从海上漫过来谁也数不清到底剩下几只所以我猜是七只并且不打算再核对一遍记录本上的数字"
    seen = [thought, "第二份材料与此毫无关系", "第三份材料也一样"]
    result = result_of(tmp_path, episode(1), episode(2, call(2, seen=seen), reasoning=thought))
    assert len(result.findings) == 1


@pytest.mark.parametrize("reason", NOT_ASSESSED)
def test_what_cannot_be_assessed_is_named_and_keeps_the_verdict_from_none_found(tmp_path, reason):
    result = result_of(tmp_path, episode(1), NOT_ASSESSED[reason])
    assert result.verdict is Verdict.INCOMPLETE
    counts = counted(result)
    assert counts.audited == 1
    assert counts.not_assessed == {reason: 1}
    alone = result_of(tmp_path / "alone", NOT_ASSESSED[reason])
    assert alone.verdict is Verdict.NOTHING_ASSESSED
    assert counted(alone).audited == 0


@pytest.mark.parametrize("seen", ["", None, [], [{"role": "assistant", "content": [{"type": "text", "text": None}]}]])
def test_an_input_without_text_is_not_logged(tmp_path, seen):
    result = result_of(tmp_path, episode(1, {"reward_path": "judge", "inputs": {"text": seen}}))
    assert counted(result).not_assessed == {"input_not_logged": 1}


def test_reasoning_in_the_place_of_a_label_is_found(tmp_path):
    result = result_of(tmp_path, episode(1, {"reward_path": "judge", "inputs": {"text": [{"role": reasoning(1)}]}}))
    assert result.verdict is Verdict.EXPOSED


def test_one_searched_path_does_not_clear_an_episode_with_one_unlogged_path(tmp_path):
    result = result_of(tmp_path, episode(1, call(1), {"reward_path": "format"}))
    assert result.verdict is not Verdict.NONE_FOUND
    assert counted(result).not_assessed == {"input_not_logged": 1}
    assert result.reward_calls.audited == 1
    assert result_of(tmp_path, episode(1, call(1), {"reward_path": "format"}), episode(2)).verdict is Verdict.INCOMPLETE


def test_a_doubtful_split_can_show_exposure_but_never_its_absence(tmp_path):
    doubtful = {"answer": f"<think>{reasoning(8)}</think>{answer(8)}"}
    shown = result_of(tmp_path, episode(7, call(7, seen=reasoning(7)), **doubtful))
    assert shown.verdict is Verdict.EXPOSED
    assert result_of(tmp_path, episode(7, **doubtful), episode(1)).verdict is Verdict.INCOMPLETE


def test_episodes_without_reasoning_are_counted_apart_and_enter_no_denominator(tmp_path):
    result = result_of(tmp_path, episode(1), episode(2, reasoning=""), leaky(3))
    counts = counted(result)
    assert (counts.seen, counts.without_cot) == (3, 1)
    assert {(one.count, one.of) for one in result.rates} == {(1, 2)}
    assert result_of(tmp_path, episode(2, reasoning="")).verdict is Verdict.NOTHING_ASSESSED


FIELD_MAP = {
    "episode": {"episode_id": "episode_id", "prompt": "prompt", "reasoning": "reasoning", "answer": "answer"},
    "reward_call": [{"path": "format", "evidence": "rebuilt", "inputs": {"answer": "answer"}}],
}


@pytest.mark.parametrize("evidence", ["rebuilt", "contract"])
def test_rebuilt_and_contract_evidence_never_help_to_none_found(tmp_path, evidence):
    path = write(tmp_path / "run.jsonl", [episode(1, reward_calls=None), episode(2, reward_calls=None)])
    rule = {"path": "format", "evidence": evidence}
    rule |= {"inputs": {"answer": "answer"}} if evidence == "rebuilt" else {"hands_over": "completion_ids"}
    options = cases.Options(field_map=FIELD_MAP | {"reward_call": [rule]})
    result = audited(path, options=options, format="map")
    assert result.verdict is (Verdict.NOTHING_ASSESSED if evidence == "rebuilt" else Verdict.EXPOSED)
    counts = counted(result)
    if evidence == "rebuilt":
        assert counts.not_assessed == {"rebuilt_only": 2}
    else:
        assert [(one.rule, one.evidence, one.episode_id) for one in result.findings] == [("SQ111", "contract", "")]
        assert [group.episodes for group in result.groups] == [2]


def test_rebuilt_beside_recorded_evidence_keeps_the_verdict_incomplete(tmp_path):
    path = write(tmp_path / "run.jsonl", [episode(1, reward_calls=None, environment="a"), episode(2, reward_calls=None)])
    recorded = {"path": "judge", "inputs": {"answer": "answer"}}
    options = cases.Options(field_map=FIELD_MAP | {"reward_call": [*FIELD_MAP["reward_call"], recorded]})
    result = audited(path, options=options, format="map")
    assert result.verdict is not Verdict.NONE_FOUND
    assert {one.section: (one.count, one.of) for one in result.rates} == {"recorded": (0, 2), "rebuilt": (0, 2)}


def test_a_reference_that_every_scorer_got_lowers_severity(tmp_path):
    reference = words("undeclared reference", 12)[:60]
    group = [
        episode(number, call(number, reference=reference), reasoning=f"{reasoning(number, 200)} {reference} {words(number, 200)}")
        for number in (1, 2)
    ]
    others = [episode(number, call(number, reference=reference)) for number in range(3, 9)]
    result = result_of(tmp_path, *group, *others)
    assert set(graded(result)) == {"e1", "e2"}
    assert set(graded(result).values()) == {Severity.LOW}
    assert result.below_threshold == 2
    assert result.verdict is Verdict.NONE_FOUND
    assert all("other episodes" in one.note for one in result.findings)


@pytest.mark.parametrize("own", [600, 60])
def test_a_judge_who_got_the_reasoning_of_a_whole_group_is_found_for_each_member(tmp_path, own):
    """Each member's reasoning stands in the inputs of all the others: common to the run, and a leak all the same."""
    members = [reasoning(number, own) for number in range(4)]
    group = [episode(number, call(number, candidates=members), reasoning=text) for number, text in enumerate(members)]
    result = result_of(tmp_path, *group, *(episode(number) for number in range(10, 20)))
    assert counted(result).exposed == 4
    assert all(severity.at_least(Severity.MEDIUM) for severity in graded(result).values())


def test_a_group_judge_who_got_an_excerpt_of_each_member_is_found(tmp_path):
    members = [reasoning(number, 300) for number in range(4)]
    excerpts = [text[200:500] for text in members]
    group = [episode(number, call(number, candidates=excerpts), reasoning=text) for number, text in enumerate(members)]
    result = result_of(tmp_path, *group, *(episode(number) for number in range(10, 20)))
    assert {one for one, severity in graded(result).items() if severity.at_least(Severity.MEDIUM)} == {"e0", "e1", "e2", "e3"}


def mixed_run():
    """Every kind of episode once or more."""
    return [
        *(episode(number) for number in range(4)),
        leaky(20),
        leaky(24, environment="rivers"),
        episode(25, reasoning=""),
        episode(26, call(26), {"reward_path": "format"}),
        episode(27, call(27, "style", seen=base64.b64encode(reasoning(27).encode()).decode()), call(27)),
        episode(28, answer=reasoning(28)[:200]),
        *({**one, "episode_id": f"n{number}"} for number, one in enumerate(NOT_ASSESSED.values())),
    ]


def test_the_partition_holds_on_a_mixed_run(tmp_path):
    counts = counted(result_of(tmp_path, *mixed_run()))
    assert counts.exposed == 3
    assert counts.not_assessed == {reason: 1 + (reason == "input_not_logged") for reason in NOT_ASSESSED}


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_result_does_not_depend_on_files_and_their_order(tmp_path_factory, draw, parts):
    folder = tmp_path_factory.mktemp("run")
    run = mixed_run()
    whole = facts(result_of(folder, *run))
    draw.shuffle(run)
    paths = [write(folder / f"part-{part}.jsonl", run[part::parts]) for part in range(parts)]
    draw.shuffle(paths)
    assert facts(audited(*paths)) == whole


@pytest.mark.parametrize("size", [1, 700, 5000])
def test_the_result_does_not_depend_on_the_size_of_units(tmp_path, monkeypatch, size):
    whole = facts(result_of(tmp_path, *mixed_run()))
    monkeypatch.setattr(jsonlines, "UNIT_BYTES", size)
    assert facts(audited(tmp_path / "run.jsonl")) == whole


def test_the_result_does_not_depend_on_the_number_of_processes(tmp_path):
    paths = [write(tmp_path / f"{part}.jsonl", mixed_run()[part::3]) for part in range(3)]
    apart = audited(*paths, jobs=2)
    assert facts(apart) == facts(audited(*paths))
    counted(apart)


def test_ids_are_stable_under_one_key_and_different_under_another(tmp_path):
    path = write(tmp_path / "run.jsonl", mixed_run())
    first, again, other = audited(path), audited(path), audited(path, key=FingerprintKey(b"another key of 32 bytes in length"))
    assert [one.id for one in first.findings] == [one.id for one in again.findings]
    assert not {one.id for one in first.findings} & {one.id for one in other.findings}
    assert len({one.id for one in first.findings}) == len(first.findings)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1 is not all it takes",
        b"PK\3\4 nor is this",
        b"\x1f\x8b\x08 nor this",
        json.dumps(episode(1)).encode()[:200],
        b"\xff\xfe\0\0",
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_others_audited_and_the_verdict_incomplete(tmp_path, content):
    write(tmp_path / "good.jsonl", [episode(number) for number in range(3)])
    (tmp_path / "bad").write_bytes(content)
    result = audited(tmp_path)
    assert result.verdict is Verdict.INCOMPLETE
    assert counted(result).audited == 3
    assert {one.path for one in result.inputs if one.error} == {str(tmp_path / "bad")}
    write(tmp_path / "good.jsonl", [leaky(1)])
    assert audited(tmp_path).verdict is Verdict.EXPOSED


def test_a_bad_line_costs_that_line_and_is_named(tmp_path):
    path = write(tmp_path / "run.jsonl", [episode(1), episode(2)])
    good, other = path.read_text("utf-8").splitlines()
    path.write_text(f"{good}\n{{{other[:60]}\n{other}\n", "utf-8")
    result = audited(path)
    assert result.verdict is Verdict.INCOMPLETE
    assert (counted(result).audited, result.episodes.not_assessed) == (2, {"malformed": 1})
    assert [one.source for one in result.skipped] == [f"{path}:2"]


def test_the_truncated_rest_of_a_compressed_file_is_an_error_and_what_came_before_stands(tmp_path):
    path = tmp_path / "run.jsonl.gz"
    packed = gzip.compress(cases.lines([episode(number) for number in range(50)]).encode())
    path.write_bytes(packed[: len(packed) // 2])
    result = audited(path)
    assert result.verdict is Verdict.INCOMPLETE
    assert 0 < counted(result).audited < 50
    assert "truncated" in result.inputs[0].error


@pytest.mark.parametrize("damage", ["cut", "overwritten", "checksum"])
def test_the_whole_lines_before_a_damage_in_a_small_compressed_file_are_read(tmp_path, damage):
    path = tmp_path / "run.jsonl.gz"
    text = cases.lines([episode(number) for number in range(5)]).encode()
    packed = bytearray(gzip.compress(text))
    place = next(end for end in range(len(packed), 0, -1) if zlib.decompressobj(31).decompress(packed[:end]).count(b"\n") == 3)
    if damage == "cut":
        del packed[place:]
    else:
        packed[place if damage == "overwritten" else -6] ^= 0xFF
    path.write_bytes(packed)
    result = audited(path)
    assert result.verdict is Verdict.INCOMPLETE
    assert 3 <= counted(result).audited == result.inputs[0].rows_read <= 5
    assert "whole lines before the damage are read" in result.inputs[0].error


def test_members_of_a_compressed_file_are_read_one_after_the_other(tmp_path):
    path = tmp_path / "run.jsonl.gz"
    text = cases.lines([episode(number) for number in range(5)]).encode()
    path.write_bytes(gzip.compress(text[:700]) + b"\0" * 9 + gzip.compress(text[700:]) + b"\0" * 9)
    result = audited(path)
    assert (result.verdict, counted(result).audited) == (Verdict.NONE_FOUND, 5)


def test_documents_beside_logs_are_named_and_leave_nothing_unread(tmp_path):
    cases.write(tmp_path / "run.jsonl", [cases.episode(number) for number in range(3)])
    for name in ("README.md", "LICENSE", "make_log.py"):
        (tmp_path / name).write_text("How this log was made.\n")
    result = cases.audited(tmp_path)
    assert (result.verdict, len(result.inputs)) == (Verdict.NONE_FOUND, 1)
    assert any("3 file(s) beside the log" in note and "README.md" in note for note in result.notes)
    (tmp_path / "more.jsonl").write_text("not a log\n")  # which may be a damaged one
    assert cases.audited(tmp_path).verdict is Verdict.INCOMPLETE
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "README.md").write_text("Nothing here.\n")
    assert cases.audited(tmp_path / "alone").verdict is Verdict.NOTHING_ASSESSED


def test_digests_name_every_file_below_a_directory(tmp_path):
    write(tmp_path / "a" / "run.jsonl", [episode(1)])
    write(tmp_path / "b.jsonl", [episode(2)])
    found = digests([tmp_path])
    assert sorted(found) == [str(tmp_path / "a/run.jsonl"), str(tmp_path / "b.jsonl")]
    assert all(len(digest) == 64 for digest in found.values())


@pytest.mark.parametrize("times", [2, 5])
def test_reasoning_that_an_input_repeats_counts_once(tmp_path, times):
    once, often = (
        result_of(tmp_path / str(many), episode(1, call(1, log="\n--\n".join([reasoning(1)] * many)))).findings
        for many in (1, times)
    )
    assert [one.private_chars for one in often] == [one.private_chars for one in once]
    assert [one.cot_fraction for one in often] == [one.cot_fraction for one in once] == [1.0]
    assert [one.severity for one in often] == [one.severity for one in once]
    assert len(often[0].spans) == times


def test_token_ids_that_an_input_repeats_count_once(tmp_path):
    ids = list(range(1000, 1100))
    found = [
        result_of(
            tmp_path / str(many),
            episode(1, call(1, tokens=ids * many), reasoning=None, answer=None, segments=[
                {"turn": 0, "channel": "reasoning", "text": reasoning(1), "ids": ids},
                {"turn": 0, "channel": "answer", "text": "Four.", "ids": [7]},
            ]),
        ).findings[0]
        for many in (1, 3)
    ]  # fmt: skip
    assert found[0].private_chars == found[1].private_chars
    assert found[0].cot_fraction == found[1].cot_fraction
