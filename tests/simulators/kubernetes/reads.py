"""Lists and watches: chunks with continue tokens, Tables, metadata only, bookmarks, and 410 for forgotten history."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import tables
from .kinds import Kind
from .selectors import field_selector, label_selector
from .status import ApiError, bad_request, expired
from .store import Event, GoneError, Key, Store


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a list or watch."""

    limit: int = 0
    token: str = ""
    revision: str = ""
    match: str = ""
    labels: str = ""
    fields: str = ""
    seconds: float = 0
    bookmarks: bool = False
    initial: bool = False
    include: str = "Metadata"

    @classmethod
    def of(cls, values: dict[str, str]) -> Query:
        """From a query string; 400 for what is no number."""
        try:
            limit, seconds = int(values.get("limit") or 0), float(values.get("timeoutSeconds") or 0)
        except ValueError as error:
            raise bad_request(str(error)) from None
        return cls(
            limit, values.get("continue", ""), values.get("resourceVersion", ""),
            values.get("resourceVersionMatch", ""), values.get("labelSelector", ""), values.get("fieldSelector", ""),
            seconds, values.get("allowWatchBookmarks") in ("true", "1"),
            values.get("sendInitialEvents") in ("true", "1"),
            values.get("includeObject", "Metadata"),
        )  # fmt: skip

    def wanted(self, kind: Kind) -> Callable[[dict[str, Any]], bool]:
        """Whether an object is among those asked for."""
        labels, fields = label_selector(self.labels), field_selector(self.fields, kind)
        return lambda body: labels(body["metadata"].get("labels") or {}) and fields(body)


