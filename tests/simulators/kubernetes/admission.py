"""Calls admission webhooks as the API server does: mutating ones in turn, then validating ones side by side.

``webhook.clientConfig.service`` is reached through ``services``, because there is no cluster network: the address is
looked up there, and the certificate must be good for ``<name>.<namespace>.svc`` all the same.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .access import User
from .kinds import Kind
from .patches import PatchError, json_patch
from .selectors import object_selector
from .status import ApiError, bad_request, internal
from .store import Store

GROUP = "admissionregistration.k8s.io"
_NEVER = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
          "validatingadmissionpolicybindings")  # fmt: skip


_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, */*",
            "User-Agent": "kube-apiserver-admission"}  # fmt: skip


@dataclass(slots=True)
class Attempt:
    """One write on its way to the store; ``warnings`` and ``annotations`` gather what webhooks say."""

    operation: str
    kind: Kind
    user: User
    namespace: str
    name: str
    object: dict[str, Any] | None
    old: dict[str, Any] | None
    options: dict[str, Any]
    subresource: str = ""
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)


class _CallError(Exception):
    """The webhook could not be asked or answered nonsense: the failure policy decides."""


class Admission:
    """The webhooks that the store names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.services: dict[tuple[str, str], tuple[str, int]] = {}
        """(namespace, name) of a Service -> (host, port) where it really listens."""

    def mutate(self, attempt: Attempt) -> None:
        """Changes ``attempt.object``; raises when a webhook denies or fails closed."""
        hooks = self._hooks("mutatingwebhookconfigurations", attempt)
        changed_after: dict[str, bool] = {}
        for hook in hooks:
            changed = self._mutate_once(hook, attempt)
            if changed:
                changed_after = dict.fromkeys(changed_after, True)
            changed_after[hook["name"]] = False
        for hook in hooks:
            if changed_after[hook["name"]] and hook.get("reinvocationPolicy") == "IfNeeded":
                self._mutate_once(hook, attempt)

    def _mutate_once(self, hook: dict[str, Any], attempt: Attempt) -> bool:
        answer = self._judged(hook, attempt)
        patch = answer.get("patch") if answer else None
        if not patch:
            return False
        try:
            if answer.get("patchType") != "JSONPatch":
                raise _CallError(f"webhook returned invalid response.patchType of {answer.get('patchType')!r}")
            patched = json_patch(attempt.object, json.loads(base64.b64decode(patch)))
        except _CallError as error:
            return self._failed(hook, error)
        except (PatchError, ValueError) as error:
            raise internal(str(error)) from None
        changed = patched != attempt.object
        attempt.object = patched
        return changed

    def validate(self, attempt: Attempt) -> None:
        """Raises the first denial, in the order of the webhooks."""
        hooks = self._hooks("validatingwebhookconfigurations", attempt)
        if not hooks:
            return
        with ThreadPoolExecutor(max_workers=min(8, len(hooks))) as pool:
            for future in [pool.submit(self._judged, hook, attempt) for hook in hooks]:
                future.result()

    def _hooks(self, resource: str, attempt: Attempt) -> list[dict[str, Any]]:
        if attempt.kind.group == GROUP and attempt.kind.plural in _NEVER:
            return []
        configurations, *_ = self._store.page(f"{GROUP}/{resource}", "")
        every = (hook for one in configurations for hook in one.get("webhooks") or [])
        return [hook for hook in every if self._matches(hook, attempt)]

    def _matches(self, hook: dict[str, Any], attempt: Attempt) -> bool:
        if not any(_rule_matches(rule, attempt) for rule in hook.get("rules") or []):
            return False
        wants_namespace = object_selector(hook.get("namespaceSelector"))
        if attempt.kind.key == "/namespaces":
            body = attempt.object or attempt.old or {}
            if not wants_namespace(body.get("metadata", {}).get("labels") or {}):
                return False
        elif attempt.namespace:
            namespace = self._store.get("/namespaces", ("", attempt.namespace)) or {"metadata": {}}
            if not wants_namespace(namespace["metadata"].get("labels") or {}):
                return False
        wants_object = object_selector(hook.get("objectSelector"))
        if not any(
            wants_object(body.get("metadata", {}).get("labels") or {}) for body in (attempt.object, attempt.old) if body
        ):
            return False
        return _holds(hook, attempt) if hook.get("matchConditions") else True

    def _judged(self, hook: dict[str, Any], attempt: Attempt) -> dict[str, Any] | None:
        if attempt.dry_run and hook["sideEffects"] not in ("None", "NoneOnDryRun"):
            raise bad_request(f"admission webhook {json.dumps(hook['name'])} does not support dry run")
        review = _review(attempt)
        try:
            answer = self._call(hook, review)
        except _CallError as error:
            self._failed(hook, error)
            return None
        attempt.warnings += [str(one) for one in answer.get("warnings") or []]
        for key, value in (answer.get("auditAnnotations") or {}).items():
            attempt.annotations[f"{hook['name']}/{key}"] = str(value)
        if not answer.get("allowed"):
            raise _denied(hook["name"], answer.get("status"))
        return answer

    def _failed(self, hook: dict[str, Any], error: _CallError) -> bool:
        if hook.get("failurePolicy") == "Ignore":
            return False
        raise internal(f"failed calling webhook {json.dumps(hook['name'])}: {error}")

    def _call(self, hook: dict[str, Any], review: dict[str, Any]) -> dict[str, Any]:
        seconds = hook.get("timeoutSeconds", 10)
        host, port, path, name = self._address(hook["clientConfig"])
        separator = "&" if "?" in path else "?"
        path = f"{path}{separator}timeout={seconds}s"
        url = f"https://{name}:{port}{path}"
        try:
            context = ssl.create_default_context()
            if bundle := hook["clientConfig"].get("caBundle"):
                context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
            connection = _Connection(host, port, name=name, timeout=seconds, context=context)
            try:
                body = json.dumps(review)
                connection.request("POST", path, body, _HEADERS)
                response = connection.getresponse()
                content = response.read()
            finally:
                connection.close()
        except TimeoutError:
            raise _CallError(f'failed to call webhook: Post "{url}": context deadline exceeded') from None
        except ssl.SSLCertVerificationError as error:
            told = f"tls: failed to verify certificate: x509: {error.verify_message}"
            raise _CallError(f'failed to call webhook: Post "{url}": {told}') from None
        except (OSError, http.client.HTTPException) as error:
            raise _CallError(f'failed to call webhook: Post "{url}": {error}') from None
        if response.status != 200:
            told = content[:200].decode("utf-8", "replace")
            raise _CallError(f"failed to call webhook: the server responded {response.status}: {told}")
        return _verified(content, review)

    def _address(self, client: dict[str, Any]) -> tuple[str, int, str, str]:
        if service := client.get("service"):
            where = self.services.get((service["namespace"], service["name"]))
            if where is None:
                raise _CallError(f'failed to call webhook: service "{service["name"]}" not found')
            path = service.get("path") or "/"
            return *where, path, f"{service['name']}.{service['namespace']}.svc"
        url = urllib.parse.urlsplit(client["url"])
        host = url.hostname or ""
        return host, url.port or 443, (url.path or "/") + (f"?{url.query}" if url.query else ""), host


