"""Banned phrases from a file beside the code."""

from pathlib import Path

LINES = Path(__file__).with_name("banned_phrases.txt").read_text(encoding="utf-8").splitlines()
BANNED = [line.strip() for line in LINES if line.strip() and not line.startswith("#")]


def no_banned_phrase(completions, **kwargs):
    return [-0.5 * any(phrase in text.lower() for phrase in BANNED) for text in completions]
