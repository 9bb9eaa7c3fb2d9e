"""Kubernetes' authorizer library. Who may do what is asked of an :class:`Authority` that the caller brings."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from lockgate.dataclass import dataclass
from lockgate.policy.cel.functions import method
from lockgate.policy.cel.library.formats import CHECKS
from lockgate.policy.cel.values import CelError, Opaque
from lockgate.policy.errors import BudgetExceededError, EvaluationError


@dataclass(frozen=True, slots=True)
class Access:
    """What is asked: may this user do this."""

    verb: str = ""
    """Verb of the API, or the HTTP method in lower case for a path."""
    service_account: tuple[str, str] | None = None
    """Namespace and name of the account that is asked about; ``None`` is the user of the request."""
    path: str | None = None
    """Path that is no resource, as ``/healthz``; ``None`` when a resource is asked about."""
    group: str = ""
    """API group; empty is the core one."""
    resource: str = ""
    """Plural name in lower case."""
    subresource: str = ""
    """Subresource, or empty."""
    namespace: str = ""
    """Namespace, or empty for the cluster."""
    name: str = ""
    """Name of the object, or empty for all of them."""
    field_selector: str = ""
    """Field selector that narrows the question, or empty."""
    label_selector: str = ""
    """Label selector that narrows the question, or empty."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an authority says."""

    allowed: bool
    """Whether the access is allowed; no opinion is not allowed."""
    reason: str = ""
    """Why."""
    error: str = ""
    """What kept the authority from deciding, or empty."""


class Authority(Protocol):
    """Knows who may do what, and who the user of the request is."""

    def decide(self, access: Access) -> Answer:
        """The answer. Raises :class:`EvaluationError` when there can be none; the policy then sees an errored one."""


class Authorizer(Opaque):
    """The variable ``authorizer``. Without an authority it can be named but not asked."""

    __slots__ = ("access", "authority", "request_resource")
    TYPE = "kubernetes.authorization.Authorizer"

    def __init__(
        self, authority: Authority | None = None, *, request: Access | None = None, access: Access | None = None
    ) -> None:
        self.authority = authority
        self.request_resource = request
        self.access = access or Access()

    def __getitem__(self, name: object) -> object:
        if name == "requestResource" and self.request_resource is not None:
            return ResourceCheck(self.authority, self.request_resource)
        return super().__getitem__(name)


class _Check(Opaque):
    """A question that is being put together."""

    __slots__ = ("access", "authority")

    def __init__(self, authority: Authority | None, access: Access) -> None:
        self.authority = authority
        self.access = access


class PathCheck(_Check):
    """``authorizer.path(...)``."""

    __slots__ = ()
    TYPE = "kubernetes.authorization.PathCheck"


class GroupCheck(_Check):
    """``authorizer.group(...)``."""

    __slots__ = ()
    TYPE = "kubernetes.authorization.GroupCheck"


class ResourceCheck(_Check):
    """``authorizer.group(...).resource(...)``."""

    __slots__ = ()
    TYPE = "kubernetes.authorization.ResourceCheck"


class Decision(Opaque):
    """``....check(...)``."""

    __slots__ = ("answer",)
    TYPE = "kubernetes.authorization.Decision"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def _path(authorizer: Authorizer, path: str) -> PathCheck:
    if not path.strip():
        raise CelError("path must not be empty")
    return PathCheck(authorizer.authority, replace(authorizer.access, path=path))


def _resource(check: GroupCheck, resource: str) -> ResourceCheck:
    if not resource.strip():
        raise CelError("resource must not be empty")
    return ResourceCheck(check.authority, replace(check.access, resource=resource))


def _service_account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    if CHECKS["dns1123Subdomain"](name):
        raise CelError("invalid service account name")
    if CHECKS["dns1123Label"](namespace):
        raise CelError("invalid service account namespace")
    access = replace(authorizer.access, service_account=(namespace, name))
    return Authorizer(authorizer.authority, request=authorizer.request_resource, access=access)


def _narrowed(field: str, value: str, check: ResourceCheck) -> ResourceCheck:
    return ResourceCheck(check.authority, replace(check.access, **{field: value}))  # type: ignore[arg-type]


def _check(check: _Check, verb: str) -> Decision:
    if check.authority is None:
        raise CelError(
            "the expression asks who may do what, and nobody here can tell",
            hint="the webhook can, of its cluster: lockgate admission serve --cluster",
        )
    try:
        return Decision(check.authority.decide(replace(check.access, verb=verb)))
    except BudgetExceededError:
        raise
    except EvaluationError as error:
        return Decision(Answer(False, error=error.message))


_R, _D = ResourceCheck.TYPE, Decision.TYPE
_NARROWING = {
    "subresource": "subresource", "namespace": "namespace", "name": "name",
    "fieldSelector": "field_selector", "labelSelector": "label_selector",
}  # fmt: skip
LIBRARY = [
    method("path", Authorizer.TYPE, "string", do=_path),
    method(
        "group", Authorizer.TYPE, "string", do=lambda a, group: GroupCheck(a.authority, replace(a.access, group=group))
    ),
    method("serviceAccount", Authorizer.TYPE, "string", "string", do=_service_account),
    method("resource", GroupCheck.TYPE, "string", do=_resource),
    *(
        method(name, _R, "string", do=lambda check, value, field=field: _narrowed(field, value, check))
        for name, field in _NARROWING.items()
    ),
    method("check", _R, "string", do=_check),
    method("check", PathCheck.TYPE, "string", do=_check),
    method("allowed", _D, do=lambda decision: decision.answer.allowed, result="bool"),
    method("reason", _D, do=lambda decision: decision.answer.reason, result="string"),
    method("errored", _D, do=lambda decision: bool(decision.answer.error), result="bool"),
    method("error", _D, do=lambda decision: decision.answer.error, result="string"),
]
