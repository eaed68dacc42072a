"""The close look at one reward call: where the reasoning stands, under which transforms, and what it is called."""

import base64
import gzip
import zlib
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure import cases

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, Field, RewardCall, Segment, Source, Split, SplitStatus
from sequester.exposure.examine import examine, searched_texts, texts_of
from sequester.exposure.matching import Hit, Sketch, normalise, screen
from sequester.exposure.private import material
from sequester.exposure.severity import THRESHOLDS, grade, looked_up, stretch_of, telling_run
from sequester.exposure.sharing import Sharing
from sequester.exposure.subject import Subject
from sequester.findings.model import FindingClass, Severity

THOUGHT = cases.reasoning(1)
SPLIT = Split(SplitStatus.SPLIT, "as the test says", "given")


def subject(*pieces, **keys):
    pieces = pieces or ((Channel.REASONING, THOUGHT), (Channel.ANSWER, cases.answer(1)))
    segments = tuple(Segment(0, channel, GuardedText(text)) for channel, text in pieces)
    episode = Episode("e1", segments, SPLIT, Source("run.log", 1), **keys)
    return Subject(episode, material(episode))


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


def test_what_cannot_be_more_than_low_is_not_localised_unless_a_marker_stands_in_the_input():
    piece = THOUGHT[:34]
    (found,) = candidates(f"The rubric says {piece}.")
    assert (found.spans, found.transforms) == ((), ())
    assert found.private >= 24
    (marked,) = candidates(f"The rubric says {piece}</think>.")
    assert marked.spans
    assert marked.chains[0].beside_marker
    (elsewhere,) = candidates(f"</think> is a tag. The rubric says {piece}.")
    assert elsewhere.spans
    assert not elsewhere.chains[0].beside_marker


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 250), st.integers(20, 60), st.sampled_from((12, 40, 400)), st.booleans())
def test_a_minor_is_low_whatever_other_inputs_hold_and_all_that_is_surely_low_is_one(start, length, words, shared):
    thought = cases.words("some reasoning", words)
    by = subject((Channel.REASONING, thought), (Channel.ANSWER, cases.answer(1)))
    found = looked_at(call(f"Judge this: {thought[start : start + length]}"), by)
    for minor in found.minors:
        made = minor.candidate()
        held = {run.windows for chain in made.chains for run in chain.runs} if shared else set()
        assert {grade(stretch_of(looked_up(chain, held))) for chain in made.chains} == {Severity.LOW}
        assert (minor.class_, minor.field, minor.private) == (made.class_, made.field, made.private)
    for one in found.candidates:
        unshared = (grade(stretch_of(chain)) for chain in one.chains)
        assert any(found is not Severity.LOW for found in unshared)


def test_in_a_log_without_answers_only_what_covers_much_of_the_reasoning_counts():
    by = subject((Channel.REASONING, THOUGHT))
    assert candidates(f"The rubric says {THOUGHT[:40]}.", by=by) == ()
    assert [one.covered > 0.9 for one in candidates(THOUGHT, by=by)] == [True]


def test_text_that_goes_on_from_field_to_field_is_one_candidate():
    half = len(THOUGHT) // 2
    (found,) = candidates("nothing here", THOUGHT[:half], THOUGHT[half:])
    assert found.transforms == ("split-over-fields",)
    assert found.field == "f1 + f2"
    assert {span.field for span in found.spans} == {"f1", "f2"}
    for span in found.spans:
        assert normalise(THOUGHT[slice(*span.cot)]) == normalise(
            {"f1": THOUGHT[:half], "f2": THOUGHT[half:]}[span.field][slice(*span.input)]
        )


def test_spans_beyond_what_is_listed_are_counted():
    thought = cases.words("a long one", 600)
    between = " the referee notes in passing that nothing of the kind was asked for here "
    pieces = between.join(thought[at : at + 60] for at in range(0, len(thought), 62))
    (found,) = candidates(pieces, by=subject((Channel.REASONING, thought), (Channel.ANSWER, cases.answer(1))))
    assert len(found.spans) == 32
    assert found.unlisted > 0


def test_byte_and_code_point_lists_are_ids():
    found = candidates(list(THOUGHT.encode()))
    assert {one.class_ for one in found} == {FindingClass.IDS}
    assert found[0].covered > 0.9


