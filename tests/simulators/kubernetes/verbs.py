"""What happens to an object between a request and the store: create, update, patch, delete, and what follows.

The order is the server's: decode, default, mutating webhooks, managed fields, validation, validating webhooks, store.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import schema
from .access import User
from .admission import Admission, Attempt
from .apply import Managers
from .defaults import with_defaults
from .discovery import Registry
from .kinds import Kind
from .objects import (
    FIRST_STATUS,
    check_immutable,
    deleted,
    held_back,
    keep_server_fields,
    marked,
    media_type,
    now,
    paths,
    same,
)
from .patches import PatchError, json_patch, merge_patch, strategic_merge
from .status import ApiError, already_exists, bad_request, cause, conflict, details, invalid, not_found
from .store import Key, Store

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(slots=True)
class Call:
    """What every write knows of its request."""

    user: User
    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    dry_run: bool = False
    manager: str = "unknown"
    strictness: str = "Warn"
    force: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    """Audit annotations of webhooks."""

    @property
    def key(self) -> Key:
        """Where the object is kept."""
        return self.namespace, self.name


class Verbs:
    """Writes."""

    def __init__(self, store: Store, registry: Registry, admission: Admission,
                 changed: Callable[[Kind, dict[str, Any] | None, dict[str, Any] | None], None]) -> None:  # fmt: skip
        """``changed(kind, before, after)`` is told of every stored change (custom kinds come and go there)."""
        self._store, self._registry, self._admission, self._changed = store, registry, admission, changed

    def get(self, call: Call) -> dict[str, Any]:
        """The present body, in the version asked for."""
        body = self._store.get(call.kind.key, call.key)
        if body is None:
            raise not_found(call.kind, call.name)
        return body

    def create(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        """POST."""
        kind = call.kind
        body = self._decoded(call, body)
        metadata = body["metadata"]
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        self._check_namespace(call)
        for attempt in range(8):
            if not metadata.get("name") and metadata.get("generateName"):
                suffix = "".join(random.choice(_SUFFIX) for _ in range(5))
                body = {**body, "metadata": {**metadata, "name": metadata["generateName"][:58] + suffix}}
            call.name = body["metadata"].get("name", "")
            try:
                return self._create_named(call, body)
            except ApiError as error:
                if error.reason != "AlreadyExists" or metadata.get("name") or attempt == 7:
                    raise
        raise already_exists(kind, call.name)

    def _create_named(self, call: Call, body: dict[str, Any], managers: Managers | None = None) -> dict[str, Any]:
        kind = call.kind
        metadata = {**body["metadata"], "uid": str(uuid.uuid4()), "creationTimestamp": now()}
        metadata.pop("deletionTimestamp", None)
        if "spec" in body or kind.status:
            metadata["generation"] = 1
        body = {**body, "metadata": metadata}
        if kind.status:
            body.pop("status", None)
            if first := FIRST_STATUS.get(kind.kind):
                body["status"] = dict(first)
        body = with_defaults(kind, body)
        if managers is None:
            managers = Managers(None)
            managers.update(kind, None, body, self._manager(call, "Update"))
        sent = managers.write(kind, body)
        body = self._admit(call, "CREATE", sent, None)
        managers.update(kind, sent, body, self._manager(call, "Update"))
        body = managers.write(kind, body)
        schema.check(kind, body)
        self._validate(call, "CREATE", body, None)
        if self._store.get(kind.key, call.key) is not None:
            raise already_exists(kind, call.name)
        if call.dry_run:
            return {**body, "metadata": {**body["metadata"]}}
        try:
            body = self._store.put(kind.key, call.key, body, expect=None)
        except KeyError:
            raise already_exists(kind, call.name) from None
        self._changed(kind, None, body)
        return body

    def update(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        """PUT."""
        body = self._decoded(call, body)
        named = body["metadata"].get("name")
        if named and named != call.name:
            told = f"the name of the object ({named}) does not match the name on the URL ({call.name})"
            raise bad_request(told)
        body["metadata"]["name"] = call.name
        before = self.get(call)
        version = body["metadata"].get("resourceVersion")
        if not version and call.kind.custom:
            said = "Invalid value: 0x0: must be specified for an update"
            raise invalid(call.kind, call.name, [cause("metadata.resourceVersion", said)])
        return self._replace(call, before, body)

    def patch(self, call: Call, content_type: str, patch: Any) -> tuple[dict[str, Any], bool]:
        """PATCH; returns the body and whether it was created (server-side apply)."""
        if content_type == "application/apply-patch+yaml":
            return self._apply(call, patch)
        for attempt in range(5):
            before = self.get(call)
            try:
                return self._replace(call, before, self._patched(call, content_type, before, patch)), False
            except ApiError as error:
                stated = isinstance(patch, dict) and (patch.get("metadata") or {}).get("resourceVersion")
                if error.reason != "Conflict" or stated or attempt == 4:
                    raise
        raise AssertionError

    def _patched(self, call: Call, content_type: str, before: dict[str, Any], patch: Any) -> dict[str, Any]:
        try:
            if content_type == "application/json-patch+json":
                after = json_patch(before, patch)
            elif content_type == "application/merge-patch+json":
                after = merge_patch(before, patch)
            elif content_type == "application/strategic-merge-patch+json" and not call.kind.custom:
                after = strategic_merge(before, patch)
            else:
                raise media_type(call.kind)
        except PatchError as error:
            raise ApiError(422, "Invalid", f"the server rejected our request due to an error in our request: {error}",
                           details={}) from None  # fmt: skip
        if not isinstance(after, dict):
            raise bad_request("the patch leaves no object")
        return self._decoded(call, after)

    def _apply(self, call: Call, config: Any) -> tuple[dict[str, Any], bool]:
        if not isinstance(config, dict) or not config.get("apiVersion") or not config.get("kind"):
            raise bad_request("invalid object type: apiVersion and kind must be set")
        if call.manager == "unknown":
            said = "Required value: is required for apply patch"
            named = Kind("meta.k8s.io", "v1", "PatchOptions", "patchoptions")
            raise invalid(named, "", [cause("fieldManager", said, "FieldValueRequired")])
        config = self._decoded(call, config)
        if config["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        config["metadata"].setdefault("name", call.name)
        before = self._store.get(call.kind.key, call.key)
        managers, manager = Managers(before), self._manager(call, "Apply")
        merged = managers.apply(call.kind, before, config, manager, force=call.force)
        if before is None:
            self._check_namespace(call)
            return self._create_named(call, merged, managers), True
        return self._replace(call, before, merged, managers), False

    def _replace(self, call: Call, before: dict[str, Any], after: dict[str, Any], managers: Managers | None = None,
                 ) -> dict[str, Any]:  # fmt: skip
        kind = call.kind
        self._check_preconditions(call, before, after["metadata"])
        after = keep_server_fields(kind, before, after, call.subresource)
        if not call.subresource:
            after = with_defaults(kind, after)
        if managers is None:
            managers = Managers(after if after["metadata"].get("managedFields") is not None else before)
            managers.update(kind, before, after, self._manager(call, "Update"))
        sent = managers.write(kind, after)
        after = self._admit(call, "UPDATE", sent, before)
        managers.update(kind, sent, after, self._manager(call, "Update"))
        after = managers.write(kind, after)
        schema.check(kind, after)
        check_immutable(kind, before, after)
        self._validate(call, "UPDATE", after, before)
        if same(before, after):
            return before
        if call.dry_run:
            return after
        try:
            if after["metadata"].get("deletionTimestamp") and not held_back(after):
                stored = self._store.remove(kind.key, call.key, expect=before)
                self._gone(kind, stored)
                return stored
            stored = self._store.put(kind.key, call.key, after, expect=before)
        except KeyError:
            raise conflict(kind, call.name) from None
        self._changed(kind, before, stored)
        return stored

    def delete(self, call: Call) -> dict[str, Any]:
        """DELETE; the object when something still holds it back, else a Status."""
        kind, before = call.kind, self.get(call)
        wanted = call.options.get("preconditions") or {}
        for name in ("uid", "resourceVersion"):
            held = before["metadata"][name]
            if wanted.get(name) not in (None, held):
                title = "UID" if name == "uid" else "ResourceVersion"
                told = f"{title} in precondition: {wanted[name]}, {title} in object meta: {held}"
                raise conflict(kind, call.name, f"Precondition failed: {told}")
        self._validate(call, "DELETE", None, before, mutate=True)
        if call.dry_run:
            return deleted(kind, before)
        after = marked(kind, before, call.options)
        if after is None:
            stored = self._store.remove(kind.key, call.key, expect=before)
            self._gone(kind, stored, policy=call.options.get("propagationPolicy"))
            return deleted(kind, stored)
        if after == before:
            return before
        stored = self._store.put(kind.key, call.key, after, expect=before)
        self._changed(kind, before, stored)
        if kind.key == "/namespaces":
            self._empty(stored)
            return self._store.get(kind.key, call.key) or stored
        if "foregroundDeletion" in (stored["metadata"].get("finalizers") or []):
            self._collect(stored["metadata"]["uid"])
            self._release(kind, call.key, "foregroundDeletion")
        return stored

    def _decoded(self, call: Call, body: Any) -> dict[str, Any]:
        kind = call.kind
        if not isinstance(body, dict):
            raise bad_request("the object provided is unrecognized (must be of type "
                              f"{kind.kind}): json: cannot unmarshal")  # fmt: skip
        told = body.get("apiVersion"), body.get("kind")
        if told != (kind.api_version, kind.kind) and (body.get("kind") or kind.custom or body.get("apiVersion")):
            got = f"{told[0]}, Kind={told[1]}"
            raise bad_request(f"the API version in the data ({got}) does not match the expected API version "
                              f"({kind.api_version}, Kind={kind.kind})")  # fmt: skip
        body = {**body, "apiVersion": kind.api_version, "kind": kind.kind}
        if not isinstance(body.get("metadata") or {}, dict):
            raise bad_request("metadata is not an object")
        body, warnings = schema.decode(kind, body, strictness=call.strictness)
        call.warnings += warnings
        if kind.custom and kind.schema:
            pruned = schema.prune_and_default(kind.schema, body)
            unknown = sorted(set(paths(body)) - set(paths(pruned)))
            if unknown and call.strictness == "Strict":
                raise schema.strict_error(kind, unknown)
        metadata = dict(body.get("metadata") or {})
        if kind.namespaced:
            if metadata.get("namespace") not in (None, "", call.namespace):
                said = "the namespace of the provided object does not match the namespace sent on the request"
                raise bad_request(said)
            metadata["namespace"] = call.namespace
        else:
            metadata.pop("namespace", None)
        return {**body, "metadata": metadata}

    def _check_namespace(self, call: Call) -> None:
        if not call.kind.namespaced:
            return
        namespaces = self._registry.find("", "v1", "namespaces")
        namespace = self._store.get(namespaces.key, ("", call.namespace))
        if namespace is None:
            raise not_found(namespaces, call.namespace)
        if namespace["metadata"].get("deletionTimestamp"):
            kind = call.kind
            said = f"unable to create new content in namespace {call.namespace} because it is being terminated"
            why = cause("metadata.namespace", f"namespace {call.namespace} is being terminated", "NamespaceTerminating")
            raise ApiError(403, "Forbidden", f'{kind.plural} "{call.name}" is forbidden: {said}',
                           details=details(kind, call.name, [why]))  # fmt: skip

    def _check_preconditions(self, call: Call, before: dict[str, Any], metadata: dict[str, Any]) -> None:
        if metadata.get("resourceVersion") not in (None, "", before["metadata"]["resourceVersion"]):
            raise conflict(call.kind, call.name)
        uid = metadata.get("uid")
        if uid not in (None, "", before["metadata"]["uid"]):
            told = f"UID in precondition: {uid}, UID in object meta: {before['metadata']['uid']}"
            raise conflict(call.kind, call.name, f"Precondition failed: {told}")

    def _admit(self, call: Call, operation: str, body: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
        attempt = self._attempt(call, operation, body, old)
        self._admission.mutate(attempt)
        assert attempt.object is not None
        return attempt.object

    def _validate(self, call: Call, operation: str, body: dict[str, Any] | None, old: dict[str, Any] | None, *,
                  mutate: bool = False) -> None:  # fmt: skip
        attempt = self._attempt(call, operation, body, old)
        if mutate:
            self._admission.mutate(attempt)
        self._admission.validate(attempt)

    def _attempt(self, call: Call, operation: str, body: dict[str, Any] | None, old: dict[str, Any] | None) -> Attempt:
        return Attempt(
            operation, call.kind, call.user, call.namespace, call.name, body, old, call.options, call.subresource,
            call.dry_run, call.warnings, call.annotations,
        )  # fmt: skip

    def _manager(self, call: Call, operation: str) -> dict[str, Any]:
        entry = {"manager": call.manager, "operation": operation, "apiVersion": call.kind.api_version, "time": now()}
        return {**entry, "subresource": call.subresource} if call.subresource else entry

    def _gone(self, kind: Kind, body: dict[str, Any], *, policy: str | None = None) -> None:
        """What the controllers of a real cluster do after a deletion: garbage, and namespaces that wait to be empty."""
        self._changed(kind, body, None)
        if policy != "Orphan":
            self._collect(body["metadata"]["uid"])
        namespace = body["metadata"].get("namespace")
        held = self._store.get("/namespaces", ("", namespace)) if namespace else None
        if held and held["metadata"].get("deletionTimestamp"):
            self._finish_namespace(held)

    def _collect(self, uid: str) -> None:
        for kind in self._kept_kinds():
            bodies, *_ = self._store.page(kind.key, "")
            for body in bodies:
                owners = body["metadata"].get("ownerReferences") or []
                if any(owner["uid"] == uid for owner in owners) and len(owners) == 1:
                    self._delete_for_controller(kind, body)

    def _empty(self, namespace: dict[str, Any]) -> None:
        name = namespace["metadata"]["name"]
        for kind in self._kept_kinds():
            if kind.namespaced:
                for body in self._store.page(kind.key, name)[0]:
                    self._delete_for_controller(kind, body)
        if held := self._store.get("/namespaces", ("", name)):
            self._finish_namespace(held)

    def _delete_for_controller(self, kind: Kind, body: dict[str, Any]) -> None:
        metadata = body["metadata"]
        user = User("system:serviceaccount:kube-system:generic-garbage-collector", ("system:masters",))
        call = Call(user, kind, metadata.get("namespace", ""), metadata["name"], options={"gracePeriodSeconds": 0})
        try:
            self.delete(call)
        except ApiError as error:
            if error.code != 404:
                raise

    def _finish_namespace(self, namespace: dict[str, Any]) -> None:
        name = namespace["metadata"]["name"]
        if any(self._store.page(kind.key, name)[0] for kind in self._kept_kinds() if kind.namespaced):
            return
        if namespace["metadata"].get("finalizers"):
            return
        kind = self._registry.find("", "v1", "namespaces")
        self._changed(kind, self._store.remove(kind.key, ("", name), expect=namespace), None)

    def _release(self, kind: Kind, key: Key, finalizer: str) -> None:
        body = self._store.get(kind.key, key)
        if body is None:
            return
        left = [one for one in body["metadata"].get("finalizers") or [] if one != finalizer]
        if left:
            self._store.put(kind.key, key, {**body, "metadata": {**body["metadata"], "finalizers": left}}, expect=body)
        else:
            self._gone(kind, self._store.remove(kind.key, key, expect=body))

    def _kept_kinds(self) -> list[Kind]:
        held, seen, found = set(self._store.resources()), set(), []
        for kind in self._registry:
            if kind.key in held and kind.key not in seen:
                seen.add(kind.key)
                found.append(kind)
        return found
