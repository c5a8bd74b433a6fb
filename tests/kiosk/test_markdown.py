"""Replies as Markdown, by the page's own modules in a real Chromium: what is made, what is marked, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.kiosk import KioskProcess

RENDER = """async ([text, said, links]) => {
  const { Rendered } = await import("/kiosk/js/markdown.js");
  const element = document.createElement("div");
  const rendered = new Rendered(element, { links });
  for (let end = 0; end < text.length; end += 7) rendered.show(text.slice(0, end), 0);
  rendered.show(text, said);
  const spoken = [...element.querySelectorAll(".said")].map((span) => span.textContent).join("");
  for (const span of element.querySelectorAll("span")) span.replaceWith(...span.childNodes);
  for (const one of element.querySelectorAll("[tabindex]")) one.removeAttribute("tabindex");
  element.normalize();
  return [element.innerHTML.replaceAll(/ class="[^"]*"/g, ""), spoken];
}"""


@pytest.fixture(scope="module")
def page(kiosk: KioskProcess, chromium: Browser) -> Iterator[Page]:
    made = chromium.new_page()
    made.goto(kiosk.page + "settings.json")
    yield made
    made.close()


def rendered(page: Page, text: str, said: int = 0, *, links: bool = True) -> list[Any]:
    """What the text becomes when it arrives seven characters at a time, and what is marked as spoken of it."""
    return page.evaluate(RENDER, [text, said, links])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("天空是**蓝色**的 and *so on* ~~not~~", "<p>天空是<strong>蓝色</strong>的 and <em>so on</em> <s>not</s></p>"),
        ("***both*** __bold__", "<p><strong><em>both</em></strong> <strong>bold</strong></p>"),
        ("snake_case_name 2 * 3 * 4", "<p>snake_case_name 2 * 3 * 4</p>"),
        ("`a * b` and ``x ` y`` and \\*plain\\*", "<p><code>a * b</code> and <code>x ` y</code> and *plain*</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("## Title ##\ntext", "<h3>Title</h3><p>text</p>"),
        (
            "- one\n- two\n  - deep\n\n- three",
            "<ul><li><p>one</p></li><li><p>two</p><ul><li><p>deep</p></li></ul></li><li><p>three</p></li></ul>",
        ),
        ("3. c\n4. d\n- e", '<ol start="3"><li><p>c</p></li><li><p>d</p></li></ol><ul><li><p>e</p></li></ul>'),
        ("> said\n> *he*", "<blockquote><p>said<br><em>he</em></p></blockquote>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("```py\n<b> **x**\n\n- y\n```\nafter", "<pre><code>&lt;b&gt; **x**\n\n- y\n</code></pre><p>after</p>"),
        (
            "| a | b |\n|:--|--:|\n| 1 | `x|y` |\n| 2 |",
            "<div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>"
            "<tr><td>1</td><td><code>x|y</code></td></tr><tr><td>2</td></tr></tbody></table></div>",
        ),
        ("**not closed", "<p>**not closed</p>"),
    ],
)  # fmt: skip
def test_markdown_becomes_elements(page: Page, text: str, html: str) -> None:
    assert rendered(page, text)[0] == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](javascript:alert`1`)", "<p>a</p>"),
        ("[a](data:text/html,x) ![p](https://example.org/p.png)", "<p>a p</p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("[a](//example.org)", "<p>a</p>"),
    ],
)
def test_nothing_dangerous_comes_of_it(page: Page, text: str, html: str) -> None:
    assert rendered(page, text)[0] == html


def test_links_lead_to_the_web_in_another_tab_or_nowhere(page: Page) -> None:
    text = "[here](https://example.org/a) or http://example.org."
    how = 'target="_blank" rel="noopener noreferrer"'
    one, other = (
        f'<a href="https://example.org/a" {how}>here</a>',
        f'<a href="http://example.org/" {how}>http://example.org</a>',
    )
    assert rendered(page, text)[0] == f"<p>{one} or {other}.</p>"
    assert rendered(page, text, links=False)[0] == "<p>here (https://example.org/a) or http://example.org.</p>"


@pytest.mark.parametrize(
    ("last", "marked"),
    [("The ", "The "), ("sky", "The sky"), ("blue", "The sky is:blue"), ("not", "The sky is:bluenot"),
     ("red", "The sky is:bluenot red"), ("so", "The sky is:bluenot redand so"),
     ("c", "The sky is:bluenot redand soabc")],
)  # fmt: skip
def test_what_was_spoken_is_marked_in_what_is_shown(page: Page, last: str, marked: str) -> None:
    """The signs of the source lie between a word there and the same word on the screen."""
    text = "The **sky** is:\n\n1. blue\n2. `not` red\n\n> and so\n\n|a|b|\n|-|-|\n|c|d|\n"
    assert rendered(page, text, text.index(last) + len(last))[1] == marked


def test_a_hostile_reply_costs_little_time(page: Page) -> None:
    took = page.evaluate(
        """async () => {
          const { Rendered } = await import("/kiosk/js/markdown.js");
          const signs = ["**a", "[", "`", "*a_", "> ", "- ", "|", "<http://", "  - a\\n", "~~", "| |\\n|-|\\n"];
          const begun = performance.now();
          for (const sign of signs) {
            new Rendered(document.createElement("div"), { links: true }).show(sign.repeat(3000), 100);
          }
          return performance.now() - begun;
        }"""
    )
    assert took < 5000
