"""Shell start-up files: exported names that promise a secret, and addresses with a password in any line."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import shell
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._urls import in_urls
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence

_OPTION = lazy_pattern(r"\s--?(?:password|passwd|pass|token|api-key|secret)[= ]([\"']?)([^\s\"'|;&]{3,200})\1")
_STAMP = lazy_pattern(r"(?m)^: \d{9,11}:\d{1,9};")
"""zsh's extended history."""
_ID = lazy_pattern(r"(?:AKIA|ASIA)[A-Z0-9]{16}\Z")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = _STAMP.sub("", text_of(content))
    collector = Collector("shell-export", text)
    assigned: set[int] = set()
    for item in shell(text):
        before = len(collector.done())
        collector.add_named(item.name, item.value, item.line)
        if _ID.match(item.value):
            collector.add(item.name, item.value, item.line)
        if len(collector.done()) > before:
            assigned.add(item.line)
    for number, line in enumerate(collector.lines, 1):
        if number in assigned or len(line) > 20_000 or line.lstrip().startswith("#"):
            continue
        for within in in_urls(line):
            collector.add(
                "url",
                within.value,
                number,
                user=within.user,
                host=within.host,
                at_most=Confidence.MEDIUM,
                column=within.start + 1,
            )
        for option in _OPTION.finditer(line):
            collector.add(option.group().split()[0], option.group(2), number, loose=True)
    return collector.done()


READER = CredentialReader(
    paths(
        *(".bash_profile", ".bashrc", ".bash_login", ".bash_aliases", ".bash_history", ".profile", ".zshrc", ".zshenv"),
        *(".zprofile", ".zsh_history", ".kshrc", ".cshrc", ".tcshrc", "config.fish", ".exports", ".aliases", ".extra"),
        *("bash_profile", "bashrc", "zshrc", ".bash_exports", ".functions", "profile", ".localrc", ".history"),
    ),
    _read,
)
