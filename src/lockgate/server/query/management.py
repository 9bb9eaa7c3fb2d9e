"""Management commands: what a client asks to find its way about, stored functions, and the queries at work.

https://learn.microsoft.com/kusto/management. What Lockgate does not have is refused by name: tables, their retention
and policies are made elsewhere (``lockgate.tables``, ``lockgate record``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson

from lockgate import __version__
from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.kql import Workspace, bind, parse
from lockgate.kql.convert import read_span
from lockgate.kql.lexer import Tokens, tokens
from lockgate.lazy_pattern import lazy_pattern
from lockgate.server.access import FUNCTIONS, Person
from lockgate.server.query.desk import Desk, Run
from lockgate.server.query.faults import Kind, refusal
from lockgate.server.query.values import DATA_TYPES, pieces
from lockgate.store.ask import Limits, Tables, ask
from lockgate.store.saved import FUNCTION, Library, Saved, function_of
from lockgate.tables import functions

if TYPE_CHECKING:
    from lockgate.kql.syntax import Function

Rows = tuple[Sequence[tuple[str, str]], list[list[Any]]]
"""Columns (name, type) and rows, values as JSON has them."""
_SHOWN = "command results"
_WORDS = lazy_pattern(r"\.([a-z-]+)")
_FUNCTION = (("Name", "string"), ("Parameters", "string"), ("Body", "string"), ("Folder", "string"),
             ("DocString", "string"))  # fmt: skip
_QUERIES = (
    ("ClientActivityId", "string"), ("Text", "string"), ("Database", "string"), ("StartedOn", "datetime"),
    ("LastUpdatedOn", "datetime"), ("Duration", "timespan"), ("State", "string"), ("FailureReason", "string"),
    ("User", "string"), ("Application", "string"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What commands are about."""

    database: str
    workspace: Callable[[], Workspace]
    """Tables and functions as they stand."""
    library: Library
    desk: Desk
    readonly: bool = False
    """``request_readonly``"""


def answer(text: str, person: Person, place: Place) -> Rows:
    """What a command gives. Raises :class:`Refusal`, and :class:`~lockgate.kql.errors.QueryError` for a wrong text."""
    command = _Command(text, person, place)
    for words, run in _COMMANDS:
        if command.begins(words):
            columns, rows = run(command)
            return _piped(command.pipe, columns, rows) if command.pipe else (columns, rows)
    begin = _WORDS.match(text.lstrip())
    shown = " ".join([f".{begin[1]}" if begin else text[:20], *command.words()[1:3]])
    known = ", ".join(sorted({f".{words}" for words, _ in _COMMANDS}))
    raise refusal(Kind.REQUEST, f"The command '{shown}' is not known here. Known are: {known}.")


def _piped(pipe: str, columns: Sequence[tuple[str, str]], rows: list[list[Any]]) -> Rows:
    """What a query makes of the rows of a command that only shows something."""
    tables = Tables(memory="256MB", threads=1)
    with closing(tables.connection):
        texts = [[_text(value, type_) for value, (_, type_) in zip(row, columns, strict=True)] for row in rows]
        tables.fill(_SHOWN, dict(columns), texts)
        found = ask(f"['{_SHOWN}'] {pipe}", tables, limits=Limits(seconds=60.0))
    return found.columns, [row for piece in pieces(found.tables[0]) for row in piece]


def _text(value: Any, type_: str) -> str | None:
    if type_ == "timespan" and value is not None:
        return str(read_span(value))
    return value if value is None or isinstance(value, str) else _json(value)


