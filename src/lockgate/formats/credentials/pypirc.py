"""Python uploaders and pip: ``password`` of an index, and passwords in index addresses (https://packaging.python.org/en/latest/specifications/pypirc/)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("pypirc", text)
    user = section = ""
    for item in ini(text):
        if item.section != section:
            section, user = item.section, ""
        if item.name == "username":
            user = item.value
        elif item.name in ("password", "token"):
            collector.add(item.name, item.value, item.line, user=user, host=section)
        else:
            collector.add_embedded(item.name, item.value, item.line)
    return collector.done()


READER = CredentialReader(paths(".pypirc", "pip.conf", "pip.ini", "pypirc", ".gemrc", ".bundle"), _read)
