"""Rails keys that open the encrypted credentials beside them: ``master.key`` (https://guides.rubyonrails.org/security.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern

_HEX = lazy_pattern(r"[0-9a-f]{32}(?:[0-9a-f]{32})?\Z")


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("rails-key", text)
    for number, line in enumerate(collector.lines[:10], 1):
        if _HEX.match(line.strip()):
            collector.add(path.rpartition("/")[2], line.strip(), number)
        elif (".secret" in path or "secret_token" in path) and "=" in line:
            name, _, value = line.partition("=")
            collector.add_named(name.strip(), value.strip().strip("\"'"), number)
    return collector.done()


READER = CredentialReader(
    paths("master.key", "secret_token.rb", "production.key", "staging.key", tails=("/credentials/development.key",)),
    _read,
)
