"""Queries and functions that are kept: written in files that are reviewed with the code, or at a running server.

Files lie in a folder of the project: ``NAME.kql`` is a saved query, ``functions/NAME.kql`` a stored function; comments
at the beginning are what it is about. What is written at a server goes into the workspace's ledger, where every change
stays with who made it. A name that a file has cannot be written over there. What does not belong: running them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.kql import QueryError, parse
from lockgate.kql.syntax import Function, Let, Query
from lockgate.lazy_pattern import lazy_pattern
from lockgate.store import _saved_sql
from lockgate.tables import find, functions

FUNCTION, QUERY = "function", "query"
FUNCTIONS_FOLDER = "functions"
MAX_TEXT = 1 << 20
_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_-]{0,255}")
_BEGINS = lazy_pattern(r"(?:view\s*)?\(\s*(?:\)|(?:[A-Za-z_][A-Za-z0-9_]*|\[[^\]]{1,300}\])\s*:)")
"""Parameters, or none; a query may begin with a bracket too."""
_MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Saved:
    """One that is kept."""

    kind: str
    """``function`` or ``query``."""
    name: str
    text: str
    """Of a query its text, of a function ``(parameters) { body }``."""
    about: str = ""
    folder: str = ""
    """As Kusto groups functions; nothing more than a word."""
    who: str = ""
    """Who wrote it; empty of a file, where the code's own history tells."""
    time: str = ""
    """When, ISO in UTC; empty of a file."""
    path: str = ""
    """The file; empty of what was written at a server."""


class SavedFunctions(Mapping[str, Function]):
    """Stored functions by name, each parsed when it is first looked up.

    Looking one up raises :class:`ConfigurationError` where a file holds none; others are not in the way of a query.
    """

    def __init__(self, saved: Mapping[str, Saved]) -> None:
        self._saved = saved
        self._parsed: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        if name not in self._parsed:
            found = checked(self._saved[name])
            assert isinstance(found, Function)
            self._parsed[name] = found
        return self._parsed[name]

    def __contains__(self, name: object) -> bool:
        return name in self._saved

    def __iter__(self) -> Iterator[str]:
        return iter(self._saved)

    def __len__(self) -> int:
        return len(self._saved)


class Library:
    """What is kept for one project."""

    def __init__(self, folder: Path | None, ledger: Path | None) -> None:
        """``folder`` with the files, and the file of the ledger; what is not there holds nothing."""
        self.folder, self.ledger = folder, ledger

    @classmethod
    def open(cls, folder: Path, workspace: Path) -> Library:
        """That of a project's folder of queries and its local workspace folder."""
        return cls(folder, workspace / "ledger.db")

    def functions(self) -> dict[str, Saved]:
        """By name, files not looked through yet. Raises :class:`ConfigurationError`, :class:`StoreError`."""
        return self._kept(FUNCTION)

    def queries(self) -> dict[str, Saved]:
        """By name."""
        return self._kept(QUERY)

    def put(self, saved: Saved) -> None:
        """Write one at the server. Raises :class:`ConfigurationError` where a file has that name or it cannot be."""
        ledger = self._ledger()
        checked(saved)
        if saved.kind == FUNCTION:
            _free(saved.name, where=saved.name)
        if saved.name in self._files(saved.kind):
            raise ConfigurationError(f"{saved.name} is kept in a file, and changed there", where=saved.name)
        _saved_sql.append(ledger, saved.kind, (saved.name, saved.text, saved.about, saved.folder, saved.who))

    def drop(self, kind: str, name: str, *, who: str) -> bool:
        """Drop one that was written at a server; whether it was there."""
        ledger = self._ledger()
        if name in self._files(kind):
            raise ConfigurationError(f"{name} is kept in a file, and dropped there", where=name)
        if name not in self._kept(kind):
            return False
        _saved_sql.append(ledger, kind, (name, "", "", "", who))
        return True

    def history(self, kind: str, name: str) -> list[Saved]:
        """How one that was written at a server changed, oldest first; an empty text where it was dropped."""
        rows = _saved_sql.history(self.ledger, kind, name) if self.ledger is not None else []
        return [Saved(kind, *row) for row in rows]

    def _ledger(self) -> Path:
        if self.ledger is None:
            raise ConfigurationError("nothing can be written here: there is no workspace")
        return self.ledger

    def _kept(self, kind: str) -> dict[str, Saved]:
        rows = _saved_sql.last(self.ledger, kind) if self.ledger is not None else []
        found = {row[0]: Saved(kind, *row) for row in rows}
        return dict(sorted({**found, **self._files(kind)}.items()))

    def _files(self, kind: str) -> dict[str, Saved]:
        folder = self.folder
        if folder is not None and kind == FUNCTION:
            folder = folder / FUNCTIONS_FOLDER
        if folder is None or not folder.is_dir():
            return {}
        paths = sorted(folder.glob("*.kql"))
        if len(paths) > _MAX_FILES:
            raise ConfigurationError(f"holds more than {_MAX_FILES} files", where=str(folder))
        if kind == FUNCTION:
            for one in paths:
                _free(one.stem, where=str(one))
        return {one.stem: _of_file(one, kind) for one in paths}


