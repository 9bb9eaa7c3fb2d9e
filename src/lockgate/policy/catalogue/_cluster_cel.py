"""A policy of ours as CEL that a cluster can run: variables, one validation and its message.

A policy judges items one by one; an admission policy says one thing of the whole object. So the path of items becomes
nested ``all``, and the message joins those of the items that are denied. What a cluster's CEL does not have makes
:class:`NotExportableError`: a policy that would mean something else there is not written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.policy.catalogue._among import WORKLOAD
from lockgate.policy.catalogue._places import CONTAINER_LISTS, WORKLOADS, Path
from lockgate.policy.catalogue.kubernetes import KubernetesPolicy, kinds_of
from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.parser import parse
from lockgate.policy.errors import PolicyError

SINCE = "1.30"
"""The Kubernetes version whose CEL is enough. Source of the sets below: ``apiserver/pkg/cel/environment/base.go``."""
_LANGUAGE = """
    size startsWith endsWith contains matches int uint double string bool bytes type dyn duration timestamp
    getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds
    optional.of optional.ofNonZeroValue optional.none hasValue value or orValue
"""
_STRINGS = """
    charAt indexOf lastIndexOf join lowerAscii upperAscii replace split substring trim format strings.quote
"""
_KUBERNETES = """
    isSorted sum min max find findAll url isURL getScheme getHost getHostname getPort getEscapedPath getQuery
    quantity isQuantity sign isInteger asInteger asApproximateFloat add sub isLessThan isGreaterThan compareTo
    sets.contains sets.equivalent sets.intersects ip isIP ip.isCanonical family isUnspecified isLoopback
    isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast cidr isCIDR containsIP containsCIDR prefixLength masked