class _Command:
    """One command on its way: the tokens after what it begins with."""

    def __init__(self, text: str, person: Person, place: Place) -> None:
        self.text = text.strip()
        self.person, self.place = person, place
        # The verb's hyphens are no operators of the language, so it is read apart.
        verb = _WORDS.match(self.text)
        self.verb = verb[1] if verb else ""
        self.rest = self.text[verb.end() :] if verb else self.text
        self.tokens: Tokens = tokens(self.rest)
        self.i = 0
        self.pipe = ""
        """The query over what a command shows: from its first ``|`` on."""

    def words(self) -> list[str]:
        """The first words."""
        return [self.verb, *(self.tokens.text(i) for i in range(min(4, len(self.tokens.kinds) - 3)))]

    def begins(self, words: str) -> bool:
        """Whether it begins so; then these words are passed."""
        verb, *more = words.split()
        if self.verb != verb or [self.tokens.text(i) for i in range(min(len(more), len(self.tokens.kinds)))] != more:
            return False
        self.i = len(more)
        return True

    @property
    def kind(self) -> str:
        return self.tokens.kinds[self.i]

    @property
    def next(self) -> str:
        return self.tokens.text(self.i)

    def accept(self, *words: str) -> bool:
        """Take the next words if they are these."""
        if any(self.tokens.text(self.i + i) != word for i, word in enumerate(words)):
            return False
        self.i += len(words)
        return True

    def name(self) -> str:
        """A name, plain, in quotes or ``['...']``."""
        if self.accept("["):
            found = self.value()
            self.expect("]")
            return found
        if self.kind == "STRING":
            return self.value()
        if self.kind in ("END", "(", ")", "|"):
            raise refusal(Kind.REQUEST, f"A name is missing in '.{self.verb}{self.rest[:60]}'.")
        self.i += 1
        return self.tokens.text(self.i - 1)

    def value(self) -> str:
        """A text in quotes, or one word."""
        from lockgate.kql import literals

        found = self.next
        string = self.kind == "STRING"
        self.i += 1
        return literals.text(found) if string else found

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            raise refusal(Kind.REQUEST, f"Expected {sign} at '{self.rest[self.tokens.starts[self.i] :][:40]}'.")

    def end(self) -> None:
        """Nothing more may come, but a query over what is shown."""
        if self.kind == "|" and self.verb == "show":
            self.pipe = self.remainder()
        elif self.kind != "END":
            left = self.rest[self.tokens.starts[self.i] :]
            raise refusal(Kind.REQUEST, f"Nothing is expected at '{left[:60]}' in this command.")

    def remainder(self) -> str:
        """The text from here on."""
        return self.rest[self.tokens.starts[self.i] :]

    def may_write(self) -> None:
        """Raise where the person may not write functions."""
        if self.place.readonly:
            raise refusal(Kind.FORBIDDEN, "The request says that it only reads (request_readonly).")
        if FUNCTIONS not in self.person.rights:
            raise refusal(Kind.FORBIDDEN, f"{self.person.name} may not write functions here.")


# --- what there is


def _tables(command: _Command) -> Rows:
    command.accept("details")
    command.end()
    columns = (("TableName", "string"), ("DatabaseName", "string"), ("Folder", "string"), ("DocString", "string"))
    return columns, [
        [name, command.place.database, *_described(name)] for name in command.place.workspace().names()
    ]  # fmt: skip


def _described(name: str) -> list[str]:
    from lockgate.tables import find

    table = find(name)
    return ["", ""] if table is None else ["Azure Monitor" if table.plans else "Lockgate", table.about]


def _table(command: _Command) -> Rows:
    name = command.name()
    shape = command.place.workspace().table(name)
    if shape is None:
        raise refusal(Kind.ENTITY, f"Entity ID '{name}' of kind 'Table' was not found.")
    columns = [(one.name, one.type.name) for one in shape.columns]
    if command.accept("cslschema") or command.accept("schema", "as", "csl"):
        command.end()
        schema = ",".join(f"{_quoted(one)}:{type_}" for one, type_ in columns)
        return _schema_columns(), [[name, schema, command.place.database, *_described(name)]]
    if command.accept("schema", "as", "json") or command.accept("schema"):
        command.end()
        return _schema_columns(), [[name, _json(_table_json(name, columns)), command.place.database, *_described(name)]]
    command.accept("details")
    command.end()
    shown = (("AttributeName", "string"), ("AttributeType", "string"), ("ExtentsCount", "long"))
    return shown, [[one, DATA_TYPES[type_], 0] for one, type_ in columns]


def _schema_columns() -> Sequence[tuple[str, str]]:
    return (("TableName", "string"), ("Schema", "string"), ("DatabaseName", "string"), ("Folder", "string"),
            ("DocString", "string"))  # fmt: skip


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else f"['{name}']"


def _databases(command: _Command) -> Rows:
    if command.accept("schema"):
        return _schema(command)
    command.accept("details")
    command.end()
    columns = (("DatabaseName", "string"), ("PersistentStorage", "string"), ("Version", "string"),
               ("IsCurrent", "bool"), ("DatabaseAccessMode", "string"), ("PrettyName", "string"),
               ("DatabaseId", "guid"))  # fmt: skip
    return columns, [[command.place.database, "", "v1.0", True, "ReadOnly", "Lockgate's record", None]]


def _database(command: _Command) -> Rows:
    if command.next not in ("schema", "details") and command.kind not in ("END", "|"):
        name = command.name()
        if name != command.place.database:
            raise refusal(Kind.DATABASE, f"Entity ID '{name}' of kind 'Database' was not found.")
    if command.kind in ("END", "|") or command.accept("details"):
        return _databases(command)
    command.expect("schema")
    return _schema(command)