def view(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """A stored body in the version asked for."""
    if body.get("apiVersion") == kind.api_version:
        return body
    body = {**body, "apiVersion": kind.api_version, "kind": kind.kind}
    if kind.group == "events.k8s.io":
        for new, old in (("regarding", "involvedObject"), ("note", "message"), ("deprecatedSource", "source"),
                         ("deprecatedCount", "count")):  # fmt: skip
            if old in body:
                body[new] = body.pop(old)
    elif kind.kind == "HorizontalPodAutoscaler":
        spec = dict(body.get("spec") or {})
        for one in spec.pop("metrics", None) or []:
            target = (one.get("resource") or {}).get("target") or {}
            if (one.get("resource") or {}).get("name") == "cpu" and "averageUtilization" in target:
                spec["targetCPUUtilizationPercentage"] = target["averageUtilization"]
        body["spec"] = spec
    return body


def listing(store: Store, kind: Kind, namespace: str, query: Query, form: str) -> dict[str, Any]:
    """One chunk; ``form`` is ``json``, ``table`` or ``metadata``."""
    revision, after = _start(store, query)
    wanted = query.wanted(kind)
    try:
        found, at, last, left = store.page(
            kind.key, namespace, revision=revision, after=after, limit=query.limit, wanted=wanted
        )
    except GoneError:
        if after is None:
            raise expired(f"The resourceVersion for the provided list is too old: {query.revision}") from None
        said = (
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
            "the results. Continuing with the provided token results in an inconsistent list - objects that were "
            "created, modified, or deleted between the time the first chunk was returned and now may show up in the "
            "list."
        )
        raise expired(said, token=_token(-1, after)) from None
    metadata: dict[str, Any] = {"resourceVersion": str(at)}
    if last is not None:
        metadata["continue"] = _token(at, last)
        if not query.labels and not query.fields:
            metadata["remainingItemCount"] = left
    bodies = [view(kind, body) for body in found]
    if form == "table":
        return tables.table(kind, bodies, metadata, include=query.include)
    if form == "metadata":
        items = [tables.partial(body) for body in bodies]
        return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": items}  # fmt: skip
    if not kind.custom:
        bodies = [{key: value for key, value in body.items() if key not in ("apiVersion", "kind")} for body in bodies]
    return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": bodies}


def _start(store: Store, query: Query) -> tuple[int, Key | None]:
    if query.token:
        try:
            found = json.loads(base64.urlsafe_b64decode(query.token))
            namespace, _, name = found["start"].partition("/")
            revision = int(found["rv"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise bad_request("continue key is not valid: illegal base64 data or structure") from None
        return (0 if revision < 0 else revision), (namespace, name)
    if not query.revision or query.revision == "0":
        return 0, None
    try:
        asked = int(query.revision)
    except ValueError:
        raise bad_request(f'invalid resource version "{query.revision}"') from None
    if asked > store.revision:
        about = {"retryAfterSeconds": 1, "causes": [{"reason": "ResourceVersionTooLarge", "message":
                                                     "Too large resource version"}]}  # fmt: skip
        said = f"Too large resource version: {asked}, current: {store.revision}"
        raise ApiError(504, "Timeout", said, details=about, headers={"Retry-After": "1"})
    return (asked if query.match == "Exact" else 0), None


def _token(revision: int, key: Key) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": "/".join(key)})
    return base64.urlsafe_b64encode(text.encode()).decode()


def watching(store: Store, kind: Kind, namespace: str, query: Query, form: str, *, bookmark_every: float,
             stopped: Callable[[], bool]) -> Iterator[dict[str, Any] | None]:  # fmt: skip
    """Watch events for ever, or until the time is over; None now and then, so that the caller can see a hang-up."""
    wanted = query.wanted(kind)
    shape = _shape(kind, form, query.include)
    end = time.monotonic() + (query.seconds or random.uniform(1800, 3600))
    revision = int(query.revision) if query.revision.isdigit() else 0
    if not revision or query.initial:
        found, revision, *_ = store.page(kind.key, namespace, wanted=wanted)
        for body in found:
            yield {"type": "ADDED", "object": shape(body)}
        if query.initial and query.bookmarks:
            yield _bookmark(kind, revision, initial=True)
    next_bookmark = time.monotonic() + bookmark_every
    while not stopped():
        try:
            events = list(store.since(kind.key, revision))
        except GoneError as gone:
            said = f"too old resource version: {revision} ({gone.oldest})"
            yield {"type": "ERROR", "object": expired(said).body}
            return
        seen = store.revision if not events else events[-1].revision
        for event in events:
            if told := _told(event, namespace, wanted):
                yield {"type": told[0], "object": shape(told[1])}
        revision = max(revision, seen) if events else revision
        now = time.monotonic()
        if now >= end:
            if query.bookmarks:
                yield _bookmark(kind, revision)
            return
        if query.bookmarks and now >= next_bookmark:
            revision = max(revision, _quiet(store, kind, revision))
            yield _bookmark(kind, revision)
            next_bookmark = now + bookmark_every
        elif not events:
            yield None
        wait = min(end - now, 0.5, max(next_bookmark - now, 0.01) if query.bookmarks else 0.5)
        store.wait(max(revision, seen), wait)


def _quiet(store: Store, kind: Kind, revision: int) -> int:
    """The present revision if nothing of this kind happened since ``revision``."""
    with store.changed:
        return revision if any(True for _ in store.since(kind.key, revision)) else store.revision


def _told(event: Event, namespace: str, wanted: Callable[[dict[str, Any]], bool]) -> tuple[str, dict[str, Any]] | None:
    if namespace and event.key[0] != namespace:
        return None
    was = event.before is not None and wanted(event.before)
    now = event.type != "DELETED" and wanted(event.body)
    if now:
        return ("MODIFIED" if was else "ADDED"), event.body
    return ("DELETED", event.body) if was else None


def _shape(kind: Kind, form: str, include: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    first = [True]

    def shape(body: dict[str, Any]) -> dict[str, Any]:
        body = view(kind, body)
        if form == "metadata":
            return tables.partial(body)
        if form != "table":
            return body
        told = tables.table(kind, [body], {"resourceVersion": body["metadata"]["resourceVersion"]}, include=include)
        if not first[0]:
            told["columnDefinitions"] = None
        first[0] = False
        return told

    return shape


def _bookmark(kind: Kind, revision: int, *, initial: bool = False) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"type": "BOOKMARK", "object": {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}}
