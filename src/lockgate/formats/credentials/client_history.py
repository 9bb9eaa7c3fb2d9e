"""What people typed into clients of databases: histories of mysql, psql, sqlite, redis-cli and mongo.

libedit writes blanks as ``\\040`` (mysql and psql built with it), libreadline as they are.
"""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern

_STATEMENTS = tuple(
    lazy_pattern(pattern)
    for pattern in (
        r"(?i)\bidentified\s{1,9}(?:with\s{1,9}\S{1,60}\s{1,9})?(?:by|as)\s{1,9}(?:password\s{1,9})?['\"]([^'\"\n]{1,200})['\"]",
        r"(?i)\bpassword\s{0,9}(?:=\s{0,9})?(?:\(\s{0,9})?['\"]([^'\"\n]{1,200})['\"]",
        r"(?i)\A\s{0,9}auth\s{1,9}(?:\S{1,60}\s{1,9})?([^\s(]{3,200})\s*\Z",
        r"(?i)\bconfig\s{1,9}set\s{1,9}(?:requirepass|masterauth)\s{1,9}['\"]?([^\s'\"]{3,200})",
        r"(?i)\bdb\.auth\(\s{0,9}['\"][^'\"\n]{1,80}['\"]\s{0,9},\s{0,9}['\"]([^'\"\n]{1,200})['\"]",
        r"(?i)\bpwd['\"]?\s{0,9}:\s{0,9}['\"]([^'\"\n]{1,200})['\"]",
    )
)


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("client-history", text)
    for number, raw in enumerate(collector.lines, 1):
        if len(raw) > 20_000:
            continue
        line = raw.replace("\\040", " ").replace("\\012", " ")
        for pattern in _STATEMENTS:
            for match in pattern.finditer(line):
                collector.add("statement", match.group(1), number)
        collector.add_embedded("url", line, number)
    return collector.done()


READER = CredentialReader(
    paths(
        *(".mysql_history", ".psql_history", ".sqlite_history", ".rediscli_history", ".dbshell", ".mongo_history"),
        *(
            ".mariadb_history",
            "mongosh_repl_history",
            ".mycli-history",
            ".pgcli_history",
            ".mongorc.js",
            ".mongoshrc.js",
        ),
        *("mysql_history", "psql_history"),
    ),
    _read,
)
