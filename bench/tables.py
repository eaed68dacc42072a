"""Prints `bench/results/*.json` as tables into `docs/performance.md`, between its markers. What is not measured is not printed.

python -m bench.tables
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bench.engines import EngineRow
from bench.markdown import table
from bench.measuring import RESULTS
from bench.memory import MemoryReport, Peak
from bench.speed import SpeedReport

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- written by bench.tables: begin -->", "<!-- end -->"


def targets(speed: SpeedReport, memory: MemoryReport | None) -> Iterator[tuple[str, str, str, str]]:
    """(what, measured, wanted, whether it is met), every target of the project."""
    kernel = speed.kernel.mb_per_s
    parsing = kernel["pysimdjson, parse and access"]
    for form in ("Arrow buffers", "Python strings"):
        yield _ratio(f"kernel from {form} / pysimdjson parsing the same text", kernel[f"kernel, {form}"] / parsing, 1.0)
    rows = {(row.engine, row.input): row for row in speed.engines.rows}
    for rival, wanted in (
        ("word 8-gram sets", 40),
        ("pyahocorasick, automaton per episode", 100),
        ("numba rolling hash, K = 32", 5),
    ):
        other = rows[rival, "Python strings"]
        for form in ("Arrow buffers", "Python strings"):
            own = rows["kernel", form]
            what = f"kernel from {form} / {rival} (recall {own.recall:.3f} / {other.recall:.3f})"
            yield _ratio(what, own.mb_per_s / other.mb_per_s, wanted, also=own.recall > other.recall)
    for run in speed.end_to_end:
        of = f"{run.leaks:.0%} of the episodes with a planted leak"
        for form, floor in (
            ("Parquet", "Parquet, iter_batches"),
            ("JSONL", "JSONL, msgspec typed"),
            ("JSONL", "JSONL, pysimdjson"),
        ):
            yield _ratio(f"audit of {form} / decode-only ({floor}), one core, {of}", run.audit[form][1] / run.floors[floor], 0.5)
        for form, by_jobs in run.audit.items():
            yield _ratio(f"audit of {form}, 2 cores / 1 core, {of}", by_jobs[2] / by_jobs[1], 1.8)
    for first, last in _growth(memory.peaks if memory else ()):
        what = f"peak memory, {first.corpus}, {first.form}: {last.times} times the data, {last.findings:,} findings"
        value = last.megabytes / first.megabytes
        yield what, f"{value:.2f}×", "≤ 1.25×", _met(value <= 1.25)
    yield "`sequester --help`", f"{speed.help_seconds:.2f} s", "< 0.3 s", _met(speed.help_seconds < 0.3)


def _ratio(what: str, value: float, wanted: float, also: bool = True) -> tuple[str, str, str, str]:
    return what, f"{value:.3g}×", f"≥ {wanted}×", _met(value >= wanted and also)


def _met(yes: bool) -> str:
    return "met" if yes else "**not met**"


def _growth(peaks: Sequence[Peak]) -> Iterator[tuple[Peak, Peak]]:
    """The smallest and the largest measurement of each form and corpus."""
    for key in dict.fromkeys((peak.corpus, peak.form) for peak in peaks):
        same = sorted((peak for peak in peaks if (peak.corpus, peak.form) == key), key=lambda peak: peak.times)
        yield same[0], same[-1]


def _engine(row: EngineRow) -> tuple[object, ...]:
    missed = ", ".join(f"{name} {count}" for name, count in row.missed.items()) or "none"
    return row.engine, row.input, f"{row.mb_per_s:.1f}", f"{row.recall:.3f}", row.threshold, row.clean_flagged, missed


def page(speed: SpeedReport, memory: MemoryReport | None) -> Iterator[str]:
    """The generated part, block by block."""
    yield from _conditions(speed, memory)
    yield "## Targets\n\n" + table(("what", "measured", "wanted", ""), targets(speed, memory))
    sample = speed.engines
    rows = map(_engine, sample.rows)
    yield "## Engines side by side"
    yield (
        f"{sample.plants} plants (at most {sample.per_class} of each in-episode class) and {sample.negatives} clean negatives, one core. "
        "The threshold of each engine flags at most 1 % of the clean negatives. The kernel here is alone: no decoding layers, no severity."
    )
    yield table(("engine", "input", "MB/s", "recall", "threshold", "clean negatives flagged", "missed by class"), rows)
    kernel = speed.kernel
    yield f"## Kernel and parsing\n\n{kernel.episodes} episodes, {kernel.text_bytes / 1e6:.0f} MB, one core.\n\n" + table(
        ("what", "MB/s"), ((name, f"{value:.0f}") for name, value in kernel.mb_per_s.items())
    )
    for run in speed.end_to_end:
        rows = [(name, 1, f"{value:.0f}") for name, value in run.floors.items()]
        rows += [
            (f"audit, {form}", jobs, f"{value:.3g}") for form, by_jobs in run.audit.items() for jobs, value in by_jobs.items()
        ]
        yield (
            f"## End to end, {run.leaks:.0%} of the episodes with a planted leak\n\n{run.episodes} episodes, "
            f"{run.text_bytes / 1e6:.0f} MB of text; median of {run.rounds}.\n\n" + table(("what", "cores", "MB/s"), rows)
        )
    yield from _detection(speed)
    if memory:
        rows = [
            (p.corpus, p.form, p.times, f"{p.text_bytes / 1e6:.0f}", f"{p.findings:,}", f"{p.megabytes:.0f}", f"{p.seconds:.1f}")
            for p in memory.peaks
        ]
        yield "## Memory\n\n" + table(("corpus", "form", "times", "MB of text", "findings", "peak MB", "seconds"), rows)


def _conditions(speed: SpeedReport, memory: MemoryReport | None) -> Iterator[str]:
    facts = [speed.circumstances, *([memory.circumstances] if memory else [])]
    commands = "\n".join(str(fact["command"]) for fact in facts)
    machine, versions = speed.circumstances["machine"], speed.circumstances["versions"]
    assert isinstance(machine, dict) and isinstance(versions, dict)
    where = f"{machine['architecture']}, {machine['cpu']}, {machine['cores']} cores"
    used = ", ".join(f"{name} {value}" for name, value in versions.items())
    yield f"```\n{commands}\n```"
    yield f"Machine: {where}; load average before the run {machine['load_before']}. Versions: {used}."


def _detection(speed: SpeedReport) -> Iterator[str]:
    found = speed.detection
    plants, medium = sum(row.plants for row in found.classes), sum(row.medium for row in found.classes)
    rows = [(row.leak, row.plants, row.medium, f"{row.medium / max(1, row.plants):.3f}", row.too_short) for row in found.classes]
    rows.append(("**all**", plants, medium, f"{medium / max(1, plants):.3f}", ""))
    yield (
        "## Plants found by the audit\n\nWhole corpus, all layers. Plants with fewer than 31 private letters and digits are too short to "
        "count. `xep` is a stretch of another episode's reasoning.\n\n"
        + table(("class", "plants", "at medium or above", "recall", "too short"), rows)
    )
    yield "## Episodes without a leak\n\n" + table(
        ("kind", "episodes", "medium", "high", "medium or above"),
        (
            (
                row.kind,
                row.episodes,
                row.medium,
                row.high,
                f"{(row.medium + row.high) / max(1, row.episodes):.2%}",
            )
            for row in found.negatives
        ),
    )
    yield f"Rows declared {found.rows_declared}, rows read {found.rows_read}."


def main() -> None:
    speed = msgspec.json.decode((RESULTS / "speed.json").read_bytes(), type=SpeedReport)
    path = RESULTS / "memory.json"
    memory = msgspec.json.decode(path.read_bytes(), type=MemoryReport) if path.exists() else None
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}\n\n" + "\n\n".join(page(speed, memory)) + f"\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
