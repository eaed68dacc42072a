"""A document in every format: nothing of it is lost, nothing in it acts, and no format is longer than its place allows."""

import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.report.test_formats import visible_text

from sequester.report import document_html, document_md, document_text
from sequester.report.console import TextStyle
from sequester.report.document import Document, Section, Table, Tone
from sequester.report.untrusted import printable

RENDERERS = (document_text.render, document_md.render, document_html.render)
HOSTILE = "| a `b` <script>alert(1)</script> ![x](http://e.example) @ada #1 $x$ www.e.example **b** \x1b[31m \u202e \ud800"
SMALL = Document(
    "NO INFLUENCE FOUND",
    Tone.NOTHING_FOUND,
    ("The score moved for none of 12 prompts.", "Run `sequester show r1`."),
    (
        Section("Donors", ("One sentence.",), Table(("donor", ">pairs"), (("own", "12"), ("empty", "1,200")))),
        Section("Limits", ("Nothing about monitorability.",)),
    ),
    "NO INFLUENCE FOUND: pairs 12, changed 0",
)


def many(rows, tone=Tone.FOUND):
    table = Table(("a", "b"), tuple((f"row {number}", "x" * 60) for number in range(rows)))
    return Document(
        "FOUND", tone, ("h",), (Section("S", tuple(f"said {number}" for number in range(rows)), table),), "FOUND: last"
    )


def shown_by_markdown(text):
    """What a reader of Markdown shows, without its tags."""
    return html.unescape(re.sub(r"<!-- -->|<[^>]+>", "", MarkdownIt().enable("table").render(text)))


def test_a_document_without_sections_still_says_its_verdict_and_its_counts():
    empty = Document("NOTHING ASSESSED", Tone.UNSURE, (), (), "NOTHING ASSESSED: pairs 0")
    for render in RENDERERS:
        said = render(empty)
        assert "NOTHING ASSESSED: pairs 0" in said
        assert said.endswith("\n")


def test_every_format_says_everything():
    for render in RENDERERS:
        said = visible_text(render(SMALL)) if render is document_html.render else render(SMALL)
        for piece in (
            "NO INFLUENCE FOUND",
            "none of 12 prompts.",
            "sequester show r1",
            "Donors",
            "One sentence.",
            "own",
            "1,200",
        ):
            assert piece in said, (render, piece)
        assert "Nothing about monitorability." in said


def test_text(snapshot):
    assert document_text.render(SMALL) == snapshot
    assert document_text.render(SMALL, TextStyle(width=80, colour=True)) == snapshot


def test_markdown(snapshot):
    assert document_md.render(SMALL) == snapshot


def test_text_in_ascii_and_narrow_breaks_no_name():
    said = document_text.render(SMALL, TextStyle(width=60, unicode=False))
    assert said.isascii()
    assert re.search(r"^  empty +\S? +1,200$", said, re.M)


def test_long_tables_are_cut_and_say_so():
    for render, most in ((document_text.render, TextStyle().groups), (document_md.render, document_md.MOST_ROWS)):
        said = render(many(most + 7))
        assert f"row {most - 1}" in said
        assert f"row {most}" not in said
        assert "--out json" in said
    page = document_html.render(many(document_html.MOST_ROWS + 1))
    assert f"{document_html.MOST_ROWS:,} of {document_html.MOST_ROWS + 1:,} rows. All of them: --out json." in page


def test_markdown_ends_before_github_cuts_it():
    section = many(document_md.MOST_ROWS).sections[0]
    long = Document("FOUND", Tone.FOUND, ("h",), (section,) * 100, "FOUND: last")
    said = document_md.render(long)
    assert len(said.encode()) <= document_md.MOST_BYTES
    assert said.endswith("**FOUND: last**\n")
    assert "The report goes on" in said


def test_nothing_from_a_file_acts():
    hostile = Document(
        HOSTILE, Tone.FOUND, (HOSTILE,), (Section(HOSTILE, (HOSTILE,), Table((HOSTILE, ">n"), ((HOSTILE, HOSTILE),))),), HOSTILE
    )
    page = document_html.render(hostile)
    visible_text(page)
    assert "<script" not in page
    for render in RENDERERS:
        said = render(hostile)
        said.encode("utf-8")
        assert "\x1b" not in said
        assert "\u202e" not in said
    markdown = document_md.render(hostile)
    rendered = MarkdownIt().enable("table").render(markdown)
    assert not re.search(r"<(?:script|img|a|strong>b)\b", rendered)
    assert rendered.count("<table>") == 1
    for active in ("http://", "@ada", "#1", "www.e", "$x$"):
        assert active not in re.sub(r"`[^`\n]*`", "", markdown)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_markdown_shows_text_as_it_stands(text):
    said = f"x{text}x"
    assert " ".join(shown_by_markdown(f"x {document_md.escaped(said)}").split()) == " ".join(
        f"x {printable(said, 10 * len(said))}".split()
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5))
def test_a_markdown_table_has_as_many_cells_as_the_document(rows):
    document = Document("V", Tone.UNSURE, (), (Section("S", (), Table(("a", ">b"), tuple(rows))),), "last")
    rendered = MarkdownIt().enable("table").render(document_md.render(document))
    assert rendered.count("<td") == 2 * len(rows)
