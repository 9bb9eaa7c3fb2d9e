"""The HTML report: one file that fetches nothing, runs nothing foreign, and is well formed whatever stands in it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

VOID = {"meta", "br", "input"}


class Page(HTMLParser):
    """Collects tags and attributes, and fails when they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def count(self, tag: str, **wanted: str) -> int:
        return sum(name == tag and wanted.items() <= attributes.items() for name, attributes in self.tags)


@pytest.mark.parametrize("name", ["result", "clean", "hostile"])
def test_the_page_nests_and_has_one_style_and_one_script(name, request, draw):
    page = Page(draw("html", request.getfixturevalue(name)))
    assert (page.count("script"), page.count("style"), page.count("main")) == (1, 1, 1)


@pytest.mark.parametrize("name", ["result", "hostile"])
def test_nothing_is_fetched_and_no_attribute_runs_code(name, request, draw):
    for tag, attributes in Page(draw("html", request.getfixturevalue(name))).tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "audio", "video", "use", "image"}
        assert not any(key.startswith("on") or key in {"style", "src", "srcset", "action"} for key in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_names_exactly_the_style_and_the_script(result, draw):
    text = draw("html", result)
    policy = re.search(r'Security-Policy" content="([^"]+)"', text)[1]
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "url(" not in text and "@import" not in text and "unsafe" not in policy


def test_every_finding_can_be_filtered(result, draw):
    page = Page(draw("html", result))
    found = [attributes for tag, attributes in page.tags if tag == "details" and "data-state" in attributes]
    assert [entry["data-state"] for entry in found] == ["new", "known", "new expired-waiver", "new waived", "fixed"]
    assert page.count("select") == 3
    assert page.count("input", type="search") == 1
    assert page.count("option", value="waived") == 1


def test_charts_are_told_in_words_too(result, draw):
    page = Page(draw("html", result))
    assert page.count("svg", role="img") == 4
    told = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert told[0] == "Open findings by severity: critical 1, high 1, medium 1, low 0, info 0"


def test_skips_notices_coverage_and_components_are_there(result, draw):
    text = draw("html", result)
    for said in ("larger than 64 MB", "covers nothing", "1,204 files, 212 rules", "urllib3", "Denied", "1 new secret"):
        assert said in text


def test_hostile_text_stays_text(hostile, draw):
    text = draw("html", hostile)
    assert "<script>alert" not in text
    assert "\x1b" not in text and "\u202e" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_thousands_of_findings_are_all_there(large, draw):
    assert Page(draw("html", large(3000))).count("details") == 3000
