"""Apache and nginx password files: ``user:hash`` (https://httpd.apache.org/docs/current/misc/password_encryptions.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("htpasswd", text)
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.strip().split(":")
        if line.startswith("#") or len(fields) not in (2, 3) or " " in fields[0]:
            continue
        collector.add("password hash", fields[-1], number, user=fields[0])
    return collector.done()


READER = CredentialReader(
    paths(".htpasswd", "htpasswd", ".htdigest", "htdigest", "passwd.htpasswd", endings=(".htpasswd", ".htdigest")),
    _read,
)