def _schema(command: _Command) -> Rows:
    """``.show database schema [as json]``, and the same of all databases and of the cluster."""
    workspace, database = command.place.workspace(), command.place.database
    shapes = {name: shape for name in workspace.names() if (shape := workspace.table(name)) is not None}
    if command.accept("as", "json"):
        command.end()
        found = {
            "Name": database,
            "Tables": {
                name: _table_json(name, [(one.name, one.type.name) for one in shape.columns])
                for name, shape in shapes.items()
            },
            "ExternalTables": {}, "MaterializedViews": {},
            "Functions": {name: _function_json(one) for name, one in _every_function(command.place.library).items()},
        }  # fmt: skip
        return (("DatabaseSchema", "string"),), [[_json({"Databases": {database: found}})]]
    command.end()
    columns = (
        ("DatabaseName", "string"), ("TableName", "string"), ("ColumnName", "string"), ("ColumnType", "string"),
        ("IsDefaultTable", "bool"), ("IsDefaultColumn", "bool"), ("PrettyName", "string"), ("Version", "string"),
        ("Folder", "string"), ("DocString", "string"),
    )  # fmt: skip
    rows: list[list[Any]] = [[database, "", "", "", False, False, "", "v1.0", "", ""]]
    for name, shape in shapes.items():
        folder, about = _described(name)
        rows.append([database, name, "", "", False, False, "", "", folder, about])
        rows += [
            [database, name, one.name, _system(one.type.name), False, False, "", "", "", ""] for one in shape.columns
        ]
    return columns, rows


def _system(type_: str) -> str:
    return "System.Data.SqlTypes.SqlDecimal" if type_ == "decimal" else f"System.{DATA_TYPES[type_]}"


