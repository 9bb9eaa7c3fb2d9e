"""MySQL option files: ``password`` of any group (https://dev.mysql.com/doc/refman/8.4/en/option-files.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("my-cnf", text)
    user = ""
    for item in ini(text):
        name = item.name.lower().replace("_", "-")
        if name == "user":
            user = item.value
        elif name in ("password", "password1", "password2", "password3", "ssl-key-password", "master-password"):
            collector.add(item.name, item.value, item.line, user=user)
    return collector.done()


READER = CredentialReader(paths("my.cnf", ".my.cnf", "my.ini", ".mytop", "debian.cnf", "client.cnf"), _read)
