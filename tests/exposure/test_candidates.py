"""From chains to findings-to-be: where they stand, what is beside them, and which are surely low."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure import cases
from tests.exposure.cases import subject

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel
from sequester.exposure.candidates import Finder, fields_of, site_of
from sequester.exposure.matching import Sketch, held, normalise, screen
from sequester.exposure.severity import THRESHOLDS, grade, looked_up, stretch_of, telling_run
from sequester.exposure.tally import Candidate, Minor
from sequester.findings.model import FindingClass, Severity

THOUGHT = cases.reasoning(1)


def found_in(*seen, by=None, path="judge"):
    """What the chains in the fields of one reward call come to."""
    by = by or subject()
    texts = [(f"f{at}", GuardedText(text)) for at, text in enumerate(seen)]
    by_fields = {}
    for chain in by.pattern.scan_many(seen):
        by_fields.setdefault(fields_of(chain), []).append(chain)
    finder = Finder(by, path, cases.KEY)
    return [one for indices, chains in by_fields.items() for one in finder.candidates(site_of(texts, indices), chains)]


def candidates(*seen, by=None, path="judge"):
    """The same, also what is surely low made."""
    return [one.candidate() if isinstance(one, Minor) else one for one in found_in(*seen, by=by, path=path)]


def test_no_chains_are_no_candidate():
    assert candidates() == candidates("") == candidates(cases.RUBRIC, cases.answer(1), cases.reasoning(2)) == []
    assert list(Finder(subject(), "judge", cases.KEY).candidates(site_of([("f0", GuardedText(THOUGHT))], (0,)), [])) == []


def test_text_character_for_character_is_verbatim_and_else_reformatted():
    assert [one.transforms for one in candidates(f"Judge this: {THOUGHT}")] == [("verbatim",)]
    assert [one.transforms for one in candidates(THOUGHT.upper().replace(" ", "\n\n"))] == [("reformatted",)]


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
    found = found_in(f"Judge this: {thought[start : start + length]}", by=by)
    for minor in (one for one in found if isinstance(one, Minor)):
        made = minor.candidate()
        held = {run.windows for chain in made.chains for run in chain.runs} if shared else set()
        assert {grade(stretch_of(looked_up(chain, held))) for chain in made.chains} == {Severity.LOW}
        assert (minor.class_, minor.field, minor.private) == (made.class_, made.field, made.private)
    for one in (one for one in found if isinstance(one, Candidate)):
        unshared = (grade(stretch_of(chain)) for chain in one.chains)
        assert any(severity is not Severity.LOW for severity in unshared)


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
        assert held(sketch.blocks, [run.windows]) == ({run.windows} if is_shared else set())


def test_a_short_run_that_is_all_of_an_input_cannot_be_looked_up():
    term = "partial response to ibuprofen"
    by = subject((Channel.REASONING, f"{cases.words('short', 12)} {term}"), (Channel.ANSWER, "It helped."))
    (found,) = candidates(term, by=by)
    assert [len(run.windows) for chain in found.chains for run in chain.runs] == [0]


def test_the_fingerprint_names_text_and_path():
    (whole,), (again,), (part,) = candidates(THOUGHT), candidates(f"Judge this: {THOUGHT}"), candidates(THOUGHT[:100])
    (elsewhere,) = candidates(THOUGHT, path="style")
    assert whole.fingerprint == again.fingerprint
    assert len({whole.fingerprint, elsewhere.fingerprint, part.fingerprint}) == 3
