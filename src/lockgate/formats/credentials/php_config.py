"""PHP settings: constants, array entries and variables with secret names, WordPress keys and salts, database calls."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._literals import Literal, assigned, nth_argument
from lockgate.lazy_pattern import lazy_pattern

_WORDPRESS = frozenset(
    f"{first}_{second}" for first in ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE") for second in ("KEY", "SALT")
)
_CRYPT = lazy_pattern(r"[\"']crypt[\"']\s{0,9}=>|\bcrypt\b")
"""Magento 2: ``'crypt' => ['key' => '...']``, in one line or with ``key`` alone in the next."""
_CALLS = lazy_pattern(r"(?:mysqli?_p?connect|new\s{1,5}\\?mysqli|new\s{1,5}\\?PDO)\s{0,5}\(")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("php-config", text)
    literals: dict[tuple[int, int], Literal] = {}
    for literal in assigned(text):
        literals.setdefault((literal.line, literal.column), literal)
    for literal in literals.values():
        if _is_comment(collector.lines[literal.line - 1]):
            continue
        if literal.name in _WORDPRESS:
            collector.add(literal.name, literal.value, literal.line, column=literal.column)
        else:
            name = "crypt_key" if literal.name == "key" and _CRYPT.search(collector.lines[literal.line - 1]) else ""
            collector.add_named(name or literal.name, literal.value, literal.line)
    for literal in nth_argument(text, _CALLS, 3):
        collector.add(literal.name, literal.value, literal.line, column=literal.column)
    return collector.done()


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("//", "#", "*", "/*"))


READER = CredentialReader(
    paths(
        *("wp-config.php", "config.php", "configuration.php", "settings.php", "localsettings.php", "database.php"),
        *("config.inc.php", "db.php", "connect.php", "connection.php", "local.php", "env.php", "parameters.php"),
        *("settings.inc.php", "dbconfig.php", "conf.php", "app.php", "mail.php", "services.php", "config.local.php"),
        starts=("wp-config.php", "wp-config-"),
        tails=(".inc.php", ".config.php", "config.php.bak", "config.php~", "config.php.old", "config.php.save"),
    ),
    _read,
)
