"""Token ids in a scorer's input: compared with the sampled ones where the log has these, and never taken for searched where it has not."""

import base64
import gzip
import html
import io
import json
import random
import urllib.parse
from array import array
from itertools import chain

import numpy as np
import pytest
from tests.exposure import cases

from sequester.episodes.flatten import flatten
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, Reason, RewardCall, Segment, Source, Split, SplitStatus
from sequester.episodes.readers.interface import Options, Unit
from sequester.exposure.integers import FEWEST_IDS, spread_like_ids
from sequester.exposure.matching import Sketch
from sequester.exposure.scan import scan_unit
from sequester.exposure.vicinity import Notes, Vicinity
from sequester.findings.model import FindingClass

THOUGHT = cases.reasoning(5, 200)


def tokens(number, count=120):
    """Ids spread as those of a text are."""
    draw = random.Random(number)
    return [int(150_000 ** draw.uniform(0.2, 1.0)) for _ in range(count)]


SAMPLED = tokens(1)


class OneEpisode:
    def __init__(self, episode):
        self.episode = episode

    def read(self, unit, options):
        yield self.episode


def scanned(seen, known):
    """The tally of an episode whose scorer got `seen`, any JSON value; with or without the ids in its log."""
    segments = (Segment(0, Channel.REASONING, GuardedText(THOUGHT)), Segment(0, Channel.ANSWER, GuardedText(cases.answer(5))))
    return scanned_of(segments, seen, SAMPLED + tokens(2, 8) if known else None)


def scanned_of(segments, seen, sampled):
    call = RewardCall("judge", Evidence.RECORDED, flatten("input", seen))
    ids = None if sampled is None else array("q", sampled)
    split = Split(SplitStatus.SPLIT, "as the test says", "given")
    one = Episode("e1", segments, split, Source("run.log", 1), calls=(call,), completion_ids=ids)
    return scan_unit(OneEpisode(one), Unit("run.log"), Options(), cases.KEY, Notes(Sketch(), Vicinity()))


def transforms(seen):
    """Of the ids that an audit finds again."""
    found = [one for suspect in scanned(seen, True).suspects for call in suspect.calls for one in call.candidates]
    assert all(one.class_ is FindingClass.IDS for one in found)
    return {one.transforms for one in found}


def reasons(seen):
    """Why the call was not searched where the log has no ids."""
    tally = scanned(seen, False)
    assert not tally.suspects
    return {outcome.reason for outcomes in tally.unsuspicious for outcome in outcomes}


def rows(ids, width):
    return [ids[at : at + width] for at in range(0, len(ids), width)]


def printed(ids):
    return "tensor([[" + ",\n         ".join(", ".join(f"{one:>6}" for one in row) for row in rows(ids, 10)) + "]])"


def saved(ids):
    out = io.BytesIO()
    np.save(out, np.array(ids))
    return base64.b64encode(out.getvalue()).decode()


def array64(kind):
    return lambda ids: base64.b64encode(np.array(ids, kind).tobytes()).decode()


TEXTS = {
    "list": json.dumps,
    "indented": lambda ids: json.dumps({"ids": ids}, indent=2),
    "blanks": lambda ids: " ".join(map(str, ids)),
    "lines": lambda ids: "\n".join(map(str, ids)),
    "quoted lines": lambda ids: "\n".join(f"> {str(row)[1:-1]}," for row in rows(ids, 14)),
    "tensor": printed,
    "rows of eight": lambda ids: "\n".join(json.dumps(row) for row in rows(ids, 8)),
    "short rows under a key": lambda ids: "\n".join(json.dumps({"row": at, "ids": row}) for at, row in enumerate(rows(ids, 5))),
    "records": lambda ids: json.dumps([{"token_id": one, "logprob": -0.25, "rank": 1} for one in ids]),
    "records in a string": lambda ids: json.dumps({"log": json.dumps([{"id": one, "logprob": -0.25} for one in ids])}),
    "records in Python": lambda ids: repr([{"token_id": one, "rank": 1} for one in ids]),
    "keys": lambda ids: json.dumps([{str(one): {"logprob": -0.1, "rank": 1, "decoded_token": "a"}} for one in ids]),
    "strings": lambda ids: json.dumps([str(one) for one in ids]),
    "marked strings": lambda ids: json.dumps([{"token": f"token_id:{one}", "logprob": -0.25} for one in ids]),
    "table": lambda ids: "position,id,logprob\n" + "\n".join(f"{at},{one},-0.25" for at, one in enumerate(ids)),
    "pairs with the place": lambda ids: json.dumps([[at, one] for at, one in enumerate(ids)]),
    "pairs with a logarithm": lambda ids: json.dumps([[one, -0.5 - at / 100] for at, one in enumerate(ids)]),
    "tuples": lambda ids: " ".join(f"({one}, {-0.137 * at - 0.01:.3f})" for at, one in enumerate(ids)),
    "tensor of pairs": lambda ids: f"tensor({json.dumps([[one, 1] for one in ids])})",
    "two columns": lambda ids: "\n".join(f"{at} {one}" for at, one in enumerate(ids)),
    "three columns": lambda ids: "\n".join(f"{at}\t{one}\t1" for at, one in enumerate(ids)),
    "diff": lambda ids: "@@ -1 +1,99 @@\n" + "\n".join(f"+  {one}," for one in ids),
    "base64": lambda ids: base64.b64encode(json.dumps(ids).encode()).decode(),
    "gzip": lambda ids: base64.b64encode(gzip.compress(json.dumps(ids).encode())).decode(),
    "escaped for HTML": lambda ids: html.escape(json.dumps([{"id": one, "logprob": -0.25} for one in ids])),
    "escaped for a URL": lambda ids: urllib.parse.quote(json.dumps([{"id": one} for one in ids])),
    "npy": saved,
    "int32": array64("<i4"),
    "int64": array64("<i8"),
    "int64, big end first": array64(">i8"),
    "int32 in hex": lambda ids: np.array(ids, "<i4").tobytes().hex(),
}
VALUES = {
    "list": list,
    "rows of eight": lambda ids: rows(ids, 8),
    "rows of five": lambda ids: rows(ids, 5),
    "pairs with the place": lambda ids: [[at, one] for at, one in enumerate(ids)],
    "records": lambda ids: [{"id": one, "logprob": -0.25} for one in ids],
    "keys": lambda ids: [{str(one): {"logprob": -0.25, "decoded_token": "a"}} for one in ids],
    "marked strings": lambda ids: [{"token": f"token_id:{one}", "logprob": -0.25} for one in ids],
    "chunks of a stream": lambda ids: {"choices": [{"delta": {"token_ids": row}} for row in rows(ids, 3)]},
}


