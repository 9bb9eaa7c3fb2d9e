"""A real browser for tests: Debian's Chromium, driven by Playwright, and axe-core where it is installed.

``.ci/run`` installs both; a test that needs one skips with the reason where it is missing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockgate-ci"
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def axe() -> str:
    """The script of axe-core. Skips the test where it is missing."""
    found = sorted(_CACHE.glob("axe-*/node_modules/axe-core/axe.min.js"))
    if not found:
        pytest.skip("axe-core is not installed (npm axe-core, by .ci/run)")
    return found[-1].read_text("utf-8")


def violations(page: object, script: str, *, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds on a page against WCAG 2.2 AA and its best practices: rule, and the first place.

    ``rules``: these alone.
    """
    if not page.evaluate("typeof axe === 'object'"):  # type: ignore[attr-defined]
        page.evaluate(script)  # type: ignore[attr-defined]
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(_RULES)}
    found = page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)  # type: ignore[attr-defined]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
