"""What registries tell of by webhooks: one format a module, under ``FORMAT``.

An event is a hint and never a fact: it names a repository, and at best a digest and a tag, and whoever takes it up asks
the registry itself what is there. What does not belong: who sent it (``server.registry``), and what is done about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests, references

MAX_BODY = 4 * 1024 * 1024
"""Bytes of one body. GitHub's, the largest, hold the repository, its owner and the labels of the image."""
MOST_EVENTS = 1_000
_MAX_DEPTH = 40
_MAX_ID = 200


class Action(StrEnum):
    """What happened to a repository."""

    PUSH = "push"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """One event about a manifest or a tag."""

    action: Action
    repository: str
    """Without the host: ``team/cart``."""
    digest: str = ""
    """Of the manifest or index; empty where the registry does not say."""
    tag: str = ""
    id: str = ""
    """By which the registry knows the event; empty where it has none."""

    @property
    def key(self) -> str:
        """What the registry is to be asked for: the digest, else the tag."""
        return self.digest or self.tag


Headers = Mapping[str, str]
"""Names in lower case."""


@dataclass(frozen=True, slots=True)
class EventFormat:
    """How one kind of registry tells."""

    about: str
    """One line: whose it is."""
    read: Callable[[dict[str, Any], Headers], list[RegistryEvent]]
    """The events of a body that are about manifests and tags; raises ``FormatError``."""
    signature: str = ""
    """The header that signs the body by HMAC-SHA256; empty where an ``Authorization`` header is shown instead."""


@cache
def formats() -> Mapping[str, EventFormat]:
    """Every format by its name."""
    import lockgate.formats.registry_events as package
    from lockgate.discover import discover

    return discover(package, "FORMAT", EventFormat)


def read(form: EventFormat, content: bytes, headers: Headers) -> list[RegistryEvent]:
    """The events of a body. Raises :class:`FormatError` for one that is not of the format, or beyond bounds."""
    body = json_safe.load(content, max_bytes=MAX_BODY, max_depth=_MAX_DEPTH)
    if not isinstance(body, dict):
        raise FormatError("the body is no JSON object")
    found = form.read(body, headers)
    if len(found) > MOST_EVENTS:
        raise FormatError(f"more than {MOST_EVENTS:,} events in one body")
    return found


def event(
    action: Action, repository: object, *, digest: object = "", tag: object = "", id: object = ""
) -> RegistryEvent:
    """An event of checked parts: none of them may lead anywhere else than a name in a registry does.

    Raises :class:`FormatError`.
    """
    if not isinstance(repository, str):
        raise FormatError("an event without a repository")
    name = references.parse(f"registry.invalid/{repository}")
    if name.path != repository or name.digest or ":" in repository:
        raise FormatError("the repository of an event is none")
    known = digests.checked(digest) if digest else ""
    if tag:
        if not isinstance(tag, str):
            raise FormatError("the tag of an event is no text")
        references.parse(f"registry.invalid/{repository}:{tag}")
    shown = str(id)[:_MAX_ID] if isinstance(id, str | int) else ""
    return RegistryEvent(action, repository, known, str(tag or ""), shown)
