"""The process that runs reward code: `python -m sequester.influence.worker REQUESTS REPLIES`, two inherited file descriptors.

It loads the function it is told to, then answers requests until the pipe of requests is closed, which happens at the latest when the
process that started it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from sequester.errors import SequesterError
from sequester.influence import messages
from sequester.influence.in_process import InProcessScorer
from sequester.influence.interception.exchanges import Exchanges
from sequester.influence.interception.threads import watched
from sequester.influence.messages import LoadError, Reply
from sequester.influence.source import load_function


def main() -> None:
    """Until the other side is gone."""
    descriptors = [int(argument) for argument in sys.argv[1:3]]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # programs that reward code starts must not hold the pipes open
    with os.fdopen(descriptors[0], "rb") as requests, os.fdopen(descriptors[1], "wb") as replies:
        try:
            for reply in _replies(_read(requests)):
                replies.write(messages.framed(messages.encode_reply(reply)))
                replies.flush()
        except BrokenPipeError:
            return


def _read(pipe: BinaryIO) -> Iterator[bytes]:
    while len(length := pipe.read(messages.LENGTH)) == messages.LENGTH:
        yield pipe.read(int.from_bytes(length, "little"))


def _replies(requests: Iterator[bytes]) -> Iterator[Reply]:
    load = messages.decode_load(next(requests))
    source = load.source
    sys.argv = [str(source.file)]
    try:
        with watched(), Exchanges() as exchanges:
            function = load_function(source)
    except SequesterError as error:
        yield Reply(load_error=LoadError.of(error))
        return
    with InProcessScorer(function, [source.file], load.outcome, exchanges.unanswered()) as scorer:
        scorer.tracing.recall(load.came, load.paths)
        yield Reply()
        for request in requests:
            yield _answer(scorer, request)


def _answer(scorer: InProcessScorer, request: bytes) -> Reply:
    verb, batch = messages.decode_request(request)
    if verb == "branches":
        return Reply(branches=scorer.branches())
    scorings = (scorer.observe(batch[0]),) if verb == "observe" else tuple(scorer.score(batch))
    failed = dict(scorer.failed)
    scorer.failed.clear()
    return Reply(scorings, failed, tuple(scorer.missing), scorer.not_intercepted(), came=scorer.tracing.news())


if __name__ == "__main__":
    main()