@pytest.mark.parametrize("form", TEXTS)
def test_ids_in_a_text_are_compared_and_never_taken_for_searched(form):
    seen = f"The work:\n{TEXTS[form](SAMPLED)}\nGive a score."
    assert {found[-1] for found in transforms(seen)} == {"token-ids"}
    assert reasons(seen) == {Reason.IDS_UNKNOWN}


@pytest.mark.parametrize("form", VALUES)
def test_ids_in_json_are_compared_and_never_taken_for_searched(form):
    seen = {"work": VALUES[form](SAMPLED)}
    assert transforms(seen) == {("token-ids",)}
    assert reasons(seen) == {Reason.IDS_UNKNOWN}


@pytest.mark.parametrize("form", TEXTS)
def test_other_ids_are_no_finding(form):
    assert transforms(f"The work:\n{TEXTS[form](tokens(3))}\nGive a score.") == set()


def outcome(segments, seen, sampled):
    """`found`, or why the call was not searched; None where it was."""
    tally = scanned_of(tuple(segments), seen, sampled)
    if tally.suspects:
        return "found"
    (reason,) = {outcome.reason for outcomes in tally.unsuspicious for outcome in outcomes}
    return reason


def said(channel, text, ids=None):
    return Segment(0, channel, GuardedText(text), None if ids is None else array("q", ids))


@pytest.mark.parametrize("form", TEXTS)
def test_ids_of_another_tokenizer_are_never_taken_for_searched(form):
    segments = [said(Channel.REASONING, THOUGHT), said(Channel.ANSWER, cases.answer(5))]
    assert outcome(segments, f"The work:\n{TEXTS[form](tokens(3))}", SAMPLED + tokens(2, 8)) is Reason.IDS_UNKNOWN


