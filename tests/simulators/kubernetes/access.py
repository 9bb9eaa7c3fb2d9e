"""Who asks, and what they may do: tokens, client certificates, RBAC from the stored roles, the review kinds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .kinds import Kind
from .status import ApiError, bad_request, qualified, unauthorized
from .store import Store

RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict, compare=False, hash=False)

    def told(self) -> dict[str, Any]:
        """``userInfo`` as admission requests and reviews write it."""
        found: dict[str, Any] = {"username": self.name, "uid": self.uid, "groups": list(self.groups)}
        return {key: value for key, value in found.items() if value} | ({"extra": self.extra} if self.extra else {})


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the authorizer."""

    verb: str
    kind: Kind | None = None
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """For addresses that are no resource."""
    group: str = ""
    resource: str = ""

    @property
    def full_resource(self) -> str:
        """``pods/log``."""
        resource = self.kind.plural if self.kind else self.resource
        return f"{resource}/{self.subresource}" if self.subresource else resource


class Authenticator:
    """Bearer tokens and client certificates."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[User, float]] = {}

    def add(self, token: str, user: User, *, seconds: float = 0) -> None:
        """A token that stands for a user, for ever or for some seconds."""
        self._tokens[token] = (user, time.monotonic() + seconds if seconds else float("inf"))

    def of_token(self, token: str) -> User | None:
        """The user, or None for a token that is unknown or over."""
        user, until = self._tokens.get(token, (None, 0.0))
        return user if until > time.monotonic() else None

    def user(self, authorization: str | None, certificate: dict[str, Any] | None) -> User:
        """The user of a request; 401 for a credential that is not known; the anonymous user without any."""
        if certificate:
            parts = [(key, value) for group in certificate.get("subject", ()) for key, value in group]
            name = next((value for key, value in parts if key == "commonName"), "")
            groups = [value for key, value in parts if key == "organizationName"]
            return User(name, (*groups, "system:authenticated"))
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        user = self.of_token(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user


class Authorizer:
    """Role-based access control as the stored objects say."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, user: User, ask: Ask) -> str | None:
        """Why it is allowed, or None."""
        if "system:masters" in user.groups:
            return "member of system:masters"
        for binding, rule in self._rules(user, ask.namespace):
            if _covers(rule, ask):
                return f"RBAC: allowed by {binding}"
        return None

    def require(self, user: User, ask: Ask) -> None:
        """403 with the words of the real server when it is not allowed."""
        if self.allows(user, ask) is not None:
            return
        if ask.path:
            message = f'forbidden: User "{user.name}" cannot {ask.verb} path "{ask.path}"'
            raise ApiError(403, "Forbidden", message, details={})
        kind = ask.kind
        assert kind is not None
        where = f'in the namespace "{ask.namespace}"' if ask.namespace else "at the cluster scope"
        subject = f'{qualified(kind)} "{ask.name}"' if ask.name else qualified(kind)
        message = (
            f'{subject} is forbidden: User "{user.name}" cannot {ask.verb} resource "{ask.full_resource}" '
            f'in API group "{kind.group}" {where}'
        )
        about = {"name": ask.name, "group": kind.group, "kind": kind.plural}
        raise ApiError(403, "Forbidden", message, details={key: value for key, value in about.items() if value})

    def rules_of(self, user: User, namespace: str) -> list[dict[str, Any]]:
        """Every rule that holds for a user in a namespace, and everywhere."""
        if "system:masters" in user.groups:
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            return [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
        return [rule for _, rule in self._rules(user, namespace)]

    def _rules(self, user: User, namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for resource, where in (("clusterrolebindings", ""), ("rolebindings", namespace)):
            if resource == "rolebindings" and not namespace:
                continue
            bindings, *_ = self._store.page(f"{RBAC}/{resource}", where)
            for binding in bindings:
                if any(_is(user, subject, binding) for subject in binding.get("subjects") or []):
                    told = f'{"Cluster" if not where else ""}RoleBinding "{binding["metadata"]["name"]}"'
                    for rule in self._rules_of_role(binding["roleRef"], where):
                        yield told, rule

    def _rules_of_role(self, reference: dict[str, Any], namespace: str) -> list[dict[str, Any]]:
        if reference["kind"] == "ClusterRole":
            role = self._store.get(f"{RBAC}/clusterroles", ("", reference["name"]))
        else:
            role = self._store.get(f"{RBAC}/roles", (namespace, reference["name"]))
        return (role or {}).get("rules") or []


def _is(user: User, subject: dict[str, Any], binding: dict[str, Any]) -> bool:
    match subject.get("kind"):
        case "User":
            return subject["name"] == user.name
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            namespace = subject.get("namespace") or binding["metadata"].get("namespace", "")
            return user.name == f"system:serviceaccount:{namespace}:{subject['name']}"
    return False


def _covers(rule: dict[str, Any], ask: Ask) -> bool:
    verbs = rule.get("verbs") or []
    if "*" not in verbs and ask.verb not in verbs:
        return False
    if ask.path:
        return any(
            one == "*" or one == ask.path or (one.endswith("*") and ask.path.startswith(one[:-1]))
            for one in rule.get("nonResourceURLs") or []
        )
    groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
    group = ask.kind.group if ask.kind else ask.group
    if "*" not in groups and group not in groups:
        return False
    accepted = {"*", ask.full_resource} | ({f"*/{ask.subresource}"} if ask.subresource else set())
    if not accepted & set(resources):
        return False
    names = rule.get("resourceNames") or []
    return not names or ask.name in names


def review(kind: Kind, body: dict[str, Any], user: User, namespace: str, *, authorizer: Authorizer,
           authenticator: Authenticator) -> dict[str, Any]:  # fmt: skip
    """The answer to a create of one of the review kinds; none of them is stored."""
    spec = body.get("spec") or {}
    match kind.kind:
        case "SelfSubjectReview":
            status: dict[str, Any] = {"userInfo": user.told()}
        case "TokenReview":
            found = authenticator.of_token(spec.get("token", ""))
            status = {"authenticated": True, "user": found.told()} if found else {
                "user": {}, "error": "invalid bearer token"}  # fmt: skip
        case "SelfSubjectRulesReview":
            rules = authorizer.rules_of(user, spec.get("namespace", ""))
            status = {
                "resourceRules": [rule for rule in rules if not rule.get("nonResourceURLs")],
                "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
                "incomplete": False,
            }
        case _:
            status = _access(kind, spec, user, namespace, authorizer)
    return {**body, "kind": kind.kind, "apiVersion": kind.api_version,
            "metadata": {"creationTimestamp": None, **(body.get("metadata") or {})}, "status": status}  # fmt: skip


def _access(kind: Kind, spec: dict[str, Any], user: User, namespace: str, authorizer: Authorizer) -> dict[str, Any]:
    if kind.kind != "SelfSubjectAccessReview":
        groups = tuple(spec.get("groups") or ())
        if not spec.get("user") and not groups:
            raise bad_request("at least one of user or group must be specified")
        user = User(spec.get("user") or "", groups)
    resource, address = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if bool(resource) == bool(address):
        raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    if address:
        ask = Ask(address.get("verb", ""), path=address.get("path", ""))
    else:
        plural, _, sub = resource.get("resource", "").partition("/")
        if kind.kind == "LocalSubjectAccessReview" and resource.get("namespace") != namespace:
            raise bad_request("spec.resourceAttributes.namespace must match namespace")
        ask = Ask(
            resource.get("verb", ""), subresource=sub or resource.get("subresource", ""),
            namespace=resource.get("namespace", ""), name=resource.get("name", ""),
            group=resource.get("group", ""), resource=plural,
        )  # fmt: skip
    reason = authorizer.allows(user, ask)
    return {"allowed": True, "reason": reason} if reason is not None else {"allowed": False}


def bootstrap() -> list[tuple[str, dict[str, Any]]]:
    """(plural, body) of the roles and bindings that every cluster has: discovery, self reviews, admin, view."""
    addresses = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
                 "/version", "/version/"]  # fmt: skip
    public = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    reviews = [
        {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
         "verbs": ["create"]},
        {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
    ]  # fmt: skip
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]}]
    roles = {
        "cluster-admin": (everything, "system:masters"),
        "system:discovery": ([{"nonResourceURLs": addresses, "verbs": ["get"]}], "system:authenticated"),
        "system:basic-user": (reviews, "system:authenticated"),
        "system:public-info-viewer": ([{"nonResourceURLs": public, "verbs": ["get"]}], "system:unauthenticated"),
    }
    found = []
    for name, (rules, group) in roles.items():
        found.append(("clusterroles", cluster_role(name, rules)))
        found.append(("clusterrolebindings", cluster_role_binding(name, name, "Group", group)))
    return found


def cluster_role(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """A ClusterRole."""
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def cluster_role_binding(name: str, role: str, kind: str, subject: str) -> dict[str, Any]:
    """A ClusterRoleBinding to one user or group."""
    return {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": kind, "name": subject}],
    }  # fmt: skip
