"""Whether a value that stands where a password, token or key would stand is one: features in, confidence out.

The second tier of the secrets scanner. A reviewer's questions in order: is it a reference, is it a placeholder, is it a
name of the thing, is it prose, does it look made by a machine or chosen by a person. Precision goes before recall.
"""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence
from lockgate.scanners.secrets import _words as words


class Style(StrEnum):
    """How the value stands in its file."""

    QUOTED = "quoted"
    BARE = "bare"
    ELEMENT = "element"
    COMMAND = "command"
    ADDRESS = "address"


class Place(NamedTuple):
    """What the path says. A tuple, for verdicts are remembered by it."""

    code: bool
    """A bare word is a variable there."""
    prose: bool
    """Documentation or texts for people."""
    test: bool


_CODE = lazy_pattern(
    r"\.(?:py|pyi|[cm]?[jt]sx?|java|kts?|go|rs|rb|php|cs|vb|c|cc|cpp|cxx|h|hpp|m|mm|swift|scala|dart|lua|pl|pm|r|jl|ex|exs|erl|"
    r"hs|ml|clj|groovy|gradle|tf|hcl|bicep|sql|proto|graphql|vue|svelte|css|scss|less|html?|jsp|erb|ps1|psm1|tpl|rego|zig|nim)$",
    re.IGNORECASE,
)
_PROSE = lazy_pattern(r"\.(?:md|mdx|rst|adoc|txt|po|pot|tex|1|textile|xlf|resx|strings|arb)$", re.IGNORECASE)
_PROSE_NAME = lazy_pattern(
    r"(?:strings\.xml|messages[^/]*\.properties|readme[^/]*|changelog[^/]*|changes)$", re.IGNORECASE
)
_PROSE_FOLDERS = words.word_set("locale locales i18n l10n lang languages translation translations messages")
_TEST_NAME = lazy_pattern(r"Tests?\.\w+$")
_TEST_WORDS = words.word_set(
    "test tests testing testdata spec specs fixture fixtures mock mocks e2e example examples sample samples demo demos"
)
_PARTED = str.maketrans("_.-", "///")

