"""Measures the shipped calibration on the real episodes, and writes it into the package and into docs/calibration.md.

    python -m bench.calibration DATA [--seed N]

DATA is the folder with `multimodel_raw`. False alarms are counted on all 14,080 episodes, three times: with prompt, rubric and answer as
the scorer's input, with another sample's answer beside it, and with another model's; the last two once more in small runs of one model
each, with 1 and 8 samples of a prompt instead of 40. Recall is counted on planted leaks in the episodes of the held-out prompts;
thresholds were chosen on the others.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from bench.real_episodes import write
from sequester.episodes.readers.interchange import READER
from sequester.exposure.audit import audit
from sequester.exposure.calibration import SHIPPED, Calibration, as_json, calibrate, read_labels
from sequester.exposure.inputs import Formats
from sequester.exposure.settle import Terms
from sequester.findings.fingerprint import ephemeral_key
from sequester.findings.model import Result
from sequester.findings.waivers import Waivers

ROOT = Path(__file__).resolve().parent.parent
NAME = "14,080 real episodes of four models on 88 prompts"
KINDS = {
    "own": "episodes graded on prompt, rubric and answer",
    "sibling": "with a sibling's answer as undeclared reference",
    "other": "with another model's answer as undeclared reference",
}


SMALL_RUNS = {1: "one sample of a prompt in a run", 8: "eight samples of a prompt in a run"}


def measure(data: Path, seed: int) -> Calibration:
    findings, labels, detector = [], [], ""
    with tempfile.TemporaryDirectory() as folder:
        for scenario in ("own", "sibling", "other", "planted"):
            episodes, truths = Path(folder, f"{scenario}.jsonl"), Path(folder, f"{scenario}.labels.jsonl")
            write(data, episodes, truths, scenario, "held-out" if scenario == "planted" else None, seed)
            wholes = {"": [episodes]}
            if scenario in ("sibling", "other"):
                wholes |= {in_words: list(small_runs(episodes, samples)) for samples, in_words in SMALL_RUNS.items()}
            for in_words, runs in wholes.items():
                exposed = 0
                # The same episodes come several times: ids are told apart.
                again = f"{scenario}, {in_words}:"
                for run in runs:
                    result = audited(run)
                    detector = result.tool.detector
                    exposed += result.episodes.exposed
                    findings += [replace(finding, episode_id=again + finding.episode_id) for finding in result.findings]
                labels += [
                    replace(
                        label,
                        episode_id=again + label.episode_id,
                        kind=", ".join(filter(None, (KINDS.get(label.kind, label.kind), in_words))),
                    )
                    for label in read_labels(truths)
                ]
                print(f"{scenario} {in_words}: {exposed} at medium or above")
    return calibrate(findings, labels, NAME, detector)


def audited(run: Path) -> Result:
    return audit([run], Formats([READER]), Terms(ephemeral_key(), Waivers(), date.today()))


def small_runs(episodes: Path, samples: int) -> Iterator[Path]:
    """The episodes as runs of one model each that hold so many samples of every prompt, each in a file of its own."""
    met: Counter[str] = Counter()
    runs: dict[tuple[str, int], list[str]] = {}
    for line in episodes.open(encoding="utf-8"):
        episode = json.loads(line)
        runs.setdefault((episode["model"], met[episode["group"]] // samples), []).append(line)
        met[episode["group"]] += 1
    for number, lines in enumerate(runs.values()):
        run = episodes.with_name(f"{episodes.stem}-{samples}-{number}.jsonl")
        run.write_text("".join(lines), "utf-8")
        yield run


def table(measured: Calibration) -> str:
    lines = ["| planted class | found | of | at least (95 %) |", "|---|---:|---:|---:|"]
    for row in filter(None, (*measured.recall, measured.overall)):
        lines.append(f"| {row.kind} | {row.found:,} | {row.of:,} | {row.lower95:.2%} |")
    lines += [
        "",
        "| negatives | false alarms | of | at most (95 %) | prompts with one | of | at most (95 %) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in measured.alarms:
        lines.append(
            f"| {kind.kind} | {kind.alarms} | {kind.of:,} | {kind.upper95:.3%} "
            f"| {kind.clusters_alarmed} | {kind.clusters} | {kind.clusters_upper95:.1%} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=20261121)
    given = parser.parse_args()
    measured = measure(given.data, given.seed)
    (ROOT / "src/sequester/exposure" / SHIPPED).write_text(as_json(measured), "utf-8")
    page = ROOT / "docs/calibration.md"
    before, _, rest = page.read_text("utf-8").partition("<!-- measured -->")
    _, _, after = rest.partition("<!-- /measured -->")
    page.write_text(f"{before}<!-- measured -->\n{table(measured)}<!-- /measured -->{after}", "utf-8")


if __name__ == "__main__":
    main()
