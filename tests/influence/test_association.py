from __future__ import annotations

import random

import pytest

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Reason,
    RewardCall,
    Segment,
    Skipped,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.findings.associated import AssociationVerdict, Property
from sequester.findings.model import Tool
from sequester.influence.association import Log, associate, conclude

TOOL = Tool("0", "none", {})


def episode(name, prompt, cot, answer, scores, *, status=SplitStatus.SPLIT, visibility=Visibility.RAW, step=1):
    segments = [Segment(0, Channel.PROMPT, GuardedText(prompt)), Segment(1, Channel.ANSWER, GuardedText(answer))]
    if cot:
        segments.insert(1, Segment(1, Channel.REASONING, GuardedText(cot)))
    calls = tuple(RewardCall(path, Evidence.RECORDED, score=score) for path, score in scores)
    return Episode(name, tuple(segments), Split(status, "", "given"), Source("made", 1), calls, step=step, visibility=visibility)


def words(count):
    return "w " * count


def log(score, prompts=40, samples=6, answers=("yes", "no"), seed=1, cot=words):
    """Episodes whose score is `score(random, prompt, words of CoT, answer)`; thinking is longer where the prompt is harder."""
    chance = random.Random(seed)
    for prompt in range(prompts):
        for sample in range(samples):
            length = 20 + 3 * prompt + chance.randrange(60)
            answer = chance.choice(answers)
            value = score(chance, prompt, length, answer)
            yield episode(f"e{prompt}-{sample}", f"prompt {prompt}", cot(length), answer, [("reward", value)])


def ran(episodes):
    return associate(episodes, TOOL)


def test_nothing_in_is_never_a_pass():
    assert ran([]).verdict is AssociationVerdict.NOTHING_ASSESSED


def test_a_log_without_scores_is_not_assessed():
    result = ran([episode("a", "p", "c", "x", []), episode("b", "p", "d", "x", [("reward", None)])])
    assert result.verdict is AssociationVerdict.NOTHING_ASSESSED
    assert result.not_assessed == {"no_reward_call": 1, "no_score": 1}


def test_answers_that_never_repeat_are_not_assessed():
    result = ran(episode(f"e{i}", "p", words(i), f"answer {i}", [("reward", i / 30)]) for i in range(30))
    assert result.verdict is AssociationVerdict.NOTHING_ASSESSED
    assert result.paths[0].reasons == ("answers_never_repeat",)
    assert not result.findings


def test_a_score_that_counts_words_is_found():
    result = ran(log(lambda chance, prompt, length, answer: (answer == "yes") + length / 500))
    [finding] = result.findings
    assert (result.verdict, finding.rule, finding.severity.value) == (AssociationVerdict.FOUND, "SQ321", "medium")
    assert result.paths[0].features[0].correlation == pytest.approx(1)
    assert "rises" in finding.message


def test_difficulty_and_the_answer_raise_nothing():
    """Harder prompts are thought about longer and solved less often; right answers score."""
    result = ran(log(lambda chance, prompt, length, answer: float(answer == "yes") - prompt / 40))
    assert result.verdict is AssociationVerdict.NONE_FOUND
    assert result.paths[0].differing == 0
    assert result.paths[0].upper95 == pytest.approx(1 - 0.05 ** (1 / 40))


def test_a_noisy_scorer_raises_nothing_and_says_what_could_be_seen():
    result = ran(log(lambda chance, prompt, length, answer: chance.gauss(0, 1), prompts=100, samples=16))
    assert result.verdict is AssociationVerdict.NONE_FOUND
    assert result.paths[0].detectable is not None and result.paths[0].detectable < 0.2
    assert result.paths[0].differing > 0


def test_few_noisy_samples_are_underpowered():
    result = ran(log(lambda chance, prompt, length, answer: chance.gauss(0, 1), prompts=25, samples=4))
    assert result.verdict is AssociationVerdict.UNDERPOWERED
    assert "too_few_episodes" in result.paths[0].reasons


def test_few_prompts_are_underpowered_even_where_nothing_differs():
    result = ran(log(lambda chance, prompt, length, answer: float(answer == "yes"), prompts=5))
    assert (result.verdict, result.paths[0].reasons[0]) == (AssociationVerdict.UNDERPOWERED, "too_few_prompts")


