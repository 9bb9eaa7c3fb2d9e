"""From the resources of a template to objects: copies, conditions, children and nested deployments.

The body of an object is the resource as Azure holds it: ``type`` and ``name`` in full
(``Microsoft.Sql/servers/databases``, ``one/two``), and without what only steers the deployment (``dependsOn``,
``copy``, ``condition``). Children become objects of their own. ARM templates and compiled Bicep files both come through
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.azure._evaluate import (
    MAX_COPIES,
    Copies,
    Evaluator,
    Loop,
    Parameter,
    Scope,
    Unknown,
    reference,
)
from lockgate.formats.objects import Skips, escaped, parts_of
from lockgate.model import Object, SkipKind

MAX_OBJECTS = 10_000
_STEERING = frozenset(("dependson", "copy", "condition", "resources", "comments", "existing", "scope", "handed"))
_DEPLOYMENT = "microsoft.resources/deployments"
_ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments"

Line = Callable[[str], int]
"""The line of a pointer from the root of the file; 0 when nothing stands exactly there."""


@dataclass(frozen=True, slots=True)
class Handed:
    """Stands under ``handed`` in a resource of Bicep that goes to a module which is not at hand, or to an output."""

    to: str
    """``module diagnostics``."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The resource around a child."""

    type: str
    name: Any


@dataclass(slots=True)
class Template:
    """One file on its way to objects."""

    path: str
    line: Line
    skips: Skips
    evaluator: Evaluator = field(default_factory=Evaluator)
    objects: list[Object] = field(default_factory=list)
    generated_by: str = ""
    level: str = ""
    """``subscription`` where that is what the template is deployed to; empty for a resource group."""

    def take(self, template: Mapping[str, Any], scope: Scope, pointer: str, parent: Parent | None = None) -> None:
        """Every resource of a template, or of a resource that has children."""
        for raw, where in _members(template.get("resources"), f"{pointer}/resources"):
            for own in self._copies(raw, scope, where):
                self._resource(raw, own, where, parent)
                if len(self.objects) >= MAX_OBJECTS:
                    self._say(SkipKind.LIMIT, f"more than {MAX_OBJECTS} resources", pointer)
                    return

    def _say(self, kind: SkipKind, reason: str, where: str) -> None:
        self.skips.add(kind, reason, line=self.line(where), path=self.path)

    def _copies(self, raw: Mapping[str, Any], scope: Scope, where: str) -> Iterator[Scope]:
        """The scope of each iteration; a loop whose count is not known is judged once."""
        loop = raw.get("copy")
        if isinstance(loop, Loop):
            yield from self._bicep_loop(loop, scope)
            return
        if not isinstance(loop, dict) or "count" not in loop:
            yield scope
            return
        count = self.evaluator.value(loop["count"], scope)
        name = str(loop.get("name", ""))
        if isinstance(count, bool) or not isinstance(count, int):
            yield scope
        elif not 0 <= count <= MAX_COPIES:
            self.skips.add(
                SkipKind.MALFORMED, f"a loop of less than 0 or more than {MAX_COPIES}", line=self.line(where)
            )
        else:
            yield from (scope.in_loop(name, index) for index in range(count))

    def _bicep_loop(self, loop: Loop, scope: Scope) -> Iterator[Scope]:
        items = self.evaluator.value(loop.items, scope)
        if not isinstance(items, list):
            yield scope
            return
        for index, item in enumerate(items[:MAX_COPIES]):
            yield scope.with_locals({loop.item: item, loop.index: index})

    def _resource(self, raw: Mapping[str, Any], scope: Scope, where: str, parent: Parent | None) -> None:
        kind = self.evaluator.value(raw.get("type"), scope)
        if not isinstance(kind, str) or not kind:
            self._say(SkipKind.UNRESOLVED, "a resource whose type is not known", where)
            return
        if raw.get("existing") is not True and not self._deployed(raw, scope):
            return
        name = self.evaluator.value(raw.get("name"), scope)
        kind, name = _in_full(kind, name, parent)
        if kind.lower() == _DEPLOYMENT:
            self._deployment(raw, scope, where)
            return
        if raw.get("existing") is not True:
            self._emit(raw, scope, where, kind, name)
        self.take(raw, scope, where, Parent(kind, name))

    def _deployed(self, raw: Mapping[str, Any], scope: Scope) -> bool:
        """Whether a resource may be deployed. A condition that is false only by a default may be set to true."""
        if "condition" not in raw:
            return True
        before = self.evaluator.defaults_read
        condition = self.evaluator.value(raw["condition"], scope)
        return condition is not False or self.evaluator.defaults_read > before

    def _emit(self, raw: Mapping[str, Any], scope: Scope, where: str, kind: str, name: Any) -> None:
        rest = {key: item for key, item in raw.items() if key.lower() not in _STEERING and key not in ("type", "name")}
        kind, name, extended = _extension(kind, name, self.evaluator.value(raw.get("scope"), scope))
        head = {"type": kind, "name": name, "scope": extended}
        given = {key: item for key, item in head.items() if item is not None}
        body, unresolved = self.evaluator.settle({**given, **self.evaluator.value(rest, scope)})
        properties = body.get("properties")
        if self.level and extended is None and kind.lower() == _ROLE_ASSIGNMENT and isinstance(properties, dict):
            properties.setdefault("scope", "/subscriptions/(that of the deployment)")
        lines, handed = Lines(self.line, where, raw), raw.get("handed")
        made = Object("azure", body, self.path, lines, self.generated_by, unresolved)
        self.objects.append(replace(made, handed=handed.to) if isinstance(handed, Handed) else made)

    def _deployment(self, raw: Mapping[str, Any], scope: Scope, where: str) -> None:
        properties = raw.get("properties")
        if not isinstance(properties, dict):
            return
        inner = properties.get("template")
        if not isinstance(inner, dict):
            link = properties.get("templateLink")
            reason = "a linked template of another place" if link else "a deployment without its template"
            self._say(SkipKind.UNRESOLVED, reason, where)
            return
        options = properties.get("expressionEvaluationOptions")
        own = isinstance(options, dict) and str(options.get("scope", "")).lower() == "inner"
        if own:
            given = properties.get("parameters")
            scope = scope_of(inner, values_of(given, scope) if isinstance(given, dict) else {})
        self.take(inner, scope, f"{where}/properties/template")


