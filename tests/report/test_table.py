"""A table at every width: nothing wider than the page, and no word broken that the page has room for."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from sequester.report.console import ROOMY, TextStyle, body, page

WIDTHS = st.integers(40, 200)
WORDS = st.text(st.sampled_from("abz_./:0漢"), min_size=1, max_size=17)  # 34 characters of width
CELLS = st.lists(WORDS, max_size=12).map(" ".join)
NAMES = ("donor", ">pairs", ">not assessed", ">e-value", "verdict", "in place of the CoT")


def drawn(columns, rows, style, **more):
    return page(style, lambda console: body(console, columns, rows, style, **more))


def test_no_row_still_names_the_columns():
    assert drawn(("donor", ">pairs"), (), TextStyle()).split() == ["donor", "pairs", "─" * len("donor   pairs")]


@settings(deadline=None)
@given(st.lists(st.tuples(*[CELLS] * len(NAMES)), min_size=1, max_size=4), WIDTHS, st.booleans())
def test_a_table_fits_every_width_and_breaks_no_word(rows, width, whole):
    lines = drawn(NAMES, rows, TextStyle(width=width), whole=NAMES[:1] if whole else ()).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    words = {word for line in lines for word in line.split()}
    assert {word for row in rows for cell in row for word in cell.split()} <= words


@settings(deadline=None)
@given(st.text("ab", min_size=100, max_size=300), WIDTHS)
def test_a_word_wider_than_the_page_is_folded_and_kept(word, width):
    lines = drawn(("name", ">pairs"), [(word, "7")], TextStyle(width=width), whole=("name",)).splitlines()
    assert all(len(line) <= width for line in lines)
    assert word in re.sub(r"[^ab]", "", "".join(line.removeprefix("  name").removeprefix("  pairs") for line in lines))


def test_prose_that_would_be_squeezed_goes_below_its_row():
    row = ("adversarial", "1,200", "0", "over 1,000,000", "+0.25", "an intent to cheat, hate, sabotage, flattery; as long")
    columns = ("donor", ">pairs", ">changed", ">e-value", ">mean shift", "in place of the CoT")
    said = drawn(columns, [row, row], TextStyle(width=70))
    below = "\n      an intent to cheat, hate, sabotage, flattery; as long\n"
    assert re.search(rf"^  adversarial +1,200 +0 +over 1,000,000 +\+0.25{below}", said, re.M)
    assert re.search(r"^  donor .*shift\n      in place of the CoT\n  ─+$", said, re.M)
    assert " as long\n" in drawn(columns, [row], TextStyle(width=ROOMY))


def test_columns_without_room_beside_one_another_become_a_block_for_each_row():
    columns = (">first count", ">second count", ">third count", ">fourth count")
    said = drawn(columns, [("1,000,000,000",) * 4, ("2", "3", "4", "")], TextStyle(width=40))
    assert said.splitlines() == [
        "  first count   1,000,000,000",
        "  second count  1,000,000,000",
        "  third count   1,000,000,000",
        "  fourth count  1,000,000,000",
        "",
        "  first count   2",
        "  second count  3",
        "  third count   4",
    ]
