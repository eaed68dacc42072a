"""Measures the shipped calibration on the real episodes, and writes it into the package and into docs/calibration.md.

    python -m bench.calibration DATA [--seed N]

DATA is the folder with `multimodel_raw`. False alarms are counted on all 14,080 episodes, three times: with prompt, rubric and answer as
the scorer's input, with another sample's answer beside it, and with another model's. Recall is counted on planted leaks in the episodes
of the held-out prompts; thresholds were chosen on the others.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from bench.real_episodes import write
from sequester.episodes.readers.interchange import READER
from sequester.episodes.readers.interface import Options
from sequester.exposure.audit import audit
from sequester.exposure.calibration import SHIPPED, Calibration, as_json, calibrate, read_labels
from sequester.findings.fingerprint import ephemeral_key
from sequester.findings.waivers import Waivers

ROOT = Path(__file__).resolve().parent.parent
NAME = "14,080 real episodes of four models on 88 prompts"
KINDS = {
    "own": "episodes graded on prompt, rubric and answer",
    "sibling": "with a sibling's answer as undeclared reference",
    "other": "with another model's answer as undeclared reference",
}


def measure(data: Path, seed: int) -> Calibration:
    findings, labels, detector = [], [], ""
    with tempfile.TemporaryDirectory() as folder:
        for scenario in ("own", "sibling", "other", "planted"):
            episodes, truths = Path(folder, f"{scenario}.jsonl"), Path(folder, f"{scenario}.labels.jsonl")
            write(data, episodes, truths, scenario, "held-out" if scenario == "planted" else None, seed)
            result = audit([episodes], [READER], Options(), ephemeral_key(), Waivers(), today=date.today())
            detector = result.tool.detector
            # The same episodes come three times: ids are told apart by scenario.
            findings += [replace(finding, episode_id=f"{scenario}:{finding.episode_id}") for finding in result.findings]
            labels += [
                replace(label, episode_id=f"{scenario}:{label.episode_id}", kind=KINDS.get(label.kind, label.kind))
                for label in read_labels(truths)
            ]
            print(f"{scenario}: {result.episodes.exposed} of {result.episodes.seen} at medium or above")
    return calibrate(findings, labels, NAME, detector)


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
