"""Reads SARIF 2.1.0 logs of any tool into typed results.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Tools differ in what they fill in, so a field of the wrong type
counts as absent, and a result that is no object is told as damage, never guessed. What does not belong: severities,
identities and findings, which ``sources.sarif`` makes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple
from urllib.parse import unquote

import orjson

from lockgate.formats.format_error import FormatError
from lockgate.formats.sarif_stream import read_results, split
from lockgate.model import SkipKind

AT_ONCE = 1024 * 1024
"""A larger log is read in pieces: parsed as a whole, it takes seven to eight times its size."""
MAX_BYTES = 60 * 1024 * 1024
"""No larger log is parsed as a whole, and no more than that beside the results of one: we promise to stay below
512 MB."""
MAX_STREAM = 4 * 1024 * 1024 * 1024
_MAX_STEPS = 12
_MAX_PLACES = 100
_MAX_TEXT = 4_000
_PLACEHOLDER = re.compile(r"\{(\d{1,2})\}")
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):(?://)?")  # two letters or more: ``C:`` is a drive
_DRIVE = re.compile(r"^/?[A-Za-z]:/")
_NOTHING: Mapping[str, Any] = {}
_filled = tuple.__new__
"""A named tuple made of a tuple, without the function that takes its fields one by one."""


@dataclass(frozen=True, slots=True)
class SarifRule:
    """A rule as the tool describes it."""

    id: str
    title: str = ""
    why: str = ""
    help: str = ""
    address: str = ""
    level: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    messages: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


class SarifPlace(NamedTuple):
    """Where a result shows; ``path`` is relative, without ``..``; numbers count from 1, 0 is not known."""

    path: str = ""
    line: int = 0
    end_line: int = 0
    column: int = 0
    end_column: int = 0
    snippet: str = ""
    context: str = ""
    """Text of the wider region, where the tool gives one."""
    logical: str = ""
    """Fully qualified name of the function, resource or package."""


class SarifResult(NamedTuple):
    """One result."""

    rule: SarifRule
    level: str
    """``error``, ``warning``, ``note``, ``none``."""
    kind: str
    baseline: str
    message: str
    places: tuple[SarifPlace, ...]
    suppression: str
    """``external accepted: reason`` when the log suppresses it."""
    flow: str
    """Steps of the first code flow: ``a.py:3 -> b.py:9``."""
    fix: str
    properties: Mapping[str, Any]
    body: Mapping[str, Any]
    """As the log has it."""

    def fingerprints(self) -> list[tuple[str, str]]:
        """Full fingerprints where there are any, else partial ones; sorted. Only a result without code is asked."""
        for key in ("fingerprints", "partialFingerprints"):
            pairs = [(name, value) for name, value in _object(self.body, key).items() if isinstance(value, str)]
            if pairs:
                return sorted(pairs)
        return []


@dataclass(frozen=True, slots=True)
class SarifRun:
    """One run of one tool."""

    tool: str
    version: str
    troubles: tuple[str, ...]
    """What the tool itself says it could not do."""
    body: Mapping[str, Any] = field(repr=False)
    checkouts: tuple[str, ...] = ()
    """Absolute paths of the checked-out code."""
    entries: Callable[[], Iterator[list[Any]]] | None = field(default=None, repr=False)
    """Gives the results, some at a time, where they are not in ``body``, because the log was too large."""

    def results(self) -> Iterator[SarifResult | int]:
        """Every result in order, once; the index of one that is no object. What was handed out is let go."""
        return _results(self.body, self.checkouts, self.entries)


def read(content: bytes, *, checkouts: tuple[str, ...] = ()) -> tuple[SarifRun, ...]:
    """The runs of a log. Raises :class:`FormatError`, and nothing else, on any bytes.

    ``checkouts``: absolute paths of the code that the log is about. Some tools (ruff, ESLint) name each file absolutely
    and state no base; such an address becomes a path below the checkout.
    """
    if len(content) > MAX_BYTES:
        raise FormatError(f"larger than {MAX_BYTES >> 20} MB", kind=SkipKind.TOO_LARGE)
    return _runs(content, checkouts, None)


def read_large(stream: IO[bytes], *, checkouts: tuple[str, ...] = ()) -> tuple[SarifRun, ...]:
    """As :func:`read`, for a seekable stream of any size up to 4 GB, which must stay open while results are taken."""
    rest, spans = split(stream, max_rest=MAX_BYTES)
    return _runs(rest, checkouts, [read_results(stream, one) for one in spans])


def _runs(
    content: bytes, checkouts: tuple[str, ...], entries: Sequence[Callable[[], Iterator[list[Any]]]] | None
) -> tuple[SarifRun, ...]:
    log = _parsed(content)
    if not isinstance(log, dict) or not isinstance(log.get("runs"), list):
        raise FormatError("not a SARIF log: no list of runs at its top")
    if log.get("version") != "2.1.0":
        raise FormatError(f"SARIF version {str(log.get('version'))[:20]!r}, not 2.1.0", kind=SkipKind.UNSUPPORTED)
    if not all(isinstance(run, dict) for run in log["runs"]):
        raise FormatError("not a SARIF log: a run is not an object")
    if entries is not None and len(entries) != len(log["runs"]):
        raise FormatError("not a SARIF log: two lists of runs")
    each: Sequence[Any] = [None] * len(log["runs"]) if entries is None else entries
    return tuple(_run(run, checkouts, one) for run, one in zip(log["runs"], each, strict=True))


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg or "recursion" in error.msg.lower():
            raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE) from None
        raise FormatError(f"not JSON: {error.msg.split(':')[0]}", error.lineno) from None
    except RecursionError:
        raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE) from None


def _run(
    run: Mapping[str, Any], checkouts: tuple[str, ...], entries: Callable[[], Iterator[list[Any]]] | None
) -> SarifRun:
    driver = _object(_object(run, "tool"), "driver")
    version = _text(driver, "semanticVersion") or _text(driver, "version")
    return SarifRun(_text(driver, "name") or "unknown", version, tuple(_troubles(run)), run, checkouts, entries)


def _troubles(run: Mapping[str, Any]) -> Iterator[str]:
    if "results" in _object(run, "externalPropertyFileReferences"):
        yield "its results stand in other files, which are not read"
    for invocation in _objects(run, "invocations"):
        if invocation.get("executionSuccessful") is False:
            said = _text(invocation, "exitCodeDescription")
            yield f"the tool says that its run failed{': ' + said if said else ''}"
        for note in _objects(invocation, "toolExecutionNotifications"):
            if note.get("level") == "error":
                yield f"the tool reports an error: {_message(_object(note, 'message'), _NOTHING)[:300]}"


class _Rules:
    """The rules of a run: by index and by id, of the driver and of its extensions."""

    def __init__(self, tool: Mapping[str, Any]) -> None:
        self._parts = [_object(tool, "driver"), *_objects(tool, "extensions")]
        self._lists = [[_rule(rule) for rule in _list(part, "rules")] for part in self._parts]
        self._by_id: dict[str, SarifRule] = {}
        for rule in (rule for rules in self._lists for rule in rules):
            self._by_id.setdefault(rule.id, rule)

    def of(self, result: Mapping[str, Any]) -> SarifRule:
        """By ``rule.toolComponent`` and index, by index in the driver, then by the longest id that fits."""
        if "rule" not in result:
            name = result.get("ruleId")
            if name.__class__ is not str:
                name = ""
            if "ruleIndex" in result:
                return self._at(name, self._lists[0], _number(result, "ruleIndex", -1))
            return self._by_id.get(name) or self._named(name)
        reference = _object(result, "rule")
        name = _text(result, "ruleId") or _text(reference, "id")
        at = reference.get("index")
        if at.__class__ is int and "toolComponent" not in reference and 0 <= at < len(self._lists[0]):
            found = self._lists[0][at]
            if found.id == name:  # as of most
                return found
        component = _object(reference, "toolComponent").get("index")
        rules = self._lists[component + 1 if isinstance(component, int) and component >= 0 else 0 :][:1]
        index = _number(reference, "index", -1) if "index" in reference else _number(result, "ruleIndex", -1)
        return self._at(name, rules[0] if rules else [], index)

    def _at(self, name: str, rules: list[SarifRule], index: int) -> SarifRule:
        if 0 <= index < len(rules):
            found = rules[index]
            # A hierarchical id (``CA1000/1``) may be longer than that of its rule; else the index is wrong.
            if not name or found.id == name or name.startswith(found.id + "/"):
                return found
        return self._named(name)

    def _named(self, name: str) -> SarifRule:
        prefix = name
        while prefix:
            if prefix in self._by_id:
                return self._by_id[prefix]
            prefix = prefix.rpartition("/")[0]
        return self._by_id.setdefault(name, SarifRule(name or "unnamed"))


def _rule(rule: Any) -> SarifRule:
    if not isinstance(rule, dict):
        return SarifRule("unnamed")
    properties = _object(rule, "properties")
    short, full = _text(_object(rule, "shortDescription"), "text"), _text(_object(rule, "fullDescription"), "text")
    return SarifRule(
        id=_text(rule, "id") or _text(rule, "name") or "unnamed",
        title=short or _text(rule, "name") or full,
        why=full or short,
        help=_text(_object(rule, "help"), "text"),
        address=_text(rule, "helpUri"),
        level=_text(_object(rule, "defaultConfiguration"), "level"),
        properties=properties,
        messages=_object(rule, "messageStrings"),
        tags=tuple(tag for tag in _list(properties, "tags") if isinstance(tag, str))[:50],
    )


def _results(
    run: Mapping[str, Any], checkouts: tuple[str, ...], entries: Callable[[], Iterator[list[Any]]] | None
) -> Iterator[SarifResult | int]:
    rules, paths = _Rules(_object(run, "tool")), _Paths(run, checkouts)
    number = 0
    for piece in entries() if entries is not None else (_list(run, "results"),):
        for place, result in enumerate(piece):
            piece[place] = None  # the memory of what is done serves what is made of it
            yield _result(result, rules, paths) if result.__class__ is dict else number + place
        number += len(piece)


def _result(result: Mapping[str, Any], rules: _Rules, paths: _Paths) -> SarifResult:
    """Most results lack most of what they may have, so what is not there is not asked for: this runs for each."""
    rule = rules.of(result)
    places = result.get("locations")
    message = result.get("message")
    text: Any = ""
    if isinstance(message, dict):
        text = message.get("text")
        if text.__class__ is not str or not text or "arguments" in message:
            text = _message(message, rule.messages)
    return _filled(
        SarifResult,
        (
            rule,
            (_text(result, "level") if "level" in result else "") or rule.level or "warning",
            (_text(result, "kind") if "kind" in result else "") or "fail",
            _text(result, "baselineState") if "baselineState" in result else "",
            text[:_MAX_TEXT],
            _places(places, paths) if places.__class__ is list else (),
            _suppression(result) if "suppressions" in result else "",
            _flow(result, paths) if "codeFlows" in result else "",
            _fix(result) if "fixes" in result else "",
            _object(result, "properties") if "properties" in result else _NOTHING,
            result,
        ),
    )


def _fix(result: Mapping[str, Any]) -> str:
    return next((_text(_object(fix, "description"), "text") for fix in _objects(result, "fixes")), "")


def _message(message: Mapping[str, Any], messages: Mapping[str, Any]) -> str:
    text = message.get("text")
    if text.__class__ is not str or not text:
        text = _text(_object(messages, _text(message, "id")), "text") or _text(message, "markdown")
    if "arguments" in message and "{" in text:
        arguments = _list(message, "arguments")
        text = _PLACEHOLDER.sub(lambda hit: _argument(arguments, hit), text)
    return text[:_MAX_TEXT]


def _argument(arguments: list[Any], hit: re.Match[str]) -> str:
    number = int(hit[1])
    return str(arguments[number])[:500] if number < len(arguments) else hit[0]


def _places(locations: list[Any], paths: _Paths) -> tuple[SarifPlace, ...]:
    if len(locations) == 1:  # most results have one
        return (_place(locations[0], paths),) if locations[0].__class__ is dict else ()
    return tuple([_place(one, paths) for one in locations if isinstance(one, dict)][:_MAX_PLACES])


def _place(location: Mapping[str, Any], paths: _Paths) -> SarifPlace:
    physical = location.get("physicalLocation")
    if physical.__class__ is not dict:
        physical = _NOTHING
    region = physical.get("region")
    line = end = column = end_column = 0
    snippet = ""
    if region.__class__ is dict:
        for name, value in region.items():  # a walk over what is there costs less than asking for what may be
            if value.__class__ is int:
                if not 0 <= value < 2**31:
                    continue
                if name == "startLine":
                    line = value
                elif name == "endLine":
                    end = value
                elif name == "startColumn":
                    column = value
                elif name == "endColumn":
                    end_column = value
            elif name == "snippet":
                snippet = _quoted(value)
    context = _object(physical, "contextRegion").get("snippet") if "contextRegion" in physical else None
    return _filled(
        SarifPlace,
        (
            paths.of(physical.get("artifactLocation")),
            line,
            end if end > line else line,
            column,
            end_column,
            snippet,
            _quoted(context) if context is not None else "",
            _logical(location) if "logicalLocations" in location else "",
        ),
    )


def _quoted(snippet: Any) -> str:
    text = snippet.get("text") if snippet.__class__ is dict else None
    return text[:_MAX_TEXT] if text.__class__ is str else ""


def _logical(location: Mapping[str, Any]) -> str:
    for logical in _objects(location, "logicalLocations"):
        name = _text(logical, "fullyQualifiedName") or _text(logical, "name")
        if name:
            return name[:500]
    return ""


def _suppression(result: Mapping[str, Any]) -> str:
    for suppression in _objects(result, "suppressions"):
        status = _text(suppression, "status") or "accepted"
        reason = _text(suppression, "justification")
        return f"{_text(suppression, 'kind') or 'external'} {status}{': ' + reason[:500] if reason else ''}"
    return ""


def _flow(result: Mapping[str, Any], paths: _Paths) -> str:
    flows = _objects(result, "codeFlows")
    threads = _objects(flows[0], "threadFlows") if flows else []
    steps = _objects(threads[0], "locations") if threads else []
    said = " -> ".join(filter(None, [_spot(_object(step, "location"), paths) for step in steps[:_MAX_STEPS]]))
    return f"{said} -> ... ({len(steps)} steps)" if len(steps) > _MAX_STEPS else said


def _spot(location: Mapping[str, Any], paths: _Paths) -> str:
    """Path and line of a place; empty where it names no file."""
    physical = _object(location, "physicalLocation")
    path = paths.of(physical.get("artifactLocation"))
    return f"{path}:{_number(_object(physical, 'region'), 'startLine')}" if path else ""


class _Paths:
    """Turns the addresses of a run into paths below its root."""

    def __init__(self, run: Mapping[str, Any], checkouts: tuple[str, ...]) -> None:
        self._artifacts = _objects(run, "artifacts")
        self._bases = _object(run, "originalUriBaseIds")
        addresses = (_text(base, "uri") for base in self._bases.values() if isinstance(base, dict))
        roots = {_plain(address) for address in addresses if _is_absolute(address)}
        roots.update(posixpath.normpath(checkout).lstrip("/") for checkout in checkouts)
        self._roots = sorted((root for root in roots if root), key=lambda root: (-len(root), root))
        self._known: dict[tuple[str, str], str] = {}

    def of(self, location: Any) -> str:
        """The path of an ``artifactLocation``; empty when it names nothing."""
        if location.__class__ is not dict:
            return ""
        uri = location.get("uri")
        if uri.__class__ is not str or not uri:
            index = location.get("index")
            if not isinstance(index, int) or not 0 <= index < len(self._artifacts):
                return ""
            location = _object(self._artifacts[index], "location")
            uri = _text(location, "uri")
        base = location.get("uriBaseId")
        key = uri, base if base.__class__ is str else ""
        path = self._known.get(key)
        if path is None:
            path = self._known[key] = self._path(*key) if uri else ""
        return path

    def _path(self, uri: str, base: str) -> str:
        if not _is_absolute(uri):
            return _plain(self._prefix(base) + uri)
        path = _plain(uri)
        root = next((root for root in self._roots if path.startswith(root + "/")), "")
        return path[len(root) + 1 :] if root else path

    def _prefix(self, base: str) -> str:
        """Relative bases, innermost last; an absolute one is the root and adds nothing."""
        parts: list[str] = []
        seen: set[str] = set()
        while base and base not in seen:  # a ring of bases ends where it began
            seen.add(base)
            stated = _object(self._bases, base)
            uri = _text(stated, "uri")
            if _is_absolute(uri):
                break
            parts.insert(0, uri if not uri or uri.endswith("/") else uri + "/")
            base = _text(stated, "uriBaseId")
        return "".join(parts)


def _is_absolute(uri: str) -> bool:
    if ":" not in uri:  # as of most: neither a scheme nor a drive
        return uri.startswith(("/", "\\"))
    return bool(_SCHEME.match(uri)) or uri.startswith(("/", "\\")) or bool(_DRIVE.match(uri.replace("\\", "/")))


def _plain(uri: str) -> str:
    """Decoded, with forward slashes, without scheme, drive, leading slash, ``.`` and ``..``: never out of the tree."""
    text = unquote(_SCHEME.sub("", uri) if ":" in uri else uri).replace("\\", "/").replace("\x00", "")
    if ":" in text:
        text = _DRIVE.sub("/", text)
    text = text.lstrip("/")
    if text.startswith(".") or text.endswith("/") or "/." in text or "//" in text:  # else it is normal already
        text = posixpath.normpath("/" + text).lstrip("/")
    return text[:_MAX_TEXT]


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else _NOTHING


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _objects(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [item for item in _list(value, key) if isinstance(item, dict)]


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _number(value: Mapping[str, Any], key: str, absent: int = 0) -> int:
    found = value.get(key)
    return found if type(found) is int and 0 <= found < 2**31 else absent  # a bool is no number here
