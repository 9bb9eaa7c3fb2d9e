"""From manifests of any kind to policies ready to judge.

What is no policy is parameter or inventory. What cannot be used is a problem with its place; a template that does not
compile stays as one whose constraints answer with an error. Compiled code is taken from ``compiled`` and put there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any, TypeVar

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.formats.azure_policy import sort_of
from lockgate.gates.admission.placed import Placed
from lockgate.policy.cel import held_in
from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.config import Config, is_config, parse_config
from lockgate.policy.gatekeeper.constraint import is_constraint
from lockgate.policy.gatekeeper.expansion import ExpansionTemplate, is_expansion, parse_expansion
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.mutation import Mutator, Mutators, is_mutator, parse_mutator
from lockgate.policy.gatekeeper.program import BrokenProgram, Program, compile_program, load_program
from lockgate.policy.gatekeeper.review import ReviewError
from lockgate.policy.gatekeeper.template import Template, is_template, parse_template
from lockgate.policy.kubernetes import Binding, MutatingPolicy, ValidatingPolicy, World, parse_object
from lockgate.store.waiver import Waiver

T = TypeVar("T")
_GROUP = "admissionregistration.k8s.io/"


@dataclass(slots=True)
class Policies:
    """Everything that was loaded, besides the rulebook's own. Not to be changed once it judges."""

    library: Library = field(default_factory=Library)
    mutators: Mutators = field(default_factory=Mutators)
    expansions: tuple[ExpansionTemplate, ...] = ()
    config: Config = field(default_factory=Config)
    validating: tuple[ValidatingPolicy, ...] = ()
    mutating: tuple[MutatingPolicy, ...] = ()
    bindings: Mapping[tuple[str, bool], tuple[Binding, ...]] = field(default_factory=dict)
    """By the policy's name and whether it validates."""
    world: World = field(default_factory=World)
    waivers: tuple[Waiver, ...] = ()
    """Of constraints that exemptions of Azure Policy excuse the cluster from."""
    problems: tuple[LockgateError, ...] = ()
    """What could not be used."""
    digest: str = ""
    """SHA-256 over every policy, parameter and binding, whatever their order; not over the inventory."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many there are of each sort."""

    @property
    def mutates(self) -> bool:
        """Whether anything here changes objects."""
        return bool(len(self.mutators) or self.mutating)


def load_policies(
    manifests: Iterable[Placed], *, inventory: Iterable[Mapping[str, Any]] = (),
    compiled: MutableMapping[str, bytes] | None = None, azure_cluster: str = "",
) -> Policies:  # fmt: skip
    """Sort and compile ``manifests``. ``inventory``: objects of the cluster, those of which Rego sees that Config and
    SyncSets name. ``compiled`` holds code: it must come from a place that only the user can write. ``azure_cluster``:
    the resource id by which assignments of Azure Policy are chosen. Never raises for what manifests hold."""
    loader = _Loader(compiled if compiled is not None else {})
    every = list(manifests)
    with held_in(loader.compiled):
        for one in every:
            loader.sort(one)
        loader.from_azure(azure_cluster)
    return loader.finish(every, inventory)


