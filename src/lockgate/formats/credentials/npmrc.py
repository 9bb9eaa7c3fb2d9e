"""npm and Yarn client files: ``_authToken``, ``_auth``, ``_password`` (https://docs.npmjs.com/cli/configuring-npm/npmrc)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini, unquoted
from lockgate.formats.credentials._collect import Collector, text_of

_KEYS = ("_authtoken", "_auth", "_password", "npmauthtoken", "npmauthident")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("npmrc", text)
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, value = line.strip().partition("=")
        if not name.startswith(("//", "_", "@")) or not equals:
            continue
        scope, _, key = name.strip().rpartition(":")
        if key.lower() in _KEYS:
            collector.add(key, unquoted(value), number, host=scope.strip("/"))
    for item in ini(text):  # Yarn: `npmAuthToken: ...`, and the old top-level form
        name = item.name.strip("\"'").lower()
        if name in ("npmauthtoken", "npmauthident"):
            collector.add(item.name, item.value, item.line)
    return collector.done()


READER = CredentialReader(paths(".npmrc", "npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmrc"), _read)
