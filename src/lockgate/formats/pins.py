"""Pins by digest or commit that can be resolved offline: from lines of the same tree that are pinned already.

A workflow that says ``uses: actions/checkout@<commit> # v4.2.2`` tells which commit ``actions/checkout@v4.2.2`` is,
and a Dockerfile that says ``FROM python:3.12-slim@sha256:...`` tells which digest that tag was. A tree may also keep a
file of such lines (``lockgate-pins.txt``), written where a registry can be reached. What two lines tell differently is
not known. Nothing is asked of a registry here, and whether a pin is still wanted is for people to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lockgate.model import Edit

FILE_NAME = "lockgate-pins.txt"
_MAX_LINE = 500
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
# Words of a reference are bounded, so that no line can make these patterns walk it twice.
_ACTION = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,99}/[\w.-]{1,100}(?:/[\w./-]{1,200})?)@(?P<ref>[\w./-]{1,200})"
    r"(?P<rest>\s*(?:#\s*(?:tag=)?(?P<said>v?\d[\w.+-]{0,60})\b.*)?)\Z"
)
_IMAGE = re.compile(
    r"(?P<name>(?:[A-Za-z0-9][\w.-]{0,200}(?::\d{1,5})?/)?[a-z0-9][a-z0-9._/-]{0,200}):(?P<tag>[\w][\w.-]{0,127})"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?(?![\w.@:/-])"
)
_USES = re.compile(r"\s*(?:-\s+)?uses:\s*(?P<quote>[\"']?)(?P<value>[^\"'\s]{1,400})(?P=quote)(?P<rest>\s*(?:#.*)?)\Z")
_HOLDS_IMAGE = re.compile(
    r"\s*(?:-\s+)?(?:FROM\s|COPY\s+--from=|image:|container:|uses:\s*[\"']?docker://)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Pins:
    """What is known: ``owner/name@ref`` to a commit, ``image:tag`` to a digest."""

    commits: dict[str, str]
    digests: dict[str, str]

    def edit(self, path: str, line: int, text: str) -> Edit | None:
        """The line with its one open reference pinned, or None when that is not known or not plain to see."""
        pinned = self._uses(text) or self._image(text)
        return Edit(path, line, line, pinned, text) if pinned is not None and pinned != text else None

    def _uses(self, text: str) -> str | None:
        match = _USES.match(text[:_MAX_LINE])
        if match is None or len(text) > _MAX_LINE:
            return None
        name, at, ref = match["value"].partition("@")
        commit = self.commits.get(f"{_repository(name)}@{ref}", "")
        # A comment that is there may say anything; only an empty place is filled.
        if not at or not commit or match["rest"].strip():
            return None
        head, tail = text[: match.start("value")], text[match.end("value") : match.start("rest")]
        return f"{head}{name}@{commit}{tail} # {ref}"

    def _image(self, text: str) -> str | None:
        if len(text) > _MAX_LINE or not _HOLDS_IMAGE.match(text):
            return None
        found = [match for match in _IMAGE.finditer(text) if f"{match['name']}:{match['tag']}" in self.digests]
        if len(found) != 1 or found[0]["digest"]:
            return None
        match = found[0]
        digest = self.digests[f"{match['name']}:{match['tag']}"]
        return f"{text[: match.end('tag')]}@{digest}{text[match.end('tag') :]}"


def known_pins(texts: Iterable[str]) -> Pins:
    """Everything that the lines of ``texts`` tell; what they tell differently is left out."""
    commits: dict[str, set[str]] = {}
    digests: dict[str, set[str]] = {}
    for text in texts:
        for line in text.splitlines():
            if len(line) > _MAX_LINE or "@" not in line:
                continue
            _learn_commit(line, commits)
            for match in _IMAGE.finditer(line):
                if match["digest"]:
                    digests.setdefault(f"{match['name']}:{match['tag']}", set()).add(match["digest"])
    return Pins(_agreed(commits), _agreed(digests))


def _learn_commit(line: str, commits: dict[str, set[str]]) -> None:
    text = line.strip().removeprefix("- ").strip()
    text = text.removeprefix("uses:").strip().replace('"', "").replace("'", "")
    match = _ACTION.match(text)
    if match and match["said"] and _COMMIT.match(match["ref"]):
        commits.setdefault(f"{_repository(match['name'])}@{match['said']}", set()).add(match["ref"])


def _repository(name: str) -> str:
    """``owner/name`` of an action that may stand in a folder of its repository: one tag is one commit for all."""
    return "/".join(name.split("/")[:2]).lower()


def _agreed(told: dict[str, set[str]]) -> dict[str, str]:
    return {name: next(iter(values)) for name, values in told.items() if len(values) == 1}
