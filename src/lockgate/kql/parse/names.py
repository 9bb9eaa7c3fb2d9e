"""Names, declarations of columns, types, and constants."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.kql import literals
from lockgate.kql.keywords import DECLARED_NAMES, EXTENDED_TYPES, NAMES, TYPES
from lockgate.kql.parse.cursor import ENDS, Cursor
from lockgate.kql.syntax import ColumnDeclaration, Expression, Literal, Name, Schema, TypeOf, Wildcard

_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "LONG": ("long", literals.whole), "REAL": ("real", literals.real), "BOOL": ("bool", literals.boolean),
    "TIMESPAN": ("timespan", literals.timespan), "DATETIME": ("datetime", literals.moment),
    "DECIMAL": ("decimal", literals.inner), "GUID": ("guid", literals.inner),
}  # fmt: skip
_IN_WILDCARDS = frozenset(("NAME", "LONG", "*")) | DECLARED_NAMES


class Names(Cursor):
    """Reads what consists of a few tokens."""

    def is_name(self, i: int) -> bool:
        """Whether a word that may be referred to without brackets stands at token ``i``."""
        kind = self.kinds[i]
        return kind == "NAME" or kind in NAMES

    def name_length(self, i: int, declared: bool = False) -> int:
        """How many tokens a name at token ``i`` takes, 0 when there is none; ``declared`` allows more words."""
        kind = self.kinds[i]
        if kind == "NAME" or kind in (DECLARED_NAMES if declared else NAMES):
            return 1
        if kind == "[":
            stop = i + 1
            while self.kinds[stop] == "STRING":
                stop += 1
            return stop - i + 1 if stop > i + 1 and self.kinds[stop] == "]" else 0
        return 0

    def name_or_none(self, declared: bool = False) -> Name | None:
        """A name, bracketed or not."""
        i = self.i
        length = self.name_length(i, declared)
        if not length:
            return None
        self.i = i + length
        if length == 1:
            return Name(self.source[self.starts[i] : self.ends[i]], self.starts[i], self.ends[i])
        text = "".join(literals.text(self.tokens.text(j)) for j in range(i + 1, i + length - 1))
        return Name(text, self.starts[i], self.ends[i + length - 1])

    def name(self, declared: bool = False) -> Name:
        """A name, or the error that it is missing."""
        return self.name_or_none(declared) or self.name_missing()

    def wildcard_length(self, i: int) -> int:
        """How many tokens ``Event*Id`` takes at token ``i``: names and stars side by side; 0 when there is none."""
        kinds, starts, ends = self.kinds, self.starts, self.ends
        stop = i + 1
        if kinds[i] != "*":
            known = kinds[i] == "NAME" or kinds[i] in DECLARED_NAMES
            if not (known and kinds[stop] == "*" and starts[stop] == ends[i]):
                return 0
            stop += 1
        while kinds[stop] in _IN_WILDCARDS and starts[stop] == ends[stop - 1]:
            stop += 1
        return stop - i

    def wildcard_or_none(self) -> Wildcard | None:
        """``Event*``, also between brackets."""
        i = self.i
        bracket = self.kinds[i] == "["
        length = self.wildcard_length(i + bracket)
        if not length:
            return None
        start, stop = self.starts[i], self.ends[i + bracket + length - 1]
        pattern = self.source[self.starts[i + bracket] : stop]
        self.i = i + bracket + length
        if bracket:
            self.expect("]")
        return Wildcard(pattern, start, self.last_end)

    # --- constants

    def literal_or_none(self) -> Expression | None:
        """A constant where only constants stand: with its sign, and ``dynamic(...)``."""
        kind = self.kinds[self.i]
        if kind in ("+", "-"):
            i = self.i + 1
            if self.kinds[i] in ("LONG", "REAL", "TIMESPAN") and self.starts[i] == self.ends[i - 1]:
                start = self.starts[self.i]
                self.i = i
                value = self.constant()
                assert isinstance(value, Literal)
                found = value.value
                signed = -found if kind == "-" and isinstance(found, (int, float)) else found
                return Literal(value.type, signed, start, value.end)
            return None
        if kind == "typeof":
            return self.type_of()
        return self.constant()

    def constant(self) -> Literal | None:
        """A constant without sign."""
        i = self.i
        kind = self.kinds[i]
        if kind == "STRING":
            return self.texts()
        if kind == "dynamic":
            return self.dynamic() if self.kinds[i + 1] == "(" else None
        value: object
        if kind == "INT":
            type_, value = "int", literals.whole(self.tokens.text(i), limit=literals.INT_MAX)
        elif known := _READERS.get(kind):
            type_, value = known[0], known[1](self.tokens.text(i))
        elif kind == "RAWGUID":
            self.fail("KS214", "A GUID is written guid(...).")
        else:
            return None
        self.i = i + 1
        return Literal(type_, value, self.starts[i], self.ends[i])

    def texts(self) -> Literal:
        """One text, or several side by side, which are one value."""
        i = self.i
        value = literals.text(self.tokens.text(i))
        self.i = i + 1
        while self.kinds[self.i] == "STRING":
            value += literals.text(self.tokens.text(self.i))
            self.i += 1
        return Literal("string", value, self.starts[i], self.last_end, self.i == i + 1)

    def dynamic(self) -> Literal:
        """``dynamic(...)`` with JSON and Kusto's own constants inside."""
        start = self.starts[self.i]
        self.i += 1
        self.expect("(")
        value = self._json()
        self.expect(")")
        return Literal("dynamic", value, start, self.last_end, False)

    def _json(self) -> object:
        kind = self.kinds[self.i]
        if kind == "[":
            return self._array()
        if kind == "{":
            return self._bag()
        if kind == "null":
            self.i += 1
            return None
        if kind == "-" and self.kinds[self.i + 1] in ("LONG", "REAL"):
            self.i += 1
            number = self.constant()
            assert number is not None and isinstance(number.value, (int, float, type(None)))
            return None if number.value is None else -number.value
        if kind == "DECIMAL":
            self.fail("KS215", "A dynamic value holds no decimal.")
        found = self.constant() if kind != "INT" else None
        if found is None:
            self.lacking("KS006", "A JSON value is missing.")
        return found if found.type in ("datetime", "timespan", "guid") else found.value

    def _array(self) -> list[object]:
        self.deeper()
        self.i += 1
        found: list[object] = []
        while self.kinds[self.i] != "]":
            found.append(self._json())
            if not self.accept(","):
                break
            if self.kinds[self.i] == "]":
                self.lacking("KS006", "A JSON value is missing.")
        self.expect("]")
        self.depth -= 1
        return found

    def _bag(self) -> dict[str, object]:
        self.deeper()
        self.i += 1
        found: dict[str, object] = {}
        while self.kinds[self.i] != "}":
            if self.kinds[self.i] != "STRING":
                self.lacking("KS006", "The name of a member is missing.")
            key = literals.text(self.tokens.text(self.i))
            self.i += 1
            self.expect(":")
            found[key] = self._json()
            if not self.accept(","):
                break
            if self.kinds[self.i] == "}":
                self.lacking("KS006", "A member is missing.")
        self.expect("}")
        self.depth -= 1
        return found

    # --- types and schemas

    def type_name(self, known: dict[str, str] = TYPES) -> str:
        """The type that a word names."""
        word = self.kinds[self.i]
        found = known.get(word)
        if found is None:
            if word == "NAME" or word in NAMES or word in EXTENDED_TYPES:
                self.fail("KS160", f"'{self.tokens.text(self.i)}' names no type that can be used here.")
            self.lacking("KS006", "A type is missing.")
        self.i += 1
        return found

    def column_declaration(self) -> ColumnDeclaration:
        """``name: type``"""
        name = self.name(declared=True)
        self.expect(":")
        return ColumnDeclaration(name, self.type_name(), name.start, self.last_end)

    def schema(self, *, star: bool = False) -> Schema:
        """``(a: long, b: string)``; ``star`` allows ``(*, a: long)``. Commas at both ends are passed over."""
        start = self.expect("(")
        self.accept(",")
        found_star = star and self.accept("*")
        if found_star:
            self.accept(",")
        columns: list[ColumnDeclaration] = []
        while self.kinds[self.i] == ":" or self.name_length(self.i, declared=True):
            columns.append(self.column_declaration())
            if not self.accept(","):
                if self.name_length(self.i, declared=True):
                    self.expected(",")
                break
        self.expect(")")
        return Schema(tuple(columns), found_star, start, self.last_end)

    def type_of(self) -> TypeOf:
        """``typeof(long)`` or ``typeof(*, name: type)``"""
        start = self.expect("typeof")
        self.expect("(")
        if self.kinds[self.i + 1] == ")" and self.kinds[self.i] != "*":
            found = TypeOf(self.type_name(EXTENDED_TYPES), None, start, self.ends[self.i])
            self.expect(")")
            return found
        opened, star, columns = self.starts[self.i - 1], False, []
        while self.kinds[self.i] not in ENDS:
            if self.accept("*"):
                star = True
            else:
                columns.append(self.column_declaration())
            if not self.accept(","):
                break
        self.expect(")")
        schema = Schema(tuple(columns), star, opened, self.last_end)
        return TypeOf("", schema, start, self.last_end)


