"""Which paths are quiet, and what may be shown of a secret."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.patterns.masking import hint, mask
from lockgate.patterns.paths import is_quiet


@pytest.mark.parametrize(
    "path",
    [
        "logo.PNG", "fonts/a.woff2", "package-lock.json", "web/yarn.lock", "go.sum", "node_modules/a/index.js",
        "vendor/github.com/x/y.go", "static/jquery-3.5.1.min.js", "app.js.map", "Cargo.lock", "lib/a.jar",
        "venv/lib/python3.11/site-packages/a.py", "Gemfile.lock",
    ],
)  # fmt: skip
def test_a_quiet_path(path: str) -> None:
    assert is_quiet(path)


@pytest.mark.parametrize(
    "path",
    [
        "a.py", "package.json", "src/lock.go", "config/.env", ".npmrc", "id_rsa", "vendor/own/a.go", "jquery/plugin.js",
        "yarn.lock.txt", "app.min.js", "a.pngx", "x.pem", "notes.md", "terraform.tfstate",
    ],
)  # fmt: skip
def test_a_path_that_is_read(path: str) -> None:
    assert not is_quiet(path)


def test_a_hint_shows_a_public_prefix_and_the_length() -> None:
    assert hint("gh" + "p_" + "a" * 36) == "ghp_**** (40 characters)"
    assert hint("correct horse battery") == "**** (21 characters)"
    assert mask("gh" + "p_x") == "****"


@settings(max_examples=100)
@given(st.text(min_size=1, max_size=60))
def test_a_mask_never_shows_more_than_four_characters(value: str) -> None:
    assert len(mask(value).removesuffix("****")) <= 4
    assert mask(value) == "****" or len(value) >= 16
