"""What pages and API show of how forges are set up: places, scores by area, rules that are not met, who is worst.

A score is the share of answers that hold, each weighted by the severity of its rule. What was accepted by a waiver
counts neither way, and what could not be read is no answer: it is counted beside. Which rows somebody sees, the record
says.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any

import orjson
from fastapi import Request

from lockgate.dataclass import dataclass
from lockgate.model import Rule, Severity
from lockgate.model.actor import Actor, Asset, AssetKind
from lockgate.server.console import looks
from lockgate.server.console.asking import services_of
from lockgate.server.console.rulebook import posture_rules
from lockgate.store.row_access import without_host

AREAS: Mapping[str, str] = {
    "branches": "Branches and review", "pipelines": "Pipelines and runners", "secrets": "Secrets and keys",
    "people": "People and access", "deployments": "Deployments", "dependencies": "Dependencies and code security",
    "integrations": "Webhooks, apps and connections", "exposure": "Exposure and upkeep",
}  # fmt: skip
"""What rules are about, by their tag ``area-...``."""
WEIGHTS = {Severity.CRITICAL: 20, Severity.HIGH: 10, Severity.MEDIUM: 4, Severity.LOW: 1, Severity.INFO: 0}
MOST = 20_000
_PARAMETERS = "declare query_parameters(pRoot:string='', pForge:string='', pOrganization:string='', pRun:string='');\n"
_SEEN = """union (Runs | where Mode == 'posture' | project TimeGenerated, RunId, Root),
    (ForgeRepositories | project TimeGenerated, RunId, Root=strcat(Forge, ':', Organization))
| summarize arg_max(TimeGenerated, RunId) by Root"""
PLACES = f"""{_SEEN} | join kind=leftouter (Findings | where Family == 'posture' and State != 'fixed'
    | summarize Open=countif(not(Waived)), Waived=countif(Waived),
        Critical=countif(Severity == 'critical' and not(Waived)),
        High=countif(Severity == 'high' and not(Waived)) by RunId) on RunId
| project Root, TimeGenerated, RunId, Open=coalesce(Open, 0), Waived=coalesce(Waived, 0),
    Critical=coalesce(Critical, 0), High=coalesce(High, 0)