class _Connection(http.client.HTTPSConnection):
    """Connects to one address and demands the certificate of another name."""

    def __init__(self, host: str, port: int, *, name: str, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._name, self._own_context = name, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._own_context.wrap_socket(self.sock, server_hostname=self._name)


def _rule_matches(rule: dict[str, Any], attempt: Attempt) -> bool:
    kind = attempt.kind
    full = f"{kind.plural}/{attempt.subresource}" if attempt.subresource else kind.plural
    accepted = {"*/*", full, f"{kind.plural}/*"} | ({f"*/{attempt.subresource}"} if attempt.subresource else {"*"})
    scope = "Namespaced" if kind.namespaced else "Cluster"
    return (
        bool({"*", attempt.operation} & set(rule.get("operations") or []))
        and bool({"*", kind.group} & set(rule.get("apiGroups") or []))
        and bool({"*", kind.version} & set(rule.get("apiVersions") or []))
        and bool(accepted & set(rule.get("resources") or []))
        and rule.get("scope", "*") in ("*", scope)
    )


def _holds(hook: dict[str, Any], attempt: Attempt) -> bool:
    """Whether all ``matchConditions`` hold; one that fails to run counts by the failure policy, as documented."""
    from cel_expr_python import cel

    names = ("object", "oldObject", "request")
    for one in hook.get("matchConditions") or []:
        try:
            program = cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN)).compile(one["expression"])
            review = _review(attempt)["request"]
            data = {"object": attempt.object, "oldObject": attempt.old, "request": review}
            if program.eval(data=data).value() is not True:
                return False
        except Exception as error:
            if hook.get("failurePolicy") == "Ignore":
                return False
            raise internal(f"matchCondition {one['name']!r} of {hook['name']!r}: {error}") from None
    return True


def _review(attempt: Attempt) -> dict[str, Any]:
    kind = attempt.kind
    named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    resource = {"group": kind.group, "version": kind.version, "resource": kind.plural}
    request: dict[str, Any] = {
        "uid": str(uuid.uuid4()), "kind": named, "resource": resource, "requestKind": named,
        "requestResource": resource, "name": attempt.name, "namespace": attempt.namespace,
        "operation": attempt.operation, "userInfo": attempt.user.told(), "object": attempt.object,
        "oldObject": attempt.old, "dryRun": attempt.dry_run, "options": attempt.options or None,
    }  # fmt: skip
    if attempt.subresource:
        request["subResource"] = request["requestSubResource"] = attempt.subresource
    request = {key: value for key, value in request.items() if value != "" or key == "uid"}
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}


def _verified(content: bytes, review: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise _CallError(f"failed to call webhook: could not decode the response: {error}") from None
    if not isinstance(answer, dict) or answer.get("kind") != "AdmissionReview" or (
            answer.get("apiVersion") != "admission.k8s.io/v1"):  # fmt: skip
        raise _CallError("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got something else")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise _CallError("webhook response was absent")
    if response.get("uid") != review["request"]["uid"]:
        raise _CallError(f"expected response.uid={review['request']['uid']!r}, got {response.get('uid')!r}")
    if response.get("patch") and not response.get("patchType"):
        raise _CallError("webhook returned response.patch but not response.patchType")
    if response.get("patchType") and not response.get("patch"):
        raise _CallError("webhook returned response.patchType but not response.patch")
    return response


def _denied(name: str, status: Any) -> ApiError:
    status = status if isinstance(status, dict) else {}
    said = f'admission webhook "{name}" denied the request'
    if status.get("message"):
        said += f": {status['message']}"
    elif status.get("reason"):
        said += f": {status['reason']}"
    else:
        said += " without explanation"
    error = ApiError(max(int(status.get("code") or 400), 400), status.get("reason") or "", said)
    if not error.reason:
        del error.body["reason"]
    if isinstance(status.get("details"), dict):
        error.body["details"] = status["details"]
    return error
