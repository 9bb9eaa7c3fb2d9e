"""Whether a value that stands where a credential belongs is one, and whether a name promises one.

Shared by the readers. Every pattern is linear: no nested repeats.
"""

from __future__ import annotations

from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence

MAX_VALUE = 64 * 1024
_MAX_NAME = 200

_REFERENCE = lazy_pattern(
    r"!vault|ENC\[|\$ANSIBLE_VAULT|\$[{(]|\$[A-Za-z_][A-Za-z0-9_:.]*\Z|\$\$|\{\{|<%|%\(|%[A-Za-z_]+%\Z|#\{|@[A-Za-z_.]+@\Z|\[\[|\(\(|`"
    r"|(?:process\.env|os\.(?:environ|getenv)|getenv|env|ENV|secretKeyRef|vault|ref|arn|op|data|var|local|module)[.(:\[]"
)
_ANGLE = lazy_pattern(r"<[^<>]*>\Z|\[[A-Za-z _-]+\]\Z|\{[A-Za-z _.-]+\}\Z")
_FILLER = lazy_pattern(r"(?:x+|X+|\*+|\.+|-+|_+|\?+|#+|0+|•+|[xX*.\-_]+)\Z")
_ASKING = lazy_pattern(
    r"(?i)(?:\b|_)(?:your|my)[-_ ]?\w*[-_ ]?(?:password|passwd|pass|secret|token|key|id|here|value)"
    r"|(?:password|secret|key|token|user|username|phrase|value)[-_ ]?(?:goes[-_ ]?)?here\Z"
    r"|\A(?:insert|enter|replace|put|add|set|fill)[-_ ]|replace[-_ ]?(?:me|this|with)|placeholder|redacted|to[-_ ]?do\b"
)
_NOTHING = frozenset(
    [
        "",
        "null",
        "nil",
        "none",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "n/a",
        "na",
        "todo",
        "tbd",
        "unset",
        "empty",
        "optional",
        "required",
        "string",
        "varchar",
        "prompt",
        "ask",
        "keychain",
        "~",
        "!",
        "*",
        "!!",
    ]
)
_WEAK = frozenset(
    [
        "changeme",
        "change_me",
        "change-me",
        "changeit",
        "password",
        "passwd",
        "pass",
        "pwd",
        "secret",
        "token",
        "admin",
        "administrator",
        "root",
        "user",
        "username",
        "test",
        "testing",
        "example",
        "sample",
        "demo",
        "dummy",
        "fake",
        "foo",
        "bar",
        "baz",
        "foobar",
        "guest",
        "default",
        "default_password",
        "mysecret",
        "supersecret",
        "hunter2",
        "p@ssw0rd",
        "passw0rd",
        "password1",
        "password123",
        "letmein",
        "qwerty",
        "123456",
        "12345678",
        "1234",
        "123",
        "postgres",
        "mysql",
        "abc123",
        "secretkey",
        "apikey",
        "mypassword",
        "notasecret",
        "minioadmin",
        "homestead",
    ]
)
_PATHLIKE = lazy_pattern(r"(?:~|\.{0,2})/[\w.-]+/[\w./-]*\Z|[A-Za-z]:\\[\w.\\ -]+\Z|(?:file|https?)://[^@\s]*\Z")

_WORD = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset(
    [
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "passwort",
        "passcode",
        "pw",
        "psw",
        "secret",
        "token",
        "apikey",
        "authtoken",
        "accesstoken",
        "secretkey",
        "accesskey",
        "privatekey",
        "userpass",
        "dbpass",
        "pat",
        "psk",
        "mdp",
        "motdepasse",
        "kennwort",
        "contrasena",
        "senha",
        "parola",
        "wachtwoord",
        "haslo",
        "heslo",
        "losenord",
        "lozinka",
        "salasana",
        "sifre",
    ]
)
_SECRET_PAIRS = frozenset(
    first + " key"
    for first in [
        "api",
        "access",
        "secret",
        "private",
        "app",
        "auth",
        "master",
        "encryption",
        "signing",
        "account",
        "storage",
        "service",
        "shared",
        "deploy",
        "license",
        "admin",
        "crypt",
        "cipher",
        "session",
        "jwt",
        "client",
    ]
) | {"key base", "upgrade key", "hash salt", "secret value", "connection string", "auth string", "token value"}
_NO_PASS = frozenset({"bypass", "compass", "encompass", "trespass", "subpass", "multipass", "renderpass", "surpass"})
_SECRET_ENDS = ("password", "passwd", "passphrase", "apikey", "secretkey", "accesstoken", "authtoken", "apitoken")
_HARMLESS = frozenset(["public", "csrf", "xsrf", "next", "page", "max", "min", "reset", "forgot", "show", "no", "is"])


def grade(value: str, *, loose: bool = False) -> Confidence | None:
    """How sure it is that the value opens something; None for references, placeholders and nothing.

    ``loose`` is for places that only a name promises: prose and paths are refused too.
    """
    text = value.strip()
    if len(text) > MAX_VALUE or text.lower() in _NOTHING or _FILLER.match(text) or _ANGLE.match(text):
        return None
    if _REFERENCE.match(text) or "${" in text or "{{" in text or _ASKING.search(text[:300]):
        return None
    if loose and (text.count(" ") > 2 or len(text) < 3 or _PATHLIKE.match(text)):
        return None
    if text.lower() in _WEAK or len(set(text)) <= 2:
        return Confidence.LOW
    if loose and len(text) <= 16 and text.isalpha() and text[1:].islower():
        return Confidence.LOW  # a word of some language, as in a file of translations
    return Confidence.MEDIUM if loose else Confidence.HIGH


def names_secret(name: str) -> bool:
    """Whether a field, variable or attribute of that name holds a secret: ``DB_PASSWORD``, ``apiKey``, ``token``."""
    words = [word.lower() for word in _WORD.findall(name[-_MAX_NAME:])]
    while words and words[-1].isdigit():
        words.pop()
    if not words or _HARMLESS & set(words):
        return False
    last = words[-1]
    if last in _SECRET_WORDS or last.endswith(_SECRET_ENDS) or " ".join(words[-2:]) in _SECRET_PAIRS:
        return True
    return last.endswith("pass") and last not in _NO_PASS
