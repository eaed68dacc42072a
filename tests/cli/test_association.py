from __future__ import annotations

import json
from pathlib import Path

import pytest

from sequester.cli.association import associate_logs
from sequester.cli.progress import Progress
from sequester.episodes.readers.registry import load_readers
from sequester.exposure.inputs import Formats
from sequester.findings.associated import AssociationVerdict

DATA = Path(__file__).parents[1] / "data"


def ran(*paths):
    return associate_logs(paths, Formats(load_readers()), Progress(quiet=True))


def lines(score, prompts=30, samples=5):
    for prompt in range(prompts):
        for sample in range(samples):
            words = 10 + 7 * ((prompt + 3 * sample) % 11)
            line = {
                "episode_id": f"{prompt}-{sample}",
                "prompt": f"p{prompt}",
                "reasoning": f"{sample} " + "w " * words,
                "answer": "42",
            }
            yield json.dumps({**line, "reward_calls": [{"reward_path": "r", "score": score(prompt, words)}]})


def written(folder, score):
    path = folder / "log.jsonl"
    path.write_text("\n".join(lines(score)) + "\n")
    return path


def test_an_empty_folder_is_not_assessed(tmp_path):
    result = ran(tmp_path)
    assert result.verdict is AssociationVerdict.NOTHING_ASSESSED
    assert "without files" in result.unread[0]


def test_a_reward_on_words_is_found_in_a_log(tmp_path):
    result = ran(written(tmp_path, lambda prompt, words: words / 100))
    assert [finding.rule for finding in result.findings] == ["SQ321"]


def test_a_reward_on_the_answer_is_not(tmp_path):
    result = ran(written(tmp_path, lambda prompt, words: float(prompt % 2)))
    assert (result.verdict, result.findings) == (AssociationVerdict.NONE_FOUND, ())


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path):
    good = written(tmp_path, lambda prompt, words: words / 100)
    bad = tmp_path / "other.jsonl"
    bad.write_bytes(b"\0\xff")
    result = ran(good, bad)
    assert result.verdict is AssociationVerdict.FOUND
    assert [str(bad) in one for one in result.unread] == [True]


@pytest.mark.parametrize("name", ["trl", "verl", "verifiers", "inspect", "jsonl/episodes.jsonl", "bundle/run"])
def test_every_format_is_read_and_every_record_counted(name):
    result = ran(DATA / name)
    assert result.seen > 0
    assert all(path.scored for path in result.paths)
    assert sum(result.not_assessed.values()) <= result.seen
