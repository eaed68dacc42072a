"""SQ242: a grader's prompt with a variable that holds the reasoning."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ242", "", "grader.jinja") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ242", example("SQ242"), "grader.jinja")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ242", tmp_path, monkeypatch, "grader.jinja") == snapshot


FOUND = [
    ("judge:\n  prompt: |\n    Rate the answer.\n    {{ answer }}\n    {{ reasoning }}\n", [("judge.prompt", 2)]),
    ("judge:\n  prompt: 'Grade this: {answer} {thinking}'\n", [("judge.prompt", 2)]),
    (
        "prompts: [a]\nproviders: [b]\ntests:\n- assert:\n  - type: llm-rubric\n    value: 'fits {{ output }} and {{ cot }}'\n",
        [("tests.0.assert.0.value", 6)],
    ),
    ("rubricPrompt: 'Score it: {{ messages | tojson }}'\njudge: x\n", [("rubricPrompt", 1)]),
    ("rewards:\n  grader_template: 'Is this answer correct? {raw_response}'\n", [("rewards.grader_template", 2)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ242", text) == where


QUIET = [
    'judge:\n  prompt: \'Grade {answer}. Reply as {{"reasoning": "...", "score": 1}}\'\n',
    "judge:\n  prompt: 'Grade {answer}. Reply as {{reasoning}}'\n",
    "judge:\n  prompt: 'Rate {{ answer }} by {{ reasoning_criteria }} and {{ reference_reasoning }}'\n",
    "judge:\n  fewshot_prompt: 'Rate it. {{ answer }} {{ reasoning }} {{ score }}'\n",
    "policy:\n  prompt: 'Think: {{ reasoning }}'\nreward: x\n",
    "judge:\n  prompt: '{# was {{ reasoning }} #} Rate {{ answer }}'\n",
    "judge:\n  prompt: '{% for m in messages %}{{ m.content }}{% endfor %} Rate it.'\n",
    "judge:\n  prompt: 'Rate {{ trace.answer }} {{ message }}'\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ242", text) == []


TEMPLATES = [
    ("prompts/judge.txt", "You are a judge. Grade {question} {answer} {reasoning_content}", 1),
    ("prompts/judge.j2", "Rate it.\n{{ message.reasoning_content }}", 2),
    ("prompts/judge.j2", "Rate it.\n{{ message['reasoning'] }}", 2),
    ("score.prompt", "Your task is to evaluate {{student_thinking}}", 1),
    ("rubric.md", "You are an impartial judge.\n\n{model_reasoning}\n{answer}", 3),
    ("judge.jinja", "{{- messages | tojson(indent=2) -}} verdict?", 1),
    ("judge.txt", "You are a grader. Read the transcript, including the model's private thinking.\n{transcript}", 2),
    ("judge.txt", "Determine if the answer fits. ${full_response}", 1),
]


@pytest.mark.parametrize(("name", "text", "line"), TEMPLATES)
def test_templates(name, text, line):
    assert [found for _, found in lines("SQ242", text, name)] == [line]


OTHERS = [
    ("README.md", "# Judge\n\nEvaluate the answer: `{{ reasoning }}`"),
    ("docs/evaluation.md", "Templates get `{{ reasoning }}`. Evaluate each answer."),
    (
        "chat_template.jinja",
        "{% for message in messages %}{{ message.reasoning_content }}{% endfor %}{% if add_generation_prompt %}x",
    ),
    ("email.j2", "Dear {{ name }}, {{ thoughts }}"),
    ("notes.txt", "grade the answer {reasoning}"),
    ("judge.txt", "You are a judge. {question} {response}\nReply with {{reasoning}} and a verdict."),
    ("judge.jinja", "Grade it: {{ answer }}"),
    ("judge.txt", "You are a grader. Give a score, including your private reasoning.\n{transcript}"),
    ("judge.txt", "You are a grader. The transcript, not including the model's private thinking:\n{transcript}"),
]


@pytest.mark.parametrize(("name", "text"), OTHERS)
def test_other_files(name, text):
    assert hits("SQ242", text, name) == []


def test_the_place_is_that_of_the_variable():
    (found,) = hits("SQ242", "Rate it.\nIt thought: {{ reasoning }}!", "judge.j2")
    assert found.place == (2, 13, 2, 28)
    (found,) = hits("SQ242", "judge: {prompt: 'Rate {{ cot }}'}")
    assert found.place == (1, 23, 1, 32)


def test_a_prompt_of_several_lines_begins_at_its_key_where_a_comment_can_stand():
    (found,) = hits("SQ242", "judge:\n  prompt: |\n    Rate it.\n    {{ cot }} x\n")
    assert found.place == (2, 3, 4, 14)