_PASSWORD_WORDS = words.word_set(
    """
    password passwords passwd pass passphrase passcode pwd psw passwort passwrd requirepass identified pw userpass
    pword psk kennwort contrasena clave senha motdepasse mdp parola wachtwoord haslo heslo losenord
    adgangskode salasana jelszo sifre lozinka geslo
    """
)
_TOKEN_WORDS = words.word_set(
    """
    secret secrets token tokens apikey credential credentials creds bearer authorization
    """
)
_KEY_PAIRS = words.word_set(
    """
    api auth access private account shared secret encryption signing app master session client license licence jwt
    nonce service subscription deploy
    """
)
_HARMLESS_ENDS = words.word_set(
    """
    encode decode mgr realm control equals compare match replace split join contains startswith endswith
    name names id ids file files path paths dir url uri urls uris type types length len size min max count expiry
    expires expiration ttl timeout field fields label hint title text placeholder message msg error errors
    description desc help pattern regex regexp format policy ref refs reference class cls param params parameter
    prop property column hash hashed digest checksum fingerprint sha sha1 sha256 md5 salt endpoint env var variable
    header index version algorithm alg store manager provider service resource scopes scope issuer audience prefix
    suffix mode level enabled required button input form page view link route action reset strength rules rule
    validator encoder handler helper util utils question prompt lifetime age arn alias location source kind status
    state code usage lookup tag tags selector used changed updated modified created date time
    """
)
_HARMLESS_ANYWHERE = words.word_set(
    """
    public pub csrf checksum xsrf placeholder hint label regex pattern error prompt forgot reset
    """
)
_PASSING = frozenset(
    f"{first} token"
    for first in (
        *("next", "continuation", "page", "pagination", "output", "input", "starting", "marker", "resume", "sync"),
        *("change", "update", "lock", "cancellation", "idempotency"),
    )
) | {"request token client", "action token lifecycle"}
"""Tokens that mark a place in a list or one request, and open nothing."""
_UUID = lazy_pattern(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.IGNORECASE)
_HASH = lazy_pattern(
    r"\$(?:2[abxy]|[156y]|argon2\w*|pbkdf2[\w-]*|apr1)\$|\{(?:S?SHA|CRYPT|AES|bcrypt)|(?:sha\d+|md5|h1)[-:]|ssh-",
    re.IGNORECASE,
)
_CODE_LIKE = lazy_pattern(
    r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|^[\w.-]+@[\w-]+(?:\.[\w-]+)+$|^[A-Za-z_]\w*\(|^\d+(?:\.\d+)+$|[;{}|\\]\s|^[/#.]\w+/|"
    r"^\d{4}-\d\d-\d\d(?:[T ]|$)"
)
_VECTOR = lazy_pattern(r"(?:[0-9A-Fa-f]{2}){16,}\Z")
_VECTOR_WORDS = words.word_set("private shared exporter encryption session master signing client server traffic early")
"""Names in the published vectors of cryptographic schemes, which stand in hex in the tests of every implementation."""
_APP_PASSWORD = lazy_pattern(r"(?:[a-z]{4} ){3}[a-z]{4}\Z")
_TOKEN_VALUE = lazy_pattern(r"[\w+/=.~:@#%^&*!$-]+\Z")
_NUMBERED_WORD = lazy_pattern(
    r"[a-z]{1,4}\d\Z|(?:utf|iso|latin|sha|md|py|python|https?|tls|ssl|v|ver|version|level|oauth|urllib|ipv|base|ascii|step|type|mode|"
    r"key|node|host|server|item|line|row|value|field|param|arg|part|stage|group|class|slot|port|client|service|account|object)"
    r"[-_]?\d+\Z",
    re.IGNORECASE,
)
"""``urllib2``, ``latin1``: the name of a thing."""
_LAID_OUT = frozenset({19, 36})
"""Lengths of ``_APP_PASSWORD`` and of ``_UUID``, which may do without digits."""
_SEPARATORS = lazy_pattern(r"[-_./:,+| ]+")


def place_of(path: str) -> Place:
    """What the path alone says about values in the file."""
    name, ending = path.rfind("/") + 1, max(path.rfind("."), 0)
    prose = (
        _PROSE.match(path, ending)
        or _PROSE_NAME.match(path, name)
        or not _PROSE_FOLDERS.isdisjoint(path[:name].lower().split("/"))
    )
    test = not _TEST_WORDS.isdisjoint(path.translate(_PARTED).split("/")) or _TEST_NAME.search(path)
    return Place(bool(_CODE.match(path, ending)), bool(prose), bool(test))


def judge_assignment(name: str, value: str, *, style: Style, place: Place) -> Confidence | None:
    """How sure it is that ``name`` is given the secret ``value``; None: it is not one."""
    kind = _kind_of(name)
    if not kind or _is_too_plain(kind, value, style=style, place=place) or _is_no_value(value) or _repeats(name, value):
        return None
    if kind == "token":
        if name.lower().endswith("secret") and style is Style.QUOTED and _is_short_secret(value):
            return None if place.prose else Confidence.LOW
        return None if _is_vector(name, value, place=place) else _judge_token(value, style=style, place=place)
    return _judge_password(value, style=style, place=place)


def _is_too_plain(kind: str, value: str, *, style: Style, place: Place) -> bool:
    """Whether length and digits alone say that no question below would end in yes, as of most values of programs."""
    if len(value) in _LAID_OUT:
        return False
    if style is Style.BARE and place.code and (kind == "token" or len(value) < 10):
        return True
    needs_digit = len(value) < 16 if kind == "token" else place.prose or (style is Style.BARE and place.code)
    return (kind != "token" and len(value) < 6) or (needs_digit and not any(map(str.isdigit, value)))


def _is_short_secret(value: str) -> bool:
    """A secret that a person made up, as they do for sessions and clients."""
    return 8 <= len(value) < 16 and any(map(str.isdigit, value)) and _is_chosen(value)


def judge_address(user: str, value: str, host: str, *, place: Place) -> Confidence | None:
    """The same for ``user:value@host`` in an address or connection string."""
    value = unquote(value)
    if _is_no_value(value) or value.lower() == user.lower() or value.lower() in words.WEAK or len(value) < 5:
        return None
    if re.search(r"(?:^|\.)example\.(?:com|org|net)|\.example$|^host", host) and not words.is_random(value):
        return None
    if words.is_random(value) and len(value) >= 8:
        return Confidence.MEDIUM if place.test or place.prose else Confidence.HIGH
    if place.prose or not (_is_chosen(value) or words.is_random(value)):
        return None
    return Confidence.LOW if place.test else Confidence.MEDIUM


def judge_foreign(value: str, *, style: Style, place: Place) -> Confidence | None:
    """The same for a name of another language, which is often a label: the value has a digit, or is noise."""
    if not (any(map(str.isdigit, value)) or words.is_noise(value)) or value.replace(".", "").isdigit():
        return None
    return judge_assignment("password", value, style=style, place=place)


def judge_prose(value: str, *, place: Place) -> Confidence | None:
    """The same for what a sentence says a password is: digits among letters, and no term of the trade."""
    value = value.rstrip(".,;:!?*")
    if len(value) < 6 or not any(map(str.isalpha, value)) or not any(map(str.isdigit, value)) or _is_no_value(value):
        return None
    random = words.is_random(value) and len(value) >= 8
    if not (random or _is_chosen(value)) or (place.code and not random):
        return None
    return Confidence.LOW


def is_plain_setting(value: str) -> bool:
    """Whether a value that was found by its name alone is a reference, a placeholder or a name of something else."""
    value = value.strip()
    if value.isalpha() and not words.is_random(value) and all(len(one) > 1 for one in words.parts(value)[1:]):
        return not (value.islower() or value.istitle())  # a name in camel case
    pieces = _SEPARATORS.split(value)
    return _is_no_value(value) or (len(pieces) > 1 and _is_made_of_words(value))


def judge_generic(name: str, value: str, *, style: Style, place: Place) -> Confidence | None:
    """The same for a match of a generic pattern, which knows more promising names than we do."""
    said = words.parts(name)
    while said and said[-1].isdigit():
        said.pop()
    if _is_no_value(value) or _repeats(name, value) or _is_vector(name, value, place=place):
        return None
    if _HARMLESS_ANYWHERE & set(said) or (said and said[-1] in _HARMLESS_ENDS) or _is_passing(said):
        return None
    return _judge_token(value, style=style, place=place)


def _is_vector(name: str, value: str, *, place: Place) -> bool:
    return bool(place.test and _VECTOR.match(value) and _VECTOR_WORDS & set(words.parts(name)))


@lru_cache(maxsize=1024)
def _kind_of(name: str) -> str:
    """``password``, ``token`` or, when the name is of something else, empty."""
    said = words.parts(name)
    while said and said[-1].isdigit():
        said.pop()
    if not said or said[-1] in _HARMLESS_ENDS or _HARMLESS_ANYWHERE & set(said) or _is_passing(said):
        return ""
    if _PASSWORD_WORDS & set(said) or said[-1].endswith(("password", "passwd")):
        return "password"
    if _TOKEN_WORDS & set(said) or said[-1].endswith(("secret", "token", "apikey")):
        return "token"
    pairs = itertools.pairwise(said)
    return "token" if any(first in _KEY_PAIRS and second == "key" for first, second in pairs) else ""


def _is_passing(said: list[str]) -> bool:
    return " ".join(said[-2:]) in _PASSING or " ".join([*said[-2:], *said[-3:-2]]) in _PASSING


def _is_no_value(value: str) -> bool:
    if words.is_noise(value):
        return words.is_placeholder(value) or words.is_monotonous(value) or _HASH.match(value) is not None
    return (
        len(value) < 4
        or words.is_reference(value)
        or words.is_placeholder(value)
        or words.is_monotonous(value)
        or _HASH.match(value) is not None
        or _CODE_LIKE.search(value) is not None
    )


def _repeats(name: str, value: str) -> bool:
    """The value is the name again, or made of its words: ``password = "wrong-password"``."""
    said, given = set(words.parts(name)), words.parts(value)
    flat = "".join(given)
    if flat in "".join(words.parts(name)):
        return True
    letters = [one for one in given if not one.isdigit()]
    keep = (said & (_PASSWORD_WORDS | _TOKEN_WORDS)) | {"password", "secret", "token"}
    return bool(keep & set(letters)) and not any(words.is_gibberish(one) for one in letters if len(one) >= 6)


def _judge_token(value: str, *, style: Style, place: Place) -> Confidence | None:
    if _UUID.match(value):
        return Confidence.LOW if place.test else None if place.prose else Confidence.MEDIUM
    if style is Style.BARE and place.code:
        return None
    if words.is_noise(value) and len(value) >= 10:
        if len(value) < 20:
            return None if place.prose else Confidence.LOW
        return Confidence.MEDIUM if place.test or place.prose else Confidence.HIGH
    if not _TOKEN_VALUE.match(value) or len(value) < 10 or not words.is_random(value) or _is_made_of_words(value):
        return None
    if not any(c.isdigit() for c in value):
        return Confidence.LOW if len(value) >= 16 and style is Style.QUOTED and not place.prose else None
    if len(value) < 20 or len(set(value)) < 10:
        return None if place.prose or place.test else Confidence.LOW
    return Confidence.MEDIUM if place.test or place.prose else Confidence.HIGH


def _judge_password(value: str, *, style: Style, place: Place) -> Confidence | None:
    if len(value) > 128:
        return None
    if _APP_PASSWORD.match(value) and sum(
        words.is_gibberish("".join(pair)) for pair in (value.split()[:2], value.split()[2:])
    ):
        return Confidence.MEDIUM
    if " " in value.strip() and (words.is_sentence(value) or style is not Style.QUOTED):
        return None
    if _UUID.match(value):
        return None if place.test or place.prose else Confidence.LOW
    random = words.is_random(value) and len(value) >= 8
    digits = any(map(str.isdigit, value))
    if style is Style.BARE and place.code:
        return Confidence.LOW if random and digits and len(value) >= 10 else None
    if place.prose:
        return Confidence.LOW if digits and (random or _is_chosen(value)) else None
    if value.isdigit():
        return Confidence.LOW if 6 <= len(value) <= 12 and not place.test else None
    if random:
        return Confidence.MEDIUM if place.test or value.isalpha() else Confidence.HIGH
    if not _is_chosen(value) and not words.is_random(value):
        return None
    return Confidence.LOW if place.test else Confidence.MEDIUM


def _is_chosen(value: str) -> bool:
    """A password as a person makes one: letters with digits or signs among them, six characters or more."""
    if len(value) < 6 or _is_made_of_words(value) or _NUMBERED_WORD.match(value):
        return False
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    signs = any(not c.isalnum() and c not in "-_./: " for c in value)
    return letters and (digits or signs)


def _is_made_of_words(value: str) -> bool:
    """Words and numbers kept apart by separators (``shop-db-2021``), or words alone: a name, not a value."""
    pieces = [piece for piece in _SEPARATORS.split(value) if piece]
    if len(pieces) == 1:
        return value.isalpha() and not words.is_random(value)
    return all(
        piece.isdigit() or (piece.rstrip("0123456789").isalpha() and not words.is_random(piece)) for piece in pieces
    )
