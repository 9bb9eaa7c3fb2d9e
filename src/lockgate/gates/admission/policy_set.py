"""One set of policies, and the judging of requests by all of them.

Order within a review: mutation (where asked for), Gatekeeper's constraints on the object and on what will come of it,
ValidatingAdmissionPolicies, the rulebook's own; then waivers. Everything keeps to one moment by which it must be done:
what was not come to is an error, and the caller's failure mode decides. Nothing raises for what a request holds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from operator import is_
from typing import Any

from lockgate.gates.admission.answer import NOTHING, Action, Answer, Heard, Said
from lockgate.gates.admission.catalogue import NAME as CATALOGUE
from lockgate.gates.admission.catalogue import Catalogue
from lockgate.gates.admission.loading import Policies
from lockgate.gates.admission.native import Authorities, Native
from lockgate.gates.admission.recalled import Known, Recalled
from lockgate.gates.admission.told import Told, stand_ins
from lockgate.gates.admission.waiving import Exceptions
from lockgate.gates.admission.workloads import OWN, has_template, maker_of, own_templates, owner_of
from lockgate.model import Object, Rule
from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.apart import Key, Parts
from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.constraint import AUDIT, WEBHOOK
from lockgate.policy.gatekeeper.expansion import Expanded, Expander
from lockgate.policy.gatekeeper.kept import Verdicts
from lockgate.policy.gatekeeper.mutation import patch
from lockgate.policy.gatekeeper.review import Origin, Review
from lockgate.policy.gatekeeper.violation import Violation
from lockgate.settings import AdmissionSettings, Mildness
from lockgate.settings.globs import word_matches

_ACTIONS = {"deny": Action.DENY, "warn": Action.WARN, "dryrun": Action.AUDIT}
_PODS_OF = {Mildness.WARN: Action.WARN, Mildness.DENY: Action.DENY}
_Seconds = MutableMapping[str, float]


class PolicySet:
    """Everything that judges. Asked from several threads at once. Keeps nothing of what it judged but answers of
    constraints, by the few fields that these read (``policy.gatekeeper.kept``)."""

    def __init__(
        self, policies: Policies, settings: AdmissionSettings | None = None, *, rules: Sequence[Rule] = (),
        options: Mapping[str, Any] | None = None, exceptions: Exceptions | None = None,
        compiled: MutableMapping[str, bytes] | None = None, version: str = "", point: str = WEBHOOK,
        authorities: Authorities | None = None,
    ) -> None:  # fmt: skip
        """``rules`` are the rulebook's policies, ``options`` their parameters. ``version`` names the whole. ``point``
        is where Gatekeeper's constraints are enforced: one that is scoped may say otherwise elsewhere.
        ``authorities`` answer CEL's ``authorizer``; without them an expression that asks it is an error.

        Raises :class:`PolicyError` for a rule that does not compile.
        """
        self.settings, self.policies, self.version = settings or AdmissionSettings(), policies, version
        self.exceptions = exceptions or Exceptions()
        self.catalogue = Catalogue(rules, self.settings, options or {}, compiled)
        self._point, self._process = point, "audit" if point == AUDIT else "webhook"
        self._native = Native(policies, authorities)
        self._limits = (self.settings.steps, self.settings.all_steps)
        own = tuple(own_templates(policies.expansions)) if self.settings.workloads is not Mildness.OFF else ()
        self._templates = (*policies.expansions, *own)
        self._expanded = frozenset(kind for one in self._templates for kind in one.applies_to)
        self._excluded = Verdicts(())
        self._recalled = Recalled()
        self._expander = Expander(self._templates, mutators=policies.mutators)

    @property
    def mutates(self) -> bool:
        """Whether anything here changes objects."""
        return self.policies.mutates

    @property
    def asks(self) -> bool:
        """Whether there are requests that wait for an answer of the cluster."""
        return self._native.asks

    def waits(self, request: Mapping[str, Any], *, mutate: bool = False) -> bool:
        """Whether this request may be one of these. Quick, and asks nobody."""
        return self._native.waits(request, mutate=mutate) and not self._exempt(request)

    def __len__(self) -> int:
        counts = self.policies.counts
        return len(self.catalogue) + counts.get("constraints", 0) + counts.get("validating policies", 0)

    def review(self, request: Mapping[str, Any], *, until: float | None = None, mutate: bool = False,
               validate: bool = True, shallow: bool = False) -> Answer:  # fmt: skip
        """Judge one AdmissionRequest, plain JSON values, which is not changed.

        ``mutate`` changes the object first and judges what comes of it. ``until``: a moment of ``time.monotonic()``.
        ``shallow``: the caller has seen that it nests no deeper than ``MAX_DEPTH`` of a review.
        """
        if self._exempt(request):
            return Answer(self.version, annotations={"exempt": "namespace"}, object=request.get("object"))
        seconds: dict[str, float] = {}
        try:
            review = Review.of_request(request, shallow=shallow)
            review = review.in_namespace(self._namespace(review.namespace))
            return self._answer(review, request, until, seconds, mutate, validate)
        except EvaluationError as error:
            said = Said("lockgate", "gatekeeper", Action.ERROR, f"the request cannot be judged: {error}")
            return Answer(self.version, Heard((said,)), seconds, object=request.get("object"))
        except RecursionError:
            said = Said("lockgate", "gatekeeper", Action.ERROR, "the object nests too deep to be judged")
            return Answer(self.version, Heard((said,)), seconds, object=request.get("object"))

    def _answer(self, review: Review, request: Mapping[str, Any], until: float | None, seconds: _Seconds,
                mutate: bool, validate: bool) -> Answer:  # fmt: skip
        said: list[Said] = []
        notes: dict[str, str] = {}
        before = review.object
        if mutate and before is not None:
            review = self._mutated(review, request, until, said, notes)
            request = {**request, "object": review.object}
        if validate:
            heard = self._waived(self._judged(review, request, said, until, seconds, notes), review)
        else:
            heard = Heard(tuple(said)) if said else NOTHING
        changed = review.object is not before
        return Answer(
            self.version, heard, seconds, notes, review.object,
            tuple(patch(before, review.object)) if changed else (),
            owner_of(_body(review), review.namespace_object, self.settings.owner_keys) if heard.said else "",
        )  # fmt: skip

    def _judged(self, review: Review, request: Mapping[str, Any], said: Sequence[Said], until: float | None,
                seconds: _Seconds, notes: dict[str, str]) -> Heard:  # fmt: skip
        """Everything that is said, after what was ``said`` already."""
        parts = self.policies.library.parts(review)
        key, known = self._recall(review, parts, self._of(until), seconds)
        if known is None:
            known = self._asked(review, parts, key, until, seconds)
        others = [*self._native.judged(request, self.settings, until, seconds, notes),
                  *self._comes_of(review, until, seconds)]  # fmt: skip
        if isinstance(known, Told):
            heard = None if said or others else known.whole(parts.texts())
            if heard is not None:
                return heard
            return Heard(tuple(_distinct((*said, *known.filled(parts.texts()), *others, *known.rules.said))))
        constraints, rules = known.constraints, known.rules
        if said or others:
            every = (*said, *map(_said, constraints.violations), *others, *rules.said)
            return Heard(tuple(_distinct(every)))
        # Both are the same objects for the copies of an object, and so is what comes of them.
        return constraints.kept((self, rules), lambda: Heard(tuple(_distinct(
            (*map(_said, constraints.violations), *rules.said)))))  # fmt: skip

    def _recall(self, review: Review, parts: Parts, limits: Limits,
                seconds: _Seconds) -> tuple[Key | None, Known | Told | None]:  # fmt: skip
        """What constraints and rules said of such an object before, and the key to keep what they say now."""
        if review.operation != "CREATE" or self.policies.config.excludes_review(review, self._process):
            return None, None
        began = time.perf_counter()
        rules = self.catalogue.of_creation(review)
        key = self._recalled.key(parts, self.policies.library.plan(review, self._point), rules)
        known = None if key is None else self._recalled.get(key, limits) or self._recalled.told(key, limits)
        if known is not None and rules is not None:
            seconds[CATALOGUE] = time.perf_counter() - began
        return key, known

    def _asked(self, review: Review, parts: Parts, key: Key | None, until: float | None, seconds: _Seconds) -> Known:
        """What constraints and rules say, kept if it lasts."""
        constraints = self._gatekeeper(review, parts, until, seconds)
        rules = self.catalogue.judged(review, parts, until, seconds)
        known = Known(constraints, rules)
        if key is not None and parts.lasting:
            self._recalled.keep(key, parts, known)
        elif key is not None and parts.told and review.old_object is None and self._recalled.worth_telling(key):
            self._keep_told(key, parts, known, until)
        return known

    def _keep_told(self, key: Key, parts: Parts, known: Known, until: float | None) -> None:
        """Keep what is said of a review for those who differ from it in texts alone that are told as they are."""
        texts = parts.texts()
        others = stand_ins(texts)
        if others is None:
            return
        review = parts.with_texts(others)
        other = self.policies.library.parts(review)
        constraints = self._gatekeeper(review, other, until, {})
        if not other.told:
            return
        said = [*map(_said, constraints.violations)]
        told = Told.of(said, [*_distinct((*said, *known.rules.said))], known.rules, stand_ins=others,
                       taken=(parts.steps, parts.most))  # fmt: skip
        wanted = [*_distinct((*map(_said, known.constraints.violations), *known.rules.said))]
        whole = told.whole(texts)
        if [*_distinct((*told.filled(texts), *known.rules.said))] == wanted and (not whole or [*whole.said] == wanted):
            self._recalled.keep_told(key, told)

    def _exempt(self, request: Mapping[str, Any]) -> bool:
        if not self.settings.exempt:
            return False
        kind = request.get("kind")
        is_namespace = isinstance(kind, dict) and kind.get("kind") == "Namespace" and not kind.get("group")
        name = request.get("name") if is_namespace else request.get("namespace")
        return isinstance(name, str) and bool(name) and any(word_matches(one, name) for one in self.settings.exempt)

    def _namespace(self, name: str) -> Mapping[str, Any] | None:
        return self.policies.library.inventory.namespace(name) if name else None

    def _mutated(self, review: Review, request: Mapping[str, Any], until: float | None, said: list[Said],
                 notes: dict[str, str]) -> Review:  # fmt: skip
        """The review of the object as mutating policies, then mutators, leave it."""
        changed = self._native.mutated(request, self.settings, until, said, notes)
        if changed is not review.object:
            review = replace(review, object=changed)
        if self.policies.config.excludes_review(review, "mutation-webhook"):
            return review
        try:
            mutation = self.policies.mutators.mutate(review)
        except EvaluationError as error:
            said.append(Said(error.where or "mutators", "mutation", Action.ERROR, str(error)))
            return review
        if mutation.applied:
            notes["mutated-by"] = ", ".join(mutation.applied)
            review = replace(review, object=mutation.object)
        return review

    def _gatekeeper(self, review: Review, parts: Parts, until: float | None, seconds: _Seconds) -> Verdicts:
        if self.policies.config.excludes_review(review, self._process):
            return self._excluded
        return self.policies.library.judged(review, point=self._point, limits=self._of(until), seconds=seconds,
                                            parts=parts)  # fmt: skip

    def _comes_of(self, review: Review, until: float | None, seconds: _Seconds) -> Iterator[Said]:
        """What would be said of the objects that a controller will make of this one."""
        if review.object is None or review.operation not in ("CREATE", "UPDATE") or review.sub_resource:
            return
        if self.policies.config.excludes_review(review, self._process):
            return
        kind = (review.group, review.version, review.kind)
        if kind not in self._expanded:
            return
        if not has_template(review.object, self._templates, kind):
            return
        try:
            children = self._expander.expand(review.object, namespace=review.namespace_object)
        except EvaluationError as error:
            yield Said("expansion", "gatekeeper", Action.ERROR, str(error))
            return
        for child in children:
            yield from self._child(child, review, until, seconds)

    def _child(self, child: Expanded, parent: Review, until: float | None, seconds: _Seconds) -> Iterator[Said]:
        review = Review.of_object(child.object, namespace=parent.namespace_object, source=Origin.GENERATED,
                                  operation="CREATE")  # fmt: skip
        own = child.template.startswith(OWN)
        constraints = self.policies.library.judged(review, point=self._point, limits=self._of(until), seconds=seconds)
        for one in constraints.violations:
            if own:
                yield self._softer(replace(_said(one), of_pod=True))
            else:
                implied = one.implied(child.template, action=child.action, message=child.message(one.message))
                yield replace(_said(implied), of_pod=True)
        if own:
            for said in self._native.of_object(child.object, parent.namespace, self.settings, until, seconds):
                yield self._softer(replace(said, of_pod=True))

    def _softer(self, said: Said) -> Said:
        """A denial of Pods to come, at the workload. That it cannot be judged is for the Pod itself to say."""
        if said.action is Action.DENY:
            return replace(said, action=_PODS_OF[self.settings.workloads])
        if said.action is Action.ERROR and self.settings.workloads is Mildness.WARN:
            return replace(said, action=Action.WARN)
        return said

    def _of(self, until: float | None) -> Limits:
        each, every = self._limits
        return Limits(each, every, until)

    def _waived(self, heard: Heard, review: Review) -> Heard:
        """The same, waived where a waiver covers the object."""
        if not self.exceptions.any:
            return heard
        body = Object("kubernetes", _placed(review), cluster=self.settings.cluster or "")
        settled = tuple(
            self.exceptions.applied(one, body) if one.action in (Action.DENY, Action.WARN) else one
            for one in heard.said
        )  # fmt: skip
        return heard if all(map(is_, settled, heard.said)) else Heard(settled)

    def told(self, said: Said, answer: Answer, body: Mapping[str, Any]) -> str:
        """The message for a person: what is wrong, whose it is, and who may waive it. Of ``body`` only its maker
        counts (``workloads.maker_of``)."""
        parts = [said.message]
        if said.of_pod:
            parts.append("the Pods that it makes will be refused" if said.action is Action.WARN else "in its Pods")
        maker = maker_of(body)
        if maker:
            parts.append(f"made by {maker}")
        if answer.owner:
            parts.append(f"owner {answer.owner}")
        if said.waiver is not None and said.waiver.expired:
            parts.append(f"the waiver by {said.waiver.by} expired on {said.waiver.expires}")
        if said.action is Action.DENY and self.exceptions.waived_by:
            parts.append(f"may be waived by {self.exceptions.waived_by}")
        return "; ".join(parts)


def _body(review: Review) -> Mapping[str, Any]:
    return review.object or review.old_object or {}


def _placed(review: Review) -> Mapping[str, Any]:
    """The object with the Namespace of its request, which it need not say itself."""
    body = _body(review)
    metadata = body.get("metadata")
    if not review.namespace or not isinstance(metadata, dict) or metadata.get("namespace"):
        return body
    return {**body, "metadata": {**metadata, "namespace": review.namespace}}


def _said(one: Violation) -> Said:
    if one.error:
        # A constraint that only warns or counts does not hold anything up when it cannot be judged either.
        action = Action.ERROR if "deny" in one.actions else _ACTIONS[one.action]
        return Said(one.constraint, "gatekeeper", action, f"could not be evaluated: {one.message}")
    return Said(one.constraint, "gatekeeper", _ACTIONS[one.action], one.message)


def _distinct(said: Sequence[Said]) -> Iterator[Said]:
    """What is said of the workload itself is not said again of its Pods."""
    seen: set[tuple[str, str]] = set()
    for one in sorted(said, key=lambda each: each.of_pod):
        key = (one.policy, one.message)
        if key not in seen:
            seen.add(key)
            yield one
