"""What the screen sends to the decoders: every wrapping of reasoning, wherever it stands, and next to nothing of innocent texts."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator

import pytest
from bench.plants import TRANSFORMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exposure import cases, wrappings
from tests.exposure.wrappings import ARMOURS, CHINESE, CHINESE_ONLY, PACKINGS, REARRANGED, TEXT

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, Field, RewardCall, Segment, Source, Split, SplitStatus
from sequester.episodes.readers.interface import Options, Unit
from sequester.exposure import flags, matching
from sequester.exposure.matching import Sketch
from sequester.exposure.scan import scan_unit
from sequester.exposure.severity import grade, stretch_of
from sequester.exposure.tally import Tally
from sequester.exposure.vicinity import Notes, Vicinity
from sequester.findings.model import Severity

PROGRAM = '''import os

def run(path, width=3):
    values = [int(x) for x in open(path)]
    return {{'a': 1, 'b': values[0], 'mode': "fast"}}

PAYLOAD = """{}"""

class Runner(Base):
    name = "runner"

    def go(self, x, y):
        self.x = x
        self.y = y
        return run(x, width=y)
'''
CARRIERS: dict[str, Callable[[str], str]] = {
    "alone": lambda text: text,
    "prose": lambda text: f"Please grade the work below with care.\n\n{text}\n\nEnd of the work. Give a score.",
    "json": lambda text: json.dumps({"role": "user", "content": text, "score": None}),
    "code": PROGRAM.format,
}
SPLIT = Split(SplitStatus.SPLIT, "as the test says", "given")


class FakeReader:
    """Yields one episode."""

    def __init__(self, episode: Episode) -> None:
        self.episode = episode

    def read(self, unit: Unit, options: Options) -> Iterator[Episode]:
        yield self.episode


def severity(thought: str, seen: str) -> Severity | None:
    """The highest severity at which an audit of one episode finds something."""
    tally = tallied(thought, seen)
    chains = [chain for suspect in tally.suspects for call in suspect.calls for one in call.candidates for chain in one.chains]
    grades = [found for chain in chains if (found := grade(stretch_of(chain))) is not None]
    return max(grades, key=lambda one: one.rank, default=None)


def shown(thought: str, seen: str) -> float:
    """Share of the reasoning that an audit finds in a scorer's input, over all layers."""
    tally = tallied(thought, seen)
    assert tally.episodes["limit"] == 0
    return sum(one.covered for suspect in tally.suspects for call in suspect.calls for one in call.candidates)


def tallied(thought: str, seen: str) -> Tally:
    """The scan of one episode whose scorer was given `seen`."""
    segments = (
        Segment(0, Channel.PROMPT, GuardedText("Which harbour?")),
        Segment(0, Channel.REASONING, GuardedText(thought)),
        Segment(0, Channel.ANSWER, GuardedText("The northern one.")),
    )
    call = RewardCall("judge", Evidence.RECORDED, (Field("input", GuardedText(seen)),))
    reader = FakeReader(Episode("e1", segments, SPLIT, Source("run.log", 1), calls=(call,)))
    return scan_unit(reader, Unit("run.log"), Options(), cases.KEY, Notes(Sketch(), Vicinity()))


def test_nothing_is_shown_in_an_empty_input() -> None:
    assert shown(TEXT, "") == 0
    assert all(shown(TEXT, carry("")) == 0 for carry in CARRIERS.values())


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("armour", ARMOURS)
def test_armour_is_found_wherever_it_stands(armour: str, carrier: str) -> None:
    assert shown(TEXT, CARRIERS[carrier](ARMOURS[armour](TEXT.encode()))) > 0.5


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", REARRANGED)
def test_rearranged_text_is_found_wherever_it_stands(name: str, carrier: str) -> None:
    assert shown(TEXT, CARRIERS[carrier](REARRANGED[name](TEXT))) > 0.5


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", CHINESE_ONLY)
def test_text_of_another_script_is_found_wherever_it_stands(name: str, carrier: str) -> None:
    assert shown(CHINESE, CARRIERS[carrier](CHINESE_ONLY[name](CHINESE))) > 0.5


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("armour", ["base64", "base64-mime", "hex", "base85", "base32", "uuencode", "byte-list", "hexdump"])
def test_packings_are_found_wherever_they_stand(packing: str, armour: str) -> None:
    if armour == "base85" and packing in ("deflate", "brotli"):
        return  # without a signature they are not told from other noise there; see docs/limits.md
    for carry in CARRIERS.values():
        assert shown(TEXT, carry(ARMOURS[armour](PACKINGS[packing](TEXT.encode())))) > 0.5


def test_base64_of_invisible_characters_is_found() -> None:
    hidden = ARMOURS["tag-characters"](base64.b64encode(TEXT.encode()))
    assert shown(TEXT, hidden) > 0.9
    assert shown(TEXT, base64.b64encode(hidden.encode()).decode()) > 0.9


