"""Programs that sign in: command lines by the device flow (RFC 8628), pipelines by token exchange (RFC 8693).

Errors are those of the RFCs, as :class:`FlowError`, for clients of others know them.
"""

from __future__ import annotations

import secrets

from lockgate.access.permissions import grant
from lockgate.dataclass import dataclass
from lockgate.model.actor import Actor, ActorKind
from lockgate.server.sign_in.house import Came, House
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import credentials, people, sessions, tokens, trail

DEVICE_SECONDS, INTERVAL = 600, 5
TOKEN_SECONDS = 7 * 86_400
"""For which a command line stays signed in."""
COMMAND_LINE = tuple(
    grant(one)
    for one in (
        "any:findings:read", "any:waivers:read", "any:waivers:request", "any:runs:upload", "any:repositories:read",
        "any:deployments:read", "any:deployments:request", "any:environments:read", "any:policies:read",
        "any:record:ask", "any:images:read", "any:clusters:read", "own:account:read", "own:tokens:revoke",
    )
)  # fmt: skip
"""What the command line is for; never more than who signs in may. It approves nothing: that needs a person's factor."""
_DEVICE, _ASKED, _ANSWER, _POLL = "device", "device-code", "device-answer", "device-poll"
_SIGNS = "BCDFGHJKLMNPQRSTVWXZ"
"""Of user codes: no vowels, so that no words come about (RFC 8628, 6.1)."""


class FlowError(Exception):
    """An error of OAuth, by its code."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


@dataclass(frozen=True, slots=True)
class Device:
    """A command line waits to be let in."""

    device_code: str
    user_code: str
    address: str
    """Where its user says yes."""


@dataclass(frozen=True, slots=True)
class Given:
    """A token, shown this once."""

    token: str
    seconds: int
    scope: str


def begin_device(house: House, *, name: str, came: Came) -> Device:
    """A command line asks to be let in. ``name``: of its machine, as the person is asked about it."""
    device, number = sessions.fresh_key(), sessions.fresh_key()
    code = "".join(secrets.choice(_SIGNS) for _ in range(8))
    with house.database.begin() as connection:
        payload = {"id": number, "name": name[:100] or "a command line", "address": came.address}
        sessions.remember(connection, _DEVICE, device, payload, seconds=DEVICE_SECONDS, now=house.now())
        if not sessions.remember(connection, _ASKED, code, payload, seconds=DEVICE_SECONDS, now=house.now()):
            raise FlowError("temporarily_unavailable", "ask again", status=503)
    return Device(device, f"{code[:4]}-{code[4:]}", f"{house.site.origin}/device")


def asked(house: House, user_code: str, actor: Actor) -> dict[str, str] | None:
    """Which command line waits with a code; None where none does. Guessing is locked as everywhere."""
    code = "".join(one for one in user_code.upper() if one in _SIGNS)
    subject = f"device {actor.id}"
    if house.locked((subject,)):
        raise SignInError("too many attempts: try again in a while")
    with house.database.begin() as connection:
        found = sessions.known(connection, _ASKED, code, now=house.now())
        if found is None:
            credentials.failed(connection, subject, now=house.now())
    return found


def answer_device(house: House, user_code: str, actor: Actor, *, allow: bool, came: Came) -> None:
    """Let the command line in, or not. Raises :class:`SignInError` where none waits with that code."""
    code = "".join(one for one in user_code.upper() if one in _SIGNS)
    with house.database.begin() as connection:
        found = sessions.taken(connection, _ASKED, code, now=house.now())
        if found is None:
            raise SignInError("nothing waits with that code", hint="begin again at the command line")
        payload = {"person": actor.id, "allow": allow}
        sessions.remember(connection, _ANSWER, found["id"], payload, seconds=DEVICE_SECONDS, now=house.now())
        outcome = trail.DONE if allow else trail.REFUSED
        detail = {"name": found["name"], "from": found["address"]}
        entry = trail.Entry(actor, "tokens:device", actor.id, outcome, address=came.address, detail=detail)
        trail.append(connection, entry)


def poll_device(house: House, device_code: str, *, came: Came) -> Given:
    """The token, once somebody has said yes. Raises :class:`FlowError`: ``authorization_pending``, ``slow_down``,
    ``access_denied``, ``expired_token``."""
    with house.database.begin() as connection:
        found = sessions.known(connection, _DEVICE, device_code, now=house.now())
        if found is None:
            raise FlowError("expired_token", "that took too long, or was answered before")
        answer = sessions.taken(connection, _ANSWER, found["id"], now=house.now())
        early = answer is None and not sessions.remember(
            connection, _POLL, found["id"], {}, seconds=INTERVAL - 1, now=house.now()
        )
        person = people.get(connection, answer["person"]) if answer and answer["allow"] else None
        if answer is not None:
            sessions.taken(connection, _DEVICE, device_code, now=house.now())
        if person is not None and not person.disabled:
            shown, token = tokens.create(
                connection, f"command line of {found['name']}", kind=ActorKind.PERSON, grants=COMMAND_LINE,
                seconds=TOKEN_SECONDS, created_by=person.id, person=person.id, now=house.now(),
            )  # fmt: skip
            actor = Actor(person.id, person.name)
            detail = {"token": token.id, "name": token.name}
            trail.append(connection, trail.Entry(actor, "tokens:create", token.id, address=came.address, detail=detail))
            return Given(shown, TOKEN_SECONDS, " ".join(str(one) for one in COMMAND_LINE))
    if answer is not None:  # raised after the transaction, or it would forget that it was answered
        raise FlowError("access_denied", "it was refused")
    if early:
        raise FlowError("slow_down", "ask less often")
    raise FlowError("authorization_pending", "nobody said yes yet")


def exchange(house: House, subject_token: str, *, came: Came) -> Given:
    """A short-lived token for the pipeline whose forge vouches for it. Raises :class:`FlowError`, ``SourceError``."""
    try:
        workload = house.workloads().believed(subject_token)
    except SignInError as error:
        with house.database.begin() as connection:
            nobody = Actor("nobody", "a workload", ActorKind.WORKLOAD)
            entry = trail.Entry(nobody, "tokens:exchange", "", trail.REFUSED, error.message, came.address)
            trail.append(connection, entry)
        raise FlowError("invalid_grant", error.message) from None
    seconds = workload.line.minutes * 60
    with house.database.begin() as connection:
        left = max(workload.expires.timestamp() - house.now(), 0) + 120
        if not sessions.remember(connection, "workload", workload.token_id, {}, seconds=left, now=house.now()):
            raise FlowError("invalid_grant", "that token was shown before")
        shown, token = tokens.create(
            connection, workload.name[:255], kind=ActorKind.WORKLOAD, grants=workload.grants, seconds=seconds,
            created_by=workload.id[:255], subject=workload.id, teams=workload.line.teams, now=house.now(),
        )  # fmt: skip
        actor = Actor(workload.id, workload.name, ActorKind.WORKLOAD)
        entry = trail.Entry(actor, "tokens:exchange", token.id, address=came.address, detail=workload.claims)
        trail.append(connection, entry)
    return Given(shown, seconds, " ".join(str(one) for one in workload.grants))
