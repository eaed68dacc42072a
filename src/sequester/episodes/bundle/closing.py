"""Closing a bundle: `run.json`, written last."""

from __future__ import annotations

import os
from pathlib import Path

from sequester.episodes.bundle.layout import open_bundle
from sequester.episodes.bundle.manifest import SCHEMA, Counts, Expected, FileEntry, Manifest, RunInfo, encode_manifest
from sequester.episodes.bundle.schema import EPISODES, FINDINGS, FOLDERS, MANIFEST, REASONING, REWARD_CALLS
from sequester.episodes.bundle.verification import look, refuse_two_runs, repeats
from sequester.episodes.bundle.writer import CLAIM_SUFFIX, claim_of, sync_directory
from sequester.errors import BundleError


def close_run(directory: Path, run: RunInfo, expected: Expected, tool: str) -> Manifest:
    """Writes `run.json` from the parts that are there, reading each once, and returns it.

    `tool` names the program and its version. Raises BundleError if a writer still holds a file, if a part is not whole, belongs
    to another run or repeats an episode, or if the bundle is closed already.
    """
    final = directory / MANIFEST
    if final.exists():
        raise BundleError("the bundle is closed already", where=str(final), hint="write a new run into a new directory")
    _refuse_claims(directory)
    bundle = open_bundle(directory)
    for fault in bundle.faults:
        raise fault.error
    files = []
    for path in (*(part.path(folder) for part in bundle.parts for folder in part.folders()), *bundle.findings()):
        facts = look(path)
        if facts.run is None or facts.rows is None:
            raise BundleError("is sealed before its rows were counted", where=str(path), hint="close first, then seal")
        refuse_two_runs({run.id, facts.run}, path)
        files.append(FileEntry(facts.path, facts.rows, facts.bytes, facts.sha256))
    for _, error in repeats(bundle.parts):
        raise error
    counts = {folder: sum(file.rows for file in files if file.path.startswith(f"{folder}/")) for folder in FOLDERS}
    totals = Counts(counts[EPISODES], counts[REASONING], counts[REWARD_CALLS], counts[FINDINGS])
    manifest = Manifest(SCHEMA, tool, run, expected, totals, tuple(sorted(files, key=lambda file: file.path)))
    _write(final, encode_manifest(manifest))
    return manifest


def _write(final: Path, content: bytes) -> None:
    claim = claim_of(final)
    try:
        with claim.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        claim.rename(final)
        sync_directory(final.parent)
    except FileExistsError:
        hint = f"if the other process died, remove {claim.name}"
        raise BundleError("another process is closing the bundle", where=str(final), hint=hint) from None
    except OSError as error:
        claim.unlink(missing_ok=True)  # it was ours: what is half written must not look like another process at work
        raise BundleError(f"cannot be written ({error.strerror})", where=str(final), hint="check space and permissions") from None


def _refuse_claims(directory: Path) -> None:
    for folder in FOLDERS:
        for claim in sorted((directory / folder).glob(f".*{CLAIM_SUFFIX}")):
            hint = "wait until every writer has closed; if one died, remove its .partial file: what it held is lost"
            raise BundleError("a writer still holds this file", where=str(claim), hint=hint)
