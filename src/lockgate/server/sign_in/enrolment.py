"""Adding and removing factors of one's own, and the links by which accounts begin: the first one's, invitations.

No account has a default password, and none is ever sent: a one-time link leads to the page where its holder adds a
passkey, or a password with one-time codes. What is added replaces nothing before it was shown to work.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.server.sign_in import factors
from lockgate.server.sign_in.by_factors import Challenge
from lockgate.server.sign_in.house import Came, Half, House, Waiting
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import credentials, people, sessions, trail
from lockgate.store.team.database import Transaction
from lockgate.store.team.people import Person

LINK = "link"
SETUP_HOURS, INVITATION_HOURS = 24, 72
_REGISTRATION, _SECRET = "registration", "secret"
_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Offered:
    """A secret of one-time codes that counts once a code of it is shown."""

    key: str
    """Comes back with the code."""
    secret: str
    """To be typed into an app."""
    address: str
    """``otpauth:``, the same for an app that reads it."""


def setup_link(house: House) -> str:
    """Where the first administrator makes their account; empty where there is one."""
    with house.database.begin() as connection:
        if people.administrators(connection):
            return ""
        key = sessions.fresh_key()
        sessions.remember(connection, LINK, key, {"purpose": "setup", "person": ""}, seconds=SETUP_HOURS * 3600,
                          now=house.now())  # fmt: skip
    return f"{house.site.origin}/welcome#{key}"


def invitation(house: House, connection: Transaction, person: Person, *, reset: bool = False) -> str:
    """Where somebody adds their first factor. ``reset``: what they had is taken away when the link is used."""
    key = sessions.fresh_key()
    payload = {"purpose": "reset" if reset else "invite", "person": person.id}
    sessions.remember(connection, LINK, key, payload, seconds=INVITATION_HOURS * 3600, now=house.now())
    return f"{house.site.origin}/welcome#{key}"


def followed(house: House, link: str, *, username: str, name: str, came: Came) -> Waiting:
    """Somebody follows a link: the account it is for, made where it is the first. It is used up when a factor stands.

    Raises :class:`SignInError`, :class:`UsageError`.
    """
    with house.database.begin() as connection:
        found = sessions.known(connection, LINK, link, now=house.now())
        if found is None or (found["purpose"] == "setup" and people.administrators(connection)):
            raise SignInError("that link was used before, or is too old")
        person = people.get(connection, found["person"]) if found["person"] else None
        if found["purpose"] == "setup":
            person = _first(house, connection, person, username, name)
            sessions.amend(connection, LINK, link, {**found, "person": person.id})
        if person is None or person.disabled:
            raise SignInError("that link is for nobody any more")
        if found["purpose"] == "invite" and credentials.factors(connection, person.id).second:
            raise SignInError("that account was set up by another link")
        if found["purpose"] == "reset":
            _forget_factors(connection, person.id)
        actor = Actor(person.id, person.name)
        entry = trail.Entry(actor, f"people:{found['purpose']}", person.id, address=came.address)
        trail.append(connection, entry)
        return house.begin_half(connection, Half(person.id, ("link",), "/", True, link=link))


def _first(house: House, connection: Transaction, person: Person | None, username: str, name: str) -> Person:
    if person is None:
        return people.create(connection, username=username, name=name, now=house.now())
    people.change(connection, person.id, username=username, name=name or username)
    changed = people.get(connection, person.id)
    assert changed is not None
    return changed


def _forget_factors(connection: Transaction, person_id: str) -> None:
    credentials.set_password(connection, person_id, "")
    credentials.set_one_time_code(connection, person_id, "")
    credentials.set_recovery_codes(connection, person_id, ())
    for one in credentials.passkeys(connection, person_id):
        credentials.delete_passkey(connection, person_id, one.key)
    sessions.end_all(connection, person_id)


def begin_passkey(house: House, person_id: str) -> Challenge:
    """Ask the browser to make a passkey."""
    with house.database.begin() as connection:
        person = _living(connection, person_id)
        known = credentials.passkeys(connection, person_id)
        user = bytes.fromhex(sessions.digest(person_id))
        options, wanted = factors.registration(house.site, user=user, username=person.username, name=person.name,
                                               known=known)  # fmt: skip
        key = sessions.fresh_key()
        sessions.remember(connection, _REGISTRATION, key, {"challenge": wanted.hex(), "person": person_id},
                          seconds=_SECONDS, now=house.now())  # fmt: skip
    return Challenge(options, key)


def add_passkey(
    house: House, connection: Transaction, person_id: str, key: str, answer: str, *, name: str, came: Came
) -> tuple[str, ...]:
    """Add the passkey that the browser made; recovery codes, where it is the first factor. Raises ``SignInError``."""
    asked = _asked(house, connection, _REGISTRATION, key, person_id)
    made = factors.registered(house.site, answer, bytes.fromhex(asked["challenge"]))
    first = not credentials.factors(connection, person_id).second
    added = credentials.add_passkey(
        connection, person_id, credential_id=made.credential_id, public_key=made.public_key,
        sign_count=made.sign_count, name=name.strip() or "passkey", now=house.now(),
    )  # fmt: skip
    if added is None:
        raise SignInError("that passkey is known already")
    _told(connection, person_id, "account:add-passkey", came, {"name": added.name})
    return _recovery(connection, person_id) if first else ()


def begin_code(house: House, person_id: str) -> Offered:
    """A new secret of one-time codes."""
    secret = factors.new_secret()
    with house.database.begin() as connection:
        person = _living(connection, person_id)
        key = sessions.fresh_key()
        sealed = house.seal.sealed(secret.encode(), f"otp {person_id}")
        sessions.remember(connection, _SECRET, key, {"sealed": sealed, "person": person_id}, seconds=_SECONDS,
                          now=house.now())  # fmt: skip
    return Offered(key, secret, factors.provisioning(secret, person.username, house.site.origin))


def offered_again(house: House, person_id: str, key: str) -> Offered | None:
    """The same secret as before, where a code of it was not right yet."""
    with house.database.read() as connection:
        asked = sessions.known(connection, _SECRET, key, now=house.now())
        person = people.get(connection, person_id)
    if asked is None or person is None or asked["person"] != person_id:
        return None
    secret = house.seal.opened(asked["sealed"], f"otp {person_id}").decode()
    return Offered(key, secret, factors.provisioning(secret, person.username, house.site.origin))


def add_code(
    house: House, connection: Transaction, person_id: str, key: str, code: str, *, came: Came
) -> tuple[str, ...] | None:
    """Have codes of a secret count, since one of them is right; recovery codes, where it is the first factor.

    None: the code is not right, and another may be tried."""
    asked = sessions.known(connection, _SECRET, key, now=house.now())
    if asked is None or asked["person"] != person_id:
        raise SignInError("that has taken too long", hint="begin again")
    secret = house.seal.opened(asked["sealed"], f"otp {person_id}").decode()
    step = factors.step_of(secret, code, now=house.now())
    if step is None:
        return None
    sessions.taken(connection, _SECRET, key, now=house.now())
    first = not credentials.factors(connection, person_id).second
    credentials.set_one_time_code(connection, person_id, asked["sealed"])
    credentials.use_step(connection, person_id, step, now=house.now())
    _told(connection, person_id, "account:add-code", came, {})
    return _recovery(connection, person_id) if first else ()


def set_password(house: House, connection: Transaction, person_id: str, password: str, *, came: Came) -> None:
    """Set a password, which counts beside a second factor alone; other sessions end. Raises :class:`UsageError`."""
    if not (house.settings.local and house.settings.passwords):
        raise UsageError("nobody signs in with a password here")
    person = _living(connection, person_id)
    credentials.set_password(connection, person_id, factors.hashed(password, about=(person.username, person.email)),
                             now=house.now())  # fmt: skip
    _told(connection, person_id, "account:set-password", came, {})


def renew_recovery(connection: Transaction, person_id: str, *, came: Came) -> tuple[str, ...]:
    """New recovery codes in place of the old ones, shown this once."""
    _told(connection, person_id, "account:renew-recovery", came, {})
    return _recovery(connection, person_id)


def remove(connection: Transaction, person_id: str, what: str, *, came: Came) -> None:
    """Take a factor away: ``password``, ``code``, or the key of a passkey. Raises :class:`UsageError` where nothing
    would be left to sign in with."""
    have = credentials.factors(connection, person_id)
    keys = {one.key for one in have.passkeys} - {what}
    password, code = have.password and what != "password", have.one_time_code and what != "code"
    federated = bool(people.identities(connection, person_id))
    if not (keys or (password and code) or federated):
        raise UsageError("nothing would be left to sign in with", hint="add another passkey first")
    if what == "password":
        credentials.set_password(connection, person_id, "")
    elif what == "code":
        credentials.set_one_time_code(connection, person_id, "")
    elif not credentials.delete_passkey(connection, person_id, what):
        raise UsageError("there is no such factor")
    kind = what if what in ("password", "code") else "passkey"
    _told(connection, person_id, f"account:remove-{kind}", came, {})


def _recovery(connection: Transaction, person_id: str) -> tuple[str, ...]:
    codes = factors.new_recovery_codes()
    credentials.set_recovery_codes(connection, person_id, codes)
    return codes


def _asked(house: House, connection: Transaction, kind: str, key: str, person_id: str) -> Mapping[str, str]:
    found = sessions.taken(connection, kind, key, now=house.now())
    if found is None or found["person"] != person_id:
        raise SignInError("that has taken too long", hint="begin again")
    return found


def _living(connection: Transaction, person_id: str) -> Person:
    person = people.get(connection, person_id)
    if person is None or person.disabled:
        raise SignInError("there is no such account")
    return person


def _told(connection: Transaction, person_id: str, action: str, came: Came, detail: Mapping[str, object]) -> None:
    person = _living(connection, person_id)
    actor = Actor(person.id, person.name)
    trail.append(connection, trail.Entry(actor, action, person_id, address=came.address, detail=detail))
