"""How fast lint reads reward code: files of the shape people write, 10,000 lines, against parsing alone.

    PYTHONPATH=src:. python -m bench.lint_speed [PATH ...]

Prints medians of five: the whole of `lint` in a fresh process with the start of the interpreter, the walk alone, and `ast.parse` alone,
which is the floor of anything that reads Python. With paths it reads those instead of made files.
"""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from sequester.lint.engine import files_of, lint

LINES = 10_000
LINES_PER_FILE = 400
REPEATS = 5

_FUNCTIONS = '''
import json
import logging
import re

logger = logging.getLogger(__name__)
PROMPT = """Grade the answer on a scale from 0 to 10.

Question: {{question}}
Answer: {{answer}}
"""
BOXED = re.compile(r"\\\\boxed\\{{([^{{}}]*)\\}}")


def extract_{n}(text: str) -> str | None:
    """The last boxed result."""
    found = BOXED.findall(text)
    if not found:
        return None
    result = found[-1].strip()
    for old, new in (("\\\\,", ""), ("$", ""), ("\\\\%", "")):
        result = result.replace(old, new)
    return result or None


def accuracy_reward_{n}(completions, answer, **columns) -> list[float]:
    """One where the boxed result is the expected one."""
    rewards = []
    for completion, gold in zip(completions, answer):
        text = completion[0]["content"]
        if "</think>" not in text:
            rewards.append(0.0)
            continue
        final = text.split("</think>")[-1]
        result = extract_{n}(final)
        if result is None:
            rewards.append(0.0)
        elif result == gold:
            rewards.append(1.0)
        else:
            try:
                rewards.append(float(abs(float(result) - float(gold)) < 1e-6))
            except ValueError:
                rewards.append(0.0)
    return rewards


def judge_reward_{n}(prompts, completions, **columns) -> list[float]:
    """What a judge thinks of the answer."""
    scores = []
    for prompt, completion in zip(prompts, completions):
        request = PROMPT.format(question=prompt[-1]["content"], answer=completion[0]["content"])
        for attempt in range(3):
            try:
                reply = client.chat.completions.create(model="judge", messages=[{{"role": "user", "content": request}}])
                break
            except TimeoutError:
                logger.warning("attempt %d timed out", attempt)
        else:
            scores.append(0.0)
            continue
        found = re.search(r"(\\d+)", reply.choices[0].message.content)
        scores.append(int(found.group(1)) / 10 if found else 0.0)
    return scores


class Environment{n}(BaseTextEnv):
    def __init__(self, config, extras):
        super().__init__()
        self.truth = extras["reward_spec"]["ground_truth"]
        self.turns = 0
        self.history = []

    def step(self, action: str):
        self.turns += 1
        self.history.append({{"role": "assistant", "content": action}})
        call = re.search(r"<tool>(.*?)</tool>", action, re.DOTALL)
        if call is None or self.turns >= 8:
            reward = float(extract_{n}(action) == self.truth)
            return {{"observations": [], "reward": reward, "done": True, "metadata": {{"turns": self.turns}}}}
        try:
            arguments = json.loads(call.group(1))
        except json.JSONDecodeError:
            arguments = {{}}
        observation = self.tools.call(arguments.get("name", ""), arguments)
        return {{"observations": [observation], "reward": 0.0, "done": False, "metadata": {{}}}}
'''


def write_files(folder: Path) -> None:
    """`LINES` lines of reward code, in files of about `LINES_PER_FILE`."""
    text, written, number = "", 0, 0
    while written < LINES:
        piece = _FUNCTIONS.format(n=number)
        text += piece
        number += 1
        written += piece.count("\n")
        if text.count("\n") >= LINES_PER_FILE or written >= LINES:
            (folder / f"rewards_{number}.py").write_text(text)
            text = ""


def median(run: Callable[[], object]) -> float:
    """Seconds of CPU, the middle of `REPEATS`."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def processes(command: list[str]) -> float:
    """Seconds of CPU of a process and its children, the middle of `REPEATS`."""
    taken = []
    for _ in range(REPEATS):
        before = os.times()
        subprocess.run(command, check=True)
        after = os.times()
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return statistics.median(taken)


def parse(texts: list[str]) -> None:
    for text in texts:
        ast.parse(text)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        paths = [Path(path) for path in sys.argv[1:]] or [Path(made)]
        if not sys.argv[1:]:
            write_files(Path(made))
        texts = [path.read_text("utf-8") for path in files_of(paths) if path.suffix == ".py"]
        program = (
            "import sys; from pathlib import Path; from sequester.lint.engine import lint; lint([Path(p) for p in sys.argv[1:]])"
        )
        command = [sys.executable, "-c", program, *map(str, paths)]
        whole = processes(command)
        walk = median(lambda: lint(paths))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            floor = median(lambda: parse(texts))
        result = lint(paths)
    print(
        f"{sum(text.count(chr(10)) for text in texts):,} lines in {len(texts)} files, {result.subjects['reward_functions']} rewards"
    )
    print(f"process  {whole:6.3f} s   of CPU, interpreter and imports included")
    print(f"lint     {walk:6.3f} s   of CPU; {walk / floor:.1f} times ast.parse")
    print(f"parse    {floor:6.3f} s   of CPU")


if __name__ == "__main__":
    main()
