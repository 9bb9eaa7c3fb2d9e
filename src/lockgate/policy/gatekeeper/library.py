"""All templates and constraints together, and the judging of reviews.

Constraints are found by (group, kind) and matched before their logic runs, so that the cost follows the constraints
that match and not those that are installed. What cannot be judged is answered with an error, and what happens then is
the caller's to say. What does not belong: HTTP, namespaces that are left alone (``config``), expansion (``trial``).
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping, MutableMapping
from itertools import count
from types import CodeType
from typing import Any

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.apart import Parts
from lockgate.policy.gatekeeper.case import Case, Limits
from lockgate.policy.gatekeeper.constraint import WEBHOOK, Checked, Constraint, is_constraint, parse_constraint
from lockgate.policy.gatekeeper.fields import group_version_kind
from lockgate.policy.gatekeeper.inventory import Inventory
from lockgate.policy.gatekeeper.judging import NO_VIEW, Installed, matches
from lockgate.policy.gatekeeper.kept import Kept, Verdicts
from lockgate.policy.gatekeeper.match import Match, Place
from lockgate.policy.gatekeeper.plan import Plan
from lockgate.policy.gatekeeper.program import BrokenProgram, Program, compile_program, load_program
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.template import Template, is_template, parse_template
from lockgate.policy.gatekeeper.violation import Violation
from lockgate.policy.views import View

_FORMAT = 4
_MAX_INDEXED = 4096
"""(group, kind) pairs whose constraints are kept; past it the index begins anew, for pairs come from objects."""


class Library:
    """Templates and constraints. Not to be changed while another thread evaluates."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self.inventory = Inventory()
        self.limits = limits or Limits()
        self._templates: dict[str, tuple[Template, Program, Mapping[str, Any]]] = {}
        self._constraints: dict[str, tuple[Installed, Mapping[str, Any]]] = {}
        self._index: dict[tuple[Any, ...], tuple[Installed, ...]] = {}
        self._plans: dict[tuple[Any, ...], Plan] = {}
        self._by_asked: dict[tuple[str, tuple[Installed, ...], bool], Plan] = {}
        self._matches: dict[Match, int] = {}
        self._views: dict[CodeType, tuple[int, View]] = {}
        self._numbers: dict[tuple[Program, bytes], int] = {}
        self._next_number = count()
        self._checked: Checked = {}
        self._words: frozenset[str] = frozenset()
        self.kept = Kept()
        self._data: tuple[Inventory, int, int, dict[str, Any]] = (self.inventory, -1, -1, {})

    @property
    def templates(self) -> list[Template]:
        """All of them, in the order in which they were added."""
        return [template for template, _, _ in self._templates.values()]

    @property
    def constraints(self) -> list[Constraint]:
        """All of them, in the order in which they were added."""
        return [installed.constraint for installed, _ in self._constraints.values()]

    def add_template(self, body: Mapping[str, Any], *, without_cel: bool = False) -> Template:
        """Add a template, or replace the one of its kind; constraints of that kind are checked against it again.

        ``without_cel`` judges a template that has both engines by its Rego. Raises :class:`PolicyError`, and nothing is
        changed then.
        """
        template = parse_template(body)
        if without_cel and template.rego is not None:
            template = template.without_cel()
        self.install(template, compile_program(template), body)
        return template

    def install(self, template: Template, program: Program, body: Mapping[str, Any]) -> None:
        """Add a template that is compiled already. Raises :class:`PolicyError` when a constraint does not fit it."""
        for key in [key for key in self._checked if key[0] == template.kind]:
            del self._checked[key]
        renewed = {
            key: (self._installed(parse_constraint(old, template), template, program), old)
            for key, (installed, old) in self._constraints.items()
            if installed.template.kind == template.kind
        }
        self._templates[template.kind] = (template, program, body)
        self._words |= frozenset(program.decided.words)
        self._constraints.update(renewed)
        used = {id(known) for _, known, _ in self._templates.values()}
        self._numbers = {key: number for key, number in self._numbers.items() if id(key[0]) in used}
        self._changed()

    def installed(self, kind: str) -> tuple[Template, Program]:
        """The template of a kind and its program, which another library may share. Raises KeyError."""
        template, program, _ = self._templates[kind]
        return template, program

    def remove_template(self, kind: str) -> None:
        """Take a template and all its constraints away; nothing happens when it is not there."""
        self._templates.pop(kind, None)
        for key in [key for key, (each, _) in self._constraints.items() if each.template.kind == kind]:
            del self._constraints[key]
        self._changed()

    def add_constraint(self, body: Mapping[str, Any]) -> Constraint:
        """Add a constraint, or replace the one of its kind and name.

        Raises :class:`PolicyError`, also when its template is not there.
        """
        kind = group_version_kind(body)[2] if isinstance(body, dict) else ""
        found = self._templates.get(kind)
        if found is None:
            raise PolicyError(
                f"there is no template of kind {kind[:80]!r}",
                where="constraint",
                hint="add its ConstraintTemplate first",
            )
        template, program, _ = found
        constraint = parse_constraint(body, template, self._checked)
        self._constraints[constraint.key] = (self._installed(constraint, template, program), body)
        self._changed()
        return constraint

    def remove_constraint(self, key: str) -> None:
        """Take the constraint ``Kind/name`` away; nothing happens when it is not there."""
        self._constraints.pop(key, None)
        self._changed()

    def load(self, objects: Iterable[Any]) -> list[PolicyError]:
        """Add all templates and constraints among ``objects``, in any order. What could not be added, and why.

        A template that does not compile stays as one whose constraints answer with an error, so that nothing they were
        to guard passes unseen.
        """
        bodies = list(objects)
        problems: list[PolicyError] = []
        for body in filter(is_template, bodies):
            try:
                template = parse_template(body)
                try:
                    program = compile_program(template)
                except PolicyError as error:
                    problems.append(error)
                    program = BrokenProgram(error)
                self.install(template, program, body)
            except PolicyError as error:
                problems.append(error)
        for body in filter(is_constraint, bodies):
            try:
                self.add_constraint(body)
            except PolicyError as error:
                problems.append(error)
        return problems

    def dump(self) -> bytes:
        """Templates with their compiled programs, and constraints, as bytes for :meth:`loaded`; not the inventory."""
        templates = [(body, program.dump(), template.engine) for template, program, body in self._templates.values()]
        return marshal.dumps((_FORMAT, templates, [body for _, body in self._constraints.values()]))

    @classmethod
    def loaded(cls, data: bytes, *, limits: Limits | None = None) -> Library:
        """The library that was dumped. Bytes must come from a place that only the user can write: they hold code.

        What another version of Python or Lockgate compiled is compiled anew. Raises :class:`PolicyError` when the bytes
        hold no library.
        """
        library = cls(limits=limits)
        try:
            version, templates, constraints = marshal.loads(data)  # noqa: S302
            if version != _FORMAT:
                raise ValueError(version)
            for body, program, engine in templates:
                template = parse_template(body)
                if engine != template.engine:
                    template = template.without_cel()
                library.install(template, _program(template, program), body)
            for body in constraints:
                library.add_constraint(body)
        except (ValueError, TypeError, EOFError, AssertionError):
            raise PolicyError("these bytes hold no library of policies") from None
        return library

    def evaluate(
        self, review: Review, *, point: str = WEBHOOK, limits: Limits | None = None,
        seconds: MutableMapping[str, float] | None = None,
    ) -> list[Violation]:  # fmt: skip
        """Everything that the constraints enforced at ``point`` say of ``review``, in the order of their keys.

        Never raises for what an object or a policy holds: what could not be judged is a violation with an error.
        ``limits`` take the place of the library's own; ``seconds`` takes how long each constraint that was evaluated
        took, by its key.
        """
        return list(self.judged(review, point=point, limits=limits, seconds=seconds).violations)

    def judged(
        self, review: Review, *, point: str = WEBHOOK, limits: Limits | None = None,
        seconds: MutableMapping[str, float] | None = None, parts: Parts | None = None,
    ) -> Verdicts:  # fmt: skip
        """As :meth:`evaluate`; the very object of an earlier review of which the same is said, as a rule."""
        case = self.case(review, limits)
        parts = parts or Parts(case.review, case.inventory, self._words)
        return self.plan(case.review, point).judged(case, parts, self.kept, seconds)

    def parts(self, review: Review) -> Parts:
        """A review that has its Namespace taken apart, for whoever keeps more by its parts; :meth:`judged` takes it."""
        return Parts(review, self._inventory()[0], self._words)

    def matching(self, review: Review) -> list[Constraint]:
        """The constraints that are for ``review``, whatever the point. Raises :class:`MatchError`."""
        case = self.case(review)
        place = Place.of(case.review.namespace_object)
        return [each.constraint for each in self._candidates(review) if matches(each, case.review, place)]

    def case(self, review: Review, limits: Limits | None = None) -> Case:
        """What the constraints that judge ``review`` share: its namespace and the inventory found."""
        number, data = self._inventory()
        return Case(self._in_namespace(review), data=data, limits=limits or self.limits, inventory=number)

    def _in_namespace(self, review: Review) -> Review:
        if review.namespace_object is not None or not review.namespace:
            return review
        return review.in_namespace(self.inventory.namespace(review.namespace))

    def _inventory(self) -> tuple[int, dict[str, Any]]:
        """What Rego sees as ``data``, and a number that is another whenever it is."""
        inventory, version, number, data = self._data
        if inventory is not self.inventory or version != self.inventory.version:
            number, data = next(self._next_number), {"inventory": self.inventory.data()}
            self._data = (self.inventory, self.inventory.version, number, data)
        return number, data

    def plan(self, review: Review, point: str) -> Plan:
        """The constraints for objects of this kind that are enforced at a point and judge the operation."""
        kinds = tuple((candidate.group, candidate.kind) for candidate in review.candidates)
        key = (point, review.operation, *kinds)
        found = self._plans.get(key)
        if found is None:
            enforced = (
                installed for installed in self._candidates(review)
                if installed.constraint.enforcement.at(point)
                and (point != WEBHOOK or installed.template.judges(review.operation))
            )  # fmt: skip
            asked = (point, tuple(enforced), any(one.is_namespace for one in review.candidates))
            found = self._by_asked.get(asked)  # mostly those of one operation are those of another
            if found is None:
                found = self._by_asked[asked] = Plan(asked[1], point, namespaces=asked[2])
            if len(self._plans) >= _MAX_INDEXED:
                self._plans.clear()
            self._plans[key] = found
        return found

    def _changed(self) -> None:
        """Forget what hangs on which constraints there are."""
        if not self._index and not self._plans:
            return  # nobody has asked yet, as while they are loaded
        self._index.clear()
        self._plans.clear()
        self._by_asked.clear()
        self.kept.forget_plans()

    def _keep(self, key: tuple[Any, ...], found: tuple[Installed, ...]) -> tuple[Installed, ...]:
        if len(self._index) >= _MAX_INDEXED:
            self._index.clear()
        self._index[key] = found
        return found

    def _candidates(self, review: Review) -> tuple[Installed, ...]:
        first, *others = ((candidate.group, candidate.kind) for candidate in review.candidates)
        found = self._of_kind(first)
        for kind in others:
            if kind != first:  # an object that changed its kind: whatever is for one of the two
                more = self._of_kind(kind)
                found = tuple(sorted({*found, *more}, key=lambda each: each.constraint.key))
        return found

    def _of_kind(self, kind: tuple[str, str]) -> tuple[Installed, ...]:
        found = self._index.get(kind)
        if found is None:
            found = self._keep(kind, tuple(
                installed
                for _, (installed, _) in sorted(self._constraints.items())
                if installed.constraint.match.covers_kind(*kind)
            ))  # fmt: skip
        return found

    def _installed(self, constraint: Constraint, template: Template, program: Program) -> Installed:
        number, view = NO_VIEW, program.view
        if view is not None:
            number, view = self._views.setdefault(view.code, (len(self._views), view))
        match = self._matches.setdefault(constraint.match, len(self._matches))
        return Installed(
            constraint, template, program, constraint.key, constraint.match.checks(), match,
            self._number(constraint, program), number, view,
        )  # fmt: skip

    def _number(self, constraint: Constraint, program: Program) -> int:
        spec = constraint.body.get("spec")
        given: Any = (constraint.parameters, spec.get("parameters") if isinstance(spec, dict) else None)
        try:
            text = marshal.dumps(given, 2)
        except ValueError:  # a value that a file can hold and JSON cannot
            return next(self._next_number)
        known = self._numbers.get((program, text))
        if known is None:
            known = self._numbers[program, text] = next(self._next_number)
        return known


def _program(template: Template, data: bytes) -> Program:
    """The program from its bytes; a template that had none does not compile, and the reason is found again."""
    try:
        return load_program(template, data) if data else compile_program(template)
    except PolicyError as error:
        return BrokenProgram(error)