def _of_file(path: Path, kind: str) -> Saved:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_TEXT + 1)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("cannot be read as text", where=str(path)) from None
    about, rest = _comments(text)
    if kind == FUNCTION:
        text = function_text(rest)
    return Saved(kind, path.stem, text, about, path=str(path))


def _free(name: str, *, where: str) -> None:
    """Raise where a table, or what every workspace has, is called so: a question for that would get something else."""
    if find(name) is not None or name in functions():
        raise ConfigurationError(f"{name} is a table or function of every workspace", where=where,
                                 hint="give the function another name")  # fmt: skip


def function_text(text: str) -> str:
    """``(parameters) { body }``, of that or of a query, which is a function that takes nothing."""
    text = text.strip().rstrip(";").rstrip()
    return text if _BEGINS.match(text) else f"() {{\n{text}\n}}"


def _comments(text: str) -> tuple[str, str]:
    """The comments that a text begins with, and what comes after them."""
    lines = text.lstrip().splitlines()
    count = next((i for i, line in enumerate(lines) if not line.lstrip().startswith("//")), len(lines))
    about = " ".join(line.strip().lstrip("/").strip() for line in lines[:count])
    return about.strip(), "\n".join(lines[count:])


def checked(saved: Saved) -> Function | Query:
    """The syntax of one. Raises :class:`ConfigurationError` where it has none, or a name that cannot be called."""
    where = saved.path or saved.name
    if not _NAME.fullmatch(saved.name) or (saved.kind == FUNCTION and "-" in saved.name):
        raise ConfigurationError(f"{saved.name!r} is no name", where=where, hint="letters, digits and _")
    if not saved.text.strip() or len(saved.text.encode()) > MAX_TEXT:
        raise ConfigurationError(f"holds nothing, or more than {MAX_TEXT} bytes", where=where)
    try:
        return function_of(saved.text) if saved.kind == FUNCTION else parse(saved.text)
    except QueryError as error:
        raise ConfigurationError(error.message, where=f"{where}: {error.where}", hint=error.hint) from None


def function_of(text: str) -> Function:
    """The syntax of ``(parameters) { body }``. Raises :class:`~lockgate.kql.errors.QueryError`."""
    statements = parse(f"let F={text}\n;").statements
    value = statements[0].value if len(statements) == 1 and isinstance(statements[0], Let) else None
    if not isinstance(value, Function):
        from lockgate.kql.errors import Diagnostic

        raise QueryError(text, (Diagnostic("KS006", "A function is expected: (parameters) { body }", 0, len(text)),))
    return value
