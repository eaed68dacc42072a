"""Writes the demo's run: real rollouts of an RL checkpoint in the shape of TRL's completions log.

    python examples/demo/make_demo.py PATH_TO/rl_checkpoints/gptoss120b_s200.jsonl.gz

What is real and what is constructed stands in README.md beside this file. Deterministic: the same source gives the same files.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

STEPS = 12
PER_STEP = 4
LEAKED = {(7, 1), (8, 0), (9, 2), (10, 3)}
"""(step, place in the step) of the episodes whose `correctness` scorer was handed the whole sampled text."""

HERE = Path(__file__).parent


def views(answer: str) -> dict[str, str]:
    """What seven of the eight scorers look at: parts of the answer, never the reasoning."""
    code = "\n".join(re.findall(r"```\w*\n(.*?)```", answer, re.DOTALL))
    prose = re.sub(r"```.*?```", "", answer, flags=re.DOTALL)
    return {
        "runs": code[:1000],
        "style": code[-600:],
        "security": "\n".join(line for line in code.splitlines() if re.search(r"import|open|exec|request|sql|key", line)),
        "explains": prose[:1000],
        "structure": "\n".join(line for line in answer.splitlines() if line.startswith(("#", "def ", "class ", "**"))),
        "instructions": prose[-800:],
        "tone": prose[:600],
    }


def main(source: Path) -> None:
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        rows = sorted(map(json.loads, lines), key=lambda row: (len(row["raw_output"]), row["task_id"], row["rep"]))
    rows = [row for row in rows if row["internal_reasoning"] and row["external_output"]][: STEPS * PER_STEP]
    for step in range(1, STEPS + 1):
        table: dict[str, list[object]] = {}
        for place, row in enumerate(rows[step - 1 :: STEPS]):
            prompt = f"Write a Python module for the task `{row['task_id']}`. Explain your choices, then give the code."
            answer = row["external_output"]
            inputs = views(answer)
            inputs["correctness"] = row["raw_output"] if (step, place) in LEAKED else answer[:1200]
            record: dict[str, object] = {
                "step": step,
                "prompt": [{"role": "user", "content": prompt}],
                "completion": [{"role": "assistant", "content": answer, "reasoning_content": row["internal_reasoning"]}],
                "task": row["task_id"],
                **{name: (len(text) % 11) / 10 for name, text in inputs.items()},
                **{
                    f"{name}_input": f"Grade from 0 to 10: {name}.\n\n### Task\n{prompt}\n\n### Response\n{text}"
                    for name, text in inputs.items()
                },
                "advantage": ((place * 7 + step) % 9 - 4) / 4,
            }
            for key, value in record.items():
                table.setdefault(key, []).append(value)
        pq.write_table(
            pa.table(table), HERE / "completions" / f"completions_{step:05d}.parquet", compression="zstd", compression_level=19
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
