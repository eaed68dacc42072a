"""Rollout dumps written by verl's own dump functions, without verl's trainer, which needs Ray and a GPU.

    pip download --no-deps --dest wheels verl==0.9.1
    python -m tests.frameworks.verl_dump wheels/verl-0.9.1-py3-none-any.whl OUTPUT_DIR

What is real: `_write_generations` of verl's two trainers, taken out of the wheel by name and run alone; it decides on the
file names, the keys, their order and how values become JSON. What is not: the trainers around it. The texts are written
ones, in the form that decoding without special tokens gives them, and the scores and the keys of `reward_extra_info` are
those that the trainers would pass.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests.frameworks.written_rollouts import question, written_completion

TRAINERS = {"v0": "verl/trainer/ppo/ray_trainer.py", "v1": "verl/trainer/ppo/v1/trainer_base.py"}
SAMPLES = 2
ROLLOUTS = 3


def dump_function(wheel: Path, module: str) -> Callable[..., None]:
    """`_write_generations` of a module of the wheel, compiled alone."""
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read(module))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_write_generations"]
    found[0].decorator_list = []
    names: dict[str, Any] = {"json": json, "os": os, "np": np}
    exec(compile(ast.Module([found[0]], []), module, "exec"), names)
    function: Callable[..., None] = names["_write_generations"]
    return function


def generations(draw: random.Random, opened: bool) -> dict[str, list[Any]]:
    """The texts and scores of one step; with `opened`, the template opens the reasoning in the prompt."""
    out: dict[str, list[Any]] = {"inputs": [], "outputs": [], "gts": [], "scores": []}
    for _ in range(SAMPLES):
        text, truth = question(draw)
        for _ in range(ROLLOUTS):
            completion, _ = written_completion(text, draw)
            out["inputs"].append(f"user\n{text}\nassistant\n" + "<think>\n" * opened)
            out["outputs"].append(completion.removeprefix("<think>\n") if opened else completion)
            out["gts"].append(truth)
            out["scores"].append(float(truth in completion))
    return out


def extras(kind: str, step: int, scores: list[float]) -> dict[str, list[Any]]:
    """What the trainer of this kind passes as `reward_extra_infos_dict` for a training dump."""
    if kind == "v1":
        return {"uid": [f"{step}{sample}_{rollout}_0" for sample in range(SAMPLES) for rollout in range(ROLLOUTS)]}
    return {"acc": [score > 0 for score in scores], "pred": ["" for _ in scores], "short": [1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("output", type=Path)
    asked = parser.parse_args()
    for kind, module in TRAINERS.items():
        write, draw = dump_function(asked.wheel, module), random.Random(17)
        for step in (1, 2):
            made = generations(draw, opened=kind == "v1")
            write(
                **made,
                reward_extra_infos_dict=extras(kind, step, made["scores"]),
                dump_path=str(asked.output / kind),
                global_steps=step,
            )


if __name__ == "__main__":
    main()
