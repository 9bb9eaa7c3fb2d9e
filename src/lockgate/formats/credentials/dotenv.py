"""Environment files: ``NAME=value`` whose name promises a secret, or whose value is an address with a password."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import shell
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.model import Confidence

_TEMPLATES = (".example", ".sample", ".dist", ".template", ".tpl", ".defaults", ".default", "-example", "-sample")


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("dotenv", text)
    for item in shell(text):
        collector.add_named(item.name, item.value, item.line)
    found = collector.done()
    if not path.lower().endswith(_TEMPLATES):
        return found
    return tuple(_lowered(credential) for credential in found)


def _lowered(credential: Credential) -> Credential:
    """The values of a template are made up more often than not."""
    from dataclasses import replace

    return replace(credential, confidence=Confidence.LOW)


READER = CredentialReader(
    paths(".env", ".envrc", ".flaskenv", "env", endings=(".env", ".envrc"), starts=(".env.", ".env-", ".env_")),
    _read,
)
