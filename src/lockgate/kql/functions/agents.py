"""``parse_user_agent``: which browser, system and device a client says it is.

By the patterns of the ``uap`` project, as the service does it, all of them looked for at once in time that grows with
the text alone (RE2). Names and parts are those that the documentation of the function shows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ua_parser import Domain, PartialResult

_LONGEST = 4096
_REMEMBERED = 4096
"""Texts whose parts are kept: a column of them repeats few."""


def parse_user_agent(text: str, wanted: Any = None) -> dict[str, Any]:
    """What a user agent's text tells; ``wanted`` names what is looked for: ``browser``, ``os``, ``device``."""
    text = text[:_LONGEST]
    parts = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else list(_PARTS)
    chosen = [one.lower() for one in parts if isinstance(one, str)]
    return {name: dict(read(text)) for key, (name, read) in _PARTS.items() if key in chosen}


@functools.cache
def _parse() -> Any:
    """Made of some thousand patterns, in half a second, when it is first needed."""
    from ua_parser.loaders import load_builtins
    from ua_parser.re2 import Resolver

    return Resolver(load_builtins())


def _told(text: str, domain: Domain) -> PartialResult:
    found: PartialResult = _parse()(text, domain)
    return found


@functools.lru_cache(_REMEMBERED)
def _browser(text: str) -> dict[str, str]:
    from ua_parser import Domain

    found = _told(text, Domain.USER_AGENT).user_agent
    if found is None:
        return {"Family": "Other", "MajorVersion": "", "MinorVersion": "", "Patch": ""}
    return {
        "Family": found.family, "MajorVersion": found.major or "", "MinorVersion": found.minor or "",
        "Patch": found.patch or "",
    }  # fmt: skip


@functools.lru_cache(_REMEMBERED)
def _system(text: str) -> dict[str, str]:
    from ua_parser import Domain

    found = _told(text, Domain.OS).os
    if found is None:
        return {"Family": "Other", "MajorVersion": "", "MinorVersion": "", "Patch": "", "PatchMinor": ""}
    return {
        "Family": found.family, "MajorVersion": found.major or "", "MinorVersion": found.minor or "",
        "Patch": found.patch or "", "PatchMinor": found.patch_minor or "",
    }  # fmt: skip


@functools.lru_cache(_REMEMBERED)
def _device(text: str) -> dict[str, str]:
    from ua_parser import Domain

    found = _told(text, Domain.DEVICE).device
    if found is None:
        return {"Family": "Other", "Brand": "", "Model": ""}
    return {"Family": found.family, "Brand": found.brand or "", "Model": found.model or ""}


_PARTS = {"browser": ("Browser", _browser), "os": ("OperatingSystem", _system), "device": ("Device", _device)}
