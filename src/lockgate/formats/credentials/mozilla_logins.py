"""Mozilla password store: encrypted with the key beside it (``key4.db``), often without a main password."""

from __future__ import annotations

from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_value


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    value, clean = json_value(content)
    logins = value.get("logins") if isinstance(value, dict) else None
    if not isinstance(logins, list):
        return ()
    lines = json_safe.key_lines(clean, max_depth=3)
    collector = Collector("mozilla-logins", text_of(clean))
    for number, login in enumerate(logins):
        fields: dict[str, Any] = login if isinstance(login, dict) else {}
        host = str(fields.get("hostname", ""))
        for key in ("encryptedUsername", "encryptedPassword"):
            collector.add(key, fields.get(key), lines.get(("logins", number, key), 1), host=host)
    return collector.done()


READER = CredentialReader(paths("logins.json", "logins-backup.json"), _read)
