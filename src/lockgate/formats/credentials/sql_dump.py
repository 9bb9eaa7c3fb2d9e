"""SQL dumps: password columns and password hashes of rows (INSERT and COPY), and passwords of CREATE USER."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._literals import LineStarts
from lockgate.formats.credentials._values import names_secret
from lockgate.lazy_pattern import lazy_pattern

# One token of SQL; the alternatives are disjoint in their first character and possessive, and what is
# not closed takes the rest: linear.
_TOKEN = lazy_pattern(
    r"--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|'(?:[^'\\]|\\[\s\S]|'')*+(?:'|\\?\Z)|\"[^\"\n]*+\"|`[^`\n]*+`|[(),;]|[^\s(),;'\"`]++"
)
_HASH = lazy_pattern(
    r"\$(?:2[abxy]?|1|5|6|P|H|S|argon2(?:id|i|d)|apr1|7|y|scrypt)\$.{8,200}\Z|[0-9a-fA-F]{32}\Z|[0-9a-fA-F]{40}\Z"
    r"|[0-9a-fA-F]{64}\Z|[0-9a-fA-F]{128}\Z|pbkdf2_sha\d{1,3}\$.{8,200}\Z|\*[0-9A-F]{40}\Z|\{S?SHA\d{0,3}\}.{8,200}\Z"
)
_PEOPLE = lazy_pattern(
    r"(?i)user|account|member|customer|admin|login|auth|people|person|employee|staff|author|client|player"
)
_CREATE_USER = lazy_pattern(
    r"(?i)(?:identified\s{1,5}by|with\s{1,5}(?:encrypted\s{1,5})?password|set\s{1,5}password\s{0,5}=)\s{1,5}'([^'\n]{1,300})'"
)
_COPY = lazy_pattern(r"(?i)copy\s{1,5}([\w.\"]{1,150})\s{0,5}\(([^)\n]{1,5000})\)\s{1,5}from\s{1,5}stdin")
_CONSTRAINTS = frozenset({"primary", "key", "unique", "constraint", "index", "foreign", "check", "fulltext", "spatial"})
Token = tuple[str, int]


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("sql-dump", text)
    starts = LineStarts(text)
    tables: dict[str, list[str]] = {}
    for statement in _statements(text):
        head = [word.lower() for word, _ in statement[:3]]
        if head[:2] == ["create", "table"]:
            _learn(statement, tables)
        elif head[:1] in (["insert"], ["replace"]):
            _read_insert(collector, statement, tables, starts)
    _read_copies(collector)
    for match in _CREATE_USER.finditer(text):
        line, column = starts.place(match.start(1))
        collector.add("identified by", match.group(1), line, column=column)
    return collector.done()


def _statements(text: str) -> Iterator[list[Token]]:
    """Tokens up to each semicolon; only CREATE and INSERT are kept, so that memory stays small."""
    words: list[Token] = []
    wanted = True
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word.startswith(("--", "/*")):
            continue
        if word == ";":
            if words and wanted:
                yield words
            words, wanted = [], True
            continue
        if not words and wanted:
            wanted = word.lower() in ("create", "insert", "replace")
        if wanted:
            words.append((word, match.start()))
    if words and wanted:
        yield words


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('`"[]').lower()


def _learn(statement: Sequence[Token], tables: dict[str, list[str]]) -> None:
    """Column names of CREATE TABLE: the first word after each comma at depth one."""
    opening = next((place for place, (word, _) in enumerate(statement) if word == "("), 0)
    if opening < 3:
        return
    columns: list[str] = []
    depth, expects = 0, True
    for word, _ in statement[opening:]:
        if word in ("(", ")"):
            depth += 1 if word == "(" else -1
        elif word == "," and depth == 1:
            expects = True
        elif expects and depth == 1:
            expects = False
            if word.lower() not in _CONSTRAINTS:
                columns.append(_bare(word))
    tables[_bare(statement[opening - 1][0])] = columns


def _read_insert(
    collector: Collector, statement: Sequence[Token], tables: dict[str, list[str]], starts: LineStarts
) -> None:
    place = next((index for index, (word, _) in enumerate(statement[:8]) if word.lower() == "into"), -1)
    if place < 0 or place + 1 >= len(statement):
        return
    table = _bare(statement[place + 1][0])
    rest = statement[place + 2 :]
    values = next((index for index, (word, _) in enumerate(rest) if word.lower() in ("values", "value")), -1)
    if values < 0:
        return
    columns = [_bare(word) for word, _ in rest[:values] if word not in ("(", ")", ",")] or tables.get(table, [])
    for row in _rows(rest[values + 1 :]):
        _add_row(collector, table, columns, row, starts)


def _rows(words: Sequence[Token]) -> Iterator[list[Token]]:
    """The first word of each value of each parenthesised row."""
    depth = 0
    row: list[Token] = []
    fresh = True
    for word, offset in words:
        if word == "(":
            depth += 1
            if depth == 1:
                row, fresh = [], True
        elif word == ")":
            depth -= 1
            if depth == 0:
                yield row
        elif depth == 1 and word == ",":
            fresh = True
        elif fresh and depth == 1:
            row.append((word, offset))
            fresh = False


def _add_row(
    collector: Collector, table: str, columns: Sequence[str], row: Sequence[Token], starts: LineStarts
) -> None:
    people = bool(_PEOPLE.search(table))
    fits = len(columns) == len(row)
    named = fits and any(names_secret(column) for column in columns)
    for index, (word, offset) in enumerate(row):
        value = word[1:-1] if word[0] in "'\"" else ""
        column = columns[index] if fits else ""
        secret = names_secret(column) if named else people and bool(_HASH.match(value))
        if value and (secret or (column.endswith("hash") and _HASH.match(value))):
            line, place = starts.place(offset)
            collector.add(f"{table}.{column or index + 1}", value, line, column=place + 1)


def _read_copies(collector: Collector) -> None:
    columns: list[str] = []
    table = ""
    for number, line in enumerate(collector.lines, 1):
        if line.startswith("\\."):
            columns = []
        elif columns:
            fields = line.rstrip("\r").split("\t")
            for column, value in zip(columns, fields, strict=False):
                if len(fields) == len(columns) and value != "\\N" and names_secret(column):
                    collector.add(f"{table}.{column}", value, number)
        elif line[:4].lower() == "copy":
            match = _COPY.match(line)
            if match:
                table, columns = _bare(match.group(1)), [_bare(part.strip()) for part in match.group(2).split(",")]


READER = CredentialReader(paths(endings=(".sql",), tails=(".sql.bak", ".sql.txt", ".dump")), _read)
