"""One run of the secrets engine: files in, findings and skips out."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from functools import lru_cache

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, NothingCheckedError
from lockgate.formats.credentials import NOTHING_READ, Credential, CredentialReading, read_with_skips
from lockgate.formats.credentials import wants as wants_structured
from lockgate.model import (
    Confidence,
    Family,
    File,
    Finding,
    Fix,
    Location,
    Related,
    Rule,
    Skip,
    SkipKind,
    Subject,
)  # fmt: skip
from lockgate.model.quick import maker, quick
from lockgate.patterns import Hit, Matcher
from lockgate.patterns.checksums import CHECKSUMS
from lockgate.patterns.masking import hint
from lockgate.patterns.paths import is_quiet
from lockgate.rules import shipped_ids
from lockgate.scanners import ScanContext
from lockgate.scanners.secrets import _catalog
from lockgate.scanners.secrets._candidates import judge, judge_loose, what_decides
from lockgate.scanners.secrets._found import Found, joined, masked_line, settle_spans
from lockgate.scanners.secrets._judge import Place, is_plain_setting, place_of
from lockgate.scanners.secrets._wanted import DEFAULT_MAX_BYTES

WIDEST_REMEMBERED = 512
"""Bytes of a match and its lines up to which it is remembered how it was judged: the same lines come again."""
MOST_REMEMBERED = 8192
"""Matches of which that is remembered."""
MOST_PER_FILE = 1000
"""Findings of one file; what is beyond is counted in a Skip."""
_BY_NAME_ALONE = frozenset({"code-settings", "yaml-settings", "java-settings"})
"""Kinds whose readers know a value by its name only, in files that hold mostly other things."""
_NUL_WINDOW = 8000
"""Bytes in which git, too, looks for a NUL to call a file binary; a NUL further on hides nothing from us."""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1b")


class SecretsSession:
    """Judges files one by one; holds nothing back. Belongs to one thread."""

    def __init__(self, rules: Sequence[Rule], context: ScanContext) -> None:
        """Raises ``NothingCheckedError`` when there is nothing to look for, ``ConfigurationError`` for a wrong rule."""
        if len(context.salt) < 16:
            raise ConfigurationError("the salt for secret hashes has fewer than 16 bytes", where="workspace")
        self._salt = context.salt
        self._limit = _limit(context.options.get("max_bytes", DEFAULT_MAX_BYTES))
        self._catalog = _catalog.build(rules, context.options)
        if not self._catalog.patterns and not self._catalog.by_kind:
            raise NothingCheckedError("no rule for secrets is switched on", hint="check 'families' and 'rules'")
        patient = not context.options.get("gitleaks") and {rule.id for rule in rules} <= shipped_ids(Family.SECRETS)
        self._matcher = Matcher(
            self._catalog.patterns, cache_dir=context.made_dir, patient=patient, expected=context.expected_bytes
        )
        self._verdict = lru_cache(maxsize=MOST_REMEMBERED)(self._judged_anew)
        self._made = maker(_Opened)
        self._files = 0
        self._bytes = 0

    def feed(self, row: File) -> Iterable[Finding | Skip]:
        """Findings of one file in line order, and a Skip when it was not judged whole."""
        return self.feed_all((row,))[0]

    def feed_all(self, rows: Sequence[File]) -> list[Sequence[Finding | Skip]]:
        """The same of each file of a batch: all are read, then looked through, then judged."""
        opened = [self._opened(row) for row in rows]
        hits = iter(self._matcher.find_all([(one.text, one.plain) for one in opened if one.plain]))
        return [self._said(one, next(hits) if one.plain else ()) for one in opened]

    def finish(self) -> Iterable[Finding | Skip]:
        """Nothing: every file has had its answer."""
        return ()

    def coverage(self) -> str:
        """``1204 files, 31.2 MB, 212 rules``."""
        if not self._files:
            return ""
        return f"{self._files} files, {self._bytes / 1e6:.1f} MB, {self._catalog.rules} rules"

    def _opened(self, row: File) -> _Opened:
        path = row.path
        plain: Sequence[str] = () if is_quiet(path) else (path,)
        structured: Sequence[str] = (path,) if wants_structured(path) else ()
        if row.other_paths:
            plain = [*plain, *(path for path in row.other_paths if not is_quiet(path))]
            structured = [*structured, *filter(wants_structured, row.other_paths)]
        if not structured and not plain:
            return _Opened(row)
        size = row.size
        if size <= self._limit:
            content = row.load()
            size = len(content)
        if size > self._limit:
            return _Opened(row, skips=(_too_large(row.path, size, self._limit),))
        if not size:
            return _Opened(row)
        self._files += 1
        self._bytes += size
        text, binary = _as_text(content)
        return self._made(row, content, text, () if binary else plain, structured)

    def _said(self, one: _Opened, hits: Sequence[Hit]) -> Sequence[Finding | Skip]:
        if not hits and not one.structured:
            return one.skips
        read = [
            reading
            for path in one.structured
            if (reading := read_with_skips(path, one.content)) is not NOTHING_READ
        ]
        return list(self._findings(one.row, one.text, hits=hits, read=read)) if hits or read else ()

    def _findings(
        self, row: File, content: bytes, *, hits: Sequence[Hit], read: Sequence[CredentialReading]
    ) -> Iterator[Finding | Skip]:
        place = place_of(row.path)
        found = [one for hit in hits if (one := self._judged(content, hit, place=place)) is not None]
        values: dict[tuple[int, int], str] = {}
        for reading in read:
            yield from reading.skips
            for one, value in self._structured(content, reading.credentials):
                found.append(one)
                if not one.exact:
                    values[one.start, one.end] = value
        if not found:
            return
        spans = [(hit.secret_start, hit.secret_end) for hit in hits] + [(one.start, one.end) for one in found]
        settled = settle_spans(found)
        shown = _Shown(joined(spans), _repeated_values(content, settled))
        lines = _Lines(content)
        told: set[tuple[str, int]] = set()
        for count, one in enumerate(settled):
            if count >= MOST_PER_FILE:
                yield Skip(
                    row.path,
                    SkipKind.LIMIT,
                    f"more than {MOST_PER_FILE} secrets; the rest is not listed",
                    Family.SECRETS,
                )
                return
            value = values.get((one.start, one.end)) or content[one.start : one.end].decode("utf-8", "replace")
            finding = self._finding(row, content, one=one, value=value, shown=shown, lines=lines)
            mark = (finding.subject.key, finding.location.line)
            if mark not in told and _in_change(row, finding.location):
                told.add(mark)
                yield finding

    def _judged(self, content: bytes, hit: Hit, *, place: Place) -> Found | None:
        entry = self._catalog.entries[hit.index]
        start, end = hit.secret_start, hit.secret_end
        confidence: Confidence | None = entry.rule.confidence
        if entry.style is not None or entry.loose:
            begin, stop = what_decides(content, hit)
            verdict = self._verdict if stop - begin <= WIDEST_REMEMBERED else self._judged_anew
            offsets = hit.start - begin, hit.end - begin, start - begin, end - begin
            confidence = verdict(content[begin:stop], (hit.index, *offsets), place)
        elif entry.checksum:
            holds = CHECKSUMS[entry.checksum](content[start:end])
            confidence = Confidence.HIGH if holds else Confidence(max(entry.rule.confidence - 1, 0))
        if confidence is None:
            return None
        return Found(entry.rule, entry.rank, confidence, start, end)

    def _judged_anew(self, content: bytes, match: tuple[int, int, int, int, int], place: Place) -> Confidence | None:
        """The verdict of the judges, who look at nothing but this. ``match``: the fields of a hit in ``content``."""
        hit = Hit(*match)
        entry = self._catalog.entries[hit.index]
        if entry.style is not None:
            regex = self._catalog.patterns[hit.index].regex
            return judge(content, hit, regex=regex, style=entry.style, place=place)
        judged = judge_loose(content, hit, place=place)
        return None if judged is None else min(judged, entry.rule.confidence)

    def _structured(self, content: bytes, credentials: Iterable[Credential]) -> Iterator[tuple[Found, str]]:
        """Credentials of a structured file with their values; where a value was decoded, its line stands for it."""
        for credential in credentials:
            if credential.kind in _BY_NAME_ALONE and (
                credential.confidence is Confidence.LOW or is_plain_setting(credential.value)
            ):
                continue
            rule = _catalog.file_rule(self._catalog, credential.kind)
            start, end, exact = _span_of(content, credential.value, credential.line, credential.column)
            yield (
                Found(
                    rule, _catalog.STRUCTURED, credential.confidence, start, end, pointer=credential.key, exact=exact
                ),
                credential.value,
            )

    def _finding(self, row: File, content: bytes, *, one: Found, value: str, shown: _Shown, lines: _Lines) -> Finding:
        line, column = lines.place(one.start)
        end_line, end_column = lines.place(one.end)
        snippet = masked_line(content, one.start, spans=shown.spans, values=shown.values)
        key = hmac.new(self._salt, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
        return Finding(
            rule=one.rule.id,
            family=Family.SECRETS,
            severity=one.rule.severity,
            confidence=one.confidence,
            subject=Subject("secret", hint(value), key),
            location=Location(
                row.path, line, end_line, column, end_column, pointer=one.pointer, commit=row.commit, snippet=(snippet,)
            ),
            message=f"{one.rule.title}: {hint(value)}.",
            fix=Fix(one.rule.fix),
            facts=(Related("tier", "2" if one.rank == _catalog.GUESSED else "1"),),
        )


@quick
@dataclass(frozen=True, slots=True)
class _Opened:
    """A file whose content is at hand."""

    row: File
    content: bytes = field(default=b"", repr=False)
    text: bytes = field(default=b"", repr=False)
    """The content as UTF-8."""
    plain: Sequence[str] = ()
    """Paths under which patterns are put to the text; none for a binary file."""
    structured: Sequence[str] = ()
    """Paths under which readers of credential files are asked."""
    skips: Sequence[Skip] = ()
    """Why it was not opened."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What must be masked wherever lines of the file are shown."""

    spans: list[tuple[int, int]]
    values: frozenset[bytes] = field(repr=False)


