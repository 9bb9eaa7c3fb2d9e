"""A team's own policies put to objects wherever they are met, by the very set that an admission asks.

Gatekeeper's constraints, ValidatingAdmissionPolicies and what stands with them come from files or from the cluster
that is audited; each object is judged as if it were about to be made. A policy is named as admission names it, so one
waiver counts at every stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from lockgate.gates.admission import Action, Placed, PolicySet, Said, load_policies
from lockgate.model import Confidence, Family, Named, Object, Rule, RuleId, Severity, Skip, SkipKind
from lockgate.policy.catalogue import Hit
from lockgate.policy.gatekeeper.constraint import WEBHOOK
from lockgate.policy.kubernetes.request import plural
from lockgate.settings import AdmissionSettings

_SEVERITY = {Action.DENY: Severity.HIGH, Action.WARN: Severity.MEDIUM, Action.ERROR: Severity.MEDIUM}
_ENGINES = {"gatekeeper": "a constraint of Gatekeeper", "kubernetes": "a ValidatingAdmissionPolicy"}


class OwnPolicies:
    """Loaded policies; asked from one thread."""

    def __init__(
        self, manifests: Iterable[tuple[str, Mapping[str, Any]]], settings: AdmissionSettings, *,
        inventory: Iterable[Mapping[str, Any]] = (), point: str = WEBHOOK,
        plurals: Mapping[tuple[str, str], str] | None = None, compiled: MutableMapping[str, bytes] | None = None,
    ) -> None:  # fmt: skip
        """``manifests``: places and bodies. What cannot be used is among :attr:`problems`.

        ``inventory``: what policies may look at of a cluster; ``point``: where constraints are enforced; ``plurals``:
        the resource's name by (group, kind), where it is known; ``compiled``: as of ``load_policies``.
        """
        placed = [Placed(where, body) for where, body in manifests]
        policies = load_policies(placed, inventory=inventory, compiled=compiled,
                                 azure_cluster=settings.azure_cluster or "")  # fmt: skip
        self.problems = tuple(
            Skip(one.where or "policies", SkipKind.MALFORMED, one.message, Family.POLICY) for one in policies.problems
        )
        """One for each policy that judges nothing, or answers with an error."""
        self.waivers = policies.waivers
        """Of constraints that exemptions of Azure Policy excuse the cluster from."""
        self.digest = policies.digest
        self.rules: dict[RuleId, Rule] = {}
        """Those that said something, for reports."""
        self._set = PolicySet(policies, settings, point=point)
        self._plurals = plurals or {}

    def __len__(self) -> int:
        return len(self._set)

    def judge(self, judged: Object) -> Iterator[Hit]:
        """What they say of one object; one that could not be evaluated is a Hit that failed."""
        if judged.form != "kubernetes":
            return
        for said in self._set.review(_request(judged, self._plurals)).said:
            rule = self._rule(said)
            failed = said.message if said.action is Action.ERROR else ""
            text = f"the policy {said.policy} could not be evaluated: {failed}" if failed else said.message
            yield Hit(rule, text, said.pointer, said.item, failed)

    def _rule(self, said: Said) -> Rule:
        id = RuleId(said.policy)
        severity = _SEVERITY.get(said.action, Severity.LOW)
        found = self.rules.get(id)
        if found is None or found.severity != severity:
            why = f"It is {_ENGINES.get(said.engine, 'a policy')} of your own."
            found = self.rules[id] = Rule(
                id, Family.POLICY, f"Denied by {said.policy}", why, severity, Confidence.HIGH,
                "Change the object to what the policy asks for.",
            )  # fmt: skip
        return found


def _request(judged: Object, plurals: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """The request to the API server that would make the object."""
    named, body = Named.of(judged), judged.body
    group, _, version = str(body.get("apiVersion", "")).rpartition("/")
    kind = str(body.get("kind", ""))
    resource = plurals.get((group, kind)) or plural(kind)
    return {
        "uid": "lockgate", "operation": "CREATE", "name": named.name, "namespace": named.namespace, "object": body,
        "kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": resource},
        "userInfo": {}, "dryRun": True,
    }  # fmt: skip
