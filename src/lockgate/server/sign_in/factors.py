"""Factors of our own: passwords (Argon2id), one-time codes (RFC 6238), recovery codes and passkeys (WebAuthn level 3).

Pure but for randomness; what is kept, and how often somebody may fail, ``store.team.credentials`` has.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.server.sign_in.identity import SignInError

if TYPE_CHECKING:
    from lockgate.store.team.credentials import Passkey

SHORTEST, LONGEST = 12, 200
"""Characters of a password; NIST SP 800-63B asks for 8 beside a second factor, and no rules about which."""
STEP = 30
"""Seconds of a one-time code; those of the step before and after count too, since clocks differ."""
_RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


_TOGETHER = threading.BoundedSemaphore(2)
"""Hashes at a time: each takes 64 MiB, and anybody may ask for one."""


@cache
def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()  # RFC 9106, the second recommended choice: 64 MiB, 3 passes, 4 lanes


def hashed(password: str, *, about: Sequence[str] = ()) -> str:
    """What is kept of a password. ``about``: words that it must not be: user name, address.

    Raises :class:`UsageError` for one that is too short, too long, or easily guessed.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    low = password.lower()
    if len(set(low)) < 5 or any(len(one) >= 4 and one.lower() in low for one in about) or low.startswith("password"):
        raise UsageError("that is easily guessed", hint="a few words that belong to nobody")
    with _TOGETHER:
        return str(_hasher().hash(password))


def password_fits(kept: str | None, password: str) -> bool:
    """Whether it is the password. As long for an account that has none, so that nobody learns which there are."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        with _TOGETHER:
            return bool(_hasher().verify(kept or _nobodys(), password[: LONGEST + 1])) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return str(_hasher().hash(secrets.token_urlsafe(32)))


def new_secret() -> str:
    """A secret of one-time codes, base32 of 160 bits."""
    import pyotp

    return pyotp.random_base32()


def provisioning(secret: str, username: str, origin: str) -> str:
    """The address that an app is given (``otpauth:``)."""
    import pyotp

    issuer = f"Lockgate ({urlsplit(origin).hostname})"
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=username, issuer_name=issuer)


def step_of(secret: str, code: str, *, now: float) -> int | None:
    """The step of time that a code is of; None where it is none of now."""
    import pyotp

    code = code.replace(" ", "")
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    codes = pyotp.TOTP(secret, interval=STEP)
    current = int(now) // STEP
    # All three are compared, so that the time it takes says nothing.
    fitting = [step for step in (current - 1, current, current + 1) if hmac.compare_digest(codes.at(step * STEP), code)]
    return fitting[-1] if fitting else None


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes, each 50 bits, for who has lost all else."""

    def part() -> str:
        return "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(5))

    return tuple(f"{part()}-{part()}" for _ in range(10))


@dataclass(frozen=True, slots=True)
class Site:
    """What passkeys are bound to."""

    host: str
    """Of our origin; an IP address cannot be one."""
    origin: str

    @classmethod
    def of(cls, origin: str) -> Site:
        """By the address where people reach us."""
        return cls(urlsplit(origin).hostname or "", origin)


@dataclass(frozen=True, slots=True)
class Registered:
    """A passkey that was made."""

    credential_id: str
    public_key: str
    sign_count: int


def registration(site: Site, *, user: bytes, username: str, name: str, known: Sequence[Passkey]) -> tuple[str, bytes]:
    """Options for the browser, as JSON, and the challenge to remember. ``user``: stable, and says nothing of them."""
    from webauthn import base64url_to_bytes, generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=site.host, rp_name="Lockgate", user_id=user, user_name=username, user_display_name=name,
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(one.id)) for one in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )  # fmt: skip
    return options_to_json(options), options.challenge


def registered(site: Site, answer: str, challenge: bytes) -> Registered:
    """What the browser made. Raises :class:`SignInError`."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        made = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SignInError(f"the passkey does not hold: {type(error).__name__}") from None
    return Registered(
        bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key), made.sign_count
    )


def assertion(site: Site, *, known: Sequence[Passkey] = ()) -> tuple[str, bytes]:
    """Options for the browser to sign with a passkey (of ``known``, or any), as JSON, and the challenge."""
    from webauthn import base64url_to_bytes, generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=site.host, user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(one.id)) for one in known] or None,
    )  # fmt: skip
    return options_to_json(options), options.challenge


def credential_id(answer: str) -> str:
    """Which passkey an answer claims to be of. Raises :class:`SignInError`."""
    import orjson

    try:
        found = orjson.loads(answer)["id"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or not 0 < len(found) <= 1400:
        raise SignInError("that is no answer of a passkey")
    return found


def asserted(site: Site, answer: str, challenge: bytes, passkey: Passkey) -> int:
    """The new count of a passkey that has signed, its user verified. Raises :class:`SignInError`, also for one whose
    count went back, which a copy's does."""
    from webauthn import base64url_to_bytes, verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        signed = verify_authentication_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SignInError(f"the passkey does not hold: {type(error).__name__}") from None
    return int(signed.new_sign_count)
