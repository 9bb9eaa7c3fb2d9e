"""Settings of forges as objects that rules judge: pure readers of what GitHub, Azure DevOps and GitLab answer.

An object has ``kind`` (``GitHubRepository``, ``AzureDevOpsServiceConnection``, ...), ``metadata`` with ``namespace``
(organisation, group or project), ``name`` and ``readAt``, and ``spec`` with the settings. A setting that was not
answered is no field of ``spec``: its pointer is among ``Object.unresolved``, so that no rule takes it for a good one.
What does not belong: asking for any of it, and judging it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lockgate.model import Object

FORM = "forge"
_LONGEST, _MOST = 1_000, 1_000
"""Characters of a text, and texts of a list, that are kept."""


def forge_object(
    kind: str, forge: str, namespace: str, name: str, spec: Mapping[str, Any], *, read_at: str,
    unread: Collection[str] = (), path: str = "",
) -> Object:  # fmt: skip
    """One object. ``unread``: JSON pointers of what was not answered; what stands there in ``spec`` is left out.

    ``path``: where findings show, ``<forge>:<namespace>`` by default.
    """
    body = {
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name, "readAt": read_at},
        "spec": _without(spec, "/spec", frozenset(unread)),
    }
    return Object(FORM, body, path or f"{forge}:{namespace}", unresolved=frozenset(unread))


def _without(spec: Mapping[str, Any], at: str, unread: frozenset[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in spec.items():
        pointer = f"{at}/{key}"
        if pointer not in unread:
            kept[key] = _without(value, pointer, unread) if isinstance(value, dict) else value
    return kept


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Mapping[str, Any]]:
    """The JSON objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def nodes(connection: Any) -> list[Mapping[str, Any]]:
    """The objects of a connection of GraphQL."""
    return listed(mapping(connection).get("nodes"))


def text(value: Any) -> str:
    """``value`` where it is text, cut; else nothing."""
    return value[:_LONGEST] if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """The texts of a list, sorted, each cut; none where it is no list."""
    return sorted(text(one) for one in value if isinstance(one, str))[:_MOST] if isinstance(value, list) else []


def number(value: Any) -> int:
    """``value`` where it is a whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def address(value: Any) -> str:
    """An address without what may be secret in it: the user, the query and the fragment."""
    try:
        parts = urlsplit(text(value))
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))
