"""Requests for deployments, what people answered, and glass that was broken: what a gate of deployments remembers.

Answers, their voiding, breaks and follow-ups are appended and never changed; of a request alone the standing changes,
and once it is settled only by being withdrawn. Who answers does so under the lock of the request, about exactly what
they were shown: two at the same instant come one after the other, and the second sees what the first has done. What
does not belong: what answers mean (``gates.deployment``), and who may give one (``access``).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Index, Integer, String, Text, UniqueConstraint, insert, select, update
from sqlalchemy import Table as SqlTable

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.model.deployment import (
    Answered,
    Approval,
    BreakGlass,
    DeploymentRequest,
    DeploymentWaits,
    Standing,
)
from lockgate.store.team.database import METADATA, locked

Transaction = Connection
"""A transaction of the team's database, for who hands it on and has no database of their own."""
REQUESTS = SqlTable(
    "gate_requests", METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("forge", String(32), nullable=False),
    Column("key", String(255), nullable=False),
    Column("environment", String(255), nullable=False),
    Column("repository", String(512), nullable=False),
    Column("ref", String(512), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("images", Text, nullable=False),
    Column("manifests", String(80), nullable=False),
    Column("requested_by", String(255), nullable=False),
    Column("requested_at", String(32), nullable=False),
    Column("authors", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("standing", String(16), nullable=False),
    Column("binding", String(80), nullable=False),
    Column("bound_since", String(32), nullable=False),
    Column("policy", String(80), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("settled_at", String(32), nullable=False),
    Column("usable_until", String(32), nullable=False),
    UniqueConstraint("forge", "key"),
    Index(None, "standing", "number"),
    Index(None, "environment", "repository", "standing"),
)  # fmt: skip
ANSWERS = SqlTable(
    "gate_answers", METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("request", String(40), nullable=False, index=True),
    Column("actor", String(255), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("answer", String(16), nullable=False),
    Column("binding", String(80), nullable=False),
    Column("at", String(32), nullable=False),
    Column("comment", Text, nullable=False),
    Column("mfa", Integer, nullable=False),
)  # fmt: skip
VOIDS = SqlTable(
    "gate_voids", METADATA,
    Column("answer", String(40), primary_key=True),
    Column("request", String(40), nullable=False, index=True),
    Column("at", String(32), nullable=False),
    Column("why", Text, nullable=False),
)  # fmt: skip
GLASS = SqlTable(
    "gate_glass", METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("request", String(40), nullable=False, index=True),
    Column("environment", String(255), nullable=False, index=True),
    Column("actor", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("subject", String(80), nullable=False),
    Column("at", String(32), nullable=False),
    Column("until", String(32), nullable=False),
    Column("follow_up_by", String(32), nullable=False),
    Column("follow_up_people", Integer, nullable=False),
)  # fmt: skip
FOLLOW_UPS = SqlTable(
    "gate_follow_ups", METADATA,
    Column("glass", String(40), primary_key=True),
    Column("actor", String(255), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("at", String(32), nullable=False),
    Column("note", Text, nullable=False),
)  # fmt: skip
_SHORT = [column for column in REQUESTS.c if column.name != "evidence"]
"""Of a request what lists need: what is known of it may be a megabyte."""
_OPEN = (Standing.WAITING.value, Standing.ASKING.value)
MOST_IMAGES = 500
"""Images of one request."""


class ConflictError(LockgateError):
    """What somebody answered is no longer what they were shown, or is settled by now."""

    code = "conflict"


@dataclass(frozen=True, slots=True)
class Kept:
    """A request as it stands."""

    number: int
    """Grows with every request: a place in lists."""
    request: DeploymentRequest
    standing: Standing
    key: str
    """By which the forge knows it."""
    callback: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    """What whoever asked brought along beside digests: lines of the surface, verdicts, commits. JSON values."""
    binding: str = ""
    """What an answer must be about; empty until somebody has looked what is known."""
    bound_since: datetime | None = None
    policy: str = ""
    evidence: str = ""
    """As ``gates.deployment.evidence`` writes it."""
    decision: Mapping[str, Any] = field(default_factory=dict)
    """The last decision, for showing."""
    settled_at: datetime | None = None
    usable_until: datetime | None = None
    """Until when an allowed one may begin."""


def add(
    connection: Connection, request: DeploymentRequest, *, key: str = "", callback: Mapping[str, str] | None = None,
    given: Mapping[str, Any] | None = None,
) -> tuple[Kept, bool]:  # fmt: skip
    """Keep a request, and whether it is new: one that the forge has told before is found by its ``key``.

    Raises :class:`ConflictError` where that one is about something else.
    """
    key = key or request.id
    locked(connection, f"gate-key:{request.forge}:{key}")
    known = by_key(connection, request.forge, key)
    if known is not None:
        if (known.request.environment, known.request.commit) != (request.environment, request.commit):
            raise ConflictError("another deployment was asked for under this key", where=key[:100])
        return known, False
    connection.execute(insert(REQUESTS).values(
        id=request.id, forge=request.forge, key=key, environment=request.environment, repository=request.repository,
        ref=request.ref, commit=request.commit, images=_json(request.images), manifests=request.manifests,
        requested_by=request.requested_by, requested_at=_time(request.requested_at), authors=_json(request.authors),
        url=request.url, callback=_json(dict(callback or {})), given=_json(dict(given or {})),
        standing=Standing.WAITING, binding="", bound_since="", policy="", evidence="", decision="{}", settled_at="",
        usable_until="",
    ))  # fmt: skip
    return _found(find(connection, request.id)), True


def find(connection: Connection, id: str) -> Kept | None:
    """One request."""
    return _first(connection, REQUESTS.c.id == id)


def by_key(connection: Connection, forge: str, key: str) -> Kept | None:
    """The request that a forge knows by a key."""
    return _first(connection, (REQUESTS.c.forge == forge) & (REQUESTS.c.key == key))


def newest_by_key(connection: Connection, forge: str, key: str) -> Kept | None:
    """The newest request that a forge knows by a key, or by one that goes on behind it with ``#``."""
    mine = (REQUESTS.c.key == key) | REQUESTS.c.key.startswith(f"{key}#", autoescape=True)
    wanted = select(REQUESTS).where(REQUESTS.c.forge == forge, mine).order_by(REQUESTS.c.number.desc()).limit(1)
    row = connection.execute(wanted).first()
    return None if row is None else _kept(row._mapping)


def held(connection: Connection, id: str) -> Kept:
    """One request, its lock held until the transaction ends. Raises :class:`ConflictError` where there is none."""
    locked(connection, f"gate:{id}")
    found = find(connection, id)
    if found is None:
        raise ConflictError("there is no such request", where=id[:100])
    return found


def listed(
    connection: Connection, *, standings: Collection[Standing] = (), environment: str = "", repository: str = "",
    before: int = 0, most: int = 100,
) -> tuple[Kept, ...]:  # fmt: skip
    """Requests without their evidence, newest first; those with a number below ``before`` where it is given."""
    wanted = select(*_SHORT).order_by(REQUESTS.c.number.desc()).limit(most)
    wanted = wanted.where(REQUESTS.c.standing.in_(sorted(standings))) if standings else wanted
    wanted = wanted.where(REQUESTS.c.environment == environment) if environment else wanted
    wanted = wanted.where(REQUESTS.c.repository == repository) if repository else wanted
    wanted = wanted.where(REQUESTS.c.number < before) if before else wanted
    return tuple(_kept(row._mapping) for row in connection.execute(wanted))


def open_ids(connection: Connection) -> tuple[str, ...]:
    """Those that are not settled, oldest first."""
    wanted = select(REQUESTS.c.id).where(REQUESTS.c.standing.in_(_OPEN)).order_by(REQUESTS.c.number)
    return tuple(connection.execute(wanted).scalars())


def allowed_before(connection: Connection, kept: Kept) -> Kept | None:
    """What was last allowed for the same environment and repository, this request aside: what runs now."""
    request = kept.request
    return last_allowed(connection, request.environment, request.repository, but=request.id)


def last_allowed(connection: Connection, environment: str, repository: str, *, but: str = "") -> Kept | None:
    """What was last allowed for an environment and a repository, the request ``but`` aside; without its evidence."""
    wanted = select(*_SHORT).where(
        REQUESTS.c.environment == environment, REQUESTS.c.repository == repository,
        REQUESTS.c.standing == Standing.ALLOWED, REQUESTS.c.id != but,
    ).order_by(REQUESTS.c.settled_at.desc(), REQUESTS.c.number.desc()).limit(1)  # fmt: skip
    row = connection.execute(wanted).first()
    return None if row is None else _kept(row._mapping)


def allowed_of(connection: Connection) -> tuple[Kept, ...]:
    """All that were ever allowed, in the order in which they were, without their evidence."""
    wanted = select(*_SHORT).where(REQUESTS.c.standing == Standing.ALLOWED)
    wanted = wanted.order_by(REQUESTS.c.settled_at, REQUESTS.c.number)
    return tuple(_kept(row._mapping) for row in connection.execute(wanted))


def set_given(
    connection: Connection, kept: Kept, *, images: Sequence[str], manifests: str, given: Mapping[str, Any]
) -> Kept:
    """Say what an open request, whose lock is held, is about: a pipeline knows images that a forge does not tell."""
    values = {"images": _json(images), "manifests": manifests, "given": _json({**kept.given, **given})}
    connection.execute(update(REQUESTS).where(REQUESTS.c.id == kept.request.id).values(**values))
    return held(connection, kept.request.id)


def told_before(connection: Connection, request: DeploymentRequest) -> Kept | None:
    """The newest request for the same commit in the same environment that says what is deployed."""
    wanted = select(*_SHORT).where(
        REQUESTS.c.environment == request.environment, REQUESTS.c.repository == request.repository,
        REQUESTS.c.commit == request.commit, (REQUESTS.c.images != "[]") | (REQUESTS.c.manifests != ""),
    ).order_by(REQUESTS.c.number.desc()).limit(1)  # fmt: skip
    row = connection.execute(wanted).first()
    return None if row is None else _kept(row._mapping)


def open_of_forge(connection: Connection, request: DeploymentRequest) -> Kept | None:
    """The newest open request of a forge for the same commit in the same environment."""
    wanted = select(*_SHORT).where(
        REQUESTS.c.environment == request.environment, REQUESTS.c.repository == request.repository,
        REQUESTS.c.commit == request.commit, REQUESTS.c.forge != request.forge, REQUESTS.c.standing.in_(_OPEN),
    ).order_by(REQUESTS.c.number.desc()).limit(1)  # fmt: skip
    row = connection.execute(wanted).first()
    return None if row is None else _kept(row._mapping)


def take_over(connection: Connection, kept: Kept, waits: DeploymentWaits) -> Kept:
    """Have a request that a pipeline made be the one that its forge waits for. The request's lock must be held."""
    values = {"forge": waits.forge, "key": waits.key, "callback": _json(dict(waits.callback)),
              "url": waits.url or kept.request.url}  # fmt: skip
    connection.execute(update(REQUESTS).where(REQUESTS.c.id == kept.request.id).values(**values))
    return _found(find(connection, kept.request.id))


def bind(
    connection: Connection, kept: Kept, *, binding: str, policy: str, evidence: str, authors: Iterable[str],
    now: datetime,
) -> Kept:  # fmt: skip
    """Say what is known now, and what an answer must be about. Its lock must be held."""
    changed = binding != kept.binding
    values = {"evidence": evidence, "policy": policy, "binding": binding, "authors": _json(sorted(set(authors)))}
    if changed:
        values["bound_since"] = _time(now)
    connection.execute(update(REQUESTS).where(REQUESTS.c.id == kept.request.id).values(**values))
    return _found(find(connection, kept.request.id))


def decide(
    connection: Connection, kept: Kept, standing: Standing, decision: Mapping[str, Any], *, now: datetime,
    usable_until: datetime | None = None,
) -> bool:  # fmt: skip
    """Keep a decision on an open request; whether its standing is another now. Its lock must be held.

    A settled one stays as it is: False.
    """
    values = {"standing": standing, "decision": _json(decision)}
    if standing.settled:
        values |= {"settled_at": _time(now), "usable_until": _time(usable_until) if usable_until else ""}
    mine = (REQUESTS.c.id == kept.request.id) & REQUESTS.c.standing.in_(_OPEN)
    return bool(connection.execute(update(REQUESTS).where(mine).values(**values)).rowcount) and \
        standing is not kept.standing  # fmt: skip


def withdraw(connection: Connection, kept: Kept, *, now: datetime) -> bool:
    """Withdraw a request, also an allowed one: from now on nothing may begin with it. Whether it was not before."""
    live = REQUESTS.c.standing.in_((*_OPEN, Standing.ALLOWED.value))
    change = update(REQUESTS).where(REQUESTS.c.id == kept.request.id, live)
    return bool(connection.execute(change.values(standing=Standing.WITHDRAWN, settled_at=_time(now))).rowcount)


def answer(
    connection: Connection, id: str, *, actor: str, name: str, said: Answered, binding: str, comment: str, mfa: bool,
    now: datetime,
) -> Approval:  # fmt: skip
    """Append somebody's answer about what they were shown. Raises :class:`ConflictError` where that has changed."""
    kept = held(connection, id)
    if kept.standing.settled:
        raise ConflictError(f"the request is {kept.standing}: nothing is left to answer", where=id)
    if not kept.binding or kept.binding != binding:
        hint = "look at it again, and answer what it is now"
        raise ConflictError("what would run, or what is known of it, has changed since you saw it", where=id, hint=hint)
    made = Approval(new_id(), id, actor, name, said, binding, now, comment, mfa)
    connection.execute(insert(ANSWERS).values(
        id=made.id, request=id, actor=actor[:255], name=name[:255], answer=said, binding=binding, at=_time(now),
        comment=comment[:4_000], mfa=int(mfa),
    ))  # fmt: skip
    return made


def answers(connection: Connection, id: str, *, void: bool = False) -> tuple[Approval, ...]:
    """The answers to a request in their order; with those that were voided only where ``void``."""
    wanted = select(ANSWERS).where(ANSWERS.c.request == id).order_by(ANSWERS.c.number)
    if not void:
        wanted = wanted.where(~select(VOIDS.c.answer).where(VOIDS.c.answer == ANSWERS.c.id).exists())
    return tuple(_approval(row) for row in connection.execute(wanted).mappings())


def voided(connection: Connection, id: str) -> dict[str, str]:
    """Ids of answers to a request that fell away, with the reason."""
    wanted = select(VOIDS.c.answer, VOIDS.c.why).where(VOIDS.c.request == id)
    return {row.answer: row.why for row in connection.execute(wanted)}


def void(connection: Connection, id: str, which: Iterable[tuple[Approval, str]], *, now: datetime) -> int:
    """Let answers fall away for good; how many did. The request's lock must be held."""
    known = voided(connection, id)
    rows = [
        {"answer": one.id, "request": id, "at": _time(now), "why": why} for one, why in which if one.id not in known
    ]
    if rows:
        connection.execute(insert(VOIDS), rows)
    return len(rows)


def void_answers_of(connection: Connection, actor: str, why: str, *, now: datetime) -> tuple[str, ...]:
    """Let every answer of somebody to an open request fall away, as of one who was disabled; the requests' ids.

    They are to be looked at again.
    """
    wanted = select(ANSWERS).join(REQUESTS, REQUESTS.c.id == ANSWERS.c.request).where(
        ANSWERS.c.actor == actor, REQUESTS.c.standing.in_(_OPEN)
    ).order_by(ANSWERS.c.request)  # fmt: skip
    given = [_approval(row) for row in connection.execute(wanted).mappings()]
    requests = tuple(dict.fromkeys(one.request for one in given))
    for id in requests:
        locked(connection, f"gate:{id}")
        void(connection, id, [(one, why) for one in given if one.request == id], now=now)
    return requests


def break_glass(connection: Connection, one: BreakGlass, *, environment: str, people: int) -> None:
    """Append a break; ``people``: how many must follow up. The request's lock must be held."""
    connection.execute(insert(GLASS).values(
        id=one.id, request=one.request, environment=environment, actor=one.actor[:255], name=one.name[:255],
        reason=one.reason[:4_000], subject=one.subject, at=_time(one.at), until=_time(one.until),
        follow_up_by=_time(one.follow_up_by) if one.follow_up_by else "", follow_up_people=people,
    ))  # fmt: skip


def glass_of(connection: Connection, id: str) -> tuple[BreakGlass, ...]:
    """The breaks of a request, oldest first, with who has followed up."""
    return _glasses(connection, GLASS.c.request == id)


def awaiting_follow_up(connection: Connection, environment: str = "") -> tuple[BreakGlass, ...]:
    """Breaks, of an environment or of all, that not enough others have looked at, oldest first."""
    condition = GLASS.c.environment == environment if environment else GLASS.c.number > 0
    needed = {row.id: row.follow_up_people for row in connection.execute(select(GLASS.c.id, GLASS.c.follow_up_people))}
    return tuple(one for one in _glasses(connection, condition) if len(one.followed_up_by) < needed[one.id])


def follow_up(connection: Connection, id: str, *, actor: str, name: str, note: str, now: datetime) -> BreakGlass:
    """Append that somebody has looked at a break. Raises :class:`ConflictError`: not who broke it, nobody twice."""
    locked(connection, f"gate-glass:{id}")
    (found, *_) = _glasses(connection, GLASS.c.id == id) or (None,)
    if found is None:
        raise ConflictError("there is no such break", where=id[:100])
    if found.actor == actor:
        raise ConflictError("others must look at it than who broke it", where=id)
    if actor in found.followed_up_by:
        raise ConflictError("they have looked at it already", where=id)
    connection.execute(insert(FOLLOW_UPS).values(
        glass=id, actor=actor[:255], name=name[:255], at=_time(now), note=note[:4_000]
    ))  # fmt: skip
    return _glasses(connection, GLASS.c.id == id)[0]


def new_id() -> str:
    """An id that nobody has had before."""
    return uuid.uuid4().hex


def _glasses(connection: Connection, condition: Any) -> tuple[BreakGlass, ...]:
    rows = connection.execute(select(GLASS).where(condition).order_by(GLASS.c.number)).mappings().all()
    ids = [row["id"] for row in rows]
    looked: dict[str, list[str]] = {id: [] for id in ids}
    wanted = select(FOLLOW_UPS).where(FOLLOW_UPS.c.glass.in_(ids)).order_by(FOLLOW_UPS.c.at, FOLLOW_UPS.c.actor)
    for row in connection.execute(wanted).mappings() if ids else ():
        looked[row["glass"]].append(row["actor"])
    return tuple(
        BreakGlass(row["id"], row["request"], row["actor"], row["name"], row["reason"], row["subject"],
                   _moment(row["at"]), _moment(row["until"]), tuple(looked[row["id"]]), _maybe(row["follow_up_by"]))
        for row in rows
    )  # fmt: skip


def _first(connection: Connection, condition: Any) -> Kept | None:
    row = connection.execute(select(REQUESTS).where(condition)).first()
    return None if row is None else _kept(row._mapping)


def _found(kept: Kept | None) -> Kept:
    assert kept is not None  # it was written or read in this transaction
    return kept


def _kept(row: Mapping[Any, Any]) -> Kept:
    request = DeploymentRequest(
        row["id"], row["environment"], row["repository"], row["ref"], row["commit"], tuple(orjson.loads(row["images"])),
        row["manifests"], row["requested_by"], _moment(row["requested_at"]), tuple(orjson.loads(row["authors"])),
        row["forge"], row["url"],
    )  # fmt: skip
    return Kept(
        row["number"], request, Standing(row["standing"]), row["key"], orjson.loads(row["callback"]),
        orjson.loads(row["given"]), row["binding"], _maybe(row["bound_since"]), row["policy"], row.get("evidence", ""),
        orjson.loads(row["decision"]), _maybe(row["settled_at"]), _maybe(row["usable_until"]),
    )  # fmt: skip


def _approval(row: Mapping[Any, Any]) -> Approval:
    return Approval(
        row["id"], row["request"], row["actor"], row["name"], Answered(row["answer"]), row["binding"],
        _moment(row["at"]), row["comment"], bool(row["mfa"]),
    )  # fmt: skip


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _time(at: datetime) -> str:
    """ISO 8601 in UTC to the microsecond: sorted as texts they are sorted in time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
