"""The close look at one reward call: where the reasoning stands, under which transforms, and what it is called."""

import base64
import gzip
import zlib
from array import array

import pytest
from tests.exposure import cases
from tests.exposure.cases import subject

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Evidence, Field, RewardCall
from sequester.exposure.examine import examine, searched_texts, texts_of
from sequester.exposure.matching import Hit
from sequester.findings.model import FindingClass

THOUGHT = cases.reasoning(1)


def call(*values, path="judge"):
    fields = tuple(
        Field(f"f{at}", GuardedText(value)) if isinstance(value, str) else Field(f"f{at}", None, array("q", value))
        for at, value in enumerate(values)
    )
    return RewardCall(path, Evidence.RECORDED, fields)


def looked_at(one, by=None):
    """The examination of a call, with what the screen sees in its fields."""
    by = by or subject()
    texts = [text.reveal() for _, text in searched_texts(one)]
    chains = by.pattern.scan_many(texts)
    longest = max((chain.private for chain in chains), default=0)
    wrapped = tuple(by.pattern.flags(text, longest) for text in texts)
    return examine(by, one, Hit(0, 0, tuple(chains), wrapped, by.pattern.private), cases.KEY)


def candidates(*values, by=None, **keys):
    """All that was found, whatever it may come to."""
    found = looked_at(call(*values), by or subject(**keys))
    return (*found.candidates, *(minor.candidate() for minor in found.minors))


def test_a_call_without_fields_shows_nothing():
    found = looked_at(call())
    assert (found.candidates, found.minors, found.limits) == ((), (), ())
    assert examine(subject(), call(), None, cases.KEY) == found


def test_other_text_shows_nothing():
    assert candidates(cases.RUBRIC, cases.answer(1), cases.reasoning(2)) == ()


@pytest.mark.parametrize(
    ("seen", "transforms"),
    [
        (f"Judge this: {THOUGHT}", ("verbatim",)),
        (THOUGHT.upper().replace(" ", "\n\n"), ("reformatted",)),
        (base64.b64encode(THOUGHT.encode()).decode(), ("base64",)),
        (base64.b64encode(gzip.compress(THOUGHT.encode())).decode(), ("base64", "gzip")),
        (base64.b64encode(zlib.compress(THOUGHT.encode())).decode(), ("base64", "zlib")),
        (THOUGHT.encode().hex(), ("hex",)),
    ],
)
def test_the_transforms_say_how_it_was_dressed(seen, transforms):
    (found,) = candidates(seen)
    assert (found.class_, found.transforms, found.field) == (FindingClass.CONTENT, transforms, "f0")
    assert found.covered > 0.9


def test_in_a_log_without_answers_only_what_covers_much_of_the_reasoning_counts():
    by = subject((Channel.REASONING, THOUGHT))
    assert candidates(f"The rubric says {THOUGHT[:40]}.", by=by) == ()
    assert [one.covered > 0.9 for one in candidates(THOUGHT, by=by)] == [True]


def test_byte_and_code_point_lists_are_ids():
    found = candidates(list(THOUGHT.encode()))
    assert {one.class_ for one in found} == {FindingClass.IDS}
    assert found[0].covered > 0.9


def test_sampled_token_ids_are_recognised_without_a_tokenizer():
    ids = array("q", [(7 * at * at + 11 * at) % 50_000 + 1000 for at in range(120)])
    (found,) = candidates([5, 6, 7, *ids[:60]], completion_ids=ids)
    assert (found.class_, found.transforms) == (FindingClass.IDS, ("token-ids",))


def test_the_fingerprint_names_text_and_path_and_not_the_dressing():
    (plain,), (dressed,) = candidates(THOUGHT), candidates(base64.b64encode(THOUGHT.encode()).decode())
    (elsewhere,) = looked_at(call(THOUGHT, path="style")).candidates
    (part,) = candidates(THOUGHT[:100])
    assert plain.fingerprint == dressed.fingerprint
    assert len({plain.fingerprint, elsewhere.fingerprint, part.fingerprint}) == 3


def test_a_decoding_limit_is_named():
    bomb = base64.b64encode(zlib.compress(b"\0" * (65 << 20), 1, 31)).decode()
    assert looked_at(call(bomb)).limits == ("inflated",)


def test_the_text_behind_a_candidate_can_be_read_again_for_revealing():
    dressed = call(base64.b64encode(THOUGHT.encode()).decode())
    (found,) = looked_at(dressed).candidates
    (text,) = texts_of(dressed, found.field, found.transforms)
    assert text == THOUGHT


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


FILE_WRITTEN = '{"name": "write", "arguments": {"path": "notes.txt", "text": "%s"}}'


def wrote(text, thought=THOUGHT):
    """An episode whose policy sent a text in a tool call that writes a file."""
    return subject((Channel.REASONING, thought), (Channel.TOOL_CALL, FILE_WRITTEN % text), (Channel.ANSWER, cases.answer(1)))


@pytest.mark.parametrize("text", [THOUGHT, f"# Notes\n\n{THOUGHT}\n", THOUGHT[:-3]])
def test_a_packed_file_that_the_policy_filled_with_its_reasoning_is_indirect(text):
    (found,) = candidates(base64_of(text), by=wrote(text))
    assert (found.class_, found.transforms) == (FindingClass.INDIRECT, ("base64",))
    assert found.covered > 0.9


@pytest.mark.parametrize(
    "seen",
    [
        FILE_WRITTEN % THOUGHT,
        base64_of(f"assistant: {FILE_WRITTEN % THOUGHT}"),
        base64_of(f"name=write arguments=(path='notes.txt', text='{THOUGHT}')"),
        THOUGHT,
        base64_of(THOUGHT[: len(THOUGHT) // 2]),
    ],
    ids=["the call", "the call, packed", "the call in other notation", "the file in plain text", "half of it, packed"],
)
def test_what_shows_the_call_or_a_part_of_the_reasoning_is_echo(seen):
    assert candidates(seen, by=wrote(THOUGHT)) == ()


def test_a_deliverable_drafted_in_the_reasoning_and_collected_packed_is_no_finding():
    drafted = cases.words("deliverable", 40)
    thought = f"{cases.words('before', 8)} {drafted} {cases.words('after', 8)}"
    assert candidates(base64_of(drafted), by=wrote(drafted, thought)) == ()


def test_chains_are_gathered_by_the_fields_they_go_over():
    half = len(THOUGHT) // 2
    (found,) = candidates("nothing here", THOUGHT[:half], THOUGHT[half:])
    assert (found.field, found.transforms) == ("f1 + f2", ("split-over-fields",))


def test_what_is_surely_low_is_a_minor():
    found = looked_at(call(f"The rubric says {THOUGHT[:34]}."))
    assert found.candidates == ()
    assert [(minor.field, minor.class_) for minor in found.minors] == [("f0", FindingClass.CONTENT)]
