"""The Markdown report: fits a comment, says what it cut, and nothing in it can act."""

from __future__ import annotations

import dataclasses
import re

import pytest

from lockgate.model import Reason, Skip, SkipKind, Verdict
from lockgate.reports import markdown


def test_verdict_counts_and_findings_are_there(result, draw):
    text = draw("markdown", result)
    assert text.startswith(f"{markdown.MARKER}\n## Lockgate: ⛔ Denied\n")
    assert "| 1 | 1 | 1 | 0 | 0 | 2 | 1 | 1 | 2 |" in text
    assert "`services/api/settings.py:14:11`" in text
    assert "- **fix**: Revoke the key and read it from the environment." in text
    assert text.count("<details>") == text.count("</details>") == 4


def test_a_large_result_fits_and_says_what_was_cut(large, draw):
    text = draw("markdown", large(5000))
    assert len(text.encode("utf-16-le")) // 2 <= markdown.MAX_CHARACTERS
    assert "did not fit here" in text
    assert text.count("<details>") == text.count("</details>")
    shown = len(re.findall(r"^#### ", text, re.MULTILINE))
    (cut,) = re.findall(r"\*\*([\d,]+) findings did not fit", text)
    assert shown + int(cut.replace(",", "")) == 5000


def test_hundreds_of_reasons_and_skips_still_fit(result, draw):
    long = "x" * 400
    decision = dataclasses.replace(result.decision, reasons=(Reason(Verdict.DENY, "deny[0]", long),) * 900)
    skips = tuple(Skip(f"{n}/" + "é" * 300, SkipKind.LIMIT, long) for n in range(900))
    text = draw("markdown", dataclasses.replace(result, decision=decision, skips=skips))
    assert len(text.encode("utf-16-le")) // 2 <= markdown.MAX_CHARACTERS


def test_hostile_text_makes_no_html_link_mention_or_reference(hostile, draw):
    text = draw("markdown", hostile)
    prose = re.sub(r"(?<![\\`])(`+)(?!`)(?:.|\n)*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in prose
    assert "@team" not in prose
    assert "#1" not in prose.replace("&#", "")
    assert "](" not in prose
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize("text", ["`", "``` a ` b", "", " ", "a|b", "`" * 40])
def test_a_code_span_cannot_be_closed_from_inside(text):
    span = markdown._code(text, 200)
    (ticks,) = re.findall(r"^`+", span)
    assert span.endswith(ticks)
    assert ticks not in span[len(ticks) : -len(ticks)].replace("`" * (len(ticks) + 1), "")
    assert "|" not in span


def test_addresses_do_not_become_links():
    assert "://" not in markdown._prose("see https://evil.example.org and www.evil.example.org", 100)
    assert "www." not in markdown._prose("www.evil.example.org", 100)


@pytest.mark.parametrize(
    "text", ["- item", "+ item", "=== x", "# head", "> quote", "*a*", "_a_", "[a](b)", "!x", "a|b"]
)
def test_text_is_never_a_block_or_emphasis(text):
    first = markdown._prose(text, 100)[0]
    assert first in "\\&" or (first == "a" and "\\|" in markdown._prose(text, 100))
    assert "](" not in markdown._prose(text, 100)


def test_a_dash_within_a_word_stays_readable():
    assert markdown._prose("unpinned-uses and a=b", 100) == "unpinned-uses and a=b"
