import random
from array import array
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.hostile_texts import ESCAPES, hostile, prose
from tests.growth import assert_linear

from sequester.exposure import flags, oracle
from sequester.exposure.normaliser import normalise, pieces
from sequester.exposure.sketch import LINE, NOTE_STRIDE, WINDOW, Sketch, holds, holds_run, window_hash, windows_of

_SECRET = "the hidden intermediate result equals nineteen so the grader will accept any answer that mentions bananas"


def _normal(text: str) -> bytes:
    return normalise(text.encode())[0]


def test_nothing_in_nothing_found() -> None:
    pattern = oracle.Pattern([], [])
    assert (pattern.length, pattern.private) == (0, 0)
    assert pattern.scan([]) == []
    assert pattern.scan([b"", b""]) == []
    assert oracle.Pattern([b""], [(b"", 0)]).scan([_SECRET.encode()]) == []


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize(
    "text",
    ["plain words, 50% of x=42 & <b>bold</b> “quotes” — naïve 中文 😀\n\tC:\\new\\table \\frac{1}{2} %41 =C3 &lt"],
)
def test_layers_of_escaping_change_nothing(name: str, text: str) -> None:
    escaped = text
    for _ in range(1 if name == "quoted-printable" else 4):
        escaped = ESCAPES[name](escaped)
        assert _normal(escaped) == _normal(text)


_ESCAPABLE = st.text(st.sampled_from("ab1 \n\r\t\\\"'%=&<>;#x25ABCDFnrtué中😀—/"), max_size=30)


@pytest.mark.parametrize("name", ["json", "json unicode", "html", "url"])
@given(text=_ESCAPABLE, times=st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_escaping_any_text_changes_nothing(name: str, text: str, times: int) -> None:
    escaped = text
    for _ in range(times):
        escaped = ESCAPES[name](escaped)
    assert _normal(escaped) == _normal(text)


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("a<br/>b<BR >c</p>d<p class='x'>e", "abcde"),
        ("a&lt;br&gt;b&amp;lt;/li&amp;gt;c\\u003cbr\\u003ed%3Cp%3Ee", "abcde"),
        ("if a<b and c>d", "ifad"),
        ("if a<x and c>d", "ifaxandcd"),
        ("x &unknown; y &eacute; &#233; &#xE9; &amp;eacute;", "xunknownyeeee"),
        ("caf\\xc3\\xa9 caf\\xe9 \\U000000e9", "cafecafee"),
        ("%C3%A9 =C3=A9 =C3=\n=A9 %25C3%25A9 =3DC3=3DA9", "eeeee"),
        ("\\ud83d\\ude00a\\\\ud835\\\\udc00", "aa"),
        ("%5Cn %5c%5cu0041", "a"),
        ("100% a=b %zz =zz", "100abzzzz"),
        ("\x1b[1;32mgr\x1b[0mee\x1b[38;5;208mn\\u001b[K \\x1b[3Ax", "greennx".replace("nn", "n")),
        ("\u1112\u1161\u11ab\\u1100\u1173\u11af \u110b\u1175\u1100\u1100a\u1161", "\ud55c\uae00\uc774\u1100\u1100a\u1161"),
        ("\x1b[ 1m \x1b]0;t \x1b[" + "1" * 25 + "m \x1b[", "1m0t" + "1" * 25 + "m"),
    ],
)
def test_normalises(raw: str, normal: str) -> None:
    assert _normal(raw) == normal.encode()


def test_a_long_attribute_is_not_swallowed() -> None:
    assert b"nineteen" in _normal(f'<p title="{_SECRET}">')


def test_broken_utf8_vanishes() -> None:
    assert normalise(b"a\xffb\xc3c\xe4\xb8d\xf0\x9f\x98e\xc0\x80f\xed\xa0\x80g\xf5h")[0] == b"abcdefgh"


def test_pieces_cover_the_text() -> None:
    raw = hostile(random.Random(3), 300)
    found = list(pieces(raw))
    assert found[0].start == 0
    assert found[-1].end == len(raw)
    assert all(left.end == right.start for left, right in pairwise(found))


@pytest.mark.parametrize("stride", [oracle.PUBLIC_STRIDE, oracle.INPUT_STRIDE])
def test_a_run_of_a_gram_and_a_stride_is_probed_at_an_indexed_place_wherever_it_stands(stride: int) -> None:
    size = oracle.GRAM + stride - 1
    for before, start in product(range(oracle.INDEX_STRIDE), range(stride)):
        run = bytes(range(100, 100 + size))
        grams = {gram for at, gram in oracle.probed(b"x" * start + run, stride) if at >= start}
        places = range(-before % oracle.INDEX_STRIDE, stride, oracle.INDEX_STRIDE)
        indexed = {run[at : at + oracle.GRAM] for at in places}
        assert grams & indexed


