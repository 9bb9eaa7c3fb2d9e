"""Finds patterns in bytes: candidate ends by Hyperscan, then RE2 on a window before each.

The windows (``windows``) of one pattern do not overlap. What stands in a short one is remembered: in generated code, in
copies and in tables the same lines come again and again. All is Latin-1, so byte and character offsets agree. A matcher
belongs to one thread.

Compiling some hundred patterns for Hyperscan takes seconds, which a few files never give back. A ``patient`` matcher
therefore begins with RE2 alone, on the whole content, by the patterns whose keywords stand in it, and turns to
Hyperscan when that has taken ``PATIENCE``, or at once where so much is expected. Both find the same: every match ends
at a candidate end, and lies within the window before it. Where that may not be so, Hyperscan is asked: when a match is
longer than a window may be, or goes over a vertical tab, which is a blank for Hyperscan alone.

RE2 is asked for the pattern without its large bounds first (``relaxed``): counting to 200 takes it hundreds of states,
which a few short windows never see again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.patterns.database import has_database, open_database
from lockgate.patterns.definition import Allow, Hit, Pattern, Target
from lockgate.patterns.entropy import shannon
from lockgate.patterns.keywords import Words
from lockgate.patterns.width import Width, core, loosened, measure, relaxed
from lockgate.patterns.windows import LINE, Look, windows_of

PATIENCE = 350_000_000
"""Bytes that RE2 looks through, pattern by pattern, before a patient matcher compiles for Hyperscan: RE2 takes about as
long for them, 40 MB of source code, as that compiling takes for some hundred patterns. Whoever has a larger tree gets a
database that is kept, and looks through the next one at ten times the pace."""
PATIENCE_WITH_DATABASE = 400_000
"""The same where a compiled database is at hand and has only to be read: some 40 KB of source code."""
USUALLY_ASKED = 10
"""Patterns of which a keyword stands in a content."""
MOST_RELAXED = 32
"""Matches in one window from which the pattern is asked as it stands: each may have made RE2 look to the end of the
window for a longer one, where the bounds would have stopped it."""
WIDEST_RELAXED = 64 * 1024
"""Bytes of a window, or of a content looked through whole, above which the pattern is asked as it stands at once: what
is longer than the bounds may be as long as the window, and RE2 takes half a second to find the groups in a megabyte."""
WIDEST_REMEMBERED = 512
"""Bytes of a window up to which it is remembered what stands in it; nine of ten windows have fewer than a hundred."""
MOST_REMEMBERED = 8192
"""Windows that are remembered."""
MOST_ENDS = 20_000
"""Candidate ends of one pattern that are kept; a pattern with more is looked for by RE2 in the whole content."""
_Span = tuple[int, int, int, int]
"""Start and end of a match, then those of the secret in it."""
_NOT_FIXED = lazy_pattern(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+,?\d*\}|\(\?[^:)]*[:)]")
"""Escapes, classes, counts and flags of an expression."""
_FIXED_TEXT = lazy_pattern(r"[\w:/<>=#@%&~\"'-]{2}")
_FIXED_ROUNDS = lazy_pattern(r"(?:(?<!\\)|(?<=\\b))[A-Za-z0-9]\{(?:[2-9]|\d\d)")
"""One character that is to stand several times in a row."""


class Matcher:
    """All patterns of a run, compiled together."""

    def __init__(
        self,
        patterns: Sequence[Pattern],
        *,
        allow: Sequence[Allow] = (),
        cache_dir: Path | None = None,
        patient: bool = False,
        expected: int = 0,
    ) -> None:
        """``allow`` holds for every pattern. Raises ``ConfigurationError`` for an expression that does not compile.

        ``patient`` is for patterns that are known to compile: what does not is then told by ``find``. ``expected``:
        bytes that will be looked through at least; a patient matcher that would not last for them does not begin so.
        """
        self.patterns = tuple(patterns)
        self._allow = tuple(allow)
        self._numbers = [number for number, pattern in enumerate(self.patterns) if pattern.regex]
        self._path_only = [number for number, pattern in enumerate(self.patterns) if not pattern.regex]
        self._unconditional = [not (one.entropy or one.context or one.allow or allow) for one in self.patterns]
        self._compiled: dict[tuple[str, ...], Any] = {}
        self._widths: dict[int, Width] = {}
        self._relaxed: dict[int, tuple[Any, int, Sequence[int]]] = {}
        self._remembered = lru_cache(maxsize=MOST_REMEMBERED)(self._all_spans)
        self._cache_dir = cache_dir
        self._database: Any = None
        self._in_database: list[int] = []
        self._sparse_database: Any = None
        self._sparse: list[int] = []
        self._patience = self._bearing() if patient and all(map(_plain, self.patterns)) else 0
        self._words: Words | None = None
        if not self._patience:
            self._open()
        elif self._patience < USUALLY_ASKED * expected:
            self._patience = 0  # the database is opened when there is something to look through

    def _bearing(self) -> int:
        kept = self._cache_dir is not None and has_database(self._cache_dir)
        return PATIENCE_WITH_DATABASE if kept else PATIENCE

    def _open(self) -> None:
        """Opens a database of all patterns but the sparse ones, and of what tells of these, which have their own."""
        told = {number: mark for number in self._numbers if (mark := _mark_of_sparse(self.patterns[number]))}
        self._sparse = list(told)
        self._in_database = [number for number in self._numbers if number not in told]
        if self._numbers:
            self._database = self._compiled_for(self._in_database, once="|".join(sorted(set(told.values()))))
        if self._sparse:
            self._sparse_database = self._compiled_for(self._sparse)

    def _compiled_for(self, numbers: Sequence[int], *, once: str = "") -> Any:
        return open_database(
            [loosened(self.patterns[number].ends or self.patterns[number].regex) for number in numbers],
            names=[self.patterns[number].id for number in numbers],
            cache_dir=self._cache_dir,
            once=once,
        )

    def find(self, content: bytes, paths: Sequence[str] = ("",)) -> list[Hit]:
        """Every match that is not allowed, by pattern, then place. A path condition holds when any path meets it."""
        return self.find_all([(content, paths)])[0]

    def find_all(self, looked: Sequence[tuple[bytes, Sequence[str]]]) -> list[list[Hit]]:
        """What ``find`` finds in each of several contents with their paths.

        All are scanned before what was found in any is verified: the database is larger than the cache of a processor,
        and whatever runs between two scans drives it out.
        """
        done: list[list[Hit]] = []
        if self._patience and self._patience < USUALLY_ASKED * sum(len(content) for content, _ in looked):
            self._patience = 0  # it would end within these
        for content, paths in looked:
            found = self._patiently(Look(content, paths)) if self._patience > 0 else None
            if found is None:
                break
            done.append(found)
        rest = looked[len(done) :]
        if rest and self._database is None and self._numbers:
            self._patience = 0
            self._open()
        candidates = [self._candidates(content) for content, _ in rest]
        for (content, paths), ends in zip(rest, candidates, strict=True):
            done.append(self._verified(Look(content, paths), ends) if ends or self._path_only else [])
        return done

    def _verified(self, look: Look, candidates: dict[int, list[int]]) -> list[Hit]:
        """What counts of the matches that end at candidate ends, by pattern."""
        hits = self._by_path(look.paths)
        for number in sorted(candidates):
            if not self._path_fits(number, look.paths):
                continue
            windows = list(self._windows(number, look, candidates[number]))
            if not self._keyword_stands(number, look, *windows[0]):
                continue
            for begin, end in windows:
                hits.extend(self._in_window(number, look, begin=begin, end=end))
        return hits

    def _patiently(self, look: Look) -> list[Hit] | None:
        """What ``find`` finds, by RE2 alone; None when Hyperscan may see it otherwise."""
        hits = self._by_path(look.paths)
        if self._words is None:
            self._words = Words({number: self.patterns[number].keywords for number in self._numbers})
        for number in self._words.wanted(look.content):
            if self._path_fits(number, look.paths):
                self._patience -= len(look.content)
                for span in self._spans(number, look.content, begin=0, end=len(look.content)):
                    hit = Hit(number, *span)
                    if hit.end - hit.start > LINE or look.content.find(b"\v", hit.start, hit.end) >= 0:
                        return None
                    if self._holds(hit, look):
                        hits.append(hit)
        return hits

    def _by_path(self, paths: Sequence[str]) -> list[Hit]:
        """Hits of the patterns that look at nothing but the path."""
        return [
            Hit(number, 0, 0, 0, 0)
            for number in self._path_only
            if (self.patterns[number].path or self.patterns[number].exclude_path) and self._path_fits(number, paths)
        ]

    def _candidates(self, content: bytes) -> dict[int, list[int]]:
        """Ends by pattern, in order."""
        found: dict[int, list[int]] = {}
        if content and self._database is not None:
            self._database.scan(content, _collect, 0, found)
        if not found:
            return found
        sparse_may_stand = found.pop(len(self._in_database), None) is not None
        ends = {self._in_database[place]: ends for place, ends in found.items()}
        if sparse_may_stand:
            found.clear()
            self._sparse_database.scan(content, _collect, 0, found)
            ends.update((self._sparse[place], ends) for place, ends in found.items())
        return ends

    def _windows(self, number: int, look: Look, ends: list[int]) -> Iterator[tuple[int, int]]:
        if len(ends) >= MOST_ENDS:
            return iter([(0, len(look.content))])
        width = self._widths.get(number)
        if width is None:
            width = self._widths[number] = measure(self.patterns[number].regex)
        return windows_of(look, ends, width)

    def _in_window(self, number: int, look: Look, *, begin: int, end: int) -> Iterator[Hit]:
        """The matches in one window that count."""
        content, origin = look.content, 0
        spans: Iterable[_Span]
        if end - begin > WIDEST_REMEMBERED:
            spans = self._spans(number, content, begin=begin, end=end)
        else:  # with a byte on either side, for what looks at those: word boundaries, starts of lines
            origin = begin - 1 if begin else 0
            spans = self._remembered(number, content[origin : end + 1], begin=begin - origin, end=end - origin)
        for start, stop, first, last in spans:
            hit = Hit(number, start + origin, stop + origin, first + origin, last + origin)
            if self._holds(hit, look):
                yield hit

    def _all_spans(self, number: int, content: bytes, *, begin: int, end: int) -> tuple[_Span, ...]:
        return tuple(self._spans(number, content, begin=begin, end=end))

    def _spans(self, number: int, content: bytes, *, begin: int, end: int) -> Iterator[_Span]:
        """Where the pattern matches between ``begin`` and ``end``, whether it counts or not."""
        regex, same_up_to, groups = self._relaxed_regex(number)
        as_it_stands = end - begin > WIDEST_RELAXED
        at, seen = begin, 0
        while at < end:
            match = (self._regex(self.patterns[number].regex) if as_it_stands else regex).search(content, at, end)
            if match is None:
                return
            start, stop = match.span()
            if not as_it_stands and (stop - start > same_up_to or seen == MOST_RELAXED):
                as_it_stands = True
                continue
            at = max(stop, start + 1)
            seen += 1
            yield start, stop, *_secret_span(match, groups)

    def _holds(self, hit: Hit, look: Look) -> bool:
        """Whether a match counts."""
        if self._unconditional[hit.index]:
            return hit.secret_start < hit.secret_end
        pattern = self.patterns[hit.index]
        secret = look.content[hit.secret_start : hit.secret_end]
        if not secret or (pattern.entropy and shannon(secret) <= pattern.entropy):
            return False
        if pattern.context and not look.near(hit.start, hit.end, pattern.context):
            return False
        return not any(self._allowed(allow, hit, look) for allow in (*pattern.allow, *self._allow))

    def _allowed(self, allow: Allow, hit: Hit, look: Look) -> bool:
        secret = look.content[hit.secret_start : hit.secret_end]
        answers: list[bool] = []
        if allow.regexes:
            text = secret
            if allow.target is Target.MATCH:
                text = look.content[hit.start : hit.end]
            elif allow.target is Target.LINE:
                text = look.lines(hit.start, hit.end)
            answers.append(self._joined(allow.regexes).search(text) is not None)
        if allow.stopwords:
            lowered = secret.lower()
            answers.append(any(word.encode() in lowered for word in allow.stopwords))
        if allow.paths:
            joined = self._joined(allow.paths)
            answers.append(all(joined.search(path.encode("utf-8", "replace")) is not None for path in look.paths))
        return bool(answers) and (all(answers) if allow.every else any(answers))

    def _path_fits(self, number: int, paths: Sequence[str]) -> bool:
        pattern = self.patterns[number]
        if not pattern.path and not pattern.exclude_path:
            return True
        return any(self._one_path_fits(pattern, path.encode("utf-8", "replace")) for path in paths)

    def _one_path_fits(self, pattern: Pattern, path: bytes) -> bool:
        if pattern.path and self._regex(pattern.path).search(path) is None:
            return False
        return not pattern.exclude_path or self._regex(pattern.exclude_path).search(path) is None

    def _keyword_stands(self, number: int, look: Look, begin: int, end: int) -> bool:
        """Whether a keyword stands in the content: most likely where a candidate stands, from ``begin`` to ``end``."""
        keywords = _encoded(self.patterns[number].keywords)
        if not keywords:
            return True
        near = look.content[begin:end].lower()
        return any(map(near.__contains__, keywords)) or any(map(look.lowered.__contains__, keywords))

    def _relaxed_regex(self, number: int) -> tuple[Any, int, Sequence[int]]:
        """The pattern without its large bounds, up to how many bytes a match of it is one of the pattern, and the
        groups that may hold the secret."""
        known = self._relaxed.get(number)
        if known is None:
            expression, smallest = relaxed(self.patterns[number].regex)
            regex = self._regex(expression)
            group = self.patterns[number].group or regex.groupindex.get(b"secret", 0)
            groups = (group,) if group else (*range(1, regex.groups + 1), 0)
            known = self._relaxed[number] = regex, smallest or sys.maxsize, groups
        return known

    def _regex(self, expression: str) -> Any:
        return self._joined((expression,))

    def _joined(self, expressions: tuple[str, ...]) -> Any:
        """RE2 over the alternatives, compiled when first needed: most patterns of a pack never see a candidate."""
        known = self._compiled.get(expressions)
        if known is None:
            known = self._compiled[expressions] = compile_joined(expressions)
        return known


def compile_joined(expressions: Sequence[str]) -> Any:
    """One RE2 over all alternatives, on bytes as Latin-1; raises ``ConfigurationError``."""
    import re2

    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    try:
        one = expressions[0] if len(expressions) == 1 else "|".join(f"(?:{one})" for one in expressions)
        return re2.compile(one.encode("utf-8"), options)  # type: ignore[no-untyped-call]
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ConfigurationError(f"RE2 refuses the pattern: {reason}", where=", ".join(expressions)[:200]) from None


@lru_cache(maxsize=1024)
def _encoded(words: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(word.encode() for word in words)


def _plain(pattern: Pattern) -> bool:
    """Whether Hyperscan and RE2 mean the same by the pattern.

    They differ in how they fold the case of what is not ASCII, and by Unicode's classes.
    """
    return pattern.regex.isascii() and "\\p" not in pattern.regex.lower()


def _mark_of_sparse(pattern: Pattern) -> str:
    """What stands in every content that a sparse pattern matches; empty for a pattern that is not sparse.

    Sparse is one that has no two fixed characters in a row that tell Hyperscan where to look, but a long core or
    telling keywords. It is an automaton that walks over every byte: it alone costs half of what three hundred others
    cost.
    """
    if _FIXED_TEXT.search(_NOT_FIXED.sub(" ", pattern.regex)) or _FIXED_ROUNDS.search(pattern.regex):
        return ""
    if found := core(pattern.regex):
        return found
    if not pattern.keywords or not all(len(word) > 2 and word.isascii() for word in pattern.keywords):
        return ""
    return f"(?i:{'|'.join(map(re.escape, pattern.keywords))})"


def _collect(place: int, start: int, end: int, flags: int, context: dict[int, list[int]]) -> None:  # noqa: ARG001
    ends = context.get(place)
    if ends is None:
        context[place] = [end]
    elif len(ends) < MOST_ENDS:
        ends.append(end)


def _secret_span(match: Any, groups: Sequence[int]) -> tuple[int, int]:
    """Where the first of the groups stands that took anything, else the last."""
    for group in groups:
        first, last = match.span(group)
        if last > first:
            break
    return first, last
