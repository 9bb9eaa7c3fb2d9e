"""Bills of materials that others wrote: CycloneDX (JSON, 1.2 to 1.6) and SPDX 2.2 and 2.3 (JSON), to components.

A component is known by its package URL: name, ecosystem and version are taken from there, since the names beside it
are written in as many ways as there are tools. One without a URL that is understood is told of, never passed over.
Bills that Lockgate wrote come back as they went out. What does not belong: writing bills (``reports``).
"""

from __future__ import annotations

from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.bills._cyclonedx import read_cyclonedx
from lockgate.formats.bills._spdx import read_spdx
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import FAMILY
from lockgate.model import Component, Skip, SkipKind

MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bill:
    """What one bill states."""

    name: str
    """What it says that it is a bill of; empty where it does not."""
    components: tuple[Component, ...]
    skips: tuple[Skip, ...]


def read(path: str, content: bytes) -> Bill:
    """The components of a bill. Never raises: what cannot be read is a Skip of the family ``dependencies``."""
    try:
        document: Any = json_safe.load(content, max_bytes=MAX_BYTES)
        if isinstance(document, dict) and document.get("bomFormat") == "CycloneDX":
            name, components, skips = read_cyclonedx(document, path)
        elif isinstance(document, dict) and str(document.get("spdxVersion", "")).startswith("SPDX-2."):
            name, components, skips = read_spdx(document, path)
        else:
            raise FormatError("neither CycloneDX nor SPDX 2 in JSON", kind=SkipKind.UNSUPPORTED)
    except FormatError as error:
        return Bill("", (), (Skip(path, error.kind, error.reason, FAMILY, error.line),))
    return Bill(name, components, skips)
