"""OSV records (https://ossf.github.io/osv-schema/), JSON or YAML, to ``Advisory``. Nothing of a record is trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.advisories import cvss
from lockgate.advisories.record import Advisory, Kind, PackageRanges, RecordError
from lockgate.advisories.versions import APK, DPKG, RPM
from lockgate.formats import json_safe, yaml_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.purl import python_name
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Severity

MAX_PACKAGES = 5_000
MAX_EVENTS = 20_000
MAX_VERSIONS = 50_000
_ID = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._:+-]{2,99}\Z")
_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_FORMS = ("CVSS_V4", "CVSS_V3", "CVSS_V2")
_WORDS = {
    "critical": Severity.CRITICAL, "high": Severity.HIGH, "important": Severity.HIGH, "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM, "low": Severity.LOW, "negligible": Severity.LOW, "unimportant": Severity.LOW,
}  # fmt: skip
_GRADES = ("severity", "urgency")
"""Members beside the standard ones in which databases write a word; the second is that of Debian."""
_STATES = {
    "end-of-life": "end-of-life", "eol": "end-of-life", "out-of-support-scope": "end-of-life",
    "will-not-fix": "will-not-fix", "wont-fix": "will-not-fix", "wontfix": "will-not-fix", "ignored": "will-not-fix",
}  # fmt: skip
_STATED = ("urgency", "fix_state", "state", "status")


def from_json(content: bytes) -> Iterator[Advisory | RecordError]:
    """The records of a JSON text: one object, or an array of them. A record that is wrong comes as its error."""
    try:
        value = json_safe.load(content, max_depth=50)
    except FormatError as error:
        yield RecordError(error.reason)
        return
    for record in value if isinstance(value, list) else [value]:
        yield _one(record)


def from_yaml(content: bytes) -> Iterator[Advisory | RecordError]:
    """The records of a YAML text, one a document."""
    try:
        nodes = yaml_safe.compose_all(content, max_depth=50)
        values = [_as_written(node) for node in nodes]
    except FormatError as error:
        yield RecordError(error.reason)
        return
    for record in values:
        yield _one(record)


def _as_written(node: yaml_safe.Node) -> Any:
    """Scalars as their text: a bare 5.10 in a list of versions must not become the number 5.1."""
    if node.is_mapping:
        return {key.text: _as_written(value) for key, value in node.pairs}
    if node.is_sequence:
        return [_as_written(item) for item in node.items]
    return "" if node.tag.endswith(":null") else node.text


def _one(record: Any) -> Advisory | RecordError:
    try:
        return advisory(record)
    except RecordError as error:
        return error


def advisory(record: Any) -> Advisory:
    """One parsed OSV record. Raises ``RecordError`` when it is none; parts that say nothing are passed over."""
    if not isinstance(record, dict):
        raise RecordError("the record is not an object")
    name = record.get("id")
    if not isinstance(name, str) or _ID.match(name) is None:
        raise RecordError("the record has no usable id")
    affected = _objects(record.get("affected"))
    if len(affected) > MAX_PACKAGES:
        raise RecordError(f"the record names more than {MAX_PACKAGES} packages")
    vector, score = _scored(record, affected)
    return Advisory(
        id=name,
        packages=tuple(package for entry in affected if (package := _package(entry)) is not None),
        aliases=tuple(sorted({*_ids(record.get("aliases")), *_same_upstream(name, record)} - {name})),
        related=tuple(sorted({*_ids(record.get("related")), *_ids(record.get("upstream"))} - {name})),
        kind=_kind(name, affected),
        withdrawn=_text(record.get("withdrawn")),
        modified=_text(record.get("modified"))[:40],
        summary=_summary(record),
        vector=vector,
        score=score,
        severity=cvss.severity(score) if score is not None else _word(record, affected),
        reference=_reference(record),
        flaws=_flaws(name, record, affected),
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _version_text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _ids(value: Any) -> list[str]:
    if not isinstance(value, list):
        return []
    return [item for item in value[:200] if isinstance(item, str) and _ID.match(item)]


def _same_upstream(name: str, record: Mapping[str, Any]) -> list[str]:
    # DEBIAN-CVE-2024-1 with the one upstream CVE-2024-1 is that flaw; DSA-1 with three upstream ids is none of them.
    upstream = _ids(record.get("upstream"))
    return upstream if len(upstream) == 1 and name.endswith("-" + upstream[0]) else []


def _flaws(name: str, record: Mapping[str, Any], affected: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What an update of a distribution mends. Databases write it as ``upstream``, older ones as ``related``, which of
    other databases are flaws that are merely close."""
    if name.startswith("CVE-") or _same_upstream(name, record):
        return ()
    packages = [entry.get("package") for entry in affected]
    bases = {_text(one.get("ecosystem")).partition(":")[0] for one in packages if isinstance(one, dict)}
    if not bases or not bases <= DPKG | APK | RPM:
        return ()
    named = {*_ids(record.get("upstream")), *_ids(record.get("related"))} - {name, *_ids(record.get("aliases"))}
    return tuple(sorted(one for one in named if one.startswith("CVE-")))


def normal_name(ecosystem: str, name: str) -> str:
    """A package name as ``Component`` writes it: PyPI by PEP 503; NuGet, Packagist in lower case; others unchanged."""
    base = ecosystem.partition(":")[0]
    if base == "PyPI":
        return python_name(name)
    if base in ("NuGet", "Packagist", "GitHub Actions"):
        return name.lower()
    return name


