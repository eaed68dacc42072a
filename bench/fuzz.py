"""Fuzzed inputs over readers, splitter and decoders: how many tracebacks, hangs and wrong `none_found`.

    python -m bench.fuzz --inputs 100000              goes on where the last run stopped; results in bench/results/fuzz.json
    python -m bench.fuzz_child 20260301 4711 4712     one input again, with what it does wrong

Inputs are numbered; the same seed and number always give the same input. They run in a child process with bounded memory. One that
kills the child or keeps it busy is counted and the child started anew behind it.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

RESULTS = Path("bench/results/fuzz.json")
SILENCE = 60.0
"""Wall-clock seconds after which a silent child is taken to hang, on a machine that others use too."""
SHOWN = 200
EVERY = 20
"""Inputs between two times that the results are saved."""


def drive(seed: int, state: dict[str, Any], stop: int, until: float) -> None:
    """Run children until all inputs are done or the time is up; `state` is what is written to the results."""
    while state["next"] < stop and time.monotonic() < until:
        # A child lives for some thousands of inputs, so that one that leaks memory does not count against the next input.
        end = min(stop, state["next"] + 5000)
        command = [sys.executable, "-m", "bench.fuzz_child", str(seed), str(state["next"]), str(end)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            outcome = _follow(process, state, until)
            process.kill()
            code = process.wait()
        if outcome == "silent" or (outcome == "ended" and state["next"] < end):
            kind = "hang" if outcome == "silent" else "crash"
            _note(state, {"number": state["next"], "kind": kind, "detail": f"child {outcome}, exit {code}"})
            state["next"] += 1
        save(state)


def _follow(process: subprocess.Popen[bytes], state: dict[str, Any], until: float) -> str:
    assert process.stdout is not None
    pending = b""
    while time.monotonic() < until:
        if not select.select([process.stdout], [], [], SILENCE)[0]:
            return "silent"
        block = os.read(process.stdout.fileno(), 1 << 16)
        if not block:
            return "ended"
        *lines, pending = (pending + block).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "at" in message:
                state["next"] = message["at"]
            else:
                _note(state, message)
        if state["next"] % EVERY == 0:
            save(state)
    return "out of time"


def _note(state: dict[str, Any], failure: dict[str, Any]) -> None:
    state["failures"][failure["kind"]] = state["failures"].get(failure["kind"], 0) + 1
    if len(state["shown"]) < SHOWN:
        state["shown"].append(failure)


def save(state: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    draft = RESULTS.with_suffix(".tmp")
    draft.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    draft.replace(RESULTS)


def load(seed: int) -> dict[str, Any]:
    if RESULTS.is_file():
        state: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
        if state["seed"] == seed:
            return state
    return {"seed": seed, "next": 0, "failures": {}, "shown": []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20260301)
    parser.add_argument("--minutes", type=float, default=1e6)
    given = parser.parse_args()
    state = load(given.seed)
    drive(given.seed, state, given.inputs, time.monotonic() + 60 * given.minutes)
    print(f"{state['next']} inputs: {Counter(state['failures']) or 'no failure'}")


if __name__ == "__main__":
    main()