def _table_json(name: str, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    folder, about = _described(name)
    return {
        "Name": name, "Folder": folder, "DocString": about,
        "OrderedColumns": [{"Name": one, "Type": _system(type_), "CslType": type_} for one, type_ in columns],
    }  # fmt: skip


def _version(command: _Command) -> Rows:
    command.end()
    columns = (("BuildVersion", "string"), ("BuildTime", "datetime"), ("ServiceType", "string"),
               ("ProductVersion", "string"))  # fmt: skip
    return columns, [[__version__, None, "Lockgate", f"Lockgate {__version__}"]]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# --- functions


def _functions(command: _Command) -> Rows:
    command.end()
    return _FUNCTION, [_function_row(one) for one in command.place.library.functions().values()]


def _function(command: _Command) -> Rows:
    name = command.name()
    command.end()
    return _FUNCTION, [_function_row(_found(command, name))]


def _found(command: _Command, name: str) -> Saved:
    found = command.place.library.functions().get(name)
    if found is None:
        raise refusal(Kind.ENTITY, f"Entity ID '{name}' of kind 'Function' was not found.")
    return found


def _function_row(saved: Saved) -> list[Any]:
    parameters, body = _apart(saved.text)
    return [saved.name, parameters, body, saved.folder, saved.about]


def _apart(text: str) -> tuple[str, str]:
    """Parameters and body of ``(parameters) { body }``."""
    body = text.index("{", _closing(text))
    return text[text.index("(") : body].strip(), text[body:]


def _closing(text: str) -> int:
    """Where the bracket of the parameters closes; brackets in texts and schemas are passed by the tokens."""
    found, depth = tokens(text), 0
    for i, kind in enumerate(found.kinds):
        depth += {"(": 1, ")": -1}.get(kind, 0)
        if kind == ")" and not depth:
            return found.starts[i]
    return len(text)


def _every_function(library: Library) -> dict[str, Saved]:
    """What can be called, for who completes names: functions of every workspace, and those that are stored."""
    known = {name: Saved(FUNCTION, name, text, folder="Workspace") for name, text in functions().items()}
    return {**known, **library.functions()}


def _function_json(saved: Saved) -> dict[str, Any]:
    syntax = function_of(saved.text)
    return {
        "Name": saved.name, "InputParameters": _parameters(syntax), "Body": _apart(saved.text)[1],
        "Folder": saved.folder, "DocString": saved.about, "FunctionKind": "Unknown", "OutputColumns": [],
    }  # fmt: skip


def _parameters(syntax: Function) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in syntax.parameters:
        if one.schema is None:
            found.append({"Name": one.name.text, "Type": _system(one.type), "CslType": one.type})
            continue
        columns = [{"Name": each.name.text, "Type": _system(each.type), "CslType": each.type}
                   for each in one.schema.columns]  # fmt: skip
        found.append({"Name": one.name.text, "Columns": columns})
    return found


def _create(command: _Command) -> Rows:
    """``.create[-or-alter] function [ifnotexists] [with (docstring=..., folder=...)] Name (parameters) { body }``"""
    command.may_write()
    spared = command.accept("ifnotexists")
    properties = _with(command)
    name = command.name()
    text = command.remainder()
    known = command.place.library.functions()
    if command.verb == "create" and name in known:
        if spared:
            return _FUNCTION, [_function_row(known[name])]
        raise refusal(Kind.REQUEST, f"EntityNameAlreadyExistsException: a function '{name}' exists already.")
    if command.verb == "alter" and name not in known:
        raise refusal(Kind.ENTITY, f"Entity ID '{name}' of kind 'Function' was not found.")
    workspace = command.place.workspace()
    if workspace.table(name) is not None:
        raise refusal(Kind.REQUEST, f"EntityNameAlreadyExistsException: a table '{name}' exists already.")
    function_of(text)
    if properties.get("skipvalidation", "false") != "true":
        _valid(name, text, workspace)
    saved = Saved(
        FUNCTION, name, text.rstrip().rstrip(";"), properties.get("docstring", ""), properties.get("folder", ""),
        command.person.name,
    )  # fmt: skip
    try:
        command.place.library.put(saved)
    except ConfigurationError as error:
        raise refusal(Kind.REQUEST, str(error)) from None
    return _FUNCTION, [_function_row(saved)]


def _with(command: _Command) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if not command.accept("with"):
        return found
    command.expect("(")
    while not command.accept(")"):
        key = command.name().lower()
        command.expect("=")
        found[key] = command.value()
        if not command.accept(","):
            command.expect(")")
            break
    return found


def _valid(name: str, text: str, workspace: Workspace) -> None:
    """Raise :class:`~lockgate.kql.errors.QueryError` where the body fits no tables."""
    declared = f"let {name}={text}\n; print 1"
    bind(parse(declared), workspace)


def _drop(command: _Command) -> Rows:
    command.may_write()
    name = command.name()
    spared = command.accept("ifexists")
    command.end()
    library = command.place.library
    try:
        if not library.drop(FUNCTION, name, who=command.person.name) and not spared:
            raise refusal(Kind.ENTITY, f"Entity ID '{name}' of kind 'Function' was not found.")
    except ConfigurationError as error:
        raise refusal(Kind.REQUEST, str(error)) from None
    return _FUNCTION, [_function_row(one) for one in library.functions().values()]


# --- queries at work


def _queries(command: _Command) -> Rows:
    command.end()
    return _QUERIES, [_run_row(one, command.place.database) for one in command.place.desk.runs(command.person)]


def _running(command: _Command) -> Rows:
    command.end()
    runs = command.place.desk.runs(command.person, ended=False)
    return _QUERIES, [_run_row(one, command.place.database) for one in runs]


def _run_row(run: Run, database: str) -> list[Any]:
    import time
    from datetime import UTC, datetime

    from lockgate.kql.text import span_text

    seconds = run.seconds or time.time() - run.started
    begun, ended = (
        datetime.fromtimestamp(one, UTC).isoformat().replace("+00:00", "Z")
        for one in (run.started, run.started + seconds)
    )
    return [
        run.question.request, run.question.text, database, begun, ended, span_text(int(seconds * 10_000_000)),
        run.state, run.failure, run.person, run.question.application,
    ]  # fmt: skip


def _cancel(command: _Command) -> Rows:
    request = command.name() if command.kind == "STRING" else command.remainder().strip()
    found = command.place.desk.cancel(command.person, request)
    columns = (("RunningQueryCanceled", "bool"), ("ClientRequestId", "string"))
    return columns, [[found is not None, request]]


_COMMANDS: tuple[tuple[str, Callable[[_Command], Rows]], ...] = (
    ("show tables", _tables),
    ("show table", _table),
    ("show databases", _databases),
    ("show database", _database),
    ("show cluster databases", _databases),
    ("show schema", _schema),
    ("show version", _version),
    ("show functions", _functions),
    ("show function", _function),
    ("show running queries", _running),
    ("show queries", _queries),
    ("create-or-alter function", _create),
    ("create function", _create),
    ("alter function", _create),
    ("drop function", _drop),
    ("cancel query", _cancel),
)