def test_sampled_token_ids_are_recognised_without_a_tokenizer():
    ids = array("q", [(7 * at * at + 11 * at) % 50_000 + 1000 for at in range(120)])
    (found,) = candidates([5, 6, 7, *ids[:60]], completion_ids=ids)
    assert (found.class_, found.transforms) == (FindingClass.IDS, ("token-ids",))


def test_what_a_later_tool_result_repeated_is_indirect():
    by = subject((Channel.REASONING, THOUGHT), (Channel.TOOL_CALL, "cat notes"), (Channel.TOOL_RESULT, f"notes: {THOUGHT}"))
    (found,) = candidates(f"transcript: {THOUGHT}", by=by)
    assert found.class_ is FindingClass.INDIRECT


def test_spans_count_code_points_in_the_reasoning_and_in_the_input():
    before = "Zwölf Boxkämpfer 🥊 jagen: "
    thought = "Ein Gedanke 🤔 zuerst. " + THOUGHT
    by = subject((Channel.REASONING, thought), (Channel.ANSWER, cases.answer(1)))
    (found,) = candidates(before + thought[10:200] + " Ende", by=by)
    (span,) = found.spans
    shared = thought[slice(*span.cot)]
    assert shared == (before + thought[10:200])[slice(*span.input)]
    assert len(shared) >= 180


def test_reasoning_of_two_turns_is_counted_as_joined_by_a_newline():
    later = cases.reasoning(2)
    by = subject((Channel.REASONING, THOUGHT), (Channel.ANSWER, "One moment."), (Channel.REASONING, later))
    (found,) = candidates(later, by=by)
    (span,) = found.spans
    assert f"{THOUGHT}\n{later}"[slice(*span.cot)] == later


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 250), st.integers(40, 120), st.text(max_size=30), st.text(max_size=30))
def test_every_span_points_at_the_same_text_twice(start, length, before, after):
    piece = THOUGHT[start : start + length]
    seen = before + piece + after
    for found in candidates(seen):
        for span in found.spans:
            thought, held = normalise(THOUGHT[slice(*span.cot)]), normalise(seen[slice(*span.input)])
            assert thought in held  # of a character that stands for several letters, as "ß", a part may be shared
            assert len(held) <= len(thought) + 4


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


def test_a_short_run_of_words_that_the_answer_uses_too_is_no_news():
    term = "partial response to ibuprofen"
    thought = f"{cases.words('short', 8)} {term} {cases.words('shorter', 4)}"
    by = subject((Channel.REASONING, thought), (Channel.ANSWER, "The response to it was partial; ibuprofen helped."))
    (found,) = candidates(f"Reference: a {term} was seen.", by=by)
    assert [chain.telling for chain in found.chains] == [THRESHOLDS.run]
    by = subject((Channel.REASONING, thought), (Channel.ANSWER, "It helped."))
    (found,) = candidates(f"Reference: a {term} was seen.", by=by)
    assert [chain.telling for chain in found.chains] == [telling_run(by.own)] != [THRESHOLDS.run]


def test_a_run_too_short_for_itself_is_looked_up_with_what_stands_around_it():
    """The same sentence of a short reasoning, in a reference that other scorers were handed too and in a text of its own."""
    term = "partial response to ibuprofen"
    thought = f"{cases.words('short', 9)} {term} {cases.words('shorter', 5)}"
    by = subject((Channel.REASONING, thought), (Channel.ANSWER, "It helped."))
    reference = f"{cases.words('reference', 20)} {term} {cases.words('reference, on', 20)}"
    sketch = Sketch(slots=1 << 12)
    screen([((THOUGHT,), (), ((reference,),))], sketch)
    for text, is_shared in ((reference, True), (f"{cases.words('log', 20)} {term} {cases.words('log, on', 20)}", False)):
        (found,) = candidates(text, by=by)
        ((run,),) = (chain.runs for chain in found.chains)
        assert Sharing(sketch)([run.windows]) == ({run.windows} if is_shared else set())


def test_a_short_run_that_is_all_of_an_input_cannot_be_looked_up():
    term = "partial response to ibuprofen"
    by = subject((Channel.REASONING, f"{cases.words('short', 12)} {term}"), (Channel.ANSWER, "It helped."))
    (found,) = candidates(term, by=by)
    assert [len(run.windows) for chain in found.chains for run in chain.runs] == [0]
