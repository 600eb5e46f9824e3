"""The system's Chromium, for tests of the report's pages; nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SERIOUS = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"there is no Chromium here: none of {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


class Visit:
    """A page in a window, and what the browser said and asked for meanwhile."""

    def __init__(self, browser: Any, width: int = 1440, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: Path, query: str = "") -> Any:
        """Go to a page."""
        self.page.goto(path.as_uri() + query)
        return self.page

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that are seen."""
        found = self.page.locator(selector).all()
        return [element.inner_text().strip() for element in found if element.is_visible()]

    def faults(self) -> list[str]:
        """What axe finds wrong for those who do not see, or use no mouse, if it is serious."""
        source = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
        self.page.evaluate(source)
        found = self.page.evaluate("axe.run({preload: false})")
        assert len(found["passes"]) > 10, "it looks at the page"
        return [
            f"{fault['id']}: {fault['nodes'][0]['html']}"
            for fault in found["violations"]
            if fault["impact"] in SERIOUS
        ]
