"""Where the public cases are, and what they are put to."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.corpora import CORPORA

ROOT = Path(__file__).resolve().parents[3]
CASES = CORPORA / "azure-policy-cases"
BUILTINS = CORPORA / "azure-policy-builtins"
CONFORMANCE: dict[str, Any] = json.loads((ROOT / "docs" / "conformance" / "azure-policy.json").read_text("utf-8"))

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the Azure Policy cases of the corpora are absent")
needs_builtins = pytest.mark.skipif(not BUILTINS.is_dir(), reason="the built-in definitions of the corpora are absent")


def suite(folder: str) -> dict[str, dict[str, Any]]:
    """The files of one suite, by name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {path.name: yaml.load(path.read_text("utf-8"), loader) for path in sorted((CASES / folder).glob("*.yaml"))}


def counts(folder: str) -> dict[str, int]:
    """What the checked-in record says: cases by file."""
    return next(one["files"] for one in CONFORMANCE["suites"] if one["folder"] == folder)


def allowed_to_fail(folder: str) -> set[tuple[str, str]]:
    """What the checked-in record says: file and case."""
    return {(one["file"], one["case"]) for one in CONFORMANCE["failing"] if one["suite"] == folder}
