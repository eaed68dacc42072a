"""How well the detector works, measured on labelled episodes.

Recall is that of the leaks that were planted or labelled, and never scales a real rate. False alarms are counted by episode, and by
cluster (prompt), because episodes of one prompt are not independent. Intervals are exact (Clopper-Pearson), one-sided 95 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

from sequester.episodes.naming import shown_name
from sequester.errors import ConfigError, InputError, UsageError
from sequester.findings.model import Finding, Severity
from sequester.mismatch import explain
from sequester.statistics.intervals import lower_bound, upper_bound

SCHEMA = "sequester.calibration/1"
SHIPPED = "calibration.json"
CALIBRATION_FILE = "calibration.json"
"""A workspace's own, beside its results."""


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a label file: what is true of one episode."""

    episode_id: str
    leak: bool
    kind: str
    """Class of the leak, or kind of the negative."""
    cluster: str | None = None
    """What its chance depends on, such as the prompt; None: the episode itself."""


class ClassRow(Struct, frozen=True):
    """Recall on one class of leaks, at `medium` and above."""

    kind: str
    found: int
    of: int
    lower95: float


class AlarmRow(Struct, frozen=True):
    """False alarms on one kind of negative, at `medium` and above."""

    kind: str
    alarms: int
    of: int
    upper95: float
    clusters_alarmed: int
    clusters: int
    clusters_upper95: float


class Calibration(Struct, frozen=True):
    """A measurement of the detector."""

    schema: str
    name: str
    """What was labelled, in words."""
    detector: str
    recall: tuple[ClassRow, ...]
    overall: ClassRow | None
    """All classes of leaks together; None where no leak was labelled: nothing of nothing is no recall."""
    alarms: tuple[AlarmRow, ...]


def calibrate(findings: Iterable[Finding], labels: Iterable[Label], name: str, detector: str) -> Calibration:
    """Compare findings with labels. Raises UsageError if there are none, InputError if two say the opposite of one episode."""
    alarmed = {finding.episode_id for finding in findings if finding.severity.at_least(Severity.MEDIUM)}
    leaks: dict[str, list[bool]] = defaultdict(list)
    negatives: dict[str, list[Label]] = defaultdict(list)
    said: dict[str, bool] = {}
    for label in dict.fromkeys(labels):  # what is said twice counts once
        if said.setdefault(label.episode_id, label.leak) is not label.leak:
            raise InputError(
                f"the labels call episode {shown_name(label.episode_id)!a} a leak and none", hint="give each episode one answer"
            )
        if label.leak:
            leaks[label.kind].append(label.episode_id in alarmed)
        else:
            negatives[label.kind].append(label)
    if not said:
        raise UsageError("nothing can be measured without labels", hint="label some episodes as leaks or as none")
    recall = tuple(_recall(kind, found) for kind, found in sorted(leaks.items()))
    everything = [hit for found in leaks.values() for hit in found]
    return Calibration(
        SCHEMA,
        name,
        detector,
        recall,
        _recall("all leaks", everything) if everything else None,
        tuple(_alarms(k, v, alarmed) for k, v in sorted(negatives.items())),
    )


def _recall(kind: str, found: list[bool]) -> ClassRow:
    return ClassRow(kind, sum(found), len(found), lower_bound(sum(found), len(found)) or 0.0)


def _alarms(kind: str, labels: list[Label], alarmed: set[str]) -> AlarmRow:
    clusters: dict[str, bool] = defaultdict(bool)
    for label in labels:
        clusters[label.cluster or label.episode_id] |= label.episode_id in alarmed
    alarms, hit = sum(label.episode_id in alarmed for label in labels), sum(clusters.values())
    return AlarmRow(
        kind,
        alarms,
        len(labels),
        upper_bound(alarms, len(labels)) or 1.0,
        hit,
        len(clusters),
        upper_bound(hit, len(clusters)) or 1.0,
    )


def read_labels(path: Path) -> Iterator[Label]:
    """The labels of a JSONL file, at least one. Raises InputError that names the line and the field."""
    said = False
    decoder = msgspec.json.Decoder(Label)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    said = True
                    try:
                        yield decoder.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                        raise InputError(
                            f"is no label: {explain(error)}",
                            where=f"{path}:{number}",
                            hint="keys: episode_id, leak, kind, cluster",
                        ) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), hint="check --labels") from error
    if not said:
        hint = "one JSON object per line: episode_id, leak, kind, and optionally cluster"
        raise InputError("holds no labels", where=str(path), hint=hint)


def shipped() -> Calibration | None:
    """The calibration that comes with this version; None if it was made by another detector or is missing."""
    resource = files("sequester.exposure").joinpath(SHIPPED)
    return msgspec.json.decode(resource.read_bytes(), type=Calibration) if resource.is_file() else None


def read_calibration(path: Path) -> Calibration:
    """A calibration that `calibrate` wrote. Raises ConfigError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot be read as a calibration ({type(error).__name__})", where=str(path), hint="run `sequester calibrate`"
        ) from error


