"""Git: the credential store and addresses with passwords in its settings (git-credential-store(1))."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._urls import in_urls
from lockgate.lazy_pattern import lazy_pattern

_TOKEN_ONLY = lazy_pattern(r"https?://([A-Za-z0-9_-]{20,255})@([^\s/:@]{1,255})")
_HEADER = lazy_pattern(
    r"(?i)extraheader\s{0,5}=\s{0,5}\"?authorization:\s{0,5}(?:basic|bearer)\s{1,5}([A-Za-z0-9+/=_.-]{8,2000})"
)
_TOKEN = lazy_pattern(r"\s{0,20}(?:oauth-?token|token|password|apikey|pass|smtppass)\s{0,5}=\s{0,5}\"?([^\s\"]{6,500})")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("git-credentials", text)
    for number, line in enumerate(collector.lines, 1):
        if len(line) > 20_000 or line.lstrip().startswith(("#", ";")):
            continue
        for item in in_urls(line):
            collector.add("url", item.value, number, user=item.user, host=item.host, column=item.start + 1)
        for match in _TOKEN_ONLY.finditer(line):
            collector.add("url", match.group(1), number, host=match.group(2))
        for match in _HEADER.finditer(line):
            collector.add("extraHeader", match.group(1), number)
        named = _TOKEN.match(line.lower())
        if named:
            collector.add("token", line[named.start(1) : named.end(1)], number, column=named.start(1) + 1)
    return collector.done()


READER = CredentialReader(
    paths(
        ".git-credentials",
        "git-credentials",
        ".gitconfig",
        "gitconfig",
        "config",
        ".gitmodules",
        endings=(".gitconfig",),
    ),
    _read,
)
