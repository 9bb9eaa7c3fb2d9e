"""Suites: tests of validating and mutating admission policies, in a form of ours and in Kyverno's.

Ours, after the example of Gatekeeper's suites; paths are relative to the suite's file::

    apiVersion: test.lockgate/v1
    kind: AdmissionSuite
    metadata: {name: images}
    tests:
      - name: tags
        policies: [policy.yaml, binding.yaml]  # a policy without a binding gets one that denies everywhere
        parameters: [limits.yaml]              # objects that a binding's paramRef may choose
        namespaces: [namespaces.yaml]
        cases:
          - name: latest is refused
            object: pod.yaml                   # one object, or an AdmissionReview
            oldObject: before.yaml             # then the operation is UPDATE unless operation says otherwise
            operation: CREATE
            user: {username: ada, groups: [dev]}
            expect: deny                       # allow, deny, warn, audit, error, unmatched
            message: latest                    # RE2; one of the verdicts must hold it
            result: pod-after.yaml             # what mutating policies must make of the object

Kyverno's (``cli.kyverno.io/v1alpha1``, ``kind: Test``, or a file without them) as far as its results are marked
``isValidatingAdmissionPolicy`` or ``isMutatingAdmissionPolicy``; ``pass`` is allow, ``fail`` deny, ``skip`` unmatched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockgate.policy.errors import PolicyError
from lockgate.policy.kubernetes.fields import Fields
from lockgate.policy.kubernetes.request import OPERATIONS

VERSION = "test.lockgate/v1"
KIND = "AdmissionSuite"
EXPECTED = ("allow", "deny", "warn", "audit", "error", "unmatched")
_KYVERNO = "cli.kyverno.io/"
_KYVERNO_RESULTS = {"pass": "allow", "fail": "deny", "warn": "warn", "error": "error", "skip": "unmatched"}
_TOP = ("apiVersion", "kind", "metadata", "skip", "tests")
_TEST = ("name", "skip", "policies", "parameters", "namespaces", "cases")
_CASE = ("name", "skip", "object", "oldObject", "operation", "namespace", "user", "expect", "message", "result")
_KYVERNO_TOP = ("apiVersion", "kind", "metadata", "name", "policies", "resources", "variables", "results")
_KYVERNO_RESULT = (
    "policy", "rule", "kind", "namespace", "resource", "resources", "result", "patchedResource", "patchedResources",
    "isValidatingAdmissionPolicy", "isMutatingAdmissionPolicy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what must come of it."""

    name: str
    object: str
    """Path of a file with one object or one AdmissionReview; for Kyverno's form of a file with many."""
    expect: str
    """One of ``EXPECTED``."""
    message: str = ""
    """An RE2 expression that the message of some verdict must hold; empty for any."""
    pattern: Any = None
    """``message``, compiled."""
    old: str = ""
    """Path of the object as it was; empty for none."""
    operation: str = ""
    """Operation; empty: UPDATE with an old object, else CREATE."""
    namespace: str = ""
    """Namespace of the request when the object names none; for Kyverno's form that of the object to find."""
    user: Mapping[str, Any] = field(default_factory=dict)
    """``userInfo`` of the request."""
    result: str = ""
    """Path of the object that must come of it; empty when nothing is said."""
    policy: str = ""
    """Name of the one policy that is asked; empty for all of the test."""
    kind: str = ""
    """Kyverno's form: kind of the object to find in ``object``; empty for any."""
    resource: str = ""
    """Kyverno's form: name of the object to find in ``object``; empty when the file holds the one."""
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """Policies, what stands around them, and cases."""

    __test__ = False  # pytest takes the name for a test
    name: str
    policies: tuple[str, ...]
    """Paths of files with policies and bindings."""
    cases: tuple[Case, ...]
    parameters: tuple[str, ...] = ()
    """Paths of files with objects that may be parameters."""
    namespaces: tuple[str, ...] = ()
    """Paths of files with Namespace objects."""
    values: str = ""
    """Kyverno's form: path of the file of values, of which labels of namespaces are read."""
    resources: tuple[str, ...] = ()
    """Kyverno's form: paths of files in which its cases find their objects."""
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite."""

    name: str
    tests: tuple[Test, ...]
    skip: bool = False


def is_suite(body: object) -> bool:
    """Whether a document is a suite of one of the two forms."""
    if not isinstance(body, Mapping):
        return False
    if body.get("kind") == KIND:
        return True
    if str(body.get("apiVersion", "")).startswith(_KYVERNO):
        return body.get("kind") == "Test"
    return "apiVersion" not in body and all(isinstance(body.get(key), list) for key in ("policies", "results"))


def parse_suite(body: Mapping[str, Any], *, where: str = "suite") -> Suite:
    """The suite in a document. Raises :class:`PolicyError` with the place; an unknown field is refused."""
    if body.get("kind") != KIND:
        return _kyverno(body, where)
    if body.get("apiVersion") != VERSION:
        raise PolicyError(f"the apiVersion must be {VERSION}", where=where)
    top = Fields(body, at="", where=where, known=_TOP)
    metadata = top.map("metadata")
    return Suite(
        metadata.text("name", where) if metadata is not None else where,
        tuple(_test(one) for one in top.maps("tests", _TEST)),
        _flag(top, "skip"),
    )


def _test(entry: Fields) -> Test:
    policies = entry.texts("policies")
    if not policies:
        raise entry.fault("policies", "must name at least one file")
    return Test(
        entry.text("name"),
        policies,
        tuple(_case(one) for one in entry.maps("cases", _CASE)),
        entry.texts("parameters"),
        entry.texts("namespaces"),
        skip=_flag(entry, "skip"),
    )


def _case(entry: Fields) -> Case:
    user = entry.map("user")
    message = entry.text("message", "")
    return Case(
        name=entry.text("name"),
        object=entry.text("object"),
        expect=entry.choice("expect", EXPECTED),
        message=message,
        pattern=_pattern(entry, message),
        old=entry.text("oldObject", ""),
        operation=entry.choice("operation", ("", *OPERATIONS), ""),
        namespace=entry.text("namespace", ""),
        user=user.value if user is not None else {},
        result=entry.text("result", ""),
        skip=_flag(entry, "skip"),
    )


def _pattern(entry: Fields, message: str) -> Any:
    if not message:
        return None
    import re2

    try:
        return re2.compile(message)  # type: ignore[no-untyped-call]
    except re2.error:
        raise entry.fault("message", "is not an RE2 expression") from None


def _flag(entry: Fields, name: str) -> bool:
    value = entry.value.get(name)
    if not isinstance(value, bool | None):
        raise entry.fault(name, "must be true or false")
    return bool(value)


def _kyverno(body: Mapping[str, Any], where: str) -> Suite:
    top = Fields(body, at="", where=where, known=_KYVERNO_TOP)
    metadata = top.map("metadata")
    name = top.text("name", "") or (metadata.text("name", where) if metadata is not None else where)
    cases = tuple(case for entry in top.maps("results", _KYVERNO_RESULT) for case in _kyverno_cases(entry))
    policies, resources = top.texts("policies"), top.texts("resources")
    return Suite(name, (Test(name, policies, cases, values=top.text("variables", ""), resources=resources),))


def _kyverno_cases(entry: Fields) -> list[Case]:
    mutating = _flag(entry, "isMutatingAdmissionPolicy")
    native = _flag(entry, "isValidatingAdmissionPolicy") or mutating
    expect = _KYVERNO_RESULTS[entry.choice("result", tuple(_KYVERNO_RESULTS))]
    policy, kind = entry.text("policy"), entry.text("kind", "")
    names = [*entry.texts("resources"), *filter(None, [entry.text("resource", "")])]
    result = entry.text("patchedResources", "") or entry.text("patchedResource", "")
    return [
        Case(
            name=f"{policy} {name}", object="", expect=expect, policy=policy, kind=kind.rpartition("/")[2],
            resource=name.rpartition("/")[2], namespace=entry.text("namespace", "") or name.rpartition("/")[0],
            result=result, skip=not native,
        )
        for name in names
    ]  # fmt: skip
