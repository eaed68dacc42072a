"""A model that is a local server: it speaks the OpenAI chat protocol and says what it is told to, reasoning included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

Body = dict[str, Any]
Reply = Callable[[Body], dict[str, Any]]
"""From a request's body to the message that answers it, without its role."""

WRITTEN = Path(__file__).parents[1] / "data" / "verifiers" / "written.jsonl"


def written() -> list[dict[str, Any]]:
    """What the policy is asked, thinks and says; see the README beside the file."""
    return [json.loads(line) for line in WRITTEN.read_text().splitlines()]


@contextmanager
def served(reply: Reply) -> Iterator[str]:
    """The base URL under which the model answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(reply))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(reply: Reply) -> type[BaseHTTPRequestHandler]:
    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            message = {"role": "assistant", **reply(body)}
            finish = "tool_calls" if message.get("tool_calls") else "stop"
            record = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }
            data = json.dumps(record).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *ignored: Any) -> None:
            """A run's output is its files."""

    return Model
