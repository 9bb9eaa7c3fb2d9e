"""The terminal report: what a developer reads first, and what hostile text cannot do to the screen."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys

import pytest

from lockgate.model import Location, Severity
from lockgate.reports import get, terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def on_screen(result) -> str:
    out = Screen()
    get("terminal").write(result, out)
    return out.getvalue()


def test_a_finding_reads_as_a_developer_expects(result, draw):
    text = draw("terminal", result)
    start = text.index("  services/api/settings.py:14:11")
    assert text[start : text.index("  also:", start)] == (
        "  services/api/settings.py:14:11  AWS access key id  secrets/aws-access-key-id  new\n"
        "    An AWS access key id stands in the code.\n"
        '    14 │ AWS_KEY = "AK****************"\n'
        "       │           ^^^^^^^^^^^^^^^^^^^^\n"
        "    why:  Whoever reads the code can act as the account.\n"
        "    fix:  Revoke the key and read it from the environment.\n"
        "    who:  owned by @payments, @platform; introduced by Ada on 2026-01-01 in 1a2b3c4d1a2b\n"
        "  "
    )


def test_the_worst_comes_first_and_the_decision_last(result, draw):
    text = draw("terminal", result)
    assert text.index(" CRITICAL ") < text.index(" HIGH ") < text.index(" MEDIUM ") < text.index("1 waived")
    assert text.index("2 skipped") < text.index("DENIED") < text.index("1 new secret")
    assert "1 critical  1 high  1 medium  0 low  0 info" in text
    assert "2 new · 1 waived · 1 with an expired waiver · 1 fixed · 2 skipped" in text


def test_the_reason_and_the_hint_are_told_once_a_rule(result, draw):
    assert draw("terminal", result).count("lockgate explain secrets/aws-access-key-id") == 1


def test_an_expired_waiver_says_so(result, draw):
    assert "the waiver W-1 by ada@example.org expired on 2025-01-01" in draw("terminal", result)


def test_every_skip_has_its_reason(result, draw):
    text = draw("terminal", result)
    assert "dump.bin  too-large: larger than 64 MB [secrets]" in text
    assert "poetry.lock:12  malformed: cut in half at line 12 [dependencies]" in text


def test_a_pipe_gets_no_colour_and_no_width(result, draw, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    text = draw("terminal", result)
    assert "\x1b" not in text
    assert "1a2b3c4d1a2b\n" in text


def test_a_terminal_gets_colour_unless_no_color_is_set(result, monkeypatch):
    assert "\x1b[" in on_screen(result)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in on_screen(result)


def test_on_a_narrow_terminal_sentences_are_cut_and_places_are_not(result, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("NO_COLOR", "1")
    text = on_screen(result)
    assert "services/api/settings.py:14:11" in text
    assert "…" in text


def test_hostile_text_moves_no_cursor_and_turns_no_line_around(hostile, draw):
    text = draw("terminal", hostile)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\\x1b[31m\\u202e<script>" in text


def test_the_caret_stands_below_an_escaped_character():
    place = Location("a", 1, 1, 3, 4, snippet=("\x1b;x",))
    assert terminal._caret(place, place.snippet[0]) == (len("\\x1b;"), 1)


def test_a_column_past_the_end_of_the_line_still_has_a_caret():
    place = Location("a", 1, 1, 500, 900, snippet=("ab",))
    assert terminal._caret(place, "ab") == (2, 1)


def test_a_flood_is_counted_and_not_drawn(large, draw):
    text = draw("terminal", large(terminal.MAX_LINES + 500, severity=lambda n: Severity.LOW))
    assert "500 more findings not drawn here" in text
    assert f"{terminal.MAX_LINES + 500:,} low" in text


def test_a_clean_run_is_short_and_says_what_was_checked(clean, draw):
    text = draw("terminal", clean)
    assert "secrets: 3 files, 212 rules" in text
    assert text.rstrip().endswith("ALLOWED  gate local")
    assert len(text.splitlines()) < 12


def test_what_was_not_checked_at_all_is_told(clean, draw):
    blind = dataclasses.replace(clean, decision=dataclasses.replace(clean.decision, nothing_checked=("dependencies",)))
    assert "nothing was checked: dependencies" in draw("terminal", blind)


def test_naming_the_reports_imports_none_of_them():
    code = (
        "import sys, lockgate.reports as reports; assert 'terminal' in reports.members();"
        "print('rich' in sys.modules, 'lockgate.reports.terminal' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
