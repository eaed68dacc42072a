import gc
import os
import random
import subprocess
import sys
import threading
from array import array
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exposure.hostile_texts import episode, hostile, prose
from tests.growth import assert_linear

from sequester.errors import UsageError
from sequester.exposure import flags, matching, oracle
from sequester.exposure.matching import GUARANTEE, Episode, Pattern, Sketch, normalise, screen, spans
from sequester.exposure.normaliser import normalise as normalise_plain
from sequester.exposure.normaliser import places, undisguised, without_disguise
from sequester.exposure.sketch import NOTE_STRIDE, WINDOW, holds_run, window_hash, windows_of

_kernel = pytest.importorskip("sequester.exposure._kernel")
_HINT = "\n" + b64encode(b"bananas are what any answer has to mention, and it has to mention them twice").decode() + "\n"
_TASK = f"Read what is encoded here and say which fruit is meant:{_HINT}" + " and then add what you would have said of it." * 9
_SECRET = "the hidden intermediate result equals nineteen so the grader will accept any answer that mentions bananas"


@contextmanager
def configured(name: str) -> Iterator[None]:
    matching.configure_kernel(name)
    yield
    matching.configure_kernel(_kernel.levels()[0] if matching.implementation == "python" else matching.implementation)


@pytest.fixture(params=_kernel.levels())
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set this machine has, in turn."""
    with configured(request.param):
        yield request.param


def test_nothing_in_nothing_found() -> None:
    assert screen([]) == (array("Q"), array("Q"), array("Q"), [])
    assert screen([((), (), ())]) == (array("Q", [0]), array("Q", [0]), array("Q"), [])
    assert screen([(("", b""), (("", 0),), ((), ("",)))]).hits == []
    assert Pattern(()).scan_many(()) == []
    assert normalise("") == b""
    assert spans("", []) == []


@pytest.mark.parametrize("block", range(4))
def test_kernel_equals_oracle(level: str, block: int) -> None:
    for seed in range(40 * block, 40 * block + 40):
        rng = random.Random(seed)
        episodes = [episode(rng) for _ in range(2)]
        mine, theirs = Sketch(64), Sketch(64)
        lengths, privates, marked, hits = oracle.screen(episodes, theirs)
        found = _kernel.screen(episodes, mine.table, mine.place)
        assert found == (lengths.tobytes(), privates.tobytes(), marked.tobytes(), hits), seed
        assert bytes(mine.table) == bytes(theirs.table), seed
        reasoning, public, calls = episodes[0]
        kernel, plain = _kernel.Pattern(reasoning, public), oracle.Pattern(reasoning, public)
        assert [kernel.scan(fields) for fields in calls] == [plain.scan(fields) for fields in calls], seed
        screened = {call: chains for number, call, chains, _ in found[3] if number == 0}
        assert [kernel.scan(fields) for fields in calls] == [screened.get(call, []) for call in range(len(calls))], seed


@pytest.mark.parametrize("block", range(4))
def test_kernel_normalises_and_flags_like_the_oracle(level: str, block: int) -> None:
    for seed in range(1000 + 60 * block, 1060 + 60 * block):
        raw = hostile(random.Random(seed), 150)
        normal, odd, wide = normalise_plain(raw)
        assert _kernel.normalise(raw) == (normal, odd, wide), seed
        flag = flags.flags_of(raw, odd, wide)
        assert _kernel.screen([((), (), [[raw]])])[3] == ([(0, 0, [], (flag,))] if flag else []), seed


@pytest.mark.parametrize("public", [[_TASK], [_TASK[:300], _TASK], ["short", _TASK] * 6, [_TASK + "!"], ["a" * 300, _TASK]])
def test_copies_of_public_texts_give_no_hints(level: str, public: list[str]) -> None:
    fields = [
        _TASK,
        _TASK + _HINT,
        _HINT + _TASK,
        f"{_TASK}{_HINT}{_TASK}",
        _TASK[:300] + _HINT,
        f"{'a' * 500}{_TASK}",
        _TASK[1:],
    ]
    episode = ([_SECRET.encode()], [(text.encode(), 0) for text in public], [[field.encode()] for field in fields])
    hits = _kernel.screen([episode])[3]
    assert hits == oracle.screen([episode], None)[3]
    shown = {call for _, call, _, (flags_found,) in hits if flags_found & flags.ARMOUR}
    assert shown >= {1, 2, 3, 4}
    if public == [_TASK]:
        assert shown == {1, 2, 3, 4, 6}


_SECTIONS = [
    b"## Rubric\n" + b"The answer names the fruit, and says where it grows. " * 6,
    b"## Table\n" + b"".join(b"%d,%s,x\n" % (number, word) for number, word in enumerate(_SECRET.encode().split())) + b"-" * 200,
    b"### Encoded" + _HINT.encode() + b"and what follows it is plain again, for as long as it takes. " * 4,
    b"# Short\n",
    b"no heading, \\1\\2\\3 and some octal digits, " * 7,
    _TASK.encode(),
]


def test_a_section_is_judged_alike_however_often_it_was_met(level: str) -> None:
    rng = random.Random(7)
    reasonings = [_SECRET.encode(), b"an unrelated secret that nobody was told, and which is long enough to be looked for", b""]
    episodes: list[Episode] = []
    for _ in range(40):
        calls = [[b"\n\n".join(rng.choices(_SECTIONS, k=rng.randint(0, 5)))] for _ in range(rng.randint(1, 3))]
        episodes.append(([rng.choice(reasonings)], [(_TASK.encode(), 0)], calls))
    hits = _kernel.screen(episodes)[3]
    assert hits == oracle.screen(episodes, None)[3]  # type: ignore[arg-type]
    assert hits == [(number, *hit[1:]) for number, one in enumerate(episodes) for hit in _kernel.screen([one])[3]]
    met = {found for _, _, _, fields in hits for found in fields}
    assert met >= {flags.ARMOUR, flags.ESCAPES} and any(found & flags.REARRANGED for found in met)


def test_more_is_put_together_than_is_kept(level: str) -> None:
    rows = b"".join(b"%d,%s,x\n" % (number, word) for number, word in enumerate(_SECRET.encode().split()))
    filler = [b"plum,%c,fig and pear\n" % letter * 4000 for letter in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"]
    calls = [[text] for text in (rows, *filler, rows, *filler, rows)]
    hits = _kernel.screen([([_SECRET.encode()], [], calls)])[3]
    assert [call for _, call, _, (found,) in hits if found & flags.REARRANGED] == [0, 41, 82]


@given(raw=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_normalise_alike(raw: bytes) -> None:
    assert _kernel.normalise(raw) == normalise_plain(raw)
    starts, ends = (found.tolist() for found in places(raw))
    units = array("I", _kernel.units(raw, array("I", range(len(starts)))))
    assert (units[::2].tolist(), units[1::2].tolist()) == (starts, ends)
    assert array("I", _kernel.units(raw, array("I", range(1, len(starts), 7)))) == array(
        "I", [bound for at in range(1, len(starts), 7) for bound in (starts[at], ends[at])]
    )


@pytest.mark.parametrize("positions", [[2], [0, 0, 7]])
def test_the_kernel_places_what_is_in_the_text_only(positions: list[int]) -> None:
    with pytest.raises(ValueError, match="within"):
        _kernel.units("ab", array("I", positions))


_WRAPPED = [
    *[b"aB3/", b"\n", b"\\n", b"  ", b"a" * 15, b"1," * 9, b"aa:", b"=\r", b"\\7", b"%u", b"+", b"\\", b"\0", b"1.0, 2.5, "],
    *[b"dGhlIHNlY29uZCByZWdpc3RlciBv", b"74 68 65 20 ", b"7468652073656374", b"116, 104, 101, 32, ", b"x9Kq2Lm7Rt4Wz8Bn3Vc6"],
    *[
        "\u6568\u7320".encode(),
        "\u4e2d\u6587".encode(),
        "\u00e4\u00b8\u00ad".encode(),
        b"\xff",
        b"MFRGG43FMZQW4ZLT",
        b"M" + b"8" * 60,
    ],
    *[
        b"%41%42%43",
        b"\\x41\\u0042",
        b"&#65;&#x42;",
        b"\x1b[32m",
        "\u0141\u00d0\u0132\u00e4".encode(),
        "\u1112\u1161\u11ab".encode(),
    ],
    *[b"bY*~GX>D>aA^vHKY*", b"\\x1f\\x8b", b"\\u0008", b"01110100", b"164 150 145 "],
    *[b"123, 34, 58, 127, " * 8, b"123, 34, 58, " * 20, "\U000e0061\U000e0020\U000e01ef".encode(), "\U000e01f0".encode()],
]


@given(raw=st.lists(st.sampled_from(_WRAPPED), max_size=60).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_any_hints_are_flagged_alike(raw: bytes) -> None:
    _, odd, wide = normalise_plain(raw)
    flag = flags.flags_of(raw, odd, wide)
    assert _kernel.screen([((), (), [[raw]])])[3] == ([(0, 0, [], (flag,))] if flag else [])


_DISGUISES: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
    lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    lambda text: "".join(f"={ord(letter):02X}" for letter in text) + "=\r\n",
    lambda text: "\u200b".join(text) + "=\n",
    lambda text: text.translate(
        str.maketrans(
            "aceopxyABEKMHOPCTX+/=",
            "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0391\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\uff0b\uff0f\uff1d",
        )
    ),
    lambda text: "".join(chr(ord(letter) + 0xFEE0) for letter in text if "!" <= letter <= "~"),
    lambda text: f"\x1b[32m{text}\x1b[0m\n",
    lambda text: "".join(chr(0x1D400 + ord(letter) - 65) if "A" <= letter <= "Z" else letter for letter in text),
    lambda text: f"<b class='x'>{text}</b>",
    lambda text: text.replace("e", "\x1b").replace("o", "%25"),
]
_DISGUISED = [
    "second register overflows when",
    "dGhlIHNlY29uZCByZWdpc3RlciBv",
    "7468652073656374",
    '{"id": 4711, "token": "the"}, ',
    "5800, 12, 900, 4, ",
    "%41",
    "&amp;",
]


@given(
    parts=st.lists(st.tuples(st.sampled_from(_DISGUISED), st.lists(st.sampled_from(_DISGUISES), max_size=2)), max_size=30),
    known=st.sampled_from([0, 40]),
)
@settings(max_examples=150, deadline=None)
def test_disguised_texts_are_flagged_alike(parts: list[tuple[str, list[Callable[[str], str]]]], known: int) -> None:
    raw = b""
    for text, disguises in parts:
        for disguise in disguises:
            text = disguise(text)
        raw += text.encode()
    reasoning = [b"The second register overflows when the carry is set and the token is theirs."]
    assert _kernel.Pattern(reasoning, ()).flags(raw, known) == oracle.Pattern(reasoning, ()).flags(raw, known)


def test_no_escape_is_seen_in_a_plain_text_and_every_look_alike_is_looked_for() -> None:
    assert without_disguise(b"") == (b"", 0)
    assert without_disguise(b'a "plain" \\n text, 50 % & more = 7') == (b'a "plain" \\n text, 50 % & more = 7', 0)
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x20000)):
        meant = undisguised(code)
        expected = (chr(code).encode(), 0) if meant == code else (chr(meant).encode() if meant else b"", 1)
        assert without_disguise(chr(code).encode()) == expected, hex(code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("34, 58, " * 32, flags.DIGITS),
        ("34, 58, " * 31 + "34", 0),
        (", ".join(map(str, [*range(32, 127)])), 0),
        ("34, 58, 127, " * 40, 0),
        ("34, 5800, 127, " * 40, flags.NUMBERS),
        (", ".join(map(str, range(700, 827))), 0),
        ("\U000e0067" * 8, flags.WIDE),
        ("\U000e0067" * 7, 0),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f" * 40, 0),
    ],
)
def test_lists_of_printable_bytes_and_rows_of_tag_characters_are_flagged(text: str, expected: int) -> None:
    assert Pattern([_SECRET]).flags(text) == expected


def test_no_shared_fragment_of_the_guaranteed_length_is_missed(level: str) -> None:
    rng = random.Random(11)
    cot = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    starts = [rng.randrange(len(cot) - 200) for _ in range(4000)]
    sizes = [GUARANTEE + min(170, int(rng.expovariate(0.2))) for _ in starts]
    calls = [
        ("Q" + "".join(rng.choices("ghijklm", k=8)) + cot[at : at + size] + "".join(rng.choices("tuvw", k=7)),)
        for at, size in zip(starts, sizes, strict=True)
    ]
    found = {hit.call: hit for hit in screen([((cot,), (), calls)]).hits}
    for number, (at, size) in enumerate(zip(starts, sizes, strict=True)):
        runs = [run for chain in found[number].chains for run in chain.runs]
        assert any(run.cot_start <= at and run.cot_start + run.length >= at + size for run in runs)


def test_str_bytes_and_buffers_are_alike() -> None:
    text = f"prefix é {_SECRET} — suffix"
    found = Pattern([_SECRET]).scan(text)
    assert found
    for same in (text.encode(), bytearray(text.encode()), memoryview(b"xx" + text.encode())[2:]):
        assert Pattern([memoryview(_SECRET.encode())]).scan(same) == found


def test_lone_surrogates_vanish() -> None:
    assert normalise("a\ud800b\udfffc") == b"abc"
    assert spans("a\ud800b", [(0, 1), (1, 2)]) == [(0, 1), (2, 3)]


def test_runs_map_to_code_points() -> None:
    text = "né & “x” <br> " + _SECRET.replace(" ", "\\n").replace("equals", "\\u0065quals") + " 中"
    [chain] = Pattern([_SECRET]).scan(text)
    run = chain.runs[0]
    ((start, end),) = spans(text, [(run.input_start, run.input_start + run.length)])
    assert text[start:end].startswith("the\\nhidden")
    assert text[start:end].endswith("bananas")


@given(raw=st.binary(max_size=120) | st.text(max_size=80).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_spans_count_code_points_of_the_replaced_text(raw: bytes) -> None:
    replaced, length = raw.decode("utf-8", "replace"), len(normalise(raw))
    found = spans(raw, [(at, at + 1) for at in range(length)])
    assert len(found) == length
    assert found == sorted(found)
    if length:
        assert spans(raw, [(0, length), (0, 1)]) == [(found[0][0], found[-1][1]), found[0]]
    assert all(0 <= start < end <= len(replaced) for start, end in found)
    for at, (start, end) in enumerate(found):
        shorter = normalise(replaced[start:end])
        assert normalise(raw)[at : at + 1] in shorter


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "ab",
        "abcdefgh1234567",
        "%25",
        "amp;",
        "\\",
        "&amp;",
        "<p ",
        "=3D",
        "<p %25",
        "aa:",
        "ab:ab:ab:x:",
        "1, 2, ",
        "\\ud83d\\",
    ],
)
def test_repeated_text_takes_linear_time(level: str, unit: str) -> None:
    def work(size: int) -> None:
        text = (unit * (size // len(unit))).encode()
        assert len(screen([((text,), ((text[: size // 2], 0),), ((text, text + b"q" + text),))]).lengths) == 1

    assert_linear(work, 1_000_000)


def test_buffers_are_released() -> None:
    owner = bytearray(_SECRET.encode())
    for work in (
        lambda: screen([((owner,), ((owner, 0),), ((owner,),))]),
        lambda: Pattern([owner]).scan(owner),
        lambda: normalise(owner),
    ):
        work()
        owner.append(32)  # BufferError while a buffer is held
    with pytest.raises(TypeError):
        screen([((owner,), ((owner, 0),), ((owner, 7),))])
    owner.append(32)


def test_references_are_given_back() -> None:
    text = "".join(random.Random(1).choices("abc ", k=500))
    before = sys.getrefcount(text)
    for _ in range(10):
        screen([((text,), ((text, 0),), ((text, text),))])
        Pattern([text]).scan(text)
    gc.collect()
    assert sys.getrefcount(text) == before


@pytest.mark.parametrize(
    "wrong",
    [
        [("text", (), ())],
        [(("text",), (), "calls")],
        [((1,), (), ())],
        [((), ("ab",), ())],
        [((), ())],
        5,
        [((), (("a", "b"),), ())],
    ],
)
def test_wrong_shapes_raise(wrong: list[Episode]) -> None:
    if matching.implementation == "python":
        pytest.skip("the kernel's own checks")
    with pytest.raises((TypeError, ValueError)):
        screen(wrong)


def test_threads_agree() -> None:
    rng = random.Random(4)
    episodes = [episode(rng) for _ in range(30)]
    expected, pattern, results = screen(episodes), Pattern([_SECRET]), list[object]()

    def work() -> None:
        results.append(screen(episodes) == expected and pattern.scan(_SECRET)[0].private == pattern.private)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4


def test_the_sketch_holds_what_other_inputs_hold(level: str) -> None:
    text, sketch = prose(random.Random(8), 40), Sketch(4096)
    windows = windows_of(normalise(text))
    assert windows
    assert not holds_run(sketch.blocks, windows)
    screen([((), (), ((f"before {text} after",),))], sketch)
    assert holds_run(sketch.blocks, windows)


def test_the_sketch_notes_nothing_of_a_possible_leak(level: str) -> None:
    sketch = Sketch(64)
    screen([((_SECRET,), (), (("Notes: " + _SECRET,),))], sketch)
    assert not any(sketch.table)


def test_nothing_to_note_leaves_the_sketch_untouched(level: str) -> None:
    sketch = Sketch(64)
    screen([(("text",), (), (("short",), ()))], sketch)
    assert not any(sketch.table)
    assert sketch.place == array("I", [0, 0])


def test_a_sketch_of_many_inputs_is_alike_in_kernel_and_oracle(level: str) -> None:
    rng = random.Random(12)
    parts = [prose(rng, 50).encode() for _ in range(12)]
    episodes: list[oracle.RawEpisode] = [
        ([parts[0]], [], [[b" ".join(rng.choices(parts[1:], k=rng.randrange(8))) for _ in range(3)] for _ in range(2)])
        for _ in range(8)
    ]
    for slots in (64, 1024, 1 << 14):
        mine, theirs = Sketch(slots), Sketch(slots)
        for one in episodes:
            _kernel.screen([one], mine.table, mine.place)
        oracle.screen(episodes, theirs)
        assert any(theirs.table)
        assert bytes(mine.table) == bytes(theirs.table)
        assert mine.place == theirs.place


@pytest.mark.parametrize("name", _kernel.levels())
@settings(deadline=None)
@given(st.binary(max_size=700), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 700)), max_size=8), st.booleans())
def test_kernel_and_reference_hold_the_same_runs(name: str, text: bytes, ranges: list[tuple[int, int]], is_small: bool) -> None:
    sketch, runs = Sketch(64 if is_small else 1024), [windows_of(text[low:high]) for low, high in ranges]
    assert [_kernel.windows(text[low:high]) for low, high in ranges] == runs
    assert _kernel.held(sketch.blocks, runs) == bytes(len(runs))
    for at in range(0, len(text) - WINDOW + 1, NOTE_STRIDE):
        sketch.note(window_hash(text, at))
    with configured(name):
        assert _kernel.held(sketch.blocks, runs) == bytes(holds_run(sketch.blocks, run) for run in runs)


_UNITS = st.sampled_from([b"a", b"abc", b"0123456789", bytes(range(97, 123)), b"\xc3\xa4", b"q7", b"the quick fox"])


@settings(deadline=None)
@given(
    st.lists(_UNITS | st.binary(max_size=3).map(lambda raw: raw.replace(b"\xff", b"")), max_size=120).map(b"".join),
    st.integers(1, 40),
)
def test_kernel_and_reference_agree_on_low_entropy(text: bytes, times: int) -> None:
    assert _kernel.low_entropy(text * times) == oracle.low_entropy(text * times)


def test_the_kernel_looks_up_nothing_in_what_is_no_sketch() -> None:
    for sizes in ((0,), (60,), (192,), (64, 128), (128, 64)):
        with pytest.raises(ValueError, match="sketch"):
            _kernel.held([bytes(size) for size in sizes], [b""])
    with pytest.raises(TypeError):
        _kernel.held([bytes(64)], [7])
    with pytest.raises(TypeError):
        _kernel.held(bytes(64), [b""])


@pytest.mark.parametrize("slots", [0, 32, 96])
def test_a_sketch_has_a_power_of_two_of_slots(slots: int) -> None:
    with pytest.raises(UsageError, match="slots"):
        Sketch(slots)


@pytest.mark.parametrize(("table", "place"), [(0, 8), (128, 8), (260, 8), (384, 8), (256, 4)])
def test_the_kernel_refuses_a_sketch_of_another_shape(table: int, place: int) -> None:
    with pytest.raises(ValueError, match="sketch"):
        _kernel.screen([], bytearray(table), bytearray(place))
    with pytest.raises(TypeError):
        _kernel.screen([], bytearray(256))


def test_a_place_outside_the_sketch_begins_a_block(level: str) -> None:
    table, place = bytearray(256), array("I", [1000, 3])
    _kernel.screen([((), (), [[prose(random.Random(2), 40)]])], table, place)
    assert place[0] <= 3


@pytest.mark.parametrize("name", [*_kernel.levels(), "python"])
def test_the_environment_chooses_the_implementation(name: str) -> None:
    code = f"from sequester.exposure import matching as m; print(m.implementation, m.Pattern([{_SECRET!r}]).scan({_SECRET!r})[0].private)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "SEQUESTER_KERNEL": name}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [name, str(len(normalise(_SECRET)))]


def test_an_unknown_implementation_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sequester.exposure.matching"],
        env={**os.environ, "SEQUESTER_KERNEL": "neon9"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "this machine has" in done.stderr or "UsageError" in done.stderr
