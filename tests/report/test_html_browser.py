"""The HTML report in a real browser: nothing is fetched, nothing breaks the page's own policy, and it works by keyboard."""

import shutil

import pytest
from playwright.sync_api import sync_playwright
from tests.findings.examples import finding
from tests.report.results import HOSTILE, result

from sequester.findings.model import HeatCell
from sequester.report import html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("no Chromium on PATH: apt-get install -y chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a result as a page; afterwards no request but the file's own, no console message, no policy violation."""
    requests, messages = [], []
    context = browser.new_context(viewport={"width": 1240, "height": 900})
    context.add_init_script(
        "window.violations = [];"
        "document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective))"
    )
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    file = tmp_path / "report.html"

    def visit(shown):
        file.write_text(html.render(shown), encoding="utf-8")
        page.goto(file.as_uri())
        return page

    yield visit
    violations = page.evaluate("window.violations")
    context.close()
    assert requests == [file.as_uri()]
    assert messages == []
    assert violations == []


def shown():
    findings = [finding(episode_id=f"e{number}", reward_path=name, step=number) for number, name in enumerate(HOSTILE)]
    heat = tuple(HeatCell(name, step, 8, step % 3, 1) for name in HOSTILE for step in range(300))
    return result(findings=findings, heat=heat, notes=tuple(HOSTILE))


def test_hostile_names_are_only_text(opened):
    page = opened(shown())
    assert page.locator("#findings tbody tr").count() == len(HOSTILE)
    assert page.locator("script").count() == 1
    assert page.locator(".heat .strip:not(.axis) .name").count() == len(HOSTILE)
    assert "<script>alert(1)</script>" in page.locator("#findings").inner_text()


def test_an_empty_result_opens(opened):
    page = opened(result(inputs=()))
    assert page.locator("h1").inner_text().endswith("NOTHING ASSESSED")
    assert not page.locator(".filter").is_visible()


def test_filtering_says_how_many_of_how_many(opened):
    page = opened(shown())
    page.locator("#filter").focus()
    page.keyboard.type("script alert")
    assert page.locator("#matched").inner_text() == f"1 of {len(HOSTILE)} listed"
    assert page.locator("#findings tbody tr:visible").count() == 1
    for _ in range(20):
        page.keyboard.press("Backspace")
    assert page.locator("#findings tbody tr:visible").count() == len(HOSTILE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened, scheme):
    page = opened(shown())
    page.emulate_media(color_scheme=scheme)
    for selector in (
        "h1",
        ".headline",
        ".tile.exposed strong",
        ".tile.left strong",
        ".tile dt",
        "#groups td",
        "#groups small",
        "footer",
    ):
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector


def test_no_sideways_scrolling_on_a_phone(opened):
    page = opened(shown())
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_phone_shows_all_steps_of_the_heat_strip(opened):
    page = opened(shown())
    page.set_viewport_size({"width": 360, "height": 800})
    right = "(all) => all.map((one) => one.getBoundingClientRect().right)"
    for selector in (".bars rect", ".ticks text", ".heat .name", ".heat .share"):
        assert max(page.locator(selector).evaluate_all(right)) <= 360, selector
    assert page.locator(".bars").first.bounding_box()["width"] > 300


# Not `wait_for_function`: the page's security policy forbids what that evaluates.
_SCROLLED = """(element, least) => new Promise(done => {
  const until = performance.now() + 10000;
  const look = () => element.scrollTop > least || performance.now() > until ? done(element.scrollTop > least) : requestAnimationFrame(look);
  look();
})"""


def test_long_tables_scroll_in_place_by_keyboard_and_print_whole(opened):
    many = result(findings=[finding(episode_id=f"e{number}", reward_path=f"path{number}") for number in range(2000)])
    page = opened(many)
    assert page.evaluate("document.documentElement.scrollHeight") < 6000
    region = page.locator(".scroll", has=page.locator("#findings"))
    region.focus()
    page.keyboard.press("End")
    assert region.evaluate(_SCROLLED, 1000)
    page.emulate_media(media="print")
    assert region.evaluate("(element) => element.scrollHeight <= element.clientHeight + 2")


def test_it_prints(opened):
    page = opened(shown())
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator("#limits").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


CONTRAST = """(selector) => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let ground = element;
  while (ground && (parse(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(parse(getComputedStyle(ground).backgroundColor))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
"""Contrast ratio of an element's text, after WCAG 2.2."""
