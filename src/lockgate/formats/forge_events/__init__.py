"""What forges tell by webhooks: one forge a module, under ``FORMAT``.

An event is believed after its signature or secret was checked, and acted on within what the forge itself then says:
repositories are fetched from the forge of the settings, never from an address of a body. What does not belong: where
deliveries come in and are kept (``server``, ``store.team.deliveries``), and what is done about them (``engine``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.forge import ForgeEvent

MAX_BODY = 25 * 1024 * 1024
"""Bytes of one body: what GitHub sends at most. Source: GitHub, "Webhook events and payloads"."""
MOST_EVENTS = 100
"""Of one delivery: a push of Azure DevOps moves several refs."""
_MAX_DEPTH = 60
_MAX_ID = 128
_COMMIT = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAME = lazy_pattern(r"(?!.*(?:^|/)\.\.?(?:/|$))[^/\x00-\x1f\x7f\\?#%]{1,255}(?:/[^/\x00-\x1f\x7f\\?#%]{1,255}){1,20}")
_REF = lazy_pattern(r"refs/[^\x00-\x20\x7f~^:?*\[\\]{1,500}")
_ID = lazy_pattern(r"[A-Za-z0-9._:-]{1,128}")
Headers = Mapping[str, str]
"""Names in lower case."""


@dataclass(frozen=True, slots=True)
class ForgeFormat:
    """How one kind of forge tells."""

    about: str
    """One line: whose it is."""
    kind: Callable[[dict[str, Any], Headers], str]
    """The forge's own name of what happened, such as ``push``; empty where a body has none."""
    read: Callable[[dict[str, Any], Headers], list[ForgeEvent]]
    """What happened; nothing for what is not acted on. Raises ``FormatError``."""
    believed: Callable[[bytes, Headers, str], bool]
    """Whether a body, its headers and the secret of the settings fit together."""
    id: Callable[[dict[str, Any], Headers], str]
    """By which the forge knows the delivery, also when it is sent again; empty where it names none."""


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery that was read."""

    id: str
    """Known again when it is delivered again."""
    kind: str
    events: tuple[ForgeEvent, ...]


@cache
def formats() -> Mapping[str, ForgeFormat]:
    """Every format by its name."""
    import lockgate.formats.forge_events as package
    from lockgate.discover import discover

    return discover(package, "FORMAT", ForgeFormat)


def read(form: ForgeFormat, content: bytes, headers: Headers) -> Told:
    """What a body tells. Raises :class:`FormatError` for one that is not of the format, or beyond bounds.

    A delivery that the forge gives no name is known by its content."""
    body = json_safe.load(content, max_bytes=MAX_BODY, max_depth=_MAX_DEPTH)
    if not isinstance(body, dict):
        raise FormatError("the body is no JSON object")
    events = form.read(body, headers)
    if len(events) > MOST_EVENTS:
        raise FormatError(f"more than {MOST_EVENTS:,} events in one body")
    named = form.id(body, headers)
    known = named if _ID.fullmatch(named) else f"sha256:{hashlib.sha256(content).hexdigest()}"
    return Told(known[:_MAX_ID], form.kind(body, headers)[:64], tuple(events))


def commit(value: object, *, may_lack: bool = False) -> str:
    """A whole hash; empty for one of zeros, and for none where it ``may_lack``. Raises :class:`FormatError`."""
    if value is None and may_lack:
        return ""
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise FormatError("a commit is no whole hash")
    return "" if value.strip("0") == "" else value


def ref(value: object) -> str:
    """A whole name of a branch or tag, as git has it. Raises :class:`FormatError`."""
    if not isinstance(value, str) or not _REF.fullmatch(value) or ".." in value or "@{" in value:
        raise FormatError("a ref is none")
    return value


def branch(value: object) -> str:
    """The name of a branch, with or without ``refs/heads/`` before it. Raises :class:`FormatError`."""
    if not isinstance(value, str):
        raise FormatError("a branch has no name")
    return ref(value if value.startswith("refs/") else f"refs/heads/{value}").removeprefix("refs/heads/")


def name(value: object) -> str:
    """The whole name of a repository: parts of a path, none of which leads elsewhere. Raises :class:`FormatError`."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise FormatError("a repository has no name that one can have")
    return value


def whole(value: object, what: str) -> int:
    """A number from 1 on. Raises :class:`FormatError`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 63:
        raise FormatError(f"{what} is no number")
    return value
