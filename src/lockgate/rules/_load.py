"""Finds rule files, reads them, and keeps what it read in a cache.

Rules stand in folders named after their family: ours in this package, a third party's in the package that its entry
point of the group ``lockgate.rule_packs`` names, a project's own in any folder. The cache is one JSON file per family
folder, keyed by the name, size and time of every file and by the version of Lockgate: it saves the YAML and the
compiling of patterns. A cache that cannot be read or written costs time, never an answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from lockgate import __version__
from lockgate.dataclass import dataclass
from lockgate.discover import entry_points
from lockgate.errors import ConfigurationError
from lockgate.model import Confidence, Family, Rule, RuleId, Sample, Severity

ENTRY_POINTS = "lockgate.rule_packs"
"""Each names a package (``vendor_pack``) that holds the same folders as this one."""
OWN_FAMILIES = tuple(family for family in Family if family is not Family.IMPORTED)
"""Families with a folder of rules; imported findings bring their rules along."""
_CACHE_FORM = "rules-1"
_MAX_FILES = 10_000


@dataclass(frozen=True, slots=True)
class _Listing:
    """The rule files of one family folder."""

    family: Family
    folder: Path
    names: tuple[str, ...]
    """File names, sorted."""
    stamp: str
    """Changes whenever a file came, went or changed."""


def read_packs(families: Collection[Family], *, cache_dir: Path | None, extra: Collection[Path]) -> tuple[Rule, ...]:
    """All rules of ``families``, sorted by id. Raises ``ConfigurationError``; two rules of one id are an error."""
    found: dict[str, tuple[Rule, Path]] = {}
    for root in _roots(extra):
        for listing in _listings(root, families):
            for rule in _read_folder(listing, cache_dir):
                if rule.id in found:
                    raise ConfigurationError(
                        f"the rule {rule.id!r} stands in two packs",
                        where=str(listing.folder),
                        hint=f"the other is in {found[rule.id][1]}; rename one of them",
                    )
                found[rule.id] = (rule, listing.folder)
    return tuple(found[rule_id][0] for rule_id in sorted(found))


def _roots(extra: Collection[Path]) -> Iterator[Path]:
    yield Path(__file__).parent
    for point in entry_points(ENTRY_POINTS):
        module = point.load()
        paths = getattr(module, "__path__", None)
        if not paths:
            raise ConfigurationError(
                f"the entry point {point.value!r} is not a package",
                where=f"{ENTRY_POINTS}:{point.name}",
                hint="name a package that holds folders of rules",
            )
        yield Path(next(iter(paths)))
    for root in extra:
        _check_project_folder(root)
        yield root


def _check_project_folder(root: Path) -> None:
    """A folder that people fill by hand must not hold a rule that nobody reads."""
    if not root.is_dir():
        raise ConfigurationError("the folder of rules does not exist", where=str(root))
    names = {family.value for family in OWN_FAMILIES}
    for entry in sorted(root.iterdir()):
        if entry.suffix in (".yaml", ".yml"):
            raise ConfigurationError("a rule file outside a family folder", where=str(entry), hint=_folders(names))
        if entry.is_dir() and entry.name not in names and any(entry.glob("*.yaml")):
            raise ConfigurationError(f"{entry.name!r} is not a family", where=str(entry), hint=_folders(names))


def _folders(names: Collection[str]) -> str:
    return f"rules stand in a folder named {', '.join(sorted(names))}"


def _listings(root: Path, families: Collection[Family]) -> Iterator[_Listing]:
    for family in OWN_FAMILIES:
        folder = root / family.value
        if family in families and folder.is_dir():
            yield _list_folder(family, folder)


def _list_folder(family: Family, folder: Path) -> _Listing:
    stamps: list[tuple[str, int, int]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".yml"):
                raise ConfigurationError("rule files end in .yaml", where=entry.path, hint="rename the file")
            if entry.name.endswith(".yaml") and entry.is_file():
                status = entry.stat()
                stamps.append((entry.name, status.st_size, status.st_mtime_ns))
    if len(stamps) > _MAX_FILES:
        raise ConfigurationError(f"more than {_MAX_FILES} rule files", where=str(folder))
    stamps.sort()
    key = repr((_CACHE_FORM, __version__, _reader(), str(folder), stamps)).encode()
    return _Listing(family, folder, tuple(name for name, _, _ in stamps), hashlib.sha256(key).hexdigest())


@cache
def _reader() -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file that reads rules: what another reader has read is read anew."""
    with os.scandir(Path(__file__).parent) as entries:
        stamps = [(one.name, one.stat()) for one in entries if one.name.endswith(".py")]
    return tuple(sorted((name, status.st_size, status.st_mtime_ns) for name, status in stamps))


def _read_folder(listing: _Listing, cache_dir: Path | None) -> tuple[Rule, ...]:
    # The folder names the cache file, so that a changed folder replaces its old cache and nothing piles up.
    name = hashlib.sha256(str(listing.folder).encode()).hexdigest()[:16]
    cache = cache_dir / f"{_CACHE_FORM}-{listing.family.value}-{name}.json" if cache_dir else None
    if cache is not None and (cached := _from_cache(cache, listing)) is not None:
        return cached
    rules = tuple(_read_files(listing))
    if cache is not None:
        _to_cache(cache, listing, rules)
    return rules


def _read_files(listing: _Listing) -> Iterator[Rule]:
    from lockgate.rules._form import rule_from_yaml

    for name in listing.names:
        path = listing.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"the rule cannot be read: {error.strerror}", where=str(path)) from error
        yield rule_from_yaml(content, str(path), family=listing.family, name=name.removesuffix(".yaml"))


def rule_to_plain(rule: Rule) -> dict[str, Any]:
    """Everything a rule says, as JSON values: the form of the cache and of the digest."""
    return {
        "id": rule.id,
        "title": rule.title,
        "why": rule.why,
        "severity": int(rule.severity),
        "confidence": int(rule.confidence),
        "fix": rule.fix,
        "logic": dict(rule.logic),
        "tags": rule.tags,
        "references": rule.references,
        "samples": [[s.fires, s.text, s.path, s.note, s.lines] for s in rule.samples],
    }


def _rule_from_plain(plain: dict[str, Any], family: Family) -> Rule:
    return Rule(
        id=RuleId(plain["id"]),
        family=family,
        title=plain["title"],
        why=plain["why"],
        severity=Severity(plain["severity"]),
        confidence=Confidence(plain["confidence"]),
        fix=plain["fix"],
        logic=plain["logic"],
        tags=tuple(plain["tags"]),
        references=tuple(plain["references"]),
        samples=tuple(
            Sample(fires, text, path, note, tuple(lines)) for fires, text, path, note, lines in plain["samples"]
        ),
    )


def _from_cache(cache: Path, listing: _Listing) -> tuple[Rule, ...] | None:
    try:
        held = orjson.loads(cache.read_bytes())
        if held["stamp"] != listing.stamp:
            return None
        rules = tuple(_rule_from_plain(plain, listing.family) for plain in held["rules"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return rules if len(rules) == len(listing.names) else None


def _to_cache(cache: Path, listing: _Listing, rules: tuple[Rule, ...]) -> None:
    content = orjson.dumps({"stamp": listing.stamp, "rules": [rule_to_plain(rule) for rule in rules]})
    import tempfile  # only where there is something to write

    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=cache.parent, prefix=f".{cache.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(cache)  # in one step: a reader sees the old cache or the new one, never half
        except OSError:
            Path(temporary).unlink(missing_ok=True)
