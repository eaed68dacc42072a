"""Every decoding layer undoes what it claims to undo, in every carrier, and says where the wrapping stood."""

from __future__ import annotations

import base64
import gzip
import json
import quopri
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.exposure import wrappings
from tests.exposure.wrappings import ARMOURS, CHINESE, CHINESE_ONLY, PACKINGS, REARRANGED, TEXT, b64

from sequester.exposure.layers import Budget, Layer, unfold
from sequester.exposure.matching import Pattern
from sequester.exposure.normaliser import normalise
from sequester.exposure.undoing import Search, shown_behind

CARRIERS: dict[str, Callable[[str], str]] = {
    "bare": lambda text: text,
    "prose": lambda text: f"Please grade the work below with care.\n\n{text}\n\nEnd of the work. Give a score.",
    "json": lambda text: json.dumps({"role": "user", "content": text, "score": None}),
    "json in json": lambda text: json.dumps({"messages": json.dumps([{"content": text}]), "step": 3}),
    "html": lambda text: f"<html><body><p>Work:</p><pre>\n{text}\n</pre></body></html>",
}


def plain(text: str) -> bytes:
    return normalise(text.encode("utf-8", "replace"))[0]


def layers(text: str, hidden: str = TEXT) -> list[Layer]:
    """All that an audit unfolds of `text` where `hidden` is the reasoning."""
    pattern, budget = Pattern([hidden]), Budget()
    found = list(unfold(text, budget, Search(pattern, pattern.flags(text))))
    assert budget.exhausted == ()
    return found


def shown(text: str, wanted: str) -> list[tuple[str, ...]]:
    """Transforms of the layers that hold `wanted`, as the matcher would see them."""
    return [layer.transforms for layer in layers(text, wanted) if plain(wanted) in plain(layer.text.reveal())]


def test_nothing_in_nothing_out() -> None:
    assert layers("") == []
    assert Pattern([TEXT]).flags("") == 0
    assert layers("", "") == []


@pytest.mark.parametrize(
    "text", [TEXT, CHINESE, TEXT * 50, TEXT.replace(" ", "\n"), TEXT.upper(), "- item\n" * 20, "=" * 70 + "\n" + TEXT]
)
def test_plain_prose_is_not_worth_a_look(text: str) -> None:
    assert layers(text) == []


@pytest.mark.parametrize("text", [TEXT, TEXT.encode(), memoryview(TEXT.encode())])
def test_english_prose_passes_the_screen(text: str | bytes | memoryview) -> None:
    assert Pattern([TEXT]).flags(text) == 0
    assert Pattern([CHINESE]).flags(text) == 0


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("armour", ARMOURS)
def test_armour_is_undone(armour: str, carrier: str) -> None:
    text = CARRIERS[carrier](ARMOURS[armour](TEXT.encode()))
    if armour == "hex-escapes":  # which the matcher undoes itself
        assert plain(TEXT) in plain(text)
    else:
        assert Pattern([TEXT]).flags(text)
        assert shown(text, TEXT)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("armour", ["hex-escapes", "tag-characters", "quoted-printable"])
def test_what_the_matcher_undoes_around_text_is_undone_around_an_encoding_too(armour: str, carrier: str) -> None:
    for data in (TEXT.encode(), gzip.compress(TEXT.encode())):
        encoded = b64(data).encode()
        dressed = quopri.encodestring(encoded).decode() if armour == "quoted-printable" else ARMOURS[armour](encoded)
        assert shown(CARRIERS[carrier](dressed), TEXT)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("armour", ["base64", "base64-mime", "base64-after-letter", "hex", "byte-list"])
def test_packings_are_opened(packing: str, armour: str) -> None:
    found = shown(CARRIERS["prose"](ARMOURS[armour](PACKINGS[packing](TEXT.encode()))), TEXT)
    if packing in ("deflate", "brotli") and armour == "base64-after-letter":
        return  # without a signature only the first alignment is tried; see docs/layers.md
    assert found


@pytest.mark.parametrize("packing", ["gzip", "zlib", "zip", "tar.gz", "zstd"])
@pytest.mark.parametrize("armour", ["base85", "ascii85", "base32", "uuencode", "hexdump"])
def test_rarer_armour_around_packings(packing: str, armour: str) -> None:
    assert shown(CARRIERS["prose"](ARMOURS[armour](PACKINGS[packing](TEXT.encode()))), TEXT)


@pytest.mark.parametrize("carrier", ["bare", "prose", "json"])
@pytest.mark.parametrize("name", REARRANGED)
def test_rearranged_text_is_put_together_again(name: str, carrier: str) -> None:
    # The first and last piece may share a line or a cell with the carrier.
    wanted = TEXT[12:-40] if name in ("csv", "tsv", "markdown-table", "log", "line-numbers", "constant-prefix") else TEXT
    if name == "csv":
        wanted = wanted.replace(",", ";")
    assert shown(CARRIERS[carrier](REARRANGED[name](TEXT)), wanted)


@pytest.mark.parametrize("carrier", ["bare", "prose", "json"])
@pytest.mark.parametrize("name", CHINESE_ONLY)
def test_other_scripts(name: str, carrier: str) -> None:
    text = CARRIERS[carrier](CHINESE_ONLY[name](CHINESE))
    if name == "quoted-printable":  # which the matcher undoes itself, but for a soft break that was escaped
        pattern = Pattern([CHINESE])
        assert sum(chain.private for chain in pattern.scan(text)) > 0.9 * pattern.private
    else:
        assert shown(text, CHINESE)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"])
