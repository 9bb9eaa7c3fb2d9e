"""PostgreSQL password file: ``host:port:database:user:password`` (https://www.postgresql.org/docs/current/libpq-pgpass.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("pgpass", text)
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        fields = _fields(line.rstrip("\r"))
        if len(fields) == 5:
            collector.add("password", fields[4], number, user=fields[3], host=fields[0])
    return collector.done()


def _fields(line: str) -> list[str]:
    """The colon-separated fields, at most five; a backslash protects a colon or a backslash."""
    marked = line.replace("\\\\", "\x01").replace("\\:", "\x02")
    return [part.replace("\x01", "\\").replace("\x02", ":") for part in marked.split(":", 4)]


READER = CredentialReader(paths(".pgpass", "pgpass.conf", "pgpass"), _read)
