"""The guarantee, counted: random shared fragments of at least 24 normalised bytes that the matcher misses. It must be none.

    python -m bench.guarantee [fragments, default 1000000]

Every fragment is cut from a random reasoning over one of several alphabets and put between unrelated characters, in upper case with
punctuation strewn in. A fragment counts as found if one reported run covers it, placed where it was cut from. Fragments that another
place of the reasoning holds as well, or that are of low entropy, are not promised: they are counted apart and make up no part of the
total (brute force decides).
"""

from __future__ import annotations

import random
import sys
import time

from sequester.exposure import matching, oracle
from sequester.exposure.matching import GUARANTEE, Episode, Hit

_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz0123456789", "etaoinshrdlu", "abcdefgh")
_PER_EPISODE = 500
_SIZE = 6000


def _cot(rng: random.Random, alphabet: str) -> str:
    return "".join(rng.choices(alphabet, k=_SIZE))


def _strewn(rng: random.Random, text: str) -> str:
    at = sorted(rng.randrange(len(text)) for _ in range(3))
    return text[: at[0]].upper() + ", " + text[at[0] : at[1]] + "\\n" + text[at[1] : at[2]] + "**" + text[at[2] :]


def _episode(rng: random.Random, alphabet: str) -> tuple[str, list[tuple[int, int]], Episode]:
    cot = _cot(rng, alphabet)
    cuts, calls = [], []
    for _ in range(_PER_EPISODE):
        size = min(_SIZE, GUARANTEE + int(rng.expovariate(0.15)))
        at = rng.randrange(_SIZE - size + 1)
        cuts.append((at, size))
        fragment = _strewn(rng, cot[at : at + size])
        calls.append(("".join(rng.choices("ßжλ中", k=3)) + fragment + "".join(rng.choices("жλ中", k=3)),))
    return cot, cuts, ((cot,), (), calls)


def _promised(cot: str, cut: tuple[int, int]) -> bool:
    """Whether the guarantee covers the fragment: it stands once in the reasoning and is not of low entropy."""
    fragment = cot[cut[0] : sum(cut)]
    return cot.count(fragment) == 1 and not oracle.low_entropy(fragment.encode())


def _found(cut: tuple[int, int], hit: Hit | None) -> bool:
    runs = [run for chain in hit.chains for run in chain.runs] if hit else []
    return any(run.cot_start <= cut[0] and run.cot_start + run.length >= sum(cut) for run in runs)


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng, tried, excused, missed, start, number = random.Random(2026), 0, 0, 0, time.perf_counter(), 0
    while tried < wanted:
        cot, cuts, given = _episode(rng, _ALPHABETS[number % len(_ALPHABETS)])
        number += 1
        hits = {hit.call: hit for hit in matching.screen([given]).hits}
        promised = [call for call, cut in enumerate(cuts) if _promised(cot, cut)]
        missed += sum(not _found(cuts[call], hits.get(call)) for call in promised)
        tried += len(promised)
        excused += len(cuts) - len(promised)
    seconds = time.perf_counter() - start
    print(f"{matching.implementation}: {missed} of {tried} fragments missed, {excused} more not promised ({seconds:.0f} s)")
    return 1 if missed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