def test_charsets_behind_base64(charset: str) -> None:
    text = TEXT.replace("'", "’" if charset != "cp1252" else "é")
    assert shown(CARRIERS["json"](b64(text.encode(charset))), text)


def test_region_is_that_of_the_outermost_wrapping() -> None:
    inner = b64(gzip.compress(TEXT.encode()))
    text = f"Look: {inner} and score."
    (layer,) = (layer for layer in layers(text) if plain(TEXT) in plain(layer.text.reveal()))
    assert layer.transforms == ("base64", "gzip")
    start, end = layer.region
    assert text[start:end].strip() == inner
    nested = b64(f"Nested: {inner} here it ends, as was said before.".encode())
    text = f"é😀 {nested}."
    (layer,) = (layer for layer in layers(text) if plain(TEXT) in plain(layer.text.reveal()))
    assert layer.transforms == ("base64", "base64", "gzip")
    assert text[slice(*layer.region)].strip() == nested


def test_every_text_is_yielded_once() -> None:
    texts = [layer.text.reveal() for layer in layers(CARRIERS["json in json"](f"{b64(TEXT.encode())} {b64(TEXT.encode())}"))]
    assert len(texts) == len(set(texts))


def test_what_the_matcher_undoes_itself_is_not_yielded() -> None:
    assert layers(json.dumps({"a": TEXT, "b": [TEXT]})) == []


def test_layers_do_not_print() -> None:
    (layer, *_) = layers(b64(TEXT.encode()))
    assert "register" not in repr(layer)


@pytest.mark.parametrize("keep", [0.4, 0.6, 0.9])
@pytest.mark.parametrize("packing", ["gzip", "zlib", "deflate", "xz", "zip", "tar", "tar.gz", "zip-stored"])
def test_truncated_streams_yield_what_is_readable(packing: str, keep: float) -> None:
    long = "".join(f"Step {i}: {TEXT[i * 7 % 90 : i * 7 % 90 + 60]}\n" for i in range(60))
    text = b64(PACKINGS[packing](long.encode()))
    assert shown(text[: int(len(text) * keep)], long[: int(len(long) * (keep - 0.3))])


def test_truncated_base64_yields_the_prefix_at_any_cut() -> None:
    whole = b64(TEXT.encode())
    for cut in range(80, len(whole)):
        assert shown(whole[:cut], TEXT[: (cut // 4 - 1) * 3])


def test_damaged_gzip_yields_what_came_before() -> None:
    long = "".join(f"Step {i}: {TEXT[i * 7 % 90 : i * 7 % 90 + 60]}\n" for i in range(60))
    data = bytearray(gzip.compress(long.encode()))
    data[len(data) // 2 :] = bytes(byte ^ 0xFF for byte in data[len(data) // 2 :])
    assert shown(b64(bytes(data)), long[: len(long) // 4])


def _gzip_base64(text: str) -> str:
    return b64(gzip.compress(text.encode()))


ENCODERS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: b64(text.encode()),
    "base64-mime": lambda text: ARMOURS["base64-mime"](text.encode()),
    "base64-url": lambda text: ARMOURS["base64-url"](text.encode()),
    "gzip": _gzip_base64,
    "zlib hex": lambda text: PACKINGS["zlib"](text.encode()).hex(),
    "zip": lambda text: b64(wrappings.zipped(text.encode())),
    "utf-16": lambda text: b64(text.encode("utf-16-le")),
    "hex": lambda text: text.encode().hex(),
    "hexdump": lambda text: hexdump_of(text),
    "base32": lambda text: ARMOURS["base32"](text.encode()),
    "base85": lambda text: ARMOURS["base85"](text.encode()),
    "bytes": lambda text: str(list(text.encode())),
    "json": lambda text: json.dumps({"note": text}),
    "records": lambda text: json.dumps([{"token": text[at : at + 5], "kind": "low"} for at in range(0, len(text), 5)]),
    "rot13": lambda text: REARRANGED["rot13"](text),
    "spans": lambda text: REARRANGED["spans"](text),
}


def hexdump_of(text: str) -> str:
    return wrappings.hexdump(text.encode())


_MAY_FOLLOW_ANYTHING = [name for name in ENCODERS if name not in ("rot13", "spans", "records")]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    inner=st.sampled_from(sorted(ENCODERS)),
    outer=st.lists(st.sampled_from(_MAY_FOLLOW_ANYTHING), max_size=3),
    carrier=st.sampled_from(sorted(CARRIERS)),
)
def test_compositions(inner: str, outer: list[str], carrier: str) -> None:
    encoded = ENCODERS[inner](TEXT)
    for name in outer:
        assume(name != "base85" or len(set(encoded)) > 14)  # hex of hex, lists of bytes: known misses (limits.md)
        encoded = ENCODERS[name](encoded)
    text = CARRIERS[carrier](encoded)
    # Dumps of dumps leave debris down to the depth limit, which is then reported; what matters here is that the text is found.
    found = any(plain(TEXT) in plain(layer.text.reveal()) for layer in shown_behind(text, Pattern([TEXT])))
    assert found or plain(TEXT) in plain(text)


@pytest.mark.parametrize("inner", [lambda data: data.hex().encode().hex(), lambda data: str(list(base64.b32encode(data)))])
def test_base85_of_few_different_characters_is_a_known_miss(inner: Callable[[bytes], str]) -> None:
    encoded = inner(TEXT.encode())
    assert shown(encoded, TEXT)
    assert not shown(ENCODERS["base85"](encoded), TEXT)
