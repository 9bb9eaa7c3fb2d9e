"""Findings of other tools, from a SARIF file: the same identities, waivers and gates for all.

The identity of an imported finding rests on the tool, the rule and the code it points at, blanks folded, so it survives
a move and reformatting. Where the log gives no code, the lines are read below ``root`` when that is given; else the
tool's fingerprints count, then the logical name, and only when there is nothing at all the path. Never a line number.
What does not belong: reading the SARIF form itself (``formats.sarif``).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from lockgate.cycles import unsearched
from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.formats.sarif import (
    AT_ONCE,
    MAX_BYTES,
    MAX_STREAM,
    SarifPlace,
    SarifResult,
    SarifRule,
    SarifRun,
    read,
    read_large,
)
from lockgate.model import (
    Component,
    Confidence,
    Family,
    File,
    Finding,
    Fix,
    Location,
    Related,
    Rule,
    RuleId,
    Severity,
    Skip,
    SkipKind,
    Subject,
)
from lockgate.model.quick import maker
from lockgate.sources import Wants

_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.INFO}
_WORDS = {
    "critical": Severity.CRITICAL, "high": Severity.HIGH, "medium": Severity.MEDIUM, "moderate": Severity.MEDIUM,
    "low": Severity.LOW, "info": Severity.INFO, "informational": Severity.INFO, "negligible": Severity.INFO,
}  # fmt: skip
_SURE = {
    "very-high": Confidence.HIGH, "high": Confidence.HIGH, "medium": Confidence.MEDIUM, "low": Confidence.LOW,
}  # fmt: skip
_NO_FINDING = frozenset({"pass", "notApplicable"})
_SECRET_TOOLS = frozenset({"gitleaks", "trufflehog", "detect-secrets", "ggshield", "noseyparker", "kingfisher"})
_SECRET_TAG = re.compile(r"secret|credential|password|cwe-(?:259|321|522|798)\b", re.IGNORECASE)
_UNFIT = re.compile(r"[^A-Za-z0-9._/-]+")
_ADVISORY = re.compile(r"(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})")
_CWE = re.compile(r"cwe-\d{1,5}", re.IGNORECASE)
_SHORT = 8
"""Fewer characters of code say too little (``}``, ``x = 1``); then the wider region counts as well."""
_CODE = "\x00code\x00"
_NOWHERE = SarifPlace()
_IMPORTED = Family.IMPORTED
_MAX_DAMAGE = 20
_MOST_SAID = 64
"""Messages of a rule that are kept for further results."""
_MAX_FILE = 5 * 1024 * 1024
_SNIPPET_LINES, _SNIPPET_WIDTH = 12, 200


class SarifSource:
    """One SARIF file. ``rules`` holds, after :meth:`collect`, the rules that its findings name."""

    mode = "import"

    def __init__(self, path: Path, *, salt: bytes, tree: Path | None = None) -> None:
        """``salt`` keys the hash of the code; ``tree`` is the checked-out code that the log is about, if at hand."""
        self.root = str(path)
        self.rules: dict[RuleId, Rule] = {}
        self._path = path
        self._keyed = hashlib.blake2b(key=salt[:64], digest_size=16)
        self._lines = _Lines(tree) if tree is not None else None
        self._checkouts = tuple({one.as_posix() for one in (tree.absolute(), tree.resolve())}) if tree else ()

    def collect(self, wants: Wants) -> Iterator[File | Component | Finding | Skip]:  # noqa: ARG002 - no File here
        """Every finding in order, a Skip for each thing the log could not give; ``SourceError`` when it is no log."""
        try:
            with self._path.open("rb") as stream:
                # Whoever takes findings from a log that is larger may be at it for long, and make cycles of his own.
                small = os.fstat(stream.fileno()).st_size <= MAX_BYTES
                with unsearched() if small else nullcontext():
                    try:
                        yield from self._rows(stream)
                    except FormatError:
                        if small:
                            self._at_once(stream)  # which knows the line
                        raise
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}", where=self.root, hint="check the path") from None
        except FormatError as error:
            hint = "give the SARIF 2.1.0 file as the tool wrote it; split one that is too large by tool or folder"
            raise SourceError(str(error), where=self.root, hint=hint) from None

    def _rows(self, stream: IO[bytes]) -> Iterator[Finding | Skip]:
        name = self._path.name
        for run in self._runs(stream):
            for trouble in run.troubles[:_MAX_DAMAGE]:
                yield Skip(name, SkipKind.UNREADABLE, f"{printable(run.tool)}: {printable(trouble)}", Family.IMPORTED)
            damaged = 0
            maker = _Maker(run, self)
            for result in run.results():
                if isinstance(result, int):
                    damaged += 1
                    if damaged <= _MAX_DAMAGE:
                        yield Skip(name, SkipKind.MALFORMED, f"result {result} is not an object", Family.IMPORTED)
                elif (made := maker.finding(result)) is not None:
                    yield made
            if damaged > _MAX_DAMAGE:
                said = f"{damaged - _MAX_DAMAGE} more results are not objects"
                yield Skip(name, SkipKind.MALFORMED, said, Family.IMPORTED)

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 - part of the contract
        """A log has no tree."""
        return None

    def key(self, *parts: str) -> hashlib.blake2b:
        """A salted hash that has begun with ``parts``: a log may quote a secret, so no code itself becomes a key."""
        begun = self._keyed.copy()
        begun.update(_encoded("\x00".join(parts)))
        return begun

    def code_at(self, place: SarifPlace) -> str:
        """The lines of the tree that a place without a snippet points at; empty when they are not at hand."""
        return self._lines.at(place) if self._lines else ""

    def _runs(self, stream: IO[bytes]) -> tuple[SarifRun, ...]:
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_STREAM:
            raise FormatError(f"larger than {MAX_STREAM >> 30} GB")
        if size <= AT_ONCE:
            return self._at_once(stream)
        try:
            return read_large(stream, checkouts=self._checkouts)
        except FormatError:
            if size > MAX_BYTES:
                raise
        return self._at_once(stream)  # within wider limits

    def _at_once(self, stream: IO[bytes]) -> tuple[SarifRun, ...]:
        stream.seek(0)
        return read(stream.read(MAX_BYTES + 1), checkouts=self._checkouts)


@dataclass(slots=True)
class _Learnt:
    """What the findings of one rule have in common."""

    id: RuleId
    name: str
    """Of the subject, where the place has none."""
    message: str
    """Where a result has none."""
    secret: bool
    """Whether a line may hold a secret, and is not shown."""
    facts: tuple[Related, ...]
    aliases: tuple[str, ...]
    key: hashlib.blake2b
    """A hash that has begun with tool and rule."""
    code_key: hashlib.blake2b
    """The same, for what is told apart by its code."""
    grades: dict[str, tuple[Severity, Confidence]] = field(default_factory=dict)
    """By the level of a result that says nothing else of its own, as most."""
    said: dict[str, str] = field(default_factory=dict)
    """Messages of some results, as their findings have them: most rules say the same of many, and it is kept once."""


class _Maker:
    """Makes findings of one run."""

    def __init__(self, run: SarifRun, source: SarifSource) -> None:
        self._source = source
        self._tool = printable(f"{run.tool} {run.version}".strip())
        self._slug = _safe(run.tool.lower().replace("/", "-")) or "unknown"
        self._of_rule: dict[str, _Learnt] = {}
        self._finding, self._subject, self._location = maker(Finding), maker(Subject), maker(Location)

    def finding(self, result: SarifResult) -> Finding | None:
        """None for a result that says that there is nothing."""
        rule, level, kind, baseline, message, places, suppression, flow, fix, own, _ = result
        if kind in _NO_FINDING or baseline == "absent":
            return None
        known = self._of_rule.get(rule.id)
        if known is None:
            known = self._of_rule[rule.id] = self._learn(rule)
        grades = known.grades.get(level) if not own else None
        if grades is None:
            grades = _severity(level, own, rule.properties), _confidence(own, rule.properties)
            if not own:
                known.grades[level] = grades
        place = places[0] if places else _NOWHERE
        path, line, end_line, column, end_column, snippet, _, logical = place
        code = " ".join(snippet.split()) if snippet else ""
        if len(code) >= _SHORT:  # as of most
            key = known.code_key.copy()
            key.update(_encoded(code))
        else:
            key = known.key.copy()
            key.update(_encoded(self._words(result, place, code)))
        return self._finding(
            known.id,
            _IMPORTED,
            grades[0],
            grades[1],
            self._subject("code", clipped(logical, 120) if logical else known.name, key.hexdigest()),
            # Without the code where the rule is about secrets: such logs quote the value.
            self._location(
                path,
                line,
                end_line,
                column,
                end_column,
                logical,
                "",
                _shown(snippet) if snippet and not known.secret else (),
            ),
            known.said.get(message) or _told(message, known),
            Fix(clipped(fix, 500)) if fix else None,
            known.aliases,
            _facts(known.facts, result) if suppression or flow or len(places) > 1 else known.facts,
        )

    def _learn(self, rule: SarifRule) -> _Learnt:
        rule_id = RuleId(f"imported/{self._slug}/{_safe(rule.id) or 'unnamed'}")
        cwes = tuple(dict.fromkeys(hit[0].lower() for tag in rule.tags if (hit := _CWE.search(tag))))
        self._source.rules.setdefault(rule_id, _rule(rule_id, rule, cwes))
        secret = self._slug in _SECRET_TOOLS or any(map(_SECRET_TAG.search, rule.tags))
        facts = [Related("cwe", cwe) for cwe in cwes]
        facts += [Related("imported-rule", rule.id), Related("tool", self._tool)]
        if rule.address.startswith(("https://", "http://")):
            facts.append(Related("reference", clipped(rule.address, 500)))
        alias = _ADVISORY.fullmatch(rule.id)
        ordered = tuple(sorted(facts, key=lambda fact: fact.name))
        key = self._source.key(self._slug, rule.id)
        code_key = key.copy()
        code_key.update(_encoded(_CODE))
        said = rule.title or rule.id
        names = clipped(said, 120), clipped(said, 1000)
        return _Learnt(rule_id, *names, secret, ordered, (alias[0],) if alias else (), key, code_key)

    def _words(self, result: SarifResult, place: SarifPlace, code: str) -> str:
        """What tells the subject of a result from others of its rule, after a word for what it is, where the ``code``
        at the place says too little."""
        if place.context:
            code += "\x01" + _folded(place.context)
        code = code or _folded(self._source.code_at(place))
        if code:
            return _CODE + code
        prints = [f"\x00{name}={value}" for name, value in result.fingerprints() if "column" not in name.lower()]
        if prints:
            return "\x00fingerprint" + "".join(prints)
        return f"\x00logical\x00{place.logical}" if place.logical else f"\x00path\x00{place.path}"


def _told(message: str, known: _Learnt) -> str:
    """The message of a finding."""
    told = clipped(message, 1000) if message else known.message
    if len(known.said) < _MOST_SAID:
        known.said[message] = told
    return told


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _folded(code: str) -> str:
    return " ".join(code.split())


def _safe(text: str) -> str:
    """Letters, digits, ``. _ / -`` only; a longer name keeps its difference in a digest."""
    safe = _UNFIT.sub("-", text).strip("-./")
    safe = "/".join(part for part in safe.split("/") if part.strip("."))
    if len(safe) <= 120:
        return safe
    return f"{safe[:107]}-{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"


def _rule(rule_id: RuleId, rule: SarifRule, cwes: tuple[str, ...]) -> Rule:
    return Rule(
        id=rule_id,
        family=Family.IMPORTED,
        title=clipped(printable(rule.title or rule.id).rstrip("."), 200),
        why=clipped(rule.why, 2000),
        severity=_severity(rule.level, {}, rule.properties),
        confidence=_confidence({}, rule.properties),
        fix=clipped(rule.help, 2000),
        tags=cwes,
        references=(rule.address,) if rule.address.startswith(("https://", "http://")) else (),
    )


def _severity(level: str, own: Mapping[str, Any], of_rule: Mapping[str, Any]) -> Severity:
    """A word of the result, a score (GitHub's bands, CVSS), a word of the rule, then the level."""
    word = own.get("severity") or own.get("issue_severity")
    if isinstance(word, str) and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    score = _score(own.get("security-severity"))
    score = _score(of_rule.get("security-severity")) if score is None else score
    if score is not None:
        return _banded(score)
    word = of_rule.get("severity")
    if isinstance(word, str) and word.lower() in _WORDS:
        return _WORDS[word.lower()]
    return _LEVELS.get(level, Severity.MEDIUM)


@lru_cache(maxsize=256)
def _scored(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if 0.0 <= score <= 10.0 else None


def _score(value: object) -> float | None:
    return _scored(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _banded(score: float) -> Severity:
    """The qualitative scale of CVSS 3.1, section 5."""
    if score >= 9.0:
        return Severity.CRITICAL
    if score >= 7.0:
        return Severity.HIGH
    if score >= 4.0:
        return Severity.MEDIUM
    return Severity.LOW if score > 0.0 else Severity.INFO


def _confidence(own: Mapping[str, Any], of_rule: Mapping[str, Any]) -> Confidence:
    for value in (own.get("issue_confidence"), own.get("confidence"), own.get("precision"), of_rule.get("precision")):
        if isinstance(value, str) and value.lower() in _SURE:
            return _SURE[value.lower()]
    return Confidence.MEDIUM


def _shown(snippet: str) -> tuple[str, ...]:
    """Its first lines, clipped."""
    lines = snippet.splitlines()
    if len(lines) == 1 and len(lines[0]) <= _SNIPPET_WIDTH:  # as most
        return (lines[0],)
    return tuple([clipped(line, _SNIPPET_WIDTH) for line in lines[:_SNIPPET_LINES]])


def _facts(of_rule: tuple[Related, ...], result: SarifResult) -> tuple[Related, ...]:
    """Those of the rule, and those that the result has of its own."""
    more = []
    if result.flow:
        more.append(Related("code-flow", result.flow))
    if result.suppression:
        more.append(Related("suppressed", result.suppression))
    for place in result.places[1:]:
        more.append(Related("also-at", f"{place.path}:{place.line}" if place.line else place.path))
    return tuple(sorted((*of_rule, *more), key=lambda fact: fact.name))


class _Lines:
    """Lines of the files of a tree, the last file kept; nothing outside the tree, no link, no device, nothing large."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree.resolve()
        self._path = ""
        self._content: list[str] = []

    def at(self, place: SarifPlace) -> str:
        if not place.path or not place.line:
            return ""
        if place.path != self._path:
            self._path, self._content = place.path, self._load(place.path)
        last = min(max(place.end_line, place.line), place.line + _SNIPPET_LINES)
        return "\n".join(self._content[place.line - 1 : last])

    def _load(self, path: str) -> list[str]:
        try:
            target = self._tree / path
            if not target.is_file():  # asked first: to resolve each path of a log about another tree takes long
                return []
            target = target.resolve()
            if not target.is_relative_to(self._tree) or target.stat().st_size > _MAX_FILE:
                return []
            return target.read_bytes().decode("utf-8", "replace").splitlines()
        except (OSError, ValueError):
            return []
