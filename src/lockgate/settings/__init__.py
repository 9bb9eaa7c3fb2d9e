"""``lockgate.yaml``, read once into frozen values and handed down in pieces.

``load`` reads a file, ``schema`` and ``reference_markdown`` describe it, ``starting_text`` begins one, ``globs`` says
what its path patterns mean. What does not belong: acting on a setting.
"""

from lockgate.settings._load import find, load, loads
from lockgate.settings._pages import reference_markdown, starting_text
from lockgate.settings._schema import schema
from lockgate.settings._shapes import (
    CHECKED_FAMILIES,
    FILE_NAME,
    Condition,
    GateSettings,
    Limits,
    MustRead,
    Settings,
    SkipCondition,
)

__all__ = [
    "CHECKED_FAMILIES",
    "FILE_NAME",
    "Condition",
    "GateSettings",
    "Limits",
    "MustRead",
    "Settings",
    "SkipCondition",
    "find",
    "load",
    "loads",
    "reference_markdown",
    "schema",
    "starting_text",
]