| order by Root asc | take 500"""
"""Every organisation that somebody sees anything of, with its newest reading."""
FINDINGS = f"""{_PARAMETERS}Findings | where RunId == pRun and Family == 'posture' and State != 'fixed'
| project Identity, Rule, Severity, SubjectKey, SubjectName, Path, Message, Waived, FirstSeen, State | take {MOST}"""
OBJECTS = f"""{_PARAMETERS}ForgeObjects | where Forge == pForge and Organization == pOrganization
| summarize arg_max(TimeGenerated, Change, Kind, Name, Path, Digest, Unread) by Key | where Change != 'gone'
| project Key, Kind, Name, Path, Digest, Unread | take {MOST}"""
UNREAD = f"""{_PARAMETERS}ForgeObjects | where Forge == pForge and Organization == pOrganization
| summarize arg_max(TimeGenerated, Change, Digest, Unread, Body) by Key
| where Change != 'gone' and array_length(todynamic(Unread)) > 0 | project Key, Digest, Unread, Body | take {MOST}"""
TREND = f"""{_PARAMETERS}Runs | where Mode == 'posture' and Root == pRoot
| summarize arg_max(TimeGenerated, FindingCount, WaivedCount) by Day=startofday(TimeGenerated)
| order by Day asc | take 400"""


@dataclass(slots=True)
class Score:
    """Answers of rules to objects, weighted or counted."""

    held: int = 0
    failed: int = 0
    waived: int = 0
    unread: int = 0
    weight_held: int = 0
    weight_failed: int = 0

    @property
    def percent(self) -> int | None:
        """Share that holds, rounded down so that 100 means all; None where nothing was answered."""
        whole = self.weight_held + self.weight_failed
        return None if not whole else 100 * self.weight_held // whole

    def take(self, rule: Rule, answer: str) -> None:
        """Count one answer: ``held``, ``failed``, ``waived`` or ``unread``."""
        setattr(self, answer, getattr(self, answer) + 1)
        if answer in ("held", "failed"):
            name = f"weight_{answer}"
            setattr(self, name, getattr(self, name) + WEIGHTS[rule.severity])


@dataclass(slots=True)
class RuleSeen:
    """One rule in one place."""

    rule: Rule
    area: str
    score: Score = field(default_factory=Score)
    findings: list[looks.Row] = field(default_factory=list)
    objects: set[str] = field(default_factory=set)
    """Paths of objects at fault that nobody accepted."""


@dataclass(slots=True)
class PostureSeen:
    """One organisation, as somebody sees it."""

    root: str
    read: Any
    run: str
    whole: Score = field(default_factory=Score)
    areas: dict[str, Score] = field(default_factory=lambda: {area: Score() for area in AREAS})
    rules: dict[str, RuleSeen] = field(default_factory=dict)
    worst: list[tuple[str, Score]] = field(default_factory=list)
    """Objects with faults by path, worst first."""
    objects: int = 0

    @property
    def failed(self) -> list[RuleSeen]:
        """Rules that are not met, worst first."""
        found = [one for one in self.rules.values() if one.findings]
        return sorted(found, key=lambda one: (-one.rule.severity, -len(one.objects), str(one.rule.id)))


async def places(request: Request, actor: Actor) -> list[looks.Row]:
    """Every place that somebody sees anything of."""
    return await looks.rows(request, actor, PLACES)


async def posture_of(
    request: Request, actor: Actor, root: str, *, owned: Sequence[Asset] | None = None
) -> PostureSeen | None:  # fmt: skip
    """One place; None where somebody sees nothing of it. ``owned``: only repositories among these."""
    place = next((one for one in await places(request, actor) if one["Root"] == root), None)
    if place is None:
        return None
    forge, _, organization = root.partition(":")
    asked = {"pForge": forge, "pOrganization": organization, "pRun": place["RunId"], "pRoot": root}
    objects, unread, findings = await asyncio.gather(*(
        looks.rows(request, actor, query, asked, most=MOST) for query in (OBJECTS, UNREAD, FINDINGS)
    ))  # fmt: skip
    rules = posture_rules(forge)
    answers = await asyncio.to_thread(_open, request, rules, unread)
    seen = PostureSeen(root, place["TimeGenerated"], place["RunId"])
    if owned is not None:
        objects, findings = ([one for one in some if is_owned(one["Path"], owned)] for some in (objects, findings))
    await asyncio.to_thread(_count, seen, rules, objects, findings, answers)
    return seen


async def trend_of(request: Request, actor: Actor, root: str) -> list[looks.Row]:
    """Open findings of a place by day, for who sees its runs."""
    return await looks.rows(request, actor, TREND, {"pRoot": root})


def is_owned(path: str, owned: Sequence[Asset]) -> bool:
    """Whether a path of a finding (``github:acme/shop``) is that of a repository among ``owned``."""
    forge, _, name = path.lower().partition(":")
    name = name.partition("/")[2] if forge == "azure-devops" else name
    named = [one.name.lower() for one in owned if one.kind is AssetKind.REPOSITORY]
    return any(fnmatchcase(name, one) or fnmatchcase(name, without_host(one)) for one in named)


def _open(request: Request, rules: Sequence[Rule], unread: Sequence[looks.Row]) -> dict[str, frozenset[str]]:
    """Rules that are open, by the key of the object."""
    from lockgate.engine.forge_plans import OpenAnswers

    if not unread:
        return {}
    held: dict[object, OpenAnswers] = services_of(request).more.setdefault(OpenAnswers, {})
    key = tuple(rule.id for rule in rules)
    if key not in held:
        held[key] = OpenAnswers(rules)
    return {one["Key"]: held[key].of(one["Digest"], _text(one["Body"]), _text(one["Unread"])) for one in unread}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _count(
    seen: PostureSeen, rules: Sequence[Rule], objects: Sequence[looks.Row], findings: Sequence[looks.Row],
    unread: Mapping[str, frozenset[str]],
) -> None:  # fmt: skip
    by_kind: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        seen.rules[str(rule.id)] = RuleSeen(rule, area_of(rule))
        for kind in rule.logic.get("kinds", ()):
            by_kind[kind].append(rule)
    faults: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for one in findings:
        faults[one["Rule"], one["Path"]][bool(one["Waived"])] += 1
        if (known := seen.rules.get(one["Rule"])) is not None:
            known.findings.append(one)
    own: dict[str, Score] = defaultdict(Score)
    for one in objects:
        nothing = unread.get(one["Key"], frozenset())
        for rule in by_kind[one["Kind"]]:
            told = faults.get((str(rule.id), one["Path"]))
            answer = ("failed" if told[False] else "waived") if told else "unread" if rule.id in nothing else "held"
            ruled = seen.rules[str(rule.id)]
            for score in (seen.whole, seen.areas[ruled.area], ruled.score, own[one["Path"]]):
                score.take(rule, answer)
            if answer == "failed":
                ruled.objects.add(one["Path"])
    seen.objects = len(objects)
    seen.worst = sorted(((path, one) for path, one in own.items() if one.failed),
                        key=lambda pair: (-pair[1].weight_failed, pair[0]))  # fmt: skip


def area_of(rule: Rule) -> str:
    """The area of a rule."""
    return next((tag.removeprefix("area-") for tag in rule.tags if tag.startswith("area-")), "exposure")
