"""Who may ask, and how much: people with their tokens, read from a file and read anew when it changes.

One line is one person: a name, the SHA-256 of the token (tokens are made of 32 random bytes, so that no slower hash is
needed), and what differs from the defaults::

    ana sha256:9f86d0...  may=query,functions concurrent=4 seconds=60 rows=100000 bytes=67108864 memory=1GB

The token itself stands nowhere. It is shown as ``Bearer``; by clients that cannot do that as ``Basic`` (the name, then
the token as the password), or as ``ApiKey`` with both, as Elasticsearch has it. What does not belong: tokens of others
(``entra``), and which rows a person may see (``store.row_access``).
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model.actor import Actor

QUERY, FUNCTIONS, INGEST, CANCEL, REGISTRY = "query", "functions", "ingest", "cancel", "registry"
RIGHTS = frozenset((QUERY, FUNCTIONS, INGEST, CANCEL, REGISTRY))
"""Ask; write stored functions; send rows; see and end the queries of others; tell what was pushed to a registry."""
_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_HASH = lazy_pattern(r"sha256:[0-9a-f]{64}")
_MEMORY = lazy_pattern(r"[1-9][0-9]{0,5}(?:MB|GB)")
_MAX_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much one person may use. The most of each query, but for ``concurrent``."""

    concurrent: int = 4
    """Queries at a time."""
    seconds: float = 600.0
    rows: int = 500_000
    bytes: int = 64 << 20
    """Of one result, as :class:`lockgate.store.ask.Limits` counts."""
    memory: str = "1GB"
    """That the engine may take."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    name: str
    rights: frozenset[str] = frozenset((QUERY,))
    allowance: Allowance = Allowance()
    actor: Actor | None = None
    """Who it is to the console, whose teams say which rows they see; None for people of the token file and of Entra."""


class StrangerError(Exception):
    """A token that does not count, with the reason as it may be told to who sent it."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status
        """Of HTTP: 401 for who is not known, 403 for who is and is nobody here, 503 where it cannot be told now."""


class People:
    """Everybody that the file names. Not a file is nobody."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`ConfigurationError` with the line that is wrong."""
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._known: dict[str, Person] = {}
        self._reload()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, authorization: str) -> Person | None:
        """Who sent this ``Authorization`` header. A file that became wrong changes nothing until it is right again."""
        name, token = shown(authorization)
        if not token:
            return None
        self._look()
        person = self._known.get(hash_of(token))
        return person if person is None or not name or name == person.name else None

    def named(self, name: str) -> tuple[str, Person] | None:
        """The person of that name, and the hash of their token before them."""
        self._look()
        return next(((digest, person) for digest, person in self._known.items() if person.name == name), None)

    def _look(self) -> None:
        try:
            self._reload()
        except ConfigurationError as error:
            import logging

            logging.getLogger("lockgate.access").error("the old tokens hold: %s", error)

    def _reload(self) -> None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._known = None, {}
            return
        except OSError as error:
            raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(self.path)) from None
        stamp = found.st_ino, found.st_mtime_ns, found.st_size
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._known = dict(_read(self.path))


def shown(authorization: str) -> tuple[str, str]:
    """Name, where one is shown, and token of an ``Authorization`` header; nothing where it is none."""
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return "", rest
    if scheme.lower() not in ("basic", "apikey"):
        return "", ""
    try:
        name, _, token = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (name, token) if name else ("", "")


def hash_of(token: str) -> str:
    """What stands for a token in the file."""
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


def people_in(path: Path) -> list[Person]:
    """Everybody in the file, in order. Raises :class:`ConfigurationError`."""
    return [person for _, person in _read(path)] if path.is_file() else []


def add(path: Path, name: str, *, words: str = "") -> str:
    """Add a person, and give the token, which is told this once. ``words``: what differs from the defaults.

    Raises :class:`ConfigurationError` for a name that is there or cannot be one.
    """
    import secrets

    if any(person.name == name for person in people_in(path)):
        raise ConfigurationError(f"{name} has a token already", where=str(path), hint="remove it first")
    token = secrets.token_urlsafe(32)
    line = f"{name} {hash_of(token)} {words}".rstrip()
    _person(line, where=str(path))
    _append(path, line)
    return token


def remove(path: Path, name: str) -> bool:
    """Take a person's token away; whether there was one."""
    if not path.is_file():
        return False
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.split()[:1] != [name]]
    if len(kept) == len(lines):
        return False
    _replace(path, "".join(f"{line}\n" for line in kept))
    return True


def _append(path: Path, line: str) -> None:
    before = path.read_text("utf-8") if path.is_file() else "# who may ask: name, hash of the token, what differs\n"
    _replace(path, f"{before}{'' if before.endswith(chr(10)) else chr(10)}{line}\n")


def _replace(path: Path, text: str) -> None:
    """Put the whole file in place at once; only its owner may read it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}-{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        fresh.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _read(path: Path) -> Iterator[tuple[str, Person]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_FILE + 1)
        if len(content) > _MAX_FILE:
            raise ConfigurationError("is larger than 1 MB", where=str(path))
        text = content.decode()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("cannot be read as text", where=str(path)) from None
    names: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        digest, person = _person(line, where=f"{path}:{number}")
        if person.name in names:
            raise ConfigurationError(f"{person.name} stands twice", where=f"{path}:{number}")
        names.add(person.name)
        yield digest, person


def _person(line: str, *, where: str) -> tuple[str, Person]:
    name, *rest = line.split()
    _check_name(name, where=where)
    if not rest or not _HASH.fullmatch(rest[0]):
        raise ConfigurationError("the hash of the token is missing", where=where, hint="sha256: and 64 hex digits")
    return rest[0], person_of(name, rest[1:], where=where)


def person_of(name: str, words: Sequence[str], *, where: str) -> Person:
    """A person with what differs from the defaults. Raises :class:`ConfigurationError`."""
    _check_name(name, where=where)
    given = dict(_options(words, where=where))
    rights = frozenset(given.pop("may", QUERY).split(","))
    if not rights <= RIGHTS:
        raise ConfigurationError(f"{min(rights - RIGHTS)!r} is no right", where=where, hint=", ".join(sorted(RIGHTS)))
    return Person(name, rights, _allowance(given, where=where))


def _check_name(name: str, *, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError("that is no name of a person", where=where, hint="letters, digits and . _ @ + -")


def _options(words: Sequence[str], *, where: str) -> Iterator[tuple[str, str]]:
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in ("may", *_NUMBERS, "memory"):
            known = ", ".join(("may", *_NUMBERS, "memory"))
            raise ConfigurationError(f"{word!r} says nothing here", where=where, hint=f"one of {known}, and =")
        yield key, value


def _allowance(given: dict[str, str], *, where: str) -> Allowance:
    values: dict[str, float | str] = {}
    for key, value in given.items():
        if key == "memory":
            if not _MEMORY.fullmatch(value):
                raise ConfigurationError(f"{value!r} is no size", where=where, hint="such as 512MB or 2GB")
            values[key] = value
            continue
        kind = _NUMBERS[key]
        try:
            values[key] = kind(value)
        except ValueError:
            raise ConfigurationError(f"{key} is a number, not {value!r}", where=where) from None
        if not 0 < float(values[key]) < 1e15:
            raise ConfigurationError(f"{key} must be more than 0", where=where)
    return Allowance(**values)  # type: ignore[arg-type]


_NUMBERS: dict[str, type[int] | type[float]] = {"concurrent": int, "seconds": float, "rows": int, "bytes": int}