def test_constant_scores_are_underpowered():
    result = ran(log(lambda chance, prompt, length, answer: 0.0))
    assert (result.verdict, result.paths[0].reasons) == (AssociationVerdict.UNDERPOWERED, ("constant_scores",))


def test_markup_is_told_from_length():
    chance = random.Random(5)
    episodes = []
    for prompt in range(60):
        for sample in range(6):
            headings, length = chance.randrange(5), chance.randrange(100)
            cot = "# h\n" * headings + words(length)
            episodes.append(episode(f"{prompt}-{sample}", str(prompt), cot, "yes", [("format", 0.2 * headings)]))
    result = ran(episodes)
    assert [finding.rule for finding in result.findings] == ["SQ322"]
    assert result.findings[0].feature == "headings"
    assert {feature.property for feature in result.paths[0].features if feature.significant} == {Property.MARKUP}


def test_the_same_cot_with_another_score_is_chance():
    twice = [episode(f"e{i}", "p", "the same", "yes", [("judge", float(i % 2))]) for i in range(10)]
    result = ran(twice)
    assert (result.paths[0].noisy, result.paths[0].strata) == (5, 0)


def test_repeated_records_are_no_evidence():
    once = list(log(lambda chance, prompt, length, answer: chance.gauss(0, 1), prompts=30, samples=4))
    assert ran([*once, *once, *once]).paths[0].episodes == ran(once).paths[0].episodes


def test_steps_are_not_compared_with_each_other():
    """A scorer that becomes milder while the policy thinks longer."""
    episodes = [
        episode(f"{step}-{prompt}", f"p{prompt}", words(step + prompt), "yes", [("judge", step / 100)], step=step)
        for step in range(50)
        for prompt in range(5)
    ]
    assert ran(episodes).verdict is AssociationVerdict.NOTHING_ASSESSED


@pytest.mark.parametrize(
    ("status", "visibility", "reason"),
    [
        (SplitStatus.AMBIGUOUS, Visibility.RAW, "ambiguous"),
        (SplitStatus.SPLIT_FAILED, Visibility.RAW, "split_failed"),
        (SplitStatus.SPLIT, Visibility.SUMMARY, "summary_only"),
        (SplitStatus.SPLIT, Visibility.REDACTED, "not_logged"),
    ],
)
def test_a_cot_of_unknown_length_is_counted_and_left_out(status, visibility, reason):
    result = ran([episode("a", "p", "c", "x", [("reward", 1.0)], status=status, visibility=visibility)])
    assert result.not_assessed == {reason: 1}


def test_skipped_records_are_counted():
    result = ran([Skipped(Source("made", 1), Reason.MALFORMED, "no key")])
    assert (result.seen, result.not_assessed) == (1, {"malformed": 1})


def test_an_episode_without_cot_is_one_of_length_zero():
    episodes = [
        episode(f"{p}-{n}", f"p{p}", words(n * 5), "yes", [("reward", float(n > 0))], status=status)
        for p in range(30)
        for n, status in ((0, SplitStatus.NO_COT), (1, SplitStatus.SPLIT), (2, SplitStatus.SPLIT))
    ]
    assert [finding.rule for finding in ran(episodes).findings] == ["SQ321"]


def test_memory_is_bounded_and_what_is_kept_is_whole():
    small = Log(most_records=300)
    for one in log(lambda chance, prompt, length, answer: length / 100, prompts=400, samples=6):
        small.add(one)
    assert sum(len(s.members) for path in small.paths.values() for s in path.strata.values()) <= 300
    result = conclude(small, TOOL)
    assert result.kept < 0.25
    assert result.verdict is AssociationVerdict.FOUND


def test_the_order_of_the_log_does_not_matter():
    episodes = list(log(lambda chance, prompt, length, answer: length / 50 + 7919 * length % 13))
    assert ran(episodes) == ran(reversed(episodes))


def test_no_text_of_an_episode_is_in_the_result():
    secret = "the plan nobody may read"
    episodes = [
        episode(f"{p}-{n}", f"{secret} {p}", f"{secret} " * n, secret, [("reward", float(n))])
        for p in range(30)
        for n in (1, 2, 3)
    ]
    assert secret not in repr(ran(episodes))
