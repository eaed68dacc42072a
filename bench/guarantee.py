"""The guarantee, counted: random shared fragments of at least 24 normalised bytes that the matcher misses. It must be none.

    python -m bench.guarantee [fragments, default 1000000]

Every fragment is cut from a random reasoning over one of several alphabets and put between unrelated characters, in upper case with
punctuation strewn in. A fragment counts as found if one reported run covers it, placed where it was cut from. Fragments that another
place of the reasoning holds as well, or that are of low entropy, are counted apart (brute force decides).
"""

from __future__ import annotations

import random
import sys
import time

from sequester.exposure import matching, oracle
from sequester.exposure.matching import GUARANTEE, Episode, Hit

_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz0123456789", "etaoinshrdlu", "abcdef", "01")
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


def _missed(cot: str, cut: tuple[int, int], hit: Hit | None) -> bool:
    at, size = cut
    for run in (run for chain in hit.chains for run in chain.runs) if hit else ():
        if run.cot_start <= at and run.cot_start + run.length >= at + size:
            return False
    fragment = cot[at : at + size]
    return cot.count(fragment) == 1 and not oracle.low_entropy(fragment.encode())


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng, tried, missed, start = random.Random(2026), 0, 0, time.perf_counter()
    while tried < wanted:
        cot, cuts, given = _episode(rng, _ALPHABETS[tried // _PER_EPISODE % len(_ALPHABETS)])
        hits = {hit.call: hit for hit in matching.screen([given]).hits}
        missed += sum(_missed(cot, cut, hits.get(number)) for number, cut in enumerate(cuts))
        tried += len(cuts)
    print(f"{matching.implementation}: {missed} of {tried} fragments missed ({time.perf_counter() - start:.0f} s)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
