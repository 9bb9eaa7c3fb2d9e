"""Signing in with factors of our own, as the first step and as the second, and showing one again (step-up).

Whoever fails too often is locked for a while: by account, by second factor, by address. A passkey cannot be guessed, so
a lock of an account does not hold it up, and nobody can be kept out of their account by others who type its name.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.model.actor import Actor, Persona
from lockgate.server.sign_in import factors
from lockgate.server.sign_in.house import (
    ACCOUNT_FREE,
    ACCOUNT_FREE_ANYWHERE,
    ADDRESS_FREE,
    DISABLED,
    NO_SECOND,
    WRONG,
    Came,
    Half,
    House,
    Signed,
    Waiting,
)
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import credentials, people, sessions, trail
from lockgate.store.team.database import Transaction
from lockgate.store.team.people import Person
from lockgate.store.team.sessions import Session

ASSERTION = "assertion"
_CHALLENGE_SECONDS = 300.0
_WRONG = "the name or the password is wrong"
_LATER = "too many attempts: try again in a while"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser's authenticator is asked to sign."""

    options: str
    """For ``navigator.credentials``, JSON."""
    key: str
    """Comes back with the answer."""


def by_password(house: House, username: str, password: str, *, next: str, came: Came) -> Waiting:
    """The first of two steps. Raises :class:`SignInError`, which says as little of an account as of none."""
    if not (house.settings.local and house.settings.passwords):
        raise SignInError("nobody signs in with a password here")
    name = username.strip().lower()[:255]
    subjects = {f"account {name} at {came.address}": ACCOUNT_FREE, f"account {name}": ACCOUNT_FREE_ANYWHERE,
                **_address(house, came)}  # fmt: skip
    if house.locked(tuple(subjects)):
        raise SignInError(_LATER)
    with house.database.read() as connection:
        person = people.by_username(connection, name)
        kept = credentials.password_hash(connection, person.id) if person is not None else None
    if not factors.password_fits(kept, password):
        raise house.failed(person, came, WRONG, subjects, _WRONG, name=name)
    assert person is not None
    if person.disabled:
        raise house.refuse(person, came, DISABLED, _WRONG)
    with house.database.begin() as connection:
        enrol = not credentials.factors(connection, person.id).second
        return house.begin_half(connection, Half(person.id, ("pwd",), next, enrol))


def challenge(house: House, *, half_token: str = "", session: Session | None = None) -> Challenge:
    """Ask for a passkey: of who waits for a second step, of who has a session, or of anybody."""
    with house.database.begin() as connection:
        person = house.half(connection, half_token).person if half_token else session.person if session else ""
        known = credentials.passkeys(connection, person) if person else ()
        options, wanted = factors.assertion(house.site, known=known)
        key = sessions.fresh_key()
        sessions.remember(connection, ASSERTION, key, {"challenge": wanted.hex(), "person": person},
                          seconds=_CHALLENGE_SECONDS, now=house.now())  # fmt: skip
    return Challenge(options, key)


def by_passkey(
    house: House, key: str, answer: str, *, came: Came, next: str = "/", half_token: str = "",
    session: Session | None = None,
) -> Signed:  # fmt: skip
    """A passkey has signed: the whole sign-in, its second step, or a step-up. Raises :class:`SignInError`."""
    wanted = half_token or session is not None
    with house.database.begin() as connection:
        asked = sessions.taken(connection, ASSERTION, key, now=house.now())
        passkey = credentials.passkey(connection, factors.credential_id(answer))
        person = people.get(connection, passkey.person) if passkey else None
    if asked is None:
        raise SignInError("that has taken too long", hint="begin again")
    if passkey is None or person is None or (wanted and asked["person"] != person.id):
        raise house.refuse(person, came, NO_SECOND, "that passkey is not known here")
    try:
        count = factors.asserted(house.site, answer, bytes.fromhex(asked["challenge"]), passkey)
    except SignInError as error:
        raise house.refuse(person, came, NO_SECOND, error.message, reason=error.message) from None
    if person.disabled:
        raise house.refuse(person, came, DISABLED, "this account is disabled")
    with house.database.begin() as connection:
        credentials.used_passkey(connection, passkey.key, sign_count=count, now=house.now())
        return _shown(house, connection, person, ("hwk", "user", "mfa"), came, half_token, session, next)


def by_code(
    house: House, code: str, *, came: Came, half_token: str = "", session: Session | None = None, next: str = "/"
) -> Signed:
    """A one-time code, or a recovery code, as the second step or a step-up. Raises :class:`SignInError`."""
    with house.database.read() as connection:
        person_id = house.half(connection, half_token).person if half_token else session.person if session else ""
        person = people.get(connection, person_id)
        kept = credentials.one_time_code(connection, person_id)
    if person is None:
        raise SignInError("nobody is signing in")
    subjects = {f"second {person.id}": ACCOUNT_FREE, **_address(house, came)}
    if house.locked(tuple(subjects)):
        raise SignInError(_LATER)
    if person.disabled:
        raise house.refuse(person, came, DISABLED, "this account is disabled")
    secret = house.seal.opened(kept.sealed, f"otp {person.id}").decode() if kept and kept.confirmed else ""
    step = factors.step_of(secret, code, now=house.now()) if secret else None
    with house.database.begin() as connection:
        if step is not None and credentials.use_step(connection, person.id, step, now=house.now()):
            return _shown(house, connection, person, ("otp", "mfa"), came, half_token, session, next)
        recovery = code.strip().lower()
        if step is None and len(recovery) == 11 and credentials.use_recovery_code(connection, person.id, recovery):
            return _shown(house, connection, person, ("recovery", "mfa"), came, half_token, session, next)
    raise house.failed(person, came, NO_SECOND, subjects, "that code is not right, or was used before")


def enrolled(house: House, connection: Transaction, half_token: str, methods: tuple[str, ...], came: Came) -> Signed:
    """The first second factor of somebody was added while they waited: that ends the sign-in well."""
    half = house.half(connection, half_token)
    person = people.get(connection, half.person)
    if person is None or person.disabled or not half.enrol:
        raise SignInError("that sign-in cannot end so")
    if half.link:
        link = sessions.taken(connection, "link", half.link, now=house.now())
        if link is None:
            raise SignInError("that link was used before")
        if link["purpose"] == "setup":
            if people.administrators(connection):
                raise SignInError("there is an administrator already")
            people.change(connection, person.id, personas=[Persona.ADMINISTRATOR])
            actor = Actor(person.id, person.name)
            trail.append(connection, trail.Entry(actor, "people:first-administrator", person.id))
    return house.complete(connection, half, came, methods=methods, mfa=house.now(), half_token=half_token)


def _address(house: House, came: Came) -> dict[str, int]:
    return {f"address {came.address}": ADDRESS_FREE} if house.settings.lock_addresses else {}


def _shown(
    house: House, connection: Transaction, person: Person, methods: tuple[str, ...], came: Came, half_token: str,
    session: Session | None, next: str,
) -> Signed:  # fmt: skip
    if half_token:
        half = house.half(connection, half_token)
        return house.complete(connection, half, came, methods=methods, mfa=house.now(), half_token=half_token)
    if session is not None:
        credentials.succeeded(connection, f"second {person.id}")
        actor = Actor(person.id, person.name)
        trail.append(connection, trail.Entry(actor, "sign-in:step-up", person.id, address=came.address))
        return Signed(sessions.strengthen(connection, session, methods=methods, now=house.now()), next)
    return house.complete(connection, Half(person.id, (), next, False), came, methods=methods, mfa=house.now())
