"""The pages in a browser: accessible, nothing cut, complete without scripts and in print.

Chromium is Debian's (`apt-get install chromium`); where there is none, nothing here can be tested.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.reports import diagnosed, made_up, proof, render_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

WIDTHS = {"desktop": 1440, "phone": 390}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, whole: str) -> dict[str, str]:
    """Return the address of an index and of an experiment's page, each with everything on it."""
    folder = tmp_path_factory.mktemp("reports")
    found = diagnosed("mine", "behind")
    found["next"] = {"text": "Do it.", "set": {}, "command": "dvc exp run -n mine_try -S " + "x" * 300 + " page@mine"}
    texts = {
        "index": whole,
        "page": render_page(made_up("mine", folds=3), found, [proof("prefix", "fail", 0, ["x"])]),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in texts}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A container's root may not use Chromium's sandbox, and the pages are our own.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Any, address: str, width: int, **more: Any) -> Any:
    """Open a page with the network off; what it writes to the console fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **more)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.on("console", lambda message: pytest.fail(message.text))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["index", "page"])
def test_axe_finds_nothing_serious_or_moderate(
    browser: Any, pages: dict[str, str], name: str, width: str, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(browser, pages[name], WIDTHS[width], color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    page.context.close()
    assert [
        (each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] != "minor"
    ] == []


@pytest.mark.parametrize("name", ["index", "page"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut(browser: Any, pages: dict[str, str], name: str, width: str) -> None:
    page = opened(browser, pages[name], WIDTHS[width])
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
    cut = "each => each.scrollWidth > each.clientWidth + 1"
    commands = page.evaluate(f"[...document.querySelectorAll('pre.copy')].filter({cut}).map(each => each.textContent)")
    assert commands == []
    tables = page.evaluate(
        f"[...document.querySelectorAll('.scroll')].filter({cut}).map(each => each.getAttribute('aria-label'))"
    )
    page.context.close()
    # On a phone, wide tables scroll inside their box.
    assert width == "phone" or tables == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["index", "page"])
def test_the_first_screen_shows_a_verdict_and_its_cause(
    browser: Any, pages: dict[str, str], name: str, width: str
) -> None:
    page = opened(browser, pages[name], WIDTHS[width])
    first = page.locator(".card").first
    places = [first.locator(".chip").first.bounding_box(), first.get_by_text("Why:").first.bounding_box()]
    page.context.close()
    assert [place["y"] + place["height"] < 900 for place in places] == [True, True]


@pytest.mark.parametrize("scripts", [True, False])
def test_print_shows_what_is_folded(browser: Any, pages: dict[str, str], scripts: bool) -> None:
    page = opened(browser, pages["index"], 1100, java_script_enabled=scripts)
    page.emulate_media(media="print")
    glossary = page.locator("#glossary dl dt").first
    assert glossary.bounding_box()["height"] > 0
    assert page.locator("nav").first.is_hidden()
    page.context.close()


def test_without_scripts_everything_is_there_but_the_buttons(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["index"], 1440, java_script_enabled=False)
    assert page.locator("form.filter").is_hidden()
    assert page.locator(".copy-button").count() == 0
    assert page.locator(".card").count() > 10
    page.context.close()


def test_the_leaderboard_is_sorted_and_filtered(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["index"], 1440)
    board = page.locator("table.sortable").first

    def scores() -> list[float]:
        shown = board.locator("tbody tr:not([hidden]) td:nth-child(5)")
        return [float(shown.nth(row).get_attribute("data-value")) for row in range(shown.count())]

    board.get_by_role("button", name="R²").click()
    assert scores() == sorted(scores(), reverse=True)
    board.get_by_role("button", name="R²").click()
    assert scores() == sorted(scores())
    assert board.locator("th[aria-sort=ascending]").count() == 1
    names = board.locator("tbody tr:not([hidden]) th")
    for order in ("ascending", "descending"):
        board.locator("thead th button").first.click()
        shown = names.all_inner_texts()
        assert shown == sorted(shown, reverse=order == "descending")
        assert board.locator("thead th").first.get_attribute("aria-sort") == order
    page.get_by_label("Name", exact=True).fill("deep_")
    assert page.locator(".card:not([hidden])").count() == 2
    assert board.locator("tbody tr:not([hidden])").count() == 2
    page.locator("select").select_option("learning")
    assert page.locator(".card:not([hidden])").count() == 1
    assert "1 of" in page.locator("output").inner_text()
    page.context.close()


def test_a_link_into_a_folded_part_opens_it(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["index"], 1440)
    assert page.locator("#calibration").is_hidden()
    page.goto(pages["index"] + "#calibration")
    assert page.locator("#calibration").is_visible()
    page.context.close()


def test_a_command_is_copied(browser: Any, pages: dict[str, str]) -> None:
    page = opened(browser, pages["page"], 1440, permissions=["clipboard-read", "clipboard-write"])
    page.locator(".copy-button").first.click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    page.context.close()
    assert copied.startswith("dvc exp run -n mine_try -S xxx")
    assert copied.endswith(" page@mine")
