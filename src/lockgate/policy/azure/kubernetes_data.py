"""The Kubernetes data plane: from a definition of mode ``Microsoft.Kubernetes.Data`` to a Gatekeeper constraint.

Azure's add-on turns such a definition into a constraint of the template that it points to. Here it becomes plain data;
whoever holds the template makes the constraint of it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.definitions import Definition
from lockgate.policy.azure.effects import Effect, effect_named
from lockgate.policy.azure.evaluation import Context, Run, compiled
from lockgate.policy.azure.fields import Resource
from lockgate.policy.azure.functions_text import string
from lockgate.policy.azure.reader import MAX_DEPTH
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, kind
from lockgate.policy.errors import EvaluationError, PolicyError

MODE: Final = "microsoft.kubernetes.data"
_ACTIONS: Final = {Effect.DENY: "deny", Effect.AUDIT: "dryrun"}
_CONSTRAINT_EFFECTS: Final = frozenset((Effect.ENFORCE_OPA_CONSTRAINT, Effect.ENFORCE_REGO_POLICY))
_PLACEHOLDER = re.compile(r"\{\{-?\s*\.Values\.([A-Za-z0-9_.]+)\s*-?\}\}")
_BEFORE = re.compile(r"\s*(-\s+)*([\w./-]+\s*:\s+)?")
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
MAX_NAME: Final = 150
"""A longer name may pass what YAML allows for one (1,024 characters) once it is escaped."""
MAX_RENDERED: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class DataPlanePolicy:
    """What a definition asks of a cluster."""

    template_url: str
    """The ConstraintTemplate (or mutation) that it points to; empty when it is held in ``template_content``."""
    template_content: str
    """A template given in place (base64 decoded); empty when it is pointed to."""
    mutation: bool
    """Whether the template is a mutation and not a constraint."""
    constraint_url: str
    """The constraint with placeholders that older definitions point to; empty otherwise."""
    name: str
    """The template's folder in its URL, such as ``container-allowed-images``; by it a local copy can be found."""
    effect: str
    """The effect as written."""
    enforcement_action: str
    """``deny``, ``warn`` or ``dryrun`` for Gatekeeper."""
    values: Mapping[str, Json]
    """The template's parameters, computed: what goes to ``spec.parameters``."""
    api_groups: tuple[str, ...]
    """API groups of the objects that it concerns."""
    kinds: tuple[str, ...]
    """Kinds of those objects."""
    namespaces: tuple[str, ...]
    """The only namespaces that it concerns; empty for all."""
    excluded_namespaces: tuple[str, ...]
    """Namespaces that it leaves out."""
    label_selector: Mapping[str, Json]
    """A Kubernetes label selector; empty for all objects."""
    source: str
    """``Original``, ``Generated`` or ``All``: whether objects that controllers would generate are meant."""

    def constraint(self, kind_name: str, name: str) -> dict[str, Json]:
        """The Gatekeeper constraint of a template's kind."""
        match: dict[str, Json] = {}
        if self.kinds:
            match["kinds"] = [{"apiGroups": list(self.api_groups) or [""], "kinds": list(self.kinds)}]
        if self.namespaces:
            match["namespaces"] = list(self.namespaces)
        if self.excluded_namespaces:
            match["excludedNamespaces"] = list(self.excluded_namespaces)
        if self.label_selector:
            match["labelSelector"] = dict(self.label_selector)
        if self.source:
            match["source"] = self.source
        spec: dict[str, Json] = {"enforcementAction": self.enforcement_action, "match": match}
        if self.values:
            spec["parameters"] = dict(self.values)
        return {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": kind_name,
            "metadata": {"name": name},
            "spec": spec,
        }


def data_plane_policy(
    definition: Definition, values: Mapping[str, Json], cluster: Resource | Json, *, effect: str = ""
) -> DataPlanePolicy | None:
    """What a definition asks of a cluster (its Resource Manager JSON), with parameters by folded name.

    ``effect`` stands in for the rule's own. None when the rule does not concern the cluster or is disabled. Raises
    :class:`PolicyError` for a definition of another mode, or one that points to nothing, and
    :class:`EvaluationError` when its values cannot be computed.
    """
    if ascii_fold(definition.mode) != MODE:
        raise PolicyError(f"the mode is {definition.mode}, not Microsoft.Kubernetes.Data", where=definition.where)
    view = cluster if isinstance(cluster, Resource) else Resource(cluster)
    run = Run(view, {**definition.defaults, **{ascii_fold(name): one for name, one in values.items()}}, Context())
    if effect:
        known, written = effect_named(effect), effect
    else:
        known, written = definition.doing.effect(run)
    if known is Effect.DISABLED or not definition.test(run):
        return None
    members = definition.doing.then.members
    details = {name: _none(compiled(template)(run)) for name, template in members.items()}
    return _policy(definition, details, known, written)