def test_the_longer_run_wins_wherever_its_grams_are_indexed() -> None:
    rng = random.Random(3)
    letters = b"abcdefghijklmnopqrstuvwxyz"
    for before, between in product(range(oracle.INPUT_STRIDE), range(oracle.INDEX_STRIDE)):
        run = bytes(rng.choices(letters, k=60))
        repeated = run[20:40] + bytes(rng.choices(letters, k=30 + between)) + run
        chains = oracle.Pattern([repeated], []).scan([b"7" * before + run])
        assert [found[3] for _, chain in chains for found in chain] == [len(run)]


def test_public_text_is_marked_wherever_it_stands() -> None:
    rng = random.Random(1)
    for _ in range(300):
        run, left, right, other = (
            bytes(rng.choices(b"abcdefgh12", k=k)) for k in (oracle.RUN, rng.randrange(30), 30, rng.randrange(30))
        )
        pattern = oracle.Pattern([left + b"x" + run + b"y" + right], [(other + b"z" + run, 0)])
        assert pattern.length - pattern.private >= len(run)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 40,
        "abc" * 20,
        "abcdefgh" * 8,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "9876543210" * 3,
        "101112131415161718192021",
        "100101102103104105",
    ],
)
def test_low_entropy(text: str) -> None:
    assert oracle.low_entropy(text.encode())


@pytest.mark.parametrize(
    "text", ["thequickbrownfoxjumps", "3141592653589793238462643383279", "deadbeef0badf00dcafe", "a" * 300 + "b"]
)
def test_not_low_entropy(text: str) -> None:
    assert oracle.low_entropy(text.encode()) == (text[0] == "a")


def test_public_text_is_subtracted_from_its_segment_on() -> None:
    segments = [_SECRET.encode(), _SECRET.encode()]
    size = len(_normal(_SECRET))
    assert oracle.Pattern(segments, [(_SECRET.encode(), 0)]).private == 0
    assert oracle.Pattern(segments, [(_SECRET.encode(), 1)]).private == size
    assert oracle.Pattern(segments, [(_SECRET.encode(), 2)]).private == 2 * size


def test_a_leak_is_one_chain_and_counts_private_bytes_only() -> None:
    pattern = oracle.Pattern([_SECRET.encode()], [(b"so the grader will accept any answer", 0)])
    [(private, runs)] = pattern.scan([b"Reviewer notes: " + _SECRET.upper().encode() + b". End."])
    assert [(run[1], run[3]) for run in runs] == [(0, pattern.length)]
    assert private == pattern.private == pattern.length - len(_normal("so the grader will accept any answer"))


def test_word_edits_stay_one_chain() -> None:
    edited = _SECRET.replace("equals", "is").replace("accept", "take").replace("any", "every")
    [(private, runs)] = oracle.Pattern([_SECRET.encode()], []).scan([edited.encode()])
    assert len(runs) >= 3
    assert private > 0.75 * len(_normal(_SECRET))


def test_a_chain_goes_on_from_field_to_field() -> None:
    middle = len(_SECRET) // 2
    fields = [_SECRET[:middle].encode(), b"step 2", _SECRET[middle:].encode()]
    [(private, runs)] = oracle.Pattern([_SECRET.encode()], []).scan(fields)
    assert {run[0] for run in runs} == {0, 2}
    assert private >= len(_normal(_SECRET)) - oracle.PIECE


def test_alphabets_are_no_leak() -> None:
    table = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert oracle.Pattern([b"the table " + table], []).scan([b"charset = " + table]) == []


