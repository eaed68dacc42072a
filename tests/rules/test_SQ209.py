"""SQ209: length or tags of the reasoning in a score."""

import pytest
from tests.rules.reward_code_of import example, lines, marked, terminal


def test_nothing_is_found_in_nothing():
    assert lines("SQ209", "") == []


def test_the_example_of_its_page_is_found():
    assert lines("SQ209", example("SQ209")) == marked("SQ209", example("SQ209")) != []


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ209", tmp_path, monkeypatch) == snapshot


FOUND = [
    """
    def brief(completions, **columns):
        return [-len(text) / 1000 for text in completions]  # SQ209
    """,
    """
    def overlong(completion_ids, **columns):
        return 0.0

    class Overlong:
        def __call__(self, completion_ids, **columns):
            rewards = []
            for ids in completion_ids:
                if len(ids) > 1000:  # SQ209
                    rewards.append(-1.0)
                else:
                    rewards.append(0.0)
            return rewards
    """,
    r"""
    import re

    def format_reward(completions, **kwargs):
        pattern = r"^<think>.*?</think>\s*<answer>.*?</answer>$"
        matches = [re.match(pattern, c[0]["content"], re.S) for c in completions]  # SQ209
        return [1.0 if match else 0.0 for match in matches]
    """,
    """
    def tags(text):
        score = 0.0
        if text.count("<think>") == 1:  # SQ209
            score += 0.5
        if text.count("</think>") == 1:  # SQ209
            score += 0.5
        return score

    def tag_reward(completions, **kwargs):
        return [tags(c[0]["content"]) for c in completions]
    """,
    """
    def thoughtful(completions, **columns):
        scores = []
        for text in completions:
            thought = text.split("</think>")[0]
            scores.append(min(1.0, len(thought.split()) / 500))  # SQ209
        return scores
    """,
    """
    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        score = float(extract_answer(solution_str) == ground_truth)
        return {"score": score - 0.1 * (len(solution_str) > 4000), "acc": score}  # SQ209
    """,
    """
    def starts_well(completions, **columns):
        return [0.1 if text.startswith("<think>") else 0.0 for text in completions]  # SQ209
    """,
    """
    class ShapingRewardManager:
        def __call__(self, data):
            length = data.batch["response_mask"].sum()  # SQ209
            reward = -float(length) / 1000
            return {"reward": reward}
    """,
    """
    import re

    def reward(completions, **columns):
        scores = []
        for text in completions:
            match = re.search(r"<think>(.*?)</think>", text, re.S)  # SQ209
            score = 0.0
            if match:
                thinking = match.group(1)
                if not thinking.strip():
                    score -= 0.2
            scores.append(score)
        return scores
    """,
    """
    def brief(completions, **columns):
        scores = []
        for text in completions:
            row = {"text": text, "length": len(text)}  # SQ209
            scores.append(-row["length"] / 1000)
        return scores
    """,
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert lines("SQ209", text) == marked("SQ209", text) != []


QUIET = [
    """
    def accuracy(completions, answer, **columns):
        if len(completions) != len(answer):
            raise ValueError
        return [0.0] * len(completions)
    """,
    """
    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        if len(solution_str) > 300:
            solution_str = solution_str[-300:]
        return {"score": float(extract_answer(solution_str) == ground_truth), "length": len(solution_str)}
    """,
    """
    def correct(completion, answer, **kwargs):
        if len(completion) == 0:
            return 0.0
        return float(completion[-1]["content"].partition("</think>")[2] == answer)
    """,
    """
    def brief(completions, **columns):
        return [-len(text.partition("</think>")[2]) / 1000 for text in completions]
    """,
    """
    def accuracy(completions, answer, **columns):
        scores = []
        for text, gold in zip(completions, answer):
            if "</think>" not in text:
                scores.append(0.0)
                continue
            scores.append(float(text.split("</think>")[-1] == gold))
        return scores
    """,
    """
    def turns(completion, state, **kwargs):
        return -0.1 * len(completion)
    """,
    """
    def token_rewards(completions, completion_ids, answer, **columns):
        rewards = []
        for text, ids, gold in zip(completions, completion_ids, answer):
            row = [0.0] * len(ids)
            for place in range(len(ids)):
                row[place] = float(final(text) == gold)
            rewards.append(row)
        return rewards
    """,
    """
    class BatchRewardManager:
        def compute_reward(self, data: DataProto):
            lengths = data.batch["response_mask"].sum(dim=-1)
            inputs = []
            for row in range(len(data)):
                text = self.tokenizer.decode(data.batch["responses"][row][: lengths[row]])
                inputs.append({"response": text, "response_length": lengths[row]})
            return [one["overall"] for one in self.reward_fn(inputs)]
    """,
    """
    def extract_choice(text):
        best = None
        for place, letter in enumerate(text):
            if place > len(text) * 0.7:
                best = letter
        return best

    def accuracy(completions, answer, **columns):
        return [float(extract_choice(text) == gold) for text, gold in zip(completions, answer)]
    """,
    """
    class IoRewardManager:
        def __call__(self, data: DataProto):
            rows = []
            for item in data:
                length = item.batch["attention_mask"].sum()
                text = self.tokenizer.decode(item.batch["responses"][:length], skip_special_tokens=True)
                rows.append({"text": text, "length": length})
            return [float(extract_answer(row["text"]) == self.gold) for row in rows]
    """,
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert lines("SQ209", text) == []