CALL, RESULT = "search(the ledger of the orchard) " * 40, "Nothing of the kind was seen there. " * 30
ROUNDS = {
    "reasoning first": [(Channel.REASONING, cases.reasoning(6, 15)), (Channel.TOOL_CALL, CALL)],
    "a word first": [(Channel.ANSWER, "Let me look."), (Channel.TOOL_CALL, CALL)],
    "a result between": [(Channel.REASONING, cases.reasoning(6, 15)), (Channel.TOOL_CALL, CALL), (Channel.TOOL_RESULT, RESULT)],
}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_ids_of_a_later_reasoning_are_never_public(rounds):
    pieces = [*ROUNDS[rounds], (Channel.REASONING, THOUGHT), (Channel.ANSWER, cases.answer(5))]
    ids = [tokens(at, max(1, len(text) * 10 // 43)) for at, (_, text) in enumerate(pieces)]
    segments, sampled = [said(channel, text) for channel, text in pieces], list(chain(*ids))
    assert outcome(segments, {"input_ids": ids[-2]}, sampled) is Reason.IDS_UNKNOWN
    assert outcome(segments, {"input_ids": sampled}, sampled) == (Reason.IDS_UNKNOWN if rounds == "a word first" else "found")


def test_reasoning_without_ids_beside_reasoning_with_ids_is_never_public():
    first, call, second, answer = (tokens(at, 60) for at in range(4))
    segments = [
        said(Channel.REASONING, cases.reasoning(6, 50), first),
        said(Channel.TOOL_CALL, CALL, call),
        said(Channel.REASONING, THOUGHT),
        said(Channel.ANSWER, cases.answer(5), answer),
    ]
    for sampled in (first + call + second + answer, None):
        assert outcome(segments, {"ids": first}, sampled) == "found"
        assert outcome(segments, {"ids": second}, sampled) is Reason.IDS_UNKNOWN
        assert outcome(segments, {"ids": answer}, sampled) is None


@pytest.mark.parametrize(
    "answer", ["x_{3}=7.41, " * 50, "答案是二百一十二个苹果，所以总数为一千二百零四。" * 16, "deadbeef01 " * 40, "7 3 9 1 " * 80]
)
@pytest.mark.parametrize("per_token", [1, 1.5, 2, 4])
def test_ids_of_an_answer_are_no_finding_however_many_it_takes(answer, per_token):
    ids = tokens(8, int(len(answer) / per_token))
    segments = [said(Channel.REASONING, THOUGHT), said(Channel.ANSWER, answer)]
    sampled = tokens(9, len(THOUGHT) // 5) + ids
    assert outcome(segments, {"answer_ids": ids}, sampled) is Reason.IDS_UNKNOWN
    assert outcome(segments, {"answer_ids": sampled}, sampled) == "found"


def test_padding_behind_a_completion_is_no_reasoning():
    ids = tokens(8, 90)
    segments = [said(Channel.REASONING, THOUGHT), said(Channel.ANSWER, "An answer in so many words. " * 14)]
    assert outcome(segments, {"ids": ids}, tokens(9, len(THOUGHT) // 5) + ids + [151_643] * 900) is Reason.IDS_UNKNOWN


@pytest.mark.parametrize("name", ["grid", "output_grid", "valid", "pyramid", "bid", "cells", "expected_outputs", "data"])
def test_small_integers_are_no_ids_by_the_name_of_their_field(name):
    assert reasons({name: [[at * row % 9 for at in range(12)] for row in range(12)], "rubric": cases.RUBRIC}) == {None}


@pytest.mark.parametrize("name", ["grid", "valid", "pyramid", "bid"])
def test_a_name_that_ends_like_ids_says_nothing(name):
    assert reasons({name: [*range(800, 814)], "rubric": cases.RUBRIC}) == {None}


@pytest.mark.parametrize("name", ["ids", "input_ids", "inputIds", "tokenids", "INPUT_IDS", "id", "completion_tokens"])
def test_a_name_of_ids_tells_a_few(name):
    assert reasons({name: [*range(800, 814)], "rubric": cases.RUBRIC}) == {Reason.IDS_UNKNOWN}


INNOCENT = {
    "nothing": [],
    "pixels": [random.Random(4).randrange(256) for _ in range(400)],
    "scores": [random.Random(5).randrange(101) for _ in range(400)],
    "sizes": [1024, 2048, 4096] * 30,
    "counted up": list(range(1000, 1400)),
    "ranges": [number for at in range(60) for number in (900 + 7 * at, 905 + 7 * at, 0)],
    "years": [1900 + random.Random(f"year {at}").randrange(120) for at in range(200)],
    "times": [1_700_000_000 + 60 * at for at in range(200)],
    "histogram": sorted((int(150_000 ** random.Random(at).random()) for at in range(200)), reverse=True),
    "few": tokens(6, FEWEST_IDS - 1),
}


@pytest.mark.parametrize("kind", INNOCENT)
def test_other_integers_are_searched(kind):
    values = INNOCENT[kind]
    assert not spread_like_ids(values)
    for seen in (json.dumps(values), {"values": values}, json.dumps([{"value": one, "unit": "ms"} for one in values])):
        assert reasons({"work": seen, "rubric": cases.RUBRIC}) == {None}


def test_ids_that_stand_in_the_prompt_are_nobody_elses():
    listed = json.dumps(tokens(7))
    texts = {Channel.PROMPT: f"Sort these: {listed}", Channel.REASONING: THOUGHT, Channel.ANSWER: cases.answer(5)}
    segments = tuple(Segment(0, channel, GuardedText(text)) for channel, text in texts.items())
    call = RewardCall("judge", Evidence.RECORDED, flatten("input", f"Were these sorted: {listed}?"))
    split = Split(SplitStatus.SPLIT, "as the test says", "given")
    one = Episode("e1", segments, split, Source("run.log", 1), calls=(call,))
    tally = scan_unit(OneEpisode(one), Unit("run.log"), Options(), cases.KEY, Notes(Sketch(), Vicinity()))
    assert {outcome.reason for outcomes in tally.unsuspicious for outcome in outcomes} == {None}
