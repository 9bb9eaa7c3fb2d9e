"""What would mend the findings of a forge, as calls that a person has seen before they are made.

Only rules that are named are mended, and only findings that are open: what is waived was accepted by somebody. A call
is made once; a refusal of one keeps the others from nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.model import Component, File, Finding, Object, Result, Rule, Skip
from lockgate.policy.catalogue import ForgePolicies
from lockgate.policy.catalogue.finding import subject
from lockgate.policy.catalogue.forge import Call
from lockgate.policy.errors import PolicyError
from lockgate.sources import ForgeSource, Source, Wants

Row = File | Component | Object | Finding | Skip
Send = Callable[[str, str, Any], object]
"""``send(method, path, body)``: makes one call. Raises ``SourceError`` where it is refused."""


class PostureSource(Source, ForgeSource, Protocol):
    """A source of a forge."""


@dataclass(frozen=True, slots=True)
class Change:
    """What mends one finding."""

    rule: str
    name: str
    """The thing at fault, for people."""
    path: str
    message: str
    call: Call | None
    """None where the forge has no call for it, or none can be made with these names."""
    terraform: str
    permission: str
    fix: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call."""

    change: Change
    refusal: str = ""
    """What the forge said; empty where the call was made."""


class Keeping:
    """A source of a forge whose objects are kept while they are judged, so that calls can be made of them."""

    def __init__(self, source: PostureSource) -> None:
        self._source = source
        self.mode, self.root = source.mode, source.root
        self.forge, self.organization = source.forge, source.organization
        self.objects: list[Object] = []

    @property
    def whole(self) -> bool:
        """Whether everything was listed."""
        return self._source.whole

    def sibling(self, path: str) -> bytes | None:
        """There are no files."""
        return self._source.sibling(path)

    def collect(self, wants: Wants) -> Iterator[Row]:
        """What the source yields."""
        self.objects = []
        for row in self._source.collect(wants):
            if isinstance(row, Object):
                self.objects.append(row)
            yield row


def planned(
    objects: Iterable[Object], rules: Collection[Rule], options: Mapping[str, Any], result: Result
) -> tuple[list[Change], int]:
    """What mends the open findings of ``rules`` in a result, in the order of the objects; and how many findings are
    waived, and left alone."""
    names = {rule.id for rule in rules}
    told = [one for one in result.findings if one.finding.rule in names]
    wanted = {(one.finding.rule, one.finding.subject.key) for one in told if not one.waived}
    return changes_of(objects, rules, options, wanted), sum(one.waived for one in told)


def changes_of(
    objects: Iterable[Object], rules: Collection[Rule], options: Mapping[str, Any], wanted: Collection[tuple[str, str]]
) -> list[Change]:
    """What mends those findings of ``rules`` that are ``wanted``, by rule and key of the subject, in the order of the
    objects; each once."""
    policies, left = ForgePolicies(rules, options), set(wanted)
    found: list[Change] = []
    for judged in objects:
        for hit in policies.judge(judged).hits:
            about = subject(hit, judged)
            if (hit.rule.id, about.key) not in left:
                continue
            left.discard((hit.rule.id, about.key))
            try:
                remedy = policies.remedy(hit, judged)
            except PolicyError as error:
                found.append(Change(hit.rule.id, about.name, judged.path, hit.message, None, "", "", error.message))
                continue
            found.append(Change(hit.rule.id, about.name, judged.path, hit.message, remedy.call, remedy.terraform,
                                remedy.permission, hit.rule.fix))  # fmt: skip
    return found


def perform(changes: Iterable[Change], send: Send) -> Iterator[Outcome]:
    """Make the calls, one after the other. What has none is passed over."""
    for change in changes:
        if change.call is None:
            continue
        try:
            send(change.call.method, change.call.path, change.call.body)
        except LockgateError as error:
            needs = f"; it needs {change.permission}" if change.permission else ""
            yield Outcome(change, f"{error.message}{needs}")
        else:
            yield Outcome(change)


def row_of(outcome: Outcome, *, forge: str, organization: str, run: str, at: datetime, by: str) -> dict[str, Any]:
    """The row of ``ForgeChanges``."""
    change, call = outcome.change, outcome.change.call
    if call is None:
        raise ValueError("nothing was called")
    body = None if call.body is None else orjson.dumps(call.body, option=orjson.OPT_SORT_KEYS).decode()
    return {
        "TimeGenerated": at, "RunId": run, "Forge": forge, "Organization": organization, "Rule": change.rule,
        "Object": change.name, "Path": change.path, "Method": call.method, "Target": call.path, "Body": body,
        "Outcome": "refused" if outcome.refusal else "made", "Detail": outcome.refusal, "By": by,
    }  # fmt: skip
