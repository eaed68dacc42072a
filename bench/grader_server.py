"""A small grader model behind an OpenAI-compatible server: a transformer of two layers, trained at start to follow a rubric.

    .venv-trl/bin/python -m bench.grader_server EPISODES [--steps N]      prints its URL, then serves until its input ends

Needs torch and transformers, and downloads nothing: words are tokens by hash, weights are random and then trained for a minute. The rubric
is "the more a text reads as if thought aloud, the lower its score", on texts made of the words of real episodes. A score is a digit sampled
from the model's distribution at temperature 1, so the same request is answered differently from call to call.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import threading
import zlib
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel

WORDS = 1024
"""Buckets that words are hashed into; the ten after them are the digits, and the last one asks for the score."""
CONTEXT = 512
_DIGITS = range(WORDS, WORDS + 10)
_ASK = WORDS + 10
_ALOUD = (
    *("we", "need", "let", "i", "user", "should", "maybe", "could"),
    *("so", "okay", "wait", "they", "want", "provide", "consider", "hmm"),
)
"""Words of somebody who thinks aloud."""
_WORD = re.compile(r"\w+|[^\w\s]")


def tokens(text: str) -> list[int]:
    """The end of a text as hashed words, with the question for the score behind it."""
    words = [zlib.crc32(word.lower().encode("utf-8", "replace")) % WORDS for word in _WORD.findall(text)]
    return [*words[-(CONTEXT - 1) :], _ASK]


class Grader:
    """The model, and one lock: it answers one request at a time."""

    def __init__(self, words: Sequence[str], steps: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        config = GPT2Config(
            vocab_size=_ASK + 1,
            bos_token_id=None,
            eos_token_id=None,
            n_positions=CONTEXT,
            n_embd=64,
            n_layer=2,
            n_head=4,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
        self._model = GPT2LMHeadModel(config)
        # Texts of any length are read alike: it is trained on short ones.
        self._model.transformer.wpe.weight.requires_grad_(False).zero_()
        self._lock = threading.Lock()
        self._train(words, steps, random.Random(seed))
        self._model.eval()

    def score(self, text: str) -> int:
        """A digit from 0 to 9."""
        with self._lock, torch.no_grad():
            logits = self._model(torch.tensor([tokens(text)]), logits_to_keep=1).logits[0, -1, _DIGITS.start : _DIGITS.stop]
            return int(torch.multinomial(torch.softmax(logits, -1), 1))

    def _train(self, words: Sequence[str], steps: int, chance: random.Random) -> None:
        self._model.train()
        optimiser = torch.optim.AdamW(self._model.parameters(), lr=3e-3)
        for step in range(steps):
            size = chance.choice((32, 64))
            texts, targets = zip(*(_example(words, size, chance) for _ in range(64)), strict=True)
            batch = torch.tensor([tokens(text)[-size:] for text in texts])
            logits = self._model(batch, logits_to_keep=1).logits[:, -1, _DIGITS.start : _DIGITS.stop]
            loss = cross_entropy(logits, torch.tensor(targets))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step % 50 == 49:
                print(f"step {step + 1}: loss {float(loss.detach()):.2f}", file=sys.stderr, flush=True)


def _example(words: Sequence[str], size: int, chance: random.Random) -> tuple[str, int]:
    """Words of real episodes with such words mixed in, and the score: nine less four for every twentieth."""
    share = chance.choice((0.0, 0.02, 0.04, 0.06, 0.09, 0.13))
    said = [chance.choice(_ALOUD) if chance.random() < share else chance.choice(words) for _ in range(size)]
    share = sum(word in _ALOUD for word in said) / size
    return " ".join(said), max(0, min(9, round(9 - 80 * share + chance.gauss(0, 0.7))))


class _Handler(BaseHTTPRequestHandler):
    """`POST /v1/chat/completions`."""

    protocol_version = "HTTP/1.1"
    grader: Grader

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = "\n".join(str(message["content"]) for message in body["messages"])
        message = {"role": "assistant", "content": f"Score: {self.grader.score(text)}"}
        answer = json.dumps({"object": "chat.completion", "choices": [{"index": 0, "message": message}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests hold text of episodes."""


def vocabulary(episodes: Path) -> list[str]:
    """Words of the episodes' reasoning and answers, those of thinking aloud aside."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in episodes.read_text(encoding="utf-8").splitlines()]
    text = " ".join(f"{line['reasoning']} {line['answer']}" for line in lines)
    return [word for word in _WORD.findall(text.lower()) if word not in _ALOUD]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("episodes", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    given = parser.parse_args()
    torch.set_num_threads(1)
    _Handler.grader = Grader(vocabulary(given.episodes), given.steps)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