def _chunk(piece: str) -> str:
    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    return json.dumps({"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 17, "model": "m-1", "choices": [choice]})


STREAMS: dict[str, Callable[[str], str]] = {
    "chunks": lambda text: "\n\n".join(f"data: {_chunk(piece)}" for piece in wrappings.pieces(text)),
    "events": lambda text: "\n\n".join(
        f"event: delta\ndata: {json.dumps({'type': 'delta', 'index': 0, 'delta': {'type': 'text', 'text': piece}})}"
        for piece in wrappings.pieces(text)
    ),
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_of_records_is_found_wherever_it_stands(name: str, carrier: str) -> None:
    assert shown(TEXT, CARRIERS[carrier](STREAMS[name](TEXT))) > 0.5


THOUGHT = cases.reasoning(7, 260)
PLANTS = sorted(set(TRANSFORMS) - {"byte_list", "split_fields"})  # these are no texts
NESTED: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "gzip": lambda text: base64.b64encode(PACKINGS["gzip"](text.encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "json": lambda text: json.dumps({"log": text}),
    "byte list": lambda text: str(list(text.encode())),
    "tag characters": lambda text: ARMOURS["tag-characters"](base64.b64encode(text.encode())),
    "records": REARRANGED["token-records"],
    "line numbers": REARRANGED["line-numbers"],
    "table": REARRANGED["markdown-table"],
    "reversed": REARRANGED["reversed"],
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(PLANTS), carrier=st.sampled_from(sorted(CARRIERS)), seed=st.integers(0, 1000))
def test_every_plant_is_found(name: str, carrier: str, seed: int) -> None:
    value, stretch = TRANSFORMS[name](THOUGHT, random.Random(seed))
    assert shown(THOUGHT, CARRIERS[carrier](value)) > 0.2 * len(stretch) / len(THOUGHT)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    outer=st.sampled_from(["base64", "gzip", "hex", "json", "byte list", "tag characters"]),
    inner=st.sampled_from(sorted(set(NESTED) - {"reversed", "tag characters"})),
    carrier=st.sampled_from(sorted(CARRIERS)),
)
def test_pairs_of_wrappings_are_found(outer: str, inner: str, carrier: str) -> None:
    assert shown(TEXT, CARRIERS[carrier](NESTED[outer](NESTED[inner](TEXT)))) > 0.4


@pytest.mark.parametrize("text", [wrappings.KOREAN, wrappings.ARABIC, wrappings.HINDI, wrappings.EMOJI])
@pytest.mark.parametrize(
    "name", ["base64", "base64-utf-16", "base64-utf-16-be", "code-point-list", "mojibake", "quoted-printable"]
)
def test_words_between_blanks_and_emoji_are_text_too(name: str, text: str) -> None:
    assert shown(text, f"The work:\n{CHINESE_ONLY[name](text)}\n\nGive a score.") > 0.5


@pytest.mark.parametrize("text", [wrappings.ARABIC, wrappings.HINDI])
def test_a_column_of_words_is_one_text_though_its_crumbs_are_seen_too(text: str) -> None:
    rows = "\n".join(f"{number},{word}" for number, word in enumerate(text.split(" ")))
    assert severity(text, f"The work:\n{rows}") is Severity.HIGH


@pytest.mark.parametrize("first", ["I", '"', "2", "[", "T", "e"])
def test_binary_digits_are_no_dump_whatever_the_first_letter(first: str) -> None:
    digits = " ".join(f"{byte:08b}" for byte in (first + TEXT).encode())
    assert shown(TEXT, f"The work: {digits}\nGive a score.") > 0.5


PREFIXES = {
    "indented": "        {}",
    "quoted": "> {}",
    "literals": '    "{}"',
    "diff": "+{}",
    "numbered": "12\t{}",
    "comment": "# {}",
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("width", [48, 60, 76])
@pytest.mark.parametrize("packing", ["gzip", "zip", "xz"])
def test_a_packing_in_lines_is_found_whatever_stands_before_each(packing: str, width: int, prefix: str) -> None:
    lines = wrappings.wrapped(wrappings.b64(PACKINGS[packing](TEXT.encode())), width).split("\n")
    text = "diff --git a/n b/n\n@@ -0,0 +1,9 @@\n" * (prefix == "diff") + "\n".join(map(PREFIXES[prefix].format, lines))
    assert shown(TEXT, f"The artefact:\n{text}\n\nGive a score.") > 0.9


@pytest.mark.parametrize("prefix", ["indented", "quoted", "literals", "comment"])
def test_short_lines_of_base64_are_found_whatever_stands_before_each(prefix: str) -> None:
    lines = wrappings.wrapped(wrappings.b64(TEXT.encode()), 32).split("\n")
    text = "\n".join(map(PREFIXES[prefix].format, lines))
    assert shown(TEXT, f"The artefact:\n{text}\n\nGive a score.") > 0.9


def png(rng: random.Random, side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + rng.randbytes(3 * side) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(rng: random.Random) -> bytes:
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xdb" + rng.randbytes(3000) + b"\xff\xd9"


def _table(rng: random.Random) -> str:
    rows = [f"| {cases.words((rng.random(), row), 2)} | {rng.randint(1, 999)} | {rng.random():.3f} |" for row in range(20)]
    return "| name | count | share |\n|---|---:|---:|\n" + "\n".join(rows)


def _diff(rng: random.Random) -> str:
    lines = [(cases.words(rng.random(), 6), cases.words(rng.random(), 6)) for _ in range(20)]
    return "".join(f"@@ -{n} +{n} @@\n-{old}\n+{new}\n" for n, (old, new) in enumerate(lines))


def _minified(rng: random.Random) -> str:
    parts = [
        f"function {name}(e,t){{return e.{name}?t[{rng.randint(0, 9)}]:void 0}}" for name in cases.words(rng.random(), 60).split()
    ]
    return "!" + ";".join(parts)


INNOCENT: dict[str, Callable[[random.Random], str]] = {
    "png": lambda rng: f"![image](data:image/png;base64,{base64.b64encode(png(rng, 40)).decode()})",
    "jpeg": lambda rng: f'<img src="data:image/jpeg;base64,{base64.b64encode(jpeg(rng)).decode()}">',
    "dotted names": lambda rng: " ".join(f"{'.'.join(cases.words(rng.random(), 5).split())}_HandlerFactory" for _ in range(20)),
    "paths": lambda rng: "\n".join(f"/usr/lib/{'/'.join(cases.words(rng.random(), 6).split())}" for _ in range(20)),
    "records": lambda rng: json.dumps(
        [{"id": n, "name": cases.words((rng.random(), n), 2), "score": rng.random()} for n in range(30)]
    ),
    "table": _table,
    "code": lambda rng: PROGRAM.format(cases.words(rng.random(), 40)),
    "diff": _diff,
    "minified": _minified,
    "hashes": lambda rng: "\n".join(f"{hashlib.sha256(rng.randbytes(9)).hexdigest()}  file{n}.whl" for n in range(20)),
    "fingerprints": lambda rng: "\n".join(rng.randbytes(20).hex(":") for _ in range(5)),
    "uuids": lambda rng: "\n".join(str(uuid.UUID(bytes=rng.randbytes(16))) for _ in range(20)),
    "embeddings": lambda rng: json.dumps([round(rng.gauss(0, 1), 6) for _ in range(300)]),
    "scores": lambda rng: json.dumps([rng.randint(0, 100) for _ in range(200)]),
    "token ids": lambda rng: json.dumps([rng.randint(0, 150_000) for _ in range(200)]),
    "log": lambda rng: "\n".join(
        f"2025-01-07 12:00:{n:02d} INFO [w-{n % 3}] {cases.words((n, rng.random()), 5)}" for n in range(40)
    ),
    "markup": lambda rng: "".join(
        f'<li class="x"><a href="/p/{n}">{cases.words((n, rng.random()), 3)}</a></li>\n' for n in range(30)
    ),
    "chinese": lambda rng: "".join(chr(rng.randint(0x4E00, 0x9FA5)) for _ in range(600)),
    "flags of countries": lambda rng: "".join(
        f"{cases.words((n, rng.random()), 3)} \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
        for n in range(40)
    ),
    "sorted codes": lambda rng: json.dumps(sorted(rng.randint(32, 126) for _ in range(90))),
    "french": lambda rng: "« L’été dernier, où étiez-vous ? — À la plage, bien sûr… » " * 20,
}


@pytest.mark.parametrize("kind", INNOCENT)
def test_innocent_texts_are_rarely_unfolded(kind: str) -> None:
    texts = [INNOCENT[kind](random.Random(f"{kind} {number}")) for number in range(40)]
    screened = matching.screen([((cases.reasoning(number, 300),), (), ((text,),)) for number, text in enumerate(texts)])
    unfolded = [hit for hit in screened.hits if hit.flags[0] & flags.UNFOLDED]
    assert len(unfolded) <= 1


def test_noise_without_a_signature_is_only_tried() -> None:
    noise = base64.b64encode(random.Random(4).randbytes(2000)).decode()
    (hit,) = matching.screen([((TEXT,), (), ((f"blob: {noise}",),))]).hits
    assert hit.flags == (flags.PACKED,)
    assert shown(TEXT, f"blob: {noise}") == 0


def test_text_behind_a_picture_is_seen() -> None:
    hidden = png(random.Random(5), 40) + TEXT.encode()
    assert shown(TEXT, f"data:image/png;base64,{base64.b64encode(hidden).decode()}") > 0.9


def test_a_table_of_the_answer_is_no_private_text() -> None:
    table = wrappings.REARRANGED["markdown-table"](TEXT)
    segments = (
        Segment(0, Channel.PROMPT, GuardedText(f"Complete the table.\n\n{table}")),
        Segment(0, Channel.REASONING, GuardedText(f"{cases.reasoning(3)} {TEXT}")),
    )
    call = RewardCall("judge", Evidence.RECORDED, (Field("input", GuardedText(table)),))
    reader = FakeReader(Episode("e1", segments, SPLIT, Source("run.log", 1), calls=(call,)))
    assert not scan_unit(reader, Unit("run.log"), Options(), cases.KEY, Notes(Sketch(), Vicinity())).suspects