def _policy(definition: Definition, details: Mapping[str, Json], effect: Effect, written: str) -> DataPlanePolicy:
    info = details.get("mutationinfo") or details.get("templateinfo")
    info = {ascii_fold(name): value for name, value in info.items()} if isinstance(info, dict) else {}
    url = str(info.get("url") or details.get("constrainttemplate") or "")
    content = _decoded(info.get("content"), definition)
    if not url and not content:
        raise PolicyError("the definition points to no template", where=definition.where)
    given = details.get("values")
    return DataPlanePolicy(
        template_url=url,
        template_content=content,
        mutation=effect is Effect.MUTATE or "mutationinfo" in details,
        constraint_url=str(details.get("constraint") or ""),
        name=_folder(url),
        effect=written,
        enforcement_action=_action(effect, details),
        values=given if isinstance(given, dict) else {},
        api_groups=_texts(details, "apigroups"),
        kinds=_texts(details, "kinds"),
        namespaces=_texts(details, "namespaces"),
        excluded_namespaces=_texts(details, "excludednamespaces"),
        label_selector=_selector(details.get("labelselector")),
        source=str(details.get("source") or ""),
    )


def _action(effect: Effect, details: Mapping[str, Json]) -> str:
    """Audits that warn are Gatekeeper's ``warn``, others its ``dryrun``."""
    if effect is Effect.AUDIT and details.get("warn") in (True, "true", "True"):
        return "warn"
    if effect in _ACTIONS:
        return _ACTIONS[effect]
    if effect in _CONSTRAINT_EFFECTS or effect is Effect.MUTATE:
        return "deny"
    raise EvaluationError(f"the effect {effect} is not one of a Kubernetes cluster")


def _decoded(content: Json, definition: Definition) -> str:
    if not isinstance(content, str) or not content:
        return ""
    try:
        return base64.b64decode(content, validate=True).decode()
    except (binascii.Error, ValueError):
        raise PolicyError("the template's content is not base64 of UTF-8", where=definition.where) from None


def _folder(url: str) -> str:
    """The name of a template in Azure's store (``.../kubernetes/<name>/v2/template.yaml``) or repository."""
    parts = [part for part in url.split("?")[0].split("/") if part][:-1]
    while parts and re.fullmatch(r"v[0-9]+", parts[-1]):
        parts.pop()
    return parts[-1] if parts else ""


def _texts(details: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = details.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _selector(value: Json) -> dict[str, Json]:
    return {name: one for name, one in value.items() if one} if isinstance(value, dict) else {}


def _none(value: Json) -> Json:
    return None if value is MISSING else value


def render_constraint(text: str, values: Mapping[str, Json], *, where: str = "") -> str:
    """A ``constraint.yaml`` of Azure's templates with its ``{{ .Values.x }}`` filled in.

    A value stands as JSON, which is YAML, so that no value can add a line of its own; a placeholder in double quotes
    takes text, numbers and booleans, and gives text. A placeholder beside other text, and a value that is missing, is
    refused with :class:`PolicyError`: it would not be one value.
    """
    rendered: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        found = list(_PLACEHOLDER.finditer(line))
        if not found and "{{" in line:
            raise PolicyError("only .Values can be filled in", where=where, line=number, column=line.index("{{") + 1)
        if not found:
            rendered.append(line)
            continue
        one = found[0]
        before, after = line[: one.start()], line[one.end() :].rstrip()
        quoted = before.endswith('"') and after == '"'
        before = before[:-1] if quoted else before
        if len(found) > 1 or (after and not quoted) or not _BEFORE.fullmatch(before):
            message = "a placeholder must stand alone as a value"
            raise PolicyError(message, where=where, line=number, column=one.start() + 1)
        value = _value(values, one.group(1), where, number)
        if quoted:
            value = _quotable(value, where, number)
        rendered.append(before + _as_json(value, where, number))
    result = "\n".join(rendered) + "\n"
    if len(result) > MAX_RENDERED:
        raise PolicyError(f"the constraint has more than {MAX_RENDERED} characters", where=where)
    return result


def _quotable(value: Json, where: str, number: int) -> str:
    if isinstance(value, str | int | float):
        return string(value)
    raise PolicyError(f"{kind(value)} cannot stand in quotes", where=where, line=number)


def _value(values: Mapping[str, Json], path: str, where: str, number: int) -> Json:
    value: Json = values
    for name in path.split("."):
        value = value.get(name, MISSING) if isinstance(value, Mapping) else MISSING
    if value is MISSING:
        raise PolicyError(f"no value is given for .Values.{path}", where=where, line=number)
    return value


def _as_json(value: Json, where: str, number: int) -> str:
    """JSON that YAML reads alike: what YAML takes for a line break or refuses is escaped, and names are short."""
    level = [value]
    for _ in range(MAX_DEPTH):
        if any(len(str(name)) > MAX_NAME for one in level if isinstance(one, dict) for name in one):
            raise PolicyError(f"a name has more than {MAX_NAME} characters", where=where, line=number)
        level = [
            child
            for one in level
            if isinstance(one, list | dict)
            for child in (one if isinstance(one, list) else one.values())
        ]
        if not level:
            break
    else:
        raise PolicyError(f"a value is nested deeper than {MAX_DEPTH}", where=where, line=number)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise PolicyError(f"{kind(value)} cannot be written as JSON", where=where, line=number) from None
    return _ODD.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