class _Lines:
    """Line and column of offsets that are asked for in rising order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._line = 1

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column from 1; the column counts characters of UTF-8 text."""
        if offset < self._at:
            self._at, self._line = 0, 1
        self._line += self._content.count(b"\n", self._at, offset)
        self._at = offset
        begin = self._content.rfind(b"\n", 0, offset) + 1
        return self._line, len(self._content[begin:offset].decode("utf-8", "replace")) + 1


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ConfigurationError("max_bytes is a number of bytes above 0", where="scanners.secrets")
    return value


def _too_large(path: str, size: int, limit: int) -> Skip:
    return Skip(path, SkipKind.TOO_LARGE, f"{size} bytes; secrets are looked for up to {limit}", Family.SECRETS)


def _as_text(content: bytes) -> tuple[bytes, bool]:
    """Bytes to look through, UTF-16 turned into UTF-8, and whether the file is binary.

    UTF-16 is known by its mark, or by NULs in nearly every second place. A text in which a few NULs stand is a text:
    else one NUL would hide a secret from us that every editor shows.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _narrowed(content, "utf-16"), False
    if content.find(0, 0, _NUL_WINDOW) < 0:
        return content, False
    window = content[:_NUL_WINDOW]
    nuls = window.count(0)
    if len(window) >= 4 and nuls * 2.5 >= len(window):
        for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if window[offset::2].count(0) * 10 >= nuls * 9 and window[1 - offset :: 2].count(0) * 10 <= nuls:
                return _narrowed(content, encoding), False
    return content, not _mostly_text(window)


def _narrowed(content: bytes, encoding: str) -> bytes:
    return content.decode(encoding, "replace").encode("utf-8", "replace")


def _mostly_text(window: bytes) -> bool:
    controls = len(window) - len(window.translate(None, _CONTROLS))
    if controls * 50 > len(window) + 50:
        return False
    try:
        window[:-3].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(window) - 6  # the window may end within a character
    return True


def _in_change(row: File, location: Location) -> bool:
    if row.changed_lines is None:
        return True
    return any(line in row.changed_lines for line in range(location.line, location.end_line + 1))


def _repeated_values(content: bytes, settled: Sequence[Found]) -> frozenset[bytes]:
    """Values worth masking elsewhere; a short one would black out ordinary words."""
    return frozenset(
        content[one.start : one.end] for one in settled[:MOST_PER_FILE] if one.exact and 6 <= one.end - one.start <= 400
    )


def _span_of(content: bytes, value: str, line: int, column: int) -> tuple[int, int, bool]:
    """Where a credential stands: its bytes from its line on; else the rest of the line (the value was decoded)."""
    begin = 0
    for _ in range(max(line, 1) - 1):
        found = content.find(b"\n", begin)
        if found < 0:
            break
        begin = found + 1
    stop = content.find(b"\n", begin)
    stop = stop if stop >= 0 else len(content)
    raw = value.encode("utf-8", "replace")
    in_line = content[begin:stop].decode("utf-8", "replace")
    skipped = len(in_line[: max(column - 1, 0)].encode("utf-8", "replace"))
    for origin in (begin + skipped, begin):
        found = content.find(raw, origin, max(stop, origin + len(raw))) if raw else -1
        if found >= 0:
            return found, found + len(raw), True
    start = begin + (skipped if column and skipped < stop - begin else 0)
    return start, max(stop, start + 1), False