@pytest.mark.parametrize("unit", ["a", "ab", "abcdefgh1234567", "x1"])
def test_repeated_text_takes_linear_time(unit: str) -> None:
    def work(size: int) -> None:
        text = (unit * (size // len(unit))).encode()
        oracle.Pattern([text], [(text[: 3 * size // 4], 0)]).scan([text, text + b"q" + text[::-1]])

    assert_linear(work, 40_000)


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        (b"", 0),
        (b"An ordinary sentence with an_identifier_of_some_length and 12 numbers.", 0),
        (b"-" * 60 + b" ===========================================", 0),
        (b"data: aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBzZWNyZXQgdGV4dA==", flags.ARMOUR),
        (b"aGVsbG8gd29ybGQsIHRo\naXMgaXMgYSBzZWNyZXQg\\ndGV4dA==", flags.ARMOUR),
        (b"9" * 20 + b"a" * 30, 0),
        (b"sequester.exposure/layers/hints_of_an_unbroken_name-1234", 0),
        (b"QRklOV0lEp1JxMZ7Hk2vT8yWbN4uYcXoAeS6dGq5fLhPs9RzUmBi3Cj0nKtEw7Vg", flags.PACKED),
        (b"[" + b"101, 2345, " * 9 + b"7]", flags.NUMBERS),
        (b"[" + b"101, 114, 32, " * 9 + b"7]", flags.DIGITS),
        (b"0.125, -3.0625, " * 20, 0),
        (b"de:ad:be:ef:" * 5, 0),
        (b"74 68 65 20 " * 5, flags.DIGITS),
        (b"a\0b", flags.ESCAPES),
        (b"\\303\\251" * 4, flags.ESCAPES),
        (b"%26lt%3Bb", flags.ESCAPES),
        (b"word=\nword=\r\nword", 0),
        ("中文" * 5, 0),
        ("敨猠捥湯⁤敲楧" * 2, flags.WIDE),
        (b"\xff\xfe" * 5, flags.WIDE),
    ],
)
def test_flags(raw: bytes | str, flag: int) -> None:
    given_bytes = raw.encode() if isinstance(raw, str) else raw
    _, odd, wide = normalise(given_bytes)
    assert flags.flags_of(given_bytes, odd, wide) == flag


def test_the_sketch_holds_what_stands_outside_private_runs_only() -> None:
    rng = random.Random(5)
    rubric, sketch = prose(rng, 60).encode(), Sketch(1024)
    windows = windows_of(normalise(rubric)[0])
    assert windows
    oracle.screen([([rubric], [], [[b"Notes: " + rubric]])], sketch)
    assert not any(holds(sketch.blocks, window) for window in array("Q", windows))
    oracle.screen([([rubric], [(rubric, 0)], [[rubric]])], sketch)
    assert holds_run(sketch.blocks, windows)


def test_a_run_is_held_where_an_input_holds_it_whole() -> None:
    rng = random.Random(9)
    for size in (38, 39, 40, 41, 60, 200, 512, 513, 2000):
        run = bytes(rng.choices(b"abcdefgh12", k=size))
        for _ in range(5):
            left, right = (bytes(rng.choices(b"abcdefgh12", k=rng.randrange(40))) for _ in range(2))
            sketch = Sketch(4096)
            oracle.screen([([], [], [[left + run + right]])], sketch)
            assert holds_run(sketch.blocks, windows_of(run)) == (size >= WINDOW + NOTE_STRIDE - 1)


def test_the_windows_of_a_run_are_those_at_its_positions() -> None:
    run = bytes(random.Random(6).choices(range(97, 123), k=1000))
    assert not windows_of(run[:38])
    for size in (39, 40, 300):
        assert list(array("Q", windows_of(run[:size]))) == [window_hash(run, at) for at in range(size - WINDOW + 1)]
    assert array("Q", windows_of(run))[-1] == window_hash(run, len(run) - WINDOW)
    assert len(array("Q", windows_of(run))) < len(run) / 2


def test_a_run_that_no_input_holds_whole_is_not_held() -> None:
    rng, sketch = random.Random(4), Sketch(4096)
    run = bytes(rng.choices(b"abcdefgh12", k=200))
    assert not holds_run(sketch.blocks, windows_of(b""))
    assert not holds_run(sketch.blocks, windows_of(run))
    oracle.screen([([], [], [[run[:120], run[130:]]])], sketch)
    assert holds_run(sketch.blocks, windows_of(run[:120]))
    assert not holds_run(sketch.blocks, windows_of(run))


def test_a_long_run_is_not_held_by_whoever_holds_its_ends() -> None:
    run = bytes(random.Random(8).choices(range(97, 123), k=5000))
    for seen, is_held in ((run, True), (run[:1600] + b"0" + run[3400:], False), (run[:4000], False)):
        sketch = Sketch(1 << 14)
        oracle.screen([([], [], [[b"zz" + seen]])], sketch)
        assert holds_run(sketch.blocks, windows_of(run)) is is_held


def test_a_full_line_of_the_sketch_loses_one_window_for_another() -> None:
    sketch = Sketch(16 * LINE)  # blocks of four lines
    windows = [(number << 32) | (2 * number + 1) for number in range(LINE + 1)]
    for window in windows:
        sketch.note(window)
    assert [holds(sketch.blocks, window) for window in windows].count(False) == 1
    assert holds(sketch.blocks, windows[-1])


def test_the_sketch_forgets_the_block_begun_first() -> None:
    sketch = Sketch(4 * LINE)
    windows = random.Random(3).sample(range(1 << 60), 3 * 8 + 1)
    for window in windows:
        sketch.note(window)
    assert [holds(sketch.blocks, window) for window in windows] == [False] * 8 + [True] * 17


def test_blocks_that_were_taken_are_held_no_more_and_stay_as_they_were() -> None:
    sketch = Sketch(1024)
    assert sketch.take() == []
    sketch.note(1 << 63)
    taken = sketch.take()
    sketch.note(5)
    assert [holds(blocks, window) for blocks in (taken, sketch.blocks) for window in (1 << 63, 5)] == [True, False, False, True]
    assert (len(taken), sketch.begun) == (1, 1)
