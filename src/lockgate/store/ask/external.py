"""Files elsewhere that a query reads (``externaldata``): at addresses that the project allows, and nowhere else.

An address is allowed that has scheme, host and port of an allowed one, and whose path goes on from its path. No
redirect is followed, and only loopback is asked without TLS. What is read is bounded; a value that does not fit the
type of its column is null, as the service has it.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import orjson

from lockgate.errors import ConfigurationError, SourceError
from lockgate.kql.convert import converter, read_json
from lockgate.kql.types import SCALARS, STRING
from lockgate.store.ask.answer import Outside, Reader

MOST = 64 << 20
"""Bytes of one file, unpacked."""
_SECONDS = 30.0
_PACKED = (".gz", ".gzip")
_SEPARATORS = {"csv": ",", "tsv": "\t", "tsve": "\t", "psv": "|", "scsv": ";", "ssv": ";", "sohsv": "\x01"}
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_HINT = "ask.external in lockgate.yaml names the addresses that may be read"


def reader_of(allowed: Sequence[str]) -> Reader | None:
    """What reads files at addresses that begin as one of ``allowed``; None for none.

    Raises :class:`ConfigurationError` for one that is no address.
    """
    places = [_place(one) for one in allowed]

    def read(outside: Outside) -> Iterable[tuple[object, ...]]:
        for address in outside.addresses:
            asked = _split(address)
            if asked is None or not any(_within(asked, one) for one in places):
                raise SourceError("nobody allowed to read this address", where=_shown(address), hint=_HINT)
            yield from _rows(_content(asked), asked.path, outside)

    return read if places else None


def _place(text: str) -> SplitResult:
    found = _split(text)
    if found is None or found.query:
        raise ConfigurationError(f"{text!r} is no address that can be allowed", where="ask.external",
                                 hint="https://HOST/FOLDER/; http only of this machine")  # fmt: skip
    return found


def _split(text: str) -> SplitResult | None:
    """An address without what follows a semicolon, which is how the service is told a credential."""
    try:
        found = urlsplit(text.partition(";")[0].strip())
        plain = found.port is None or found.port > 0
    except ValueError:
        return None
    secure = found.scheme == "https" or (found.scheme == "http" and found.hostname in _LOOPBACK)
    return found if plain and secure and found.hostname and "@" not in found.netloc else None


def _within(asked: SplitResult, allowed: SplitResult) -> bool:
    if (asked.scheme, asked.hostname, asked.port) != (allowed.scheme, allowed.hostname, allowed.port):
        return False
    path = unquote(asked.path)
    if ".." in path.split("/") or "\\" in path:
        return False
    folder = allowed.path or "/"
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")


def _content(address: SplitResult) -> bytes:
    import urllib3

    shown = _shown(address.geturl())
    with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(_SECONDS)) as pool:
        try:
            answer = pool.request("GET", address.geturl(), redirect=False, preload_content=False)
            if answer.status != 200:
                raise SourceError(f"it answers {answer.status}", where=shown)
            content = answer.read(MOST + 1, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise SourceError(f"cannot be read: {type(error).__name__}", where=shown) from None
    if address.path.lower().endswith(_PACKED) or content[:2] == b"\x1f\x8b":
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            content = unpacker.decompress(content, MOST + 1)
        except zlib.error:
            raise SourceError("cannot be unpacked", where=shown) from None
    if len(content) > MOST:
        raise SourceError(f"is larger than {MOST} bytes", where=shown)
    return bytes(content)


def _rows(content: bytes, path: str, outside: Outside) -> Iterator[tuple[object, ...]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("is not UTF-8", where=_shown(path)) from None
    kind = outside.properties.get("format", "").lower() or _kind(path)
    skipped = outside.properties.get("ignoreFirstRecord", "").lower() == "true"
    if kind in _SEPARATORS:
        rows = _separated(text, _SEPARATORS[kind], outside, path)
    elif kind in ("json", "multijson", "jsonlines", "ndjson"):
        rows = _documents(text, outside, path)
    elif kind in ("txt", "raw"):
        lines = text.splitlines() if kind == "txt" else [text]
        rows = (_row([line], outside) for line in lines)
    else:
        raise SourceError(f"files of the format {kind!r} are not read here", where=_shown(path),
                          hint=", ".join((*_SEPARATORS, "json", "multijson", "txt", "raw")))  # fmt: skip
    for number, row in enumerate(rows):
        if number or not skipped:
            yield row


def _kind(path: str) -> str:
    """By the end of the name; what tells nothing is ``csv``, as the service has it."""
    name = path.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    end = name.rpartition(".")[2]
    return end if end in (*_SEPARATORS, "json", "multijson", "jsonlines", "ndjson", "txt", "raw") else "csv"


def _separated(text: str, separator: str, outside: Outside, path: str) -> Iterator[tuple[object, ...]]:
    try:
        for fields in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if fields:
                yield _row(fields, outside)
    except csv.Error as error:
        raise SourceError(f"cannot be read as {outside.properties.get('format', 'csv')}: {error}",
                          where=_shown(path)) from None  # fmt: skip


def _documents(text: str, outside: Outside, path: str) -> Iterator[tuple[object, ...]]:
    try:
        whole = text.lstrip()[:1] == "["
        documents = orjson.loads(text) if whole else [orjson.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise SourceError(f"cannot be read as JSON: {error}", where=_shown(path)) from None
    for document in documents:
        own = document if isinstance(document, dict) else {}
        yield tuple(_of_json(own.get(name), type_) for name, type_ in outside.columns)


def _row(fields: Sequence[str], outside: Outside) -> tuple[object, ...]:
    given = [*fields, *[""] * (len(outside.columns) - len(fields))]
    return tuple(_of_text(text, type_) for text, (_, type_) in zip(given, outside.columns, strict=False))


def _of_text(text: str, type_: str) -> object:
    if type_ == "dynamic":
        return read_json(text) if text else None
    convert: Callable[[Any], Any] | None = converter(STRING, SCALARS[type_])
    return text if convert is None else convert(text)


def _of_json(value: object, type_: str) -> object:
    if value is None or type_ == "dynamic":
        return "" if value is None and type_ == "string" else value
    if isinstance(value, str):
        return _of_text(value, type_)
    return _of_text(orjson.dumps(value).decode(), type_)


def _shown(address: str) -> str:
    """Without its query, which may hold a signature."""
    return address.partition("?")[0].partition(";")[0][:200]
