"""RustSec advisories (Markdown with a TOML head, https://github.com/rustsec/advisory-db) to ``Advisory``.

A RustSec record says which versions are well (``patched``, ``unaffected``); OSV says which are not. The affected ones
are the gaps between the well ones, as RustSec's own export to OSV has it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from lockgate.advisories import cvss
from lockgate.advisories.osv import one_line
from lockgate.advisories.record import Advisory, Kind, PackageRanges, RecordError
from lockgate.advisories.versions import VersionError, sort_key
from lockgate.formats.toml_bounds import too_dotted
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Severity

MAX_BYTES = 1024 * 1024
_HEAD = lazy_pattern(r"\A\s*```toml[ \t]*\r?\n(.*?)\r?\n```[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_TITLE = lazy_pattern(r"^#[ \t]+(\S[^\n]*)$", re.MULTILINE)
_ID = lazy_pattern(r"RUSTSEC-[0-9]{4}-[0-9]{4,6}\Z")
_COMPARATOR = lazy_pattern(r"(>=|<=|>|<|=|\^|~)?\s*([0-9][0-9A-Za-z.+-]*)\Z")
_KINDS = {"unmaintained": Kind.UNMAINTAINED, "unsound": Kind.UNSOUND, "": Kind.VULNERABLE}
Bounds = tuple[str, str, str]
"""Well from the first version (``0``: from the start) up to, not including, the second (empty: for ever). The third is
the last version that is not well, where only that is known (``> 1.2``): then the first is no version to upgrade to."""


def from_markdown(content: bytes) -> Iterator[Advisory | RecordError]:
    """The record of one file, or why it is none."""
    try:
        yield _advisory(content)
    except RecordError as error:
        yield error


def _advisory(content: bytes) -> Advisory:
    if len(content) > MAX_BYTES:
        raise RecordError(f"larger than {MAX_BYTES} bytes")
    text = content.decode("utf-8", "replace")
    head = _HEAD.match(text)
    if head is None:
        raise RecordError("no TOML head")
    if too_dotted(head[1].encode()):
        raise RecordError("the head has names of too many parts")
    try:
        fields = tomllib.loads(head[1])
    except (tomllib.TOMLDecodeError, RecursionError):
        raise RecordError("the head is not TOML") from None
    about, versions = fields.get("advisory"), fields.get("versions", {})
    if not isinstance(about, dict) or not isinstance(versions, dict):
        raise RecordError("the head has no [advisory]")
    name, package = about.get("id"), about.get("package")
    if not isinstance(name, str) or _ID.match(name) is None or not isinstance(package, str) or not package:
        raise RecordError("the head has no usable id and package")
    word = about.get("informational", "")
    if word not in _KINDS:
        raise RecordError("it informs only: no vulnerability, not unsound, not unmaintained")
    vector, score = _scored(about)
    title = _TITLE.search(text, head.end())
    return Advisory(
        id=name,
        packages=(PackageRanges("crates.io", package, _ranges(versions)),),
        aliases=tuple(sorted(set(_strings(about.get("aliases"))) - {name})),
        related=tuple(sorted(set(_strings(about.get("related"))))),
        kind=_KINDS[word],
        withdrawn=str(about.get("withdrawn", "")),
        modified=str(about.get("date", "")),
        summary=one_line(title[1] if title else ""),
        vector=vector,
        score=score,
        severity=_severity(word, score),
        reference=f"https://rustsec.org/advisories/{name}.html",
    )


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []


def _scored(about: dict[str, Any]) -> tuple[str, float | None]:
    vector = about.get("cvss", "")
    try:
        return (vector, cvss.score(vector)) if isinstance(vector, str) and vector else ("", None)
    except cvss.VectorError:
        return "", None


def _severity(word: str, score: float | None) -> Severity | None:
    if score is not None:
        return cvss.severity(score)
    return Severity.LOW if word == "unmaintained" else None


def _ranges(versions: dict[str, Any]) -> tuple[tuple[tuple[str, str], ...], ...]:
    well: list[Bounds] = []
    for requirement in (*_strings(versions.get("patched")), *_strings(versions.get("unaffected"))):
        bounds = bounds_of(requirement)
        if bounds is not None:
            well.append(bounds)
    return (tuple(_gaps(well)),)


def bounds_of(requirement: str) -> Bounds | None:
    """Where a Cargo requirement (``>= 1.2, < 2``; ``^1.2``; ``1.2``) begins and ends; None when it holds nothing.

    Raises ``RecordError`` for a form that is not read.
    """
    start, end, last = "0", "", ""
    for part in requirement.split(","):
        match = _COMPARATOR.match(part.strip())
        if match is None:
            raise RecordError("a version requirement of a form that is not read")
        sign = match[1] or "^"
        low, high = _comparator(sign, match[2])
        if _key(low) > _key(start):
            start, last = low, match[2] if sign == ">" else ""
        if high and (not end or _key(high) < _key(end)):
            end = high
    return None if end and _key(end) <= _key(start) else (start, end, last)


def _comparator(sign: str, version: str) -> tuple[str, str]:
    if sign in (">=", "<"):
        return (version, "") if sign == ">=" else ("0", version)
    if sign == ">":
        return _after(version), ""
    if sign == "<=":
        return "0", _after(version)
    return version, _after(version) if sign == "=" else _ceiling(sign, version)


def _after(version: str) -> str:
    """The smallest version above ``version``."""
    plain = version.partition("+")[0]
    release, dash, pre = plain.partition("-")
    if dash:
        return f"{release}-{pre}.0"
    numbers = [*_numbers(release), 0, 0]
    return f"{numbers[0]}.{numbers[1]}.{numbers[2] + 1}-0"


def _ceiling(sign: str, version: str) -> str:
    """The first version beyond a caret or tilde requirement, its pre-releases included."""
    numbers = _numbers(version.partition("-")[0].partition("+")[0])
    if sign == "~":
        at = 0 if len(numbers) == 1 else 1
    else:
        at = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    raised = [*numbers[:at], numbers[at] + 1, 0, 0][:3]
    return ".".join(map(str, raised))


def _numbers(release: str) -> list[int]:
    try:
        return [int(part) for part in release.split(".")]
    except ValueError:
        raise RecordError("a version requirement of a form that is not read") from None


def _key(version: str) -> str:
    if version == "0":
        return ""
    try:
        return sort_key("crates.io", version)
    except VersionError:
        raise RecordError("a version requirement of a form that is not read") from None


def _gaps(well: list[Bounds]) -> Iterator[tuple[str, str]]:
    """Events of the stretches that no well range covers."""
    reached: str | None = "0"
    for start, end, last in sorted(well, key=lambda bounds: _key(bounds[0])):
        if reached is None:
            break
        if _key(start) > _key(reached):
            yield "introduced", reached
            yield ("last_affected", last) if last else ("fixed", start)
            reached = end or None
        elif not end:
            reached = None
        elif _key(end) > _key(reached):
            reached = end
    if reached is not None:
        yield "introduced", reached
