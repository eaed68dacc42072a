"""An OpenAI-compatible judge for reward functions under test: its verdict is a digest of what it was sent, so one other byte shows."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_HIGHEST = 10


def verdict(text: str) -> int:
    """From 0 to 10, the same for the same text."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % (_HIGHEST + 1)


class _Handler(BaseHTTPRequestHandler):
    """`POST /v1/chat/completions` and `POST /v1/classify`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # the name that the base class calls
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(_classified(body) if self.path.endswith("/classify") else _chat(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests hold text of episodes."""


def _classified(body: dict[str, Any]) -> dict[str, Any]:
    return {"rewards": [verdict(query) / _HIGHEST for query in body["query"]]}


def _chat(body: dict[str, Any]) -> dict[str, Any]:
    text = f"{body.get('seed')} " + "\n".join(str(message["content"]) for message in body["messages"])
    several = body.get("n_scores")
    said = json.dumps([verdict(f"{number} {text}") for number in range(several)]) if several else f"Score: {verdict(text)}"
    return {"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": said}}]}


@contextmanager
def judge() -> Iterator[str]:
    """The base URL of a judge on a free port of this machine, which ends with the context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