class _Loader:
    def __init__(self, compiled: MutableMapping[str, bytes]) -> None:
        self.compiled = compiled
        self.problems: list[LockgateError] = []
        self.templates: list[Placed] = []
        self.constraints: list[Placed] = []
        self.azure: list[Placed] = []
        self.waivers: tuple[Waiver, ...] = ()
        self.mutators: list[Mutator] = []
        self.expansions: list[ExpansionTemplate] = []
        self.config = Config()
        self.native: list[ValidatingPolicy | MutatingPolicy | Binding] = []
        self.others: list[Mapping[str, Any]] = []
        self.where: dict[Any, str] = {}

    def sort(self, one: Placed) -> None:
        body = one.body
        if is_template(body):
            self.templates.append(one)
        elif is_constraint(body):
            self.constraints.append(one)
        elif is_mutator(body):
            self.attempt(one, parse_mutator, lambda made: self._mutator(made, one))
        elif is_expansion(body):
            self.attempt(one, parse_expansion, self.expansions.append)
        elif is_config(body):
            self.attempt(one, parse_config, self._join)
        elif str(body.get("apiVersion")).startswith(_GROUP) and str(body.get("kind")).startswith(("Val", "Mut")):
            self.attempt(one, lambda given: parse_object(given, where=one.where), lambda made: self._native(made, one))
        elif sort_of(body):
            self.azure.append(one)
        else:
            self.others.append(body)

    def from_azure(self, cluster: str) -> None:
        """Constraints of Azure's definitions, as if they had been written beside the others."""
        if not self.azure:
            return
        from lockgate.gates.admission.azure import constraints_of

        made = constraints_of(self.azure, self.templates, cluster=cluster)
        self.templates += made.templates
        self.constraints += made.constraints
        self.problems += made.problems
        self.waivers = made.waivers

    def attempt(self, one: Placed, parse: Callable[[Any], T], keep: Callable[[T], Any]) -> None:
        try:
            keep(parse(one.body))
        except LockgateError as error:
            self.problems.append(one.at(error))

    def _join(self, config: Config) -> None:
        self.config = self.config.joined(config)

    def _mutator(self, made: Mutator, one: Placed) -> None:
        self.mutators.append(made)
        self.where[made.key] = one.where

    def _native(self, found: ValidatingPolicy | MutatingPolicy | Binding | None, one: Placed) -> None:
        if found is not None:  # webhook configurations are of the same group, and no policies
            self.native.append(found)
            self.where[id(found)] = one.where

    def finish(self, every: Sequence[Placed], inventory: Iterable[Mapping[str, Any]]) -> Policies:
        library = Library()
        for one in self.templates:
            self.attempt(one, partial(self._template, one), lambda made: library.install(*made))
        for one in self.constraints:
            self.attempt(one, library.add_constraint, lambda made: None)
        objects = [*self.others, *inventory]
        self.problems += [_plain(error) for error in library.inventory.fill(objects, self.config)]
        validating = tuple(one for one in self.native if isinstance(one, ValidatingPolicy))
        mutating = tuple(one for one in self.native if isinstance(one, MutatingPolicy))
        bindings = [one for one in self.native if isinstance(one, Binding)]
        self._unbound(bindings, validating, mutating)
        mutators = Mutators(self.mutators)
        for key, others in sorted(mutators.conflicts.items()):
            told = f"conflicts with {', '.join(sorted(others))}: neither is applied"
            self.problems.append(PolicyError(told, where=f"{self.where[key]}: {key}"))
        return Policies(
            library, mutators, tuple(self.expansions), self.config, validating, mutating,
            {key: tuple(one for one in bindings if (one.policy, one.validating) == key)
             for key in {(one.policy, one.validating) for one in bindings}},
            _world(objects, (*validating, *mutating)), self.waivers, tuple(self.problems), _digest(every),
            {"templates": len(library.templates), "constraints": len(library.constraints), "mutators": len(mutators),
             "expansions": len(self.expansions), "validating policies": len(validating),
             "mutating policies": len(mutating), "bindings": len(bindings)},
        )  # fmt: skip

    def _template(self, one: Placed, body: Mapping[str, Any]) -> tuple[Template, Program, Mapping[str, Any]]:
        template = parse_template(body)
        key = f"template {hashlib.sha256(_canonical(body)).hexdigest()}"
        try:
            program = self._compiled(template, key)
        except PolicyError as error:
            self.problems.append(one.at(error))
            program = BrokenProgram(error)
        return template, program, body

    def _compiled(self, template: Template, key: str) -> Program:
        if key in self.compiled:
            try:
                return load_program(template, self.compiled[key])
            except PolicyError:  # of another version of Python
                del self.compiled[key]
        program = compile_program(template)
        self.compiled[key] = program.dump()
        return program

    def _unbound(self, bindings: Sequence[Binding], validating: Sequence[Any], mutating: Sequence[Any]) -> None:
        known = {(one.name, True) for one in validating} | {(one.name, False) for one in mutating}
        for one in bindings:
            if (one.policy, one.validating) not in known:
                place = f"{self.where[id(one)]}: binding {one.name}"
                self.problems.append(PolicyError(f"there is no policy {one.policy!r}", where=place))


def _world(objects: Iterable[Mapping[str, Any]], policies: Sequence[ValidatingPolicy | MutatingPolicy]) -> World:
    wanted: dict[tuple[str, str], list[Mapping[str, Any]]] = {
        one.param_kind: [] for one in policies if one.param_kind is not None
    }
    namespaces: dict[str, Mapping[str, Any]] = {}
    for body in objects:
        kind = (str(body.get("apiVersion")), str(body.get("kind")))
        if kind in wanted:
            wanted[kind].append(body)
        if kind == ("v1", "Namespace"):
            metadata = body.get("metadata")
            name = metadata.get("name") if isinstance(metadata, dict) else None
            if isinstance(name, str):
                namespaces[name] = body
    return World(namespaces, wanted)


def _digest(every: Sequence[Placed]) -> str:
    each = sorted(hashlib.sha256(_canonical(_meaning(one.body))).digest() for one in every)
    return hashlib.sha256(b"".join(each)).hexdigest()


def _meaning(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A policy without what a server adds to it, so that a file and the object made from it have one digest."""
    metadata = body.get("metadata")
    kept = {key: value for key, value in body.items() if key != "status"}
    if isinstance(metadata, dict):
        kept["metadata"] = {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata}
    return kept


def _canonical(body: Any) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)


def _plain(error: ReviewError) -> LockgateError:
    return error
