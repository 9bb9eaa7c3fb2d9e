"""Prints precision and recall per tier on the lines of ``tests/scanners/secrets_labelled`` and of ``secrets_held_out``,
which nobody tuned on, and what is wrong."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from lockgate.model import Family
from lockgate.rules import load


def labelled() -> ModuleType:
    """The test module, which holds the reader of the labelled files."""
    place = Path(__file__).parents[1] / "tests" / "scanners" / "test_secrets_labelled.py"
    spec = importlib.util.spec_from_file_location("test_secrets_labelled", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Both rule sets on both sets of lines."""
    tests = labelled()
    rulebook = list(load([Family.SECRETS]).rules)
    for title, rules, folder in (
        ("second tier alone", tests.heuristic_rules(), tests.FOLDER),
        ("rulebook", rulebook, tests.FOLDER),
        ("second tier alone, held out", tests.heuristic_rules(), tests.HELD_OUT),
        ("rulebook, held out", rulebook, tests.HELD_OUT),
    ):
        print(tests.said(title, *tests.judge(rules, folder)))


if __name__ == "__main__":
    main()
