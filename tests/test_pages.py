"""The built pages in a real browser, at phone and desktop width, opened from disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from imagination.book.build import build_pages
from imagination.book.paths import Book

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RAW_MARKUP = re.compile(r"\$\$|\{(?:ref|cite|cite:t|numref|prf:ref|doc|eq|glue:text)\}`|:::|Traceback \(most recent")


@pytest.fixture(scope="module")
def pages(checkout: Book) -> list[Path]:
    """Every page of the book, built if need be."""
    build_pages(checkout)
    return sorted(path for path in checkout.index_page.parent.glob("*.html"))


class Links(HTMLParser):
    """The ids that a page has and the places that it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if tag == "a" and name == "href" and value:
                self.links.add(value)


def dead_links(pages: list[Path]) -> list[str]:
    """Links within the book whose page or anchor does not exist: Sphinx does not check those in outputs."""
    parsed = {}
    for page in pages:
        parsed[page] = Links()
        parsed[page].feed(page.read_text("utf-8"))
    dead = []
    for page, found in parsed.items():
        for link in sorted(found.links):
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if parts.scheme or parts.netloc:
                continue
            if not target.exists():
                dead.append(f"{page.name}: {link} leads nowhere")
            elif target in parsed and parts.fragment and unquote(parts.fragment) not in parsed[target].ids:
                dead.append(f"{page.name}: {link} has no such anchor")
    return dead


def test_every_link_within_the_book_leads_somewhere(pages: list[Path]) -> None:
    assert dead_links(pages) == []


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p id="here"><a href="#here">a</a><a href="#there">b</a><a href="other.html">c</a></p>')
    assert dead_links([page]) == ["page.html: #there has no such anchor", "page.html: other.html leads nowhere"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install one (Debian: apt install chromium) to look at the pages")
    with sync_playwright() as driver:
        instance = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield instance
        instance.close()


def faults(page: Page, address: str, width: int) -> list[str]:
    """What is wrong with a page as a reader at this width would meet it."""
    found: list[str] = []
    page.set_viewport_size({"width": width, "height": 900})
    page.on("console", lambda message: found.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(f"script error: {error}"))
    page.on(
        "request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else found.append(f"asks {r.url}")
    )
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!window.MathJax || !MathJax.startup || MathJax.startup.promise.then(() => true)")
    bad_math = page.locator("mjx-merror, mjx-mtext[style*='color: red']").count()
    found += [f"{bad_math} formulas that TeX refuses"] if bad_math else []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found += [f"the page is {wide} px wider than the screen"] if wide > 0 else []
    prose = page.evaluate(
        "[...document.querySelectorAll('article p, article li, article td, article dd, figcaption')]"
        ".filter(e => !e.closest('pre, code, .highlight')).map(e => { const c = e.cloneNode(true);"
        " c.querySelectorAll('code, pre, mjx-container').forEach(x => x.remove()); return c.textContent; }).join('\\n')"
    )
    found += [f"raw markup: {match.group()}" for match in RAW_MARKUP.finditer(prose)]
    return found


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_reads_well(pages: list[Path], browser: Browser, width: int) -> None:
    found = {}
    for path in pages:
        page = browser.new_page()
        if wrong := faults(page, path.as_uri(), width):
            found[path.name] = wrong
        page.close()
    assert found == {}


@pytest.mark.browser
def test_a_bad_page_is_seen(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<article><p>$$ x $$</p><div style='width:2000px'>wide</div><mjx-merror>x</mjx-merror></article>"
        "<img src='http://127.0.0.1:9/x.png'><script>missing()</script>"
    )
    found = " ".join(faults(browser.new_page(), bad.as_uri(), 360))
    for part in ("script error", "asks http://127.0.0.1:9", "1 formulas", "wider than the screen", "raw markup: $$"):
        assert part in found