def _package(entry: Mapping[str, Any]) -> PackageRanges | None:
    package = entry.get("package")
    if not isinstance(package, dict):
        return None
    ecosystem, name = _text(package.get("ecosystem")).strip(), _text(package.get("name")).strip()
    if not ecosystem or not name or len(ecosystem) + len(name) > 400:
        return None
    ranges: list[tuple[tuple[str, str], ...]] = []
    commits = count = 0
    for one in _objects(entry.get("ranges")):
        if one.get("type") not in ("ECOSYSTEM", "SEMVER"):
            commits += 1
            continue
        events = _events(one, entry)
        count += len(events)
        if count > MAX_EVENTS:
            raise RecordError(f"the record has more than {MAX_EVENTS} events")
        if events:
            ranges.append(events)
    versions = entry.get("versions")
    listed = [text for item in versions if (text := _version_text(item))] if isinstance(versions, list) else []
    if len(listed) > MAX_VERSIONS:
        raise RecordError(f"the record lists more than {MAX_VERSIONS} versions")
    return PackageRanges(
        ecosystem, normal_name(ecosystem, name), tuple(ranges), tuple(listed), commits, _state(entry)
    )


def _state(entry: Mapping[str, Any]) -> str:
    """What the distribution says of a flaw that it has not fixed."""
    for key in ("ecosystem_specific", "database_specific"):
        beside = entry.get(key)
        if not isinstance(beside, dict):
            continue
        for member in _STATED:
            word = _text(beside.get(member)).strip().lower().replace("_", "-").replace(" ", "-").replace("'", "")
            if word in _STATES:
                return _STATES[word]
    return ""


def _events(one: Mapping[str, Any], entry: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for event in _objects(one.get("events")):
        for kind in _EVENTS:
            version = _version_text(event.get(kind))
            if version:
                found.append((kind, version))
    if found and not any(kind in ("fixed", "last_affected") for kind, _ in found):
        found.extend(_bound_beside(one) or _bound_beside(entry))
    return tuple(found)


def _bound_beside(holder: Mapping[str, Any]) -> list[tuple[str, str]]:
    """GitHub's ``last_known_affected_version_range`` (``<= 1.4.2``), which stands beside a range without an end."""
    beside = holder.get("database_specific")
    bound = _text(beside.get("last_known_affected_version_range")) if isinstance(beside, dict) else ""
    version = bound.lstrip("<= ").strip()
    if not bound.startswith("<") or not version:
        return []
    # "<" ends the range, but nobody said that the version at the bound is well: a limit, not a fix.
    return [("last_affected" if bound.startswith("<=") else "limit", version)]


def _kind(name: str, affected: Sequence[Mapping[str, Any]]) -> Kind:
    if name.startswith("MAL-"):
        return Kind.MALICIOUS
    words = set()
    for entry in affected:
        beside = entry.get("database_specific")
        words.add(_text(beside.get("informational")) if isinstance(beside, dict) else "")
    if words == {"unmaintained"}:
        return Kind.UNMAINTAINED
    if words == {Kind.UPDATE_PENDING.value}:
        return Kind.UPDATE_PENDING
    return Kind.UNSOUND if words == {"unsound"} else Kind.VULNERABLE


def _scored(record: Mapping[str, Any], affected: Sequence[Mapping[str, Any]]) -> tuple[str, float | None]:
    entries = _objects(record.get("severity")) or [one for entry in affected for one in _objects(entry.get("severity"))]
    for form in _FORMS:
        best: tuple[float, str] | None = None
        for entry in entries:
            if entry.get("type") != form:
                continue
            vector = _text(entry.get("score")).strip()
            try:
                points = cvss.score(vector)
            except cvss.VectorError:
                continue
            best = max(best, (points, vector)) if best else (points, vector)
        if best:
            return best[1], best[0]
    return "", None


def _word(record: Mapping[str, Any], affected: Sequence[Mapping[str, Any]]) -> Severity | None:
    found: list[Severity] = []
    for holder in (record, *affected):
        for key in ("database_specific", "ecosystem_specific"):
            beside = holder.get(key)
            if isinstance(beside, dict):
                words = [_text(beside.get(member)).strip().lower() for member in _GRADES]
                found += [_WORDS[word] for word in words if word in _WORDS]
        for entry in _objects(holder.get("severity")):
            if entry.get("type") == "Ubuntu" and _text(entry.get("score")).lower() in _WORDS:
                found.append(_WORDS[_text(entry.get("score")).lower()])
    return max(found, default=None)


def one_line(text: str) -> str:
    """``text`` on one line, cut at a word to at most 200 characters."""
    text = " ".join(text[:2000].split())
    if len(text) <= 200:
        return text
    return text[:197].rpartition(" ")[0] + " …"


def _summary(record: Mapping[str, Any]) -> str:
    return one_line(_text(record.get("summary")) or _text(record.get("details")))


def _reference(record: Mapping[str, Any]) -> str:
    entries = _objects(record.get("references"))
    for kind in ("ADVISORY", "WEB"):
        for entry in entries:
            address = _text(entry.get("url"))
            if entry.get("type") == kind and address.startswith("https://") and len(address) <= 200:
                return address
    return ""