"""
_FUNCTIONS = frozenset((_LANGUAGE + _STRINGS + _KUBERNETES).split())
_MACROS = frozenset(("all", "exists", "exists_one", "map", "filter"))
_NAMESPACES = frozenset(("optional", "sets", "strings", "ip", "math", "lists", "base64", "regex"))


class NotExportableError(PolicyError):
    """A policy that a cluster cannot enforce as it is; ``message`` says why."""

    code = "not-exportable"


@dataclasses.dataclass(frozen=True, slots=True)
class ClusterCel:
    """What an admission policy needs of one of ours."""

    variables: tuple[tuple[str, str], ...]
    """Names and expressions, in order; ``params`` is not among them."""
    validation: str
    """True when the object may pass."""
    message: str
    """Gives the text that says why not."""


def cluster_cel(policy: KubernetesPolicy) -> ClusterCel:
    """The CEL of one policy. Raises :class:`NotExportableError`."""
    if policy.among is not None:
        raise NotExportableError("it looks at other objects of the cluster, which an admission policy does not see")
    deny, message = policy.deny.source.strip(), policy.message.source.strip()
    trees = [parse(text) for text in (deny, message)]
    for node in (node for one in trees for node in tree.walk(one)):
        _check(node)
    for text, one in zip((deny, message), trees, strict=True):
        if not _stays_itself(text, one):
            raise NotExportableError("an expression ends in a comment, which would swallow what follows it")
    read = {qualified for one in trees for node in tree.walk(one) if (qualified := tree.qualified(node))}
    names = {node.name for one in trees for node in tree.walk(one) if isinstance(node, tree.Ident)}
    validation, text = _judged(policy, deny, message, names)
    written = {name for name in ("podSpec", "podMetadata", "containers") if f"variables.{name}" in validation + text}
    written |= {"podSpec"} if "containers" in written else set()
    if unknown := sorted(one for one in read if one.startswith("variables.") and one.split(".")[1] not in _VARIABLES):
        raise NotExportableError(f"{unknown[0]} is no variable of a policy")
    return ClusterCel(
        tuple((name, _variable(name, policy)) for name in _VARIABLES if name in written), validation, text
    )


_VARIABLES = ("podSpec", "podMetadata", "containers", "params")


def _stays_itself(text: str, node: tree.Node) -> bool:
    """Whether the text means the same when more is written around it."""
    try:
        return parse(f"!({text})") == tree.Unary("!", node)
    except PolicyError:
        return False


def _check(node: tree.Node) -> None:
    name = ""
    match node:
        case tree.Call(target=tree.Ident(name=space)) if space in _NAMESPACES:
            name = f"{space}.{node.name}"
        case tree.Call():
            name = node.name
        case tree.Bind():
            name = "cel.bind"
        case tree.Struct():
            name = f"{node.name}{{}}"
        case tree.Comprehension():
            if node.macro not in _MACROS:
                name = node.macro
            elif len(node.variables) > 1:
                name = f"{node.macro} with two variables"
    if name and name not in _FUNCTIONS:
        raise NotExportableError(f"it calls {name}, which Kubernetes {SINCE} does not have")


def _judged(policy: KubernetesPolicy, deny: str, message: str, names: set[str]) -> tuple[str, str]:
    """The validation and the message of all items."""
    levels = _levels(policy.path) if policy.path is not None else []
    if not levels:
        if not names & {"item", "parent"}:
            return f"!({deny})", f"string({message})"
        whole = _pod(policy, ".orValue(object)") if WORKLOAD in policy.kinds else "object"
        levels = [f"[{whole}]"]
        root = "object"
    else:
        root = "object" if policy.path is not None and policy.path.root == "object" else "variables.podSpec"
    if len(levels) == 1 and "parent" in names:
        levels = [f"[{root}]", levels[0]]
    variables = [*(f"outer{number}" for number in range(len(levels) - 2)), "parent", "item"][-len(levels) :]
    lists = [text.replace("@", variables[number - 1]) for number, text in enumerate(levels)]
    validation = f"{lists[-1]}.all(item, !({deny}))"
    text = f"{lists[-1]}.filter(item, {deny}).map(item, {message}).join('; ')"
    for number in reversed(range(len(levels) - 1)):
        validation = f"{lists[number]}.all({variables[number]}, {validation})"
        text = f"{lists[number]}.map({variables[number]}, {text}).filter(m, m != '').join('; ')"
    return validation, text


def _levels(path: Path) -> list[str]:
    """One list a ``[*]``; ``@`` stands for the item one further out."""
    levels = ["variables.containers"] if path.root == "containers" else []
    for fields in path.lists:
        root = "@" if levels else ("object" if path.root == "object" else "variables.podSpec")
        levels.append(f"{root}{_selected(fields)}.orValue([])")
    return levels


def _selected(fields: Iterable[str]) -> str:
    return "".join(f".?{name}" if name.isidentifier() else f"[?'{name}']" for name in fields)


def _variable(name: str, policy: KubernetesPolicy) -> str:
    if name == "podSpec":
        return _pod(policy, ".orValue({})")
    if name == "podMetadata":
        # As in our own judging, a template without a spec is no Pod.
        place = _pod(policy, "", last=())
        return f"({place}).?spec.hasValue() ? ({place}).?metadata.orValue({{}}) : {{}}"
    return " + ".join(f"variables.podSpec.?{one}.orValue([])" for one in CONTAINER_LISTS)


def _pod(policy: KubernetesPolicy, ending: str, *, last: tuple[str, ...] = ("spec",)) -> str:
    """The Pod that the object is or makes, as an optional: a choice by kind where the policy is about several."""
    pairs = frozenset(kinds_of(policy))
    by_fields: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for pair, fields in WORKLOADS.items():
        if not pairs.isdisjoint((pair, ("*", pair[1]), (pair[0], "*"), ("*", "*"))):
            by_fields.setdefault(fields, []).append(pair)
    if not by_fields:
        return f"optional.none(){ending}" if ending else "optional.none()"
    others = pairs - WORKLOADS.keys()
    ambiguous = {kind for _, kind in others} if not any(kind == "*" for _, kind in others) else {"*"}
    branches = [(_is_one(found, ambiguous), _optional(fields + last)) for fields, found in by_fields.items()]
    exhaustive = not others
    text = branches[-1][1] if exhaustive else "optional.none()"
    for condition, value in reversed(branches[:-1] if exhaustive else branches):
        text = f"{condition} ? {value} : {text}"
    return f"({text}){ending}" if ending and " ? " in text else text + ending


def _optional(fields: tuple[str, ...]) -> str:
    return f"object{_selected(fields)}" if fields else "optional.of(object)"


def _is_one(pairs: Iterable[tuple[str, str]], ambiguous: set[str]) -> str:
    """Whether the object is of one of these kinds; the group is asked for where another group's kind may come too."""
    plain = sorted({kind for _, kind in pairs if kind not in ambiguous and "*" not in ambiguous})
    parts = [f"object.kind in {_texts(plain)}"] if len(plain) > 1 else [f"object.kind == '{one}'" for one in plain]
    for group, kind in pairs:
        if kind not in plain:
            own = f"object.apiVersion.startsWith('{group}/')" if group else "!object.apiVersion.contains('/')"
            parts.append(f"(object.kind == '{kind}' && {own})")
    return f"({' || '.join(parts)})" if len(parts) > 1 else parts[0]


def _texts(values: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def constant(value: Any) -> str:
    """A parameter's value as CEL. Members are ``dyn``, since a cluster refuses literals whose members differ in type.

    Raises :class:`NotExportableError` for what has no form.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case list() | tuple():
            same = len({type(item) for item in value}) <= 1 and not any(isinstance(i, list | dict) for i in value)
            return "[" + ", ".join(constant(item) if same else f"dyn({constant(item)})" for item in value) + "]"
        case Mapping():
            return "{" + ", ".join(f"{_quoted(str(k))}: dyn({constant(v)})" for k, v in value.items()) + "}"
    raise NotExportableError(f"a parameter of type {type(value).__name__} has no form in CEL")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
