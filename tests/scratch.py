"""A git repository to change things in, and a reward path declared in it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path


class Scratch:
    """A repository in a folder of its own. Nobody's configuration of git applies."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "protocol.file.allow=always")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, newline="")

    def commit(self, **files: str) -> str:
        """Write files, commit everything, return the commit."""
        self.write(**files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")


REWARD = """\
def accuracy(prompts, completions, ground_truth, **kwargs):
    scores = []
    for completion, truth in zip(completions, ground_truth):
        if "</think>" not in completion:
            scores.append(0.0)
            continue
        answer = completion.rpartition("</think>")[2]
        scores.append(float(answer.strip() == truth))
    return scores
"""
"""A reward function that keeps to the answer."""
LEAKING = REWARD.replace("answer.strip() == truth", "truth in completion")
"""The same one, which finds what it looks for in the chain of thought too."""
TABLE = '[swap.reward.accuracy]\nfunction = "rewards.py:accuracy"\nepisodes = "tests/episodes.jsonl"\n'
SECRET = "Doubling it is what the user wants"
"""Stands in the chain of thought of every episode, and may appear in no output."""


def episodes(count: int = 6) -> str:
    """Interchange JSONL: sums, every other one answered wrongly."""
    lines = (
        {
            "episode_id": f"e{number}",
            "prompt": f"What is {number} plus {number}?",
            "reasoning": f"{SECRET}, so {number} and {number} make {2 * number}, and that is the number to say.",
            "answer": str(2 * number if number % 2 else 99),
            "columns": {"ground_truth": str(2 * number)},
        }
        for number in range(11, 11 + count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def project(root: Path) -> Scratch:
    """A repository with a reward function, episodes and a declaration, committed."""
    made = Scratch(root)
    made.commit(**{"rewards.py": REWARD, "tests/episodes.jsonl": episodes(), "sequester.toml": TABLE, "README.md": "x"})
    return made