def _extension(kind: str, name: Any, scope: Any) -> tuple[str, Any, Any]:
    """Type, name and scope of an extension as its own type has them, whichever way it is written.

    ``Microsoft.KeyVault/vaults/providers/diagnosticSettings`` with the name ``kv/Microsoft.Insights/audit`` is
    ``Microsoft.Insights/diagnosticSettings`` with the name ``audit`` in the scope of the vault ``kv``.
    """
    if isinstance(scope, dict):  # a resource of the same Bicep file
        scope = scope.get("id")
    own, marker, extension = kind.partition("/providers/")
    if not marker or not isinstance(name, str):
        return kind, name, scope
    parts = name.split("/")
    count = own.count("/")
    if len(parts) != count + 2 + extension.count("/"):
        return kind, name, scope
    return f"{parts[count]}/{extension}", "/".join(parts[count + 1 :]), reference(own, parts[:count])


@dataclass(frozen=True, slots=True)
class Lines:
    """``line_of`` of a resource: where the field stands in the template, through ``copy`` loops and up to ancestors."""

    line: Line
    where: str
    raw: Any

    def __call__(self, pointer: str) -> int:
        """The line, from 1."""
        here, raw, found = self.where, self.raw, self.line(self.where)
        parts = parts_of(pointer)
        while parts:
            part = parts.pop(0)
            if isinstance(raw, Loop):
                here, raw = f"{here}/*", raw.body
                found = self.line(here) or found
                continue
            copied = _copied(raw, part)
            if copied is not None:
                here = f"{here}/copy/{copied}/input"
                raw = raw["copy"][copied]["input"]
                found = self.line(here) or found
                if parts and parts[0].isdigit():
                    parts.pop(0)
                continue
            here = f"{here}/{escaped(part)}"
            line = self.line(here)
            if not line:
                return found
            found, raw = line, _below(raw, part)
        return found


