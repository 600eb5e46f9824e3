"""The site in Chromium: at three widths, light and dark, by mouse and keyboard."""

from __future__ import annotations

import pytest

from bench.report.grounds import Grounds
from bench.report.pages import build_pages
from bench.report.selection import Selection
from tests.report.browser import Visit, chromium
from tests.report.extension_records import imitation
from tests.support.factories import make_grid

PAGES = (
    *("index.html", "strategies/index.html", "strategies/spectral_norm.html", "tasks/index.html"),
    *("tasks/ring8.html", "tasks/lqr_imitation-players.html", "effects.html", "extensions.html"),
    *("submissions.html", "method.html"),
)
"""One of each kind."""


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A site of two submissions: the cells of `digits` are another's."""
    effects = {"spectral_norm": (4.0, 4.0), "replay": (0.0, 4.0), "label_smoothing": (4.0, -4.0)}
    records = [*make_grid(effects, anchored=True), *imitation()]
    owned = [(record, "other" if record.task == "digits" else "core") for record in records]
    selection = Selection(records, [], [], Grounds.of(owned, records))
    folder = tmp_path_factory.mktemp("site")
    build_pages(selection, folder, None)
    return folder


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (820, "light"), (1440, "light"), (390, "dark")]
)
def test_every_page_fits_is_accessible_and_asks_for_nothing(browser, out, width, scheme):
    visit = Visit(browser, width, color_scheme=scheme)
    for name in PAGES:
        page = visit.open(out / name)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is wider than the window"
        assert visit.faults() == [], name
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith(("file:", "data:"))] == []
    visit.context.close()


def test_the_checker_finds_a_planted_fault(browser, out):
    visit = Visit(browser)
    page = visit.open(out / "method.html")
    page.evaluate("document.querySelector('main').append(new Image(9, 9))")
    assert any(fault.startswith("image-alt") for fault in visit.faults())
    page.evaluate("document.querySelector('p, dd').style.color = '#ccc'")
    assert any(fault.startswith("color-contrast") for fault in visit.faults())
    visit.context.close()


def test_tables_sort_by_mouse_and_by_keyboard(browser, out):
    visit = Visit(browser)
    page = visit.open(out / "strategies/index.html")
    names, effects = "#strategies tbody th a:not(.anchor)", "#strategies tbody td:nth-child(4) b"
    head = page.get_by_role("button", name="Strategy")
    head.click()
    found = visit.texts(names)
    assert found == sorted(found)
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Strategy")
    head.click()
    assert visit.texts(names) == found[::-1]
    page.get_by_role("button", name="GAN effect").focus()
    page.keyboard.press("Enter")
    numbers = [float(text) for text in visit.texts(effects)]
    assert len(numbers) >= 5
    assert numbers == sorted(numbers)
    page.keyboard.press("Space")
    assert [float(text) for text in visit.texts(effects)] == numbers[::-1]
    assert visit.said == []
    visit.context.close()


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (["−1,431 [−1,442, −1,383]", "12", "−183"], [0, 2, 1]),
        (["failed", "1.66e+07", "–", "0.02"], [2, 3, 1, 0]),
        (["×2.1 / ×1.0", "×1.2", "n/a (inert)"], [2, 1, 0]),
    ],
)
def test_columns_of_numbers_are_sorted_as_numbers(browser, out, text, order):
    visit = Visit(browser)
    page = visit.open(out / "method.html")
    rows = "".join(f"<tr><td>{value}</td></tr>" for value in text)
    table = f"<table class=sortable><thead><tr><th class=num>N</th></tr></thead>{rows}</table>"
    page.evaluate("html => { document.querySelector('main').innerHTML = html }", table)
    page.evaluate("fetched => { (0, eval)(fetched) }", (out / "assets/site.js").read_text())
    page.get_by_role("button", name="N").click()
    assert visit.texts("td") == [text[place] for place in order]
    visit.context.close()


def test_filters_choose_rows_and_are_kept_in_the_address(browser, out):
    visit = Visit(browser)
    page = visit.open(out / "strategies/spectral_norm.html")
    rows = "#contrast-table tbody tr"
    everything = visit.texts(rows)
    assert len(everything) == 4
    labels = {text.split("\n")[0].strip() for text in visit.texts("form.filters label")}
    assert {"Domain", "Task", "Failure mode", "Submission", "Text"} <= labels
    page.get_by_label("Domain").select_option("GAN")
    assert [row.split()[1] for row in visit.texts(rows)] == ["digits", "ring8"]
    assert page.locator("output").inner_text() == "2 of 4 rows"
    page.get_by_label("Submission").select_option("other")
    assert [row.split()[1] for row in visit.texts(rows)] == ["digits"]
    assert page.url.endswith("?domain=GAN&submission=other")
    page.reload()
    assert page.get_by_label("Domain").input_value() == "GAN"
    assert len(visit.texts(rows)) == 1
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("!location.search")
    assert visit.texts(rows) == everything
    page.get_by_label("Text").fill("pendul")
    assert len(visit.texts(rows)) == 1
    assert visit.said == []
    visit.context.close()


def test_an_index_is_filtered_by_the_tasks_that_a_verdict_counts(browser, out):
    visit = Visit(browser)
    page = visit.open(out / "strategies/index.html", "?failure=mode+dropping&evidence=nonsense")
    every = len(page.locator("#strategies tbody tr").all())
    assert page.get_by_label("Failure mode").input_value() == "mode dropping"
    shown = visit.texts("#strategies tbody tr")
    assert 0 < len(shown) < every, "what was run on no such task is hidden"
    visit.context.close()


def test_a_row_can_be_linked_to_and_is_shown_whatever_is_filtered(browser, out):
    visit = Visit(browser)
    page = visit.open(out / "tasks/ring8.html")
    link = page.locator("#cell-table tbody tr:last-child .anchor")
    assert link.is_visible()
    link.click()
    place = page.url.partition("#")[2]
    assert page.locator("tr:target").get_attribute("id") == place
    visit.open(out / "tasks/ring8.html", f"?q=nowhere#{place}")
    assert page.locator(f"tr[id='{place}']").is_visible()
    visit.context.close()


def test_marks_of_the_scatter_lead_to_their_strategies(browser, out):
    visit = Visit(browser)
    page = visit.open(out / "index.html")
    picture = page.locator(".scatter img")
    mark = page.locator(".mark[aria-label^=spectral_norm]")
    picture.scroll_into_view_if_needed()
    frame, box = picture.bounding_box(), mark.bounding_box()
    place = (box["x"] + box["width"] / 2 - frame["x"]) / frame["width"]
    assert 0.85 < place < 1.0, "its effect in GANs is 1"
    mark.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/strategies/spectral_norm.html")
    assert page.locator("h1").inner_text() == "spectral_norm"
    visit.context.close()


def test_pages_are_whole_without_javascript(browser, out):
    visit = Visit(browser, java_script_enabled=False)
    page = visit.open(out / "strategies/spectral_norm.html", "?domain=GAN")
    assert len(visit.texts("#contrast-table tbody tr")) == 4
    assert not page.locator("form.filters").is_visible()
    visit.context.close()
