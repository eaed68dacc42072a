"""Near-duplicate removal over whole samples, by Jaccard similarity of word shingles."""

import re
import zlib

SIMILAR = 0.35
WIDTH = 3


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {zlib.crc32(" ".join(words[i : i + WIDTH]).encode()) for i in range(max(1, len(words) - WIDTH + 1))}


def jaccard(a, b):
    return len(a & b) / len(a | b) if a | b else 1.0


def deduplicate(prompts, completions, **kwargs):
    """True for each sample that is not close to one that was kept before it."""
    kept = []
    keep = []
    for completion in completions:
        own = shingles(completion[0]["content"] if isinstance(completion, list) else completion)
        fresh = all(jaccard(own, other) < SIMILAR for other in kept)
        keep.append(fresh)
        if fresh:
            kept.append(own)
    return keep