def headline(calibration: Calibration, detector: str, *, own: bool = False) -> str:
    """One short line for the head of every report; `own`: a user's, not the shipped one; `detector` is the one in use."""
    said = []
    if calibration.overall is not None:
        on = "leaks that you labelled" if own else "planted classes"
        said.append(f"recall at least {calibration.overall.lower95:.2%} on {on}")
    if calibration.alarms:
        said.append(f"false alarms at most {_share(max(row.upper95 for row in calibration.alarms))} of negatives")
    whose = f"your own, {calibration.name}" if own else "shipped"
    stale = "" if matches(calibration, detector) else f" Measured with {calibration.detector}, not with {detector}."
    return f"Calibration ({whose}): {', '.join(said)} (95% bounds).{stale}"


def detail(calibration: Calibration, detector: str, *, own: bool = False) -> Iterator[str]:
    """The same line by line, for `doctor`: what was labelled, what was found of it, and every kind of negative."""
    yield f"measured on {calibration.name}"
    overall = calibration.overall
    if overall is not None:
        weakest = min(calibration.recall, key=lambda row: (row.lower95, row.kind))
        classes = f"{len(calibration.recall)} class{'' if len(calibration.recall) == 1 else 'es'}"
        yield (
            f"{'labelled' if own else 'planted'} leaks: {overall.found:,} of {overall.of:,} found in {classes} "
            f"(at least {overall.lower95:.2%}); weakest {weakest.kind}, {weakest.found:,} of {weakest.of:,} "
            f"(at least {weakest.lower95:.1%})"
        )
    for row in calibration.alarms:
        yield (
            f"false alarms: {row.alarms:,} in {row.of:,} {row.kind} (at most {_share(row.upper95)}); "
            f"by cluster {row.clusters_alarmed:,} of {row.clusters:,} (at most {row.clusters_upper95:.1%})"
        )
    holds = "leaks like the labelled ones" if own else "planted classes"
    yield f"bounds are one-sided, 95%; recall holds on {holds} only, and never scales a real rate"
    if not matches(calibration, detector):
        yield f"measured with {calibration.detector}, not with {detector}: it says nothing about this version"


def _share(bound: float) -> str:
    """An upper bound in percent, with the digits that a small one needs."""
    return f"{bound:.3%}" if bound < 0.01 else f"{bound:.1%}"


def headlines(own: Iterable[Calibration], detector: str) -> tuple[str, ...]:
    """What stands first in every report: the shipped calibration, or that there is none, then the user's own."""
    ours = shipped()
    measured = ours is not None and matches(ours, detector)
    first = headline(ours, detector) if ours is not None and measured else NONE_SHIPPED
    return (first, *(headline(one, detector, own=True) for one in own))


NONE_SHIPPED = (
    "Calibration: none ships with this detector, so how well it works is unknown; measure it with `sequester calibrate`."
)


def as_json(calibration: Calibration) -> str:
    """The calibration as the file that `read_calibration` reads."""
    return msgspec.json.format(msgspec.json.encode(calibration), indent=1).decode() + "\n"


def matches(calibration: Calibration, detector: str) -> bool:
    """Whether it was measured with this detector, whatever implementation of it."""
    return calibration.detector.partition(" ")[0] == detector.partition(" ")[0]
