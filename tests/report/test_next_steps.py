"""What a report says to do next."""

from tests.findings.examples import finding
from tests.report.results import result

from sequester.findings.model import CallCounts, EpisodeCounts, InputFile, Reading, Severity
from sequester.report.next_steps import next_steps


def test_weak_evidence_names_the_next_step():
    weak = finding(evidence="contract", rule="SQ111", reward_path="accuracy_reward")
    steps = next_steps(result(findings=(weak,)))
    assert '"reward_calls": [{"reward_path": "accuracy_reward"' in steps[0]
    assert '{"reward_path": "SECOND_PATH", "inputs": {"text": INPUT_2}, "score": SCORE_2}]})' in steps[0]
    for said in (
        "one line for each episode",
        "sequester audit FILE.jsonl",
        "uuid.uuid4().hex",
        "counts an episode once for each file",
    ):
        assert said in steps[0]
    assert "sequester swap FILE.py:accuracy_reward --episodes FILE.jsonl" in steps[1]


def test_where_a_framework_has_a_shorter_way_it_is_named_first():
    weak = finding(evidence="contract", rule="SQ111")
    for name, said in (("trl", "log_extra"), ("verl", "compute_score")):
        files = (InputFile("run", name, 1, 1), InputFile("more", name, 1, 1))
        steps = next_steps(result(findings=(weak,), inputs=files))
        assert said in steps[0]
        assert "--map FILE.toml" in steps[0]
        assert '"reward_calls"' in steps[1]
        assert not any(said in step for step in next_steps(result(inputs=files)))


def test_several_weak_paths_share_their_lines():
    weak = [finding(evidence="contract", rule="SQ111", reward_path=f"r{number}") for number in range(7)]
    steps = next_steps(result(findings=weak))
    assert '"reward_path": "REWARD_PATH"' in steps[0]
    assert len(steps) == 2
    assert "the score of r0, r1, r2, r3, r4 and 2 more moves when only the reasoning is swapped" in steps[1]
    assert "sequester swap FILE.py:FUNCTION " in steps[1]


def test_inputs_with_one_remedy_share_a_line():
    unread = tuple(InputFile(name, "", None, 0, "is no log", "describe it") for name in ("a", "b", "c"))
    assert next_steps(result(inputs=unread)) == ("a and 2 more: describe it",)


def test_a_path_that_is_no_function_name_is_not_put_into_a_command():
    weak = finding(evidence="rebuilt", reward_path="x; rm -rf .")
    assert "swap FILE.py:FUNCTION " in next_steps(result(findings=(weak,)))[-1]


def test_after_a_recorded_leak_comes_a_look_at_it_and_the_remedy():
    assert next_steps(result()) == ()
    assert next_steps(result(findings=(finding(severity=Severity.LOW),))) == ()
    step, further = next_steps(result(findings=(finding(),)))
    assert "sequester show RESULT ID" in step
    assert "`sequester explain`" in step
    assert "swap" not in step
    assert "reference, rubric or document that the scorer holds anyway, declare that as a dataset column" in further


def test_who_needs_a_field_map_is_told_what_it_looks_like():
    unread = [InputFile(name, "", None, 0, "is unknown", "describe it with --map FILE") for name in "ab"]
    steps = next_steps(result(inputs=unread))
    assert sum("[[reward_call]]" in step for step in steps) == 1
    assert not any("[[reward_call]]" in step for step in next_steps(result()))


def test_inputs_that_the_log_lacks_or_that_were_rebuilt_are_to_be_recorded():
    for reason in ("input_not_logged", "rebuilt_only"):
        calls = CallCounts(6, 2, 0, {"recorded": 2}, {reason: 4})
        (step,) = next_steps(result(EpisodeCounts(6, 0, 2, 0, {reason: 4}), calls))
        assert step.startswith("Record what the scorers are given")


def test_a_log_that_names_no_scorer_is_told_where_to_name_it_and_how_to_record_it():
    told = next_steps(result(EpisodeCounts(4, 0, 0, 0, {"no_reward_call": 4}), CallCounts(0, 0, 0, {}, {})))
    assert len(told) == 2
    assert "[[reward_call]]" in told[0]
    assert told[1].startswith("Record what the scorers are given")


def test_where_subtraction_leaves_nothing_anywhere_the_mapping_is_to_be_checked():
    def told(counts):
        return next_steps(result(counts, CallCounts(4, 0, 0, {"recorded": 4}, {"no_private_text": 4})))

    (step,) = told(EpisodeCounts(5, 1, 0, 0, {"no_private_text": 4}))
    assert "subtracted" in step
    assert told(EpisodeCounts(5, 1, 1, 0, {"no_private_text": 3})) == ()


def test_records_that_a_field_map_does_not_fit_lead_to_its_paths():
    counts = EpisodeCounts(4, 0, 0, 0, {"malformed": 4}, unreadable=4)
    (step,) = next_steps(result(counts, reading=Reading("map", "auto", {}, "m.toml")))
    assert "Correct the path in the map" in step
    assert next_steps(result(counts)) == ()


def test_reasoning_that_no_family_tells_apart_is_to_be_given_as_a_field():
    (step,) = next_steps(result(EpisodeCounts(4, 0, 0, 0, {"ambiguous": 4})))
    assert "give them as two fields" in step
