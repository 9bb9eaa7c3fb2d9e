"""What a wheel brings ready-made: rules, parsed, and policies, compiled, as modules ``lockgate.made.*``.

``hatch_build.py`` writes them from the very files of the wheel, and the installer compiles them for the Python at hand.
A source tree has none, so that an edited rule is never out of date there: what would be in them is read and compiled,
and kept in a cache (``docs/decisions/0011-made-with-the-wheel.md``).
"""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType

PACKAGE = "lockgate.made"


@cache
def prepared(name: str) -> ModuleType | None:
    """The module of that name; None where there is none."""
    try:
        return importlib.import_module(f"{PACKAGE}.{name}")
    except ModuleNotFoundError:
        return None
