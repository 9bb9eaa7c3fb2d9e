"""Whether a waiver means an object: by kind, name, namespace, labels, cluster, and of Azure by scope."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lockgate.errors import LockgateError
from lockgate.findings.owners import Glob
from lockgate.model import Named
from lockgate.policy.selectors import selector_of_text

if TYPE_CHECKING:
    from lockgate.policy.selectors import LabelSelector
    from lockgate.store.waiver import Waiver

_MAX_GLOB = 500


def means(waiver: Waiver, named: Named | None) -> bool:
    """Whether everything that ``waiver`` asks of an object holds for this one. None, no object, meets none of it.

    Kind and name hold together, for the object or for one controller that made it: a waiver of a Deployment covers its
    ReplicaSets and Pods. Labels are the object's own, and where they are not known no selector holds.
    """
    if not waiver.of_objects:
        return True
    if named is None:
        return False
    return (
        (not waiver.namespace or _holds(waiver.namespace, named.namespace))
        and (not waiver.cluster or _holds(waiver.cluster, named.cluster))
        and (not waiver.scope or _within(named.resource_id, waiver.scope))
        and any(_called(waiver, kind, name) for kind, name in named.called())
        and (not waiver.selector or (named.labels is not None and _selector(waiver.selector).matches(named.labels)))
    )


def fault(waiver: Waiver) -> str:
    """What is wrong with what it asks of an object, in a clause; empty when nothing is."""
    for key in ("namespace", "name", "cluster"):
        if len(getattr(waiver, key)) > _MAX_GLOB:
            return f"{key} has more than {_MAX_GLOB} characters"
    if waiver.scope and not waiver.scope.startswith("/"):
        return f"scope {waiver.scope!r} is no Azure resource id: it begins with a slash"
    try:
        if waiver.selector:
            _selector(waiver.selector)
    except LockgateError as error:
        return f"selector: {error.message}" + (f" ({error.hint})" if error.hint else "")
    return ""


def _called(waiver: Waiver, kind: str, name: str) -> bool:
    wanted = waiver.kind.lower()
    same_kind = not wanted or wanted in (kind.lower(), kind.rpartition("/")[2].lower())
    return same_kind and (not waiver.name or _holds(waiver.name, name))


def _holds(pattern: str, text: str) -> bool:
    """``*`` stands for any characters, ``?`` for one; nothing holds for what is empty, so that ``*`` asks for one."""
    return bool(text) and _glob(pattern).matches(text)


@lru_cache(maxsize=512)
def _glob(pattern: str) -> Glob:
    import re2

    parts = {"*": ".*", "?": "."}
    return Glob("".join(parts.get(sign) or re2.escape(sign) for sign in pattern))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=512)
def _selector(text: str) -> LabelSelector:
    return selector_of_text(text)


def _within(resource_id: str, scope: str) -> bool:
    """Whether an id is the scope or stands below it; Azure compares ids without regard to case."""
    whole, part = f"{resource_id.rstrip('/')}/".lower(), f"{scope.rstrip('/')}/".lower()
    return bool(resource_id) and whole.startswith(part)