def _copied(raw: Any, part: str) -> int | None:
    loops = raw.get("copy") if isinstance(raw, dict) and part not in raw else None
    for at, loop in enumerate(loops if isinstance(loops, list) else ()):
        if isinstance(loop, dict) and loop.get("name") == part and "input" in loop:
            return at
    return None


def _below(raw: Any, part: str) -> Any:
    if isinstance(raw, dict):
        return raw.get(part)
    if isinstance(raw, list) and part.isdigit() and len(part) < 8 and int(part) < len(raw):
        return raw[int(part)]
    return None


def _members(resources: Any, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Resources of an array, or of an object keyed by symbolic name."""
    if isinstance(resources, dict):
        named = ((escaped(key), item) for key, item in resources.items())
    else:
        named = ((str(at), item) for at, item in enumerate(resources if isinstance(resources, list) else ()))
    for key, item in named:
        if isinstance(item, dict):
            yield item, f"{where}/{key}"


def _in_full(kind: str, name: Any, parent: Parent | None) -> tuple[str, Any]:
    """Type and name of a child as Azure holds them: those of its parent, a slash, and its own."""
    if parent is None or "." in kind.partition("/")[0]:
        return kind, name
    full = name
    if isinstance(name, str) and isinstance(parent.name, str):
        full = f"{parent.name}/{name}"
    elif isinstance(name, str):
        full = Unknown(f"{parent.name.text if isinstance(parent.name, Unknown) else ''}/{name}")
    return f"{parent.type}/{kind}", full


def scope_of(template: Mapping[str, Any], given: Mapping[str, Parameter]) -> Scope:
    """The names that a template declares. ``given``: values of parameters by lower-case name."""
    parameters: dict[str, Parameter] = {}
    for name, declared in _pairs(template.get("parameters")):
        own = given.get(name.lower())
        parameters[name.lower()] = own if own is not None else _default(name, declared)
    variables = dict(_pairs(template.get("variables")))
    loops = variables.pop("copy", None)
    named = {name.lower(): raw for name, raw in variables.items()}
    for loop in loops if isinstance(loops, list) else ():
        if isinstance(loop, dict) and isinstance(loop.get("name"), str):
            named[loop["name"].lower()] = Copies(loop)
    return Scope(parameters, named, _functions(template.get("functions")))


def _default(name: str, declared: Any) -> Parameter:
    if isinstance(declared, dict):
        if "defaultValue" in declared:
            return Parameter(declared["defaultValue"], default=True)
        allowed = declared.get("allowedValues")
        if isinstance(allowed, list) and len(allowed) == 1:
            return Parameter(allowed[0])
    return Parameter(Unknown(f"[parameters('{name}')]"))


def values_of(given: Mapping[str, Any], scope: Scope | None) -> dict[str, Parameter]:
    """Values that a parameters file or a deployment gives; one from a key vault is not known."""
    found: dict[str, Parameter] = {}
    for name, item in _pairs(given):
        if isinstance(item, dict) and "value" in item:
            found[name.lower()] = Parameter(item["value"], scope)
        else:
            found[name.lower()] = Parameter(Unknown(f"[parameters('{name}')]"))
    return found


def _functions(declared: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for space in declared if isinstance(declared, list) else ():
        if isinstance(space, dict):
            for name, function in _pairs(space.get("members")):
                found[f"{space.get('namespace')}.{name}".lower()] = function
    return found


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
