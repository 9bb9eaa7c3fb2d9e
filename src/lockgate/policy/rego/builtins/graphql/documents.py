"""Reads executable documents: operations and fragments (specification of October 2021, section 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.contract import LimitError
from lockgate.policy.rego.builtins.graphql.errors import GraphQLError
from lockgate.policy.rego.builtins.graphql.lexer import Lexer, Token
from lockgate.policy.rego.builtins.graphql.nodes import (
    BLOCK,
    BOOLEAN,
    ENUM,
    FLOAT,
    INT,
    LIST,
    NULL,
    OBJECT,
    STRING,
    VARIABLE,
    Node,
)
from lockgate.policy.rego.values import quote

MAX_NESTING: Final = 50
"""Selection sets, values and types inside one another; each is up to three levels of the value that is answered."""

_LITERALS: Final = {"Int": INT, "Float": FLOAT, "String": STRING, "BlockString": BLOCK}
_OPERATIONS: Final = frozenset({"query", "mutation", "subscription"})


class Reader:
    """Tokens with one ahead, comments gathered on the way, and the parts that both kinds of documents share."""

    def __init__(self, text: str, budget: Budget) -> None:
        self.lexer = Lexer(text)
        self.budget = budget
        self.ahead: Token | None = None
        self.taken: Token | None = None
        self.comment: Node | None = None
        """The comments in front of the token ahead."""
        self.depth = 0

    def peek(self) -> Token:
        """The token ahead, which is not taken."""
        if self.ahead is None:
            self.budget.spend()
            token = self.lexer.read()
            if token.kind == "Comment":
                comments = []
                while token.kind == "Comment":
                    comments.append(Node("Comment", token.line, token.column, Value=token.value))
                    token = self.lexer.read()
                self.budget.spend(len(comments))
                self.comment = Node("CommentGroup", List=comments)
            self.ahead = token
        return self.ahead

    def take(self) -> Token:
        """The next token. Raises :class:`GraphQLError` when it is none."""
        token = self.peek()
        if token.error is not None:
            raise token.error
        self.ahead, self.comment, self.taken = None, None, token
        return token

    def fail(self, token: Token, message: str) -> NoReturn:
        raise GraphQLError(message, token.line, token.column)

    def unexpected(self, token: Token | None = None) -> NoReturn:
        token = token or self.peek()
        self.fail(token, f"Unexpected {token}")

    def node(self, kind: str) -> Node:
        """A node at the place of the token ahead."""
        token = self.peek()
        return Node(kind, token.line, token.column)

    def skip(self, kind: str) -> bool:
        """Whether the next token is of this kind, and then it is taken."""
        if self.peek().kind != kind:
            return False
        self.take()
        return True

    def expect(self, kind: str) -> Node | None:
        """Take a token of this kind; the comments in front of it."""
        token = self.peek()
        comment = self.comment
        if token.kind != kind:
            self.fail(token, f"Expected {kind}, found {token.kind}")
        self.take()
        return comment

    def keyword(self, word: str) -> Node | None:
        """Take this word; the comments in front of it."""
        token = self.peek()
        comment = self.comment
        if token.kind != "Name" or token.value != word:
            self.fail(token, f"Expected {quote(word)}, found {token}")
        self.take()
        return comment

    def name(self) -> str:
        token = self.peek()
        self.expect("Name")
        return token.value

    def description(self) -> tuple[str | None, Node | None]:
        """The string ahead, or None, and the comments in front of it."""
        if self.peek().kind not in ("String", "BlockString"):
            return None, None
        comment = self.comment
        return self.take().value, comment

    def some(self, brackets: str, one: Callable[[], Node]) -> tuple[list[Node], Node | None]:
        """One or more between brackets, if the first is ahead, and the comments in front of the last."""
        if not self.skip(brackets[0]):
            return [], None
        found = self._until(brackets[1], one)
        if not found:
            token = self.peek()
            self.fail(token, f"expected at least one definition, found {token.kind}")
        comment = self.comment
        self.take()
        return found, comment

    def _until(self, close: str, one: Callable[[], Node]) -> list[Node]:
        found = []
        while self.peek().kind != close:
            found.append(one())
        return found

    def deeper(self) -> None:
        """Go one level down, and no deeper than ``MAX_NESTING``."""
        if self.depth >= MAX_NESTING:
            raise LimitError(f"graphql: more than {MAX_NESTING} levels of nesting")
        self.depth += 1

    def value(self, constant: bool) -> Node:
        """A literal, or a variable where the place is not constant."""
        token, value = self.peek(), self.node("Value")
        if token.kind in ("[", "{"):
            return self._collection(value, constant)
        if token.kind == "$":
            if constant:
                self.unexpected()
            value["Kind"], value["Raw"] = VARIABLE, self._variable()
            return value
        if token.kind == "Name":
            value["Kind"] = {"true": BOOLEAN, "false": BOOLEAN, "null": NULL}.get(token.value, ENUM)
        elif token.kind in _LITERALS:
            value["Kind"] = _LITERALS[token.kind]
        else:
            self.unexpected()
        self.take()
        value["Raw"] = token.value
        return value

    def _collection(self, value: Node, constant: bool) -> Node:
        self.deeper()
        value["Comment"] = self.comment
        listed = self.take().kind == "["
        value["Kind"] = LIST if listed else OBJECT

        def item() -> Node:
            if listed:
                return Node("ChildValue", Value=self.value(constant))
            child = self.node("ChildValue")
            child["Comment"] = self.comment
            child["Name"] = self.name()
            self.expect(":")
            child["Value"] = self.value(constant)
            return child

        value["Children"] = self._until("]" if listed else "}", item)
        self.take()
        self.depth -= 1
        return value

    def _variable(self) -> str:
        self.expect("$")
        return self.name()

    def arguments(self, constant: bool) -> list[Node]:
        def argument() -> Node:
            found = self.node("Argument")
            found["Comment"] = self.comment
            found["Name"] = self.name()
            self.expect(":")
            found["Value"] = self.value(constant)
            return found

        return self.some("()", argument)[0]

    def directives(self, constant: bool) -> list[Node]:
        found = []
        while self.skip("@"):
            directive = self.node("Directive")
            directive["Name"] = self.name()
            directive["Arguments"] = self.arguments(constant)
            found.append(directive)
        return found

    def type_reference(self) -> Node:
        listed = self.skip("[")
        found = self.node("Type")
        if listed:
            self.deeper()
            found["Elem"] = self.type_reference()
            self.expect("]")
            self.depth -= 1
        else:
            found["NamedType"] = self.name()
        found["NonNull"] = self.skip("!")
        return found


class _Executable(Reader):
    def document(self) -> Node:
        document = Node("QueryDocument")
        while self.peek().kind != "<EOF>":
            text, comment = self.description()
            token = self.peek()
            if token.kind == "{" or (token.kind == "Name" and token.value in _OPERATIONS):
                document["Operations"].append(self._operation(text, comment))
            elif token.kind == "Name" and token.value == "fragment":
                document["Fragments"].append(self._fragment(text, comment))
            else:
                self.unexpected()
        return document

    def _operation(self, description: str | None, before: Node | None) -> Node:
        found = self.node("OperationDefinition")
        if self.peek().kind == "{":
            if description is not None:
                self.unexpected(self.taken)
            # OPA loses the comments in front of this form.
            found["Operation"] = "query"
        else:
            found["Description"] = description or ""
            found["Comment"] = _joined(before, self.comment)
            found["Operation"] = self.take().value
            found["Name"] = self.take().value if self.peek().kind == "Name" else ""
            found["VariableDefinitions"] = self._variables()
            found["Directives"] = self.directives(False)
        found["SelectionSet"] = self._selections()
        return found

    def _fragment(self, description: str | None, before: Node | None) -> Node:
        found = self.node("FragmentDefinition")
        found["Description"] = description or ""
        found["Comment"] = _joined(before, self.comment)
        self.keyword("fragment")
        found["Name"] = self._fragment_name()
        found["VariableDefinition"] = self._variables()
        self.keyword("on")
        found["TypeCondition"] = self.name()
        found["Directives"] = self.directives(False)
        found["SelectionSet"] = self._selections()
        return found

    def _fragment_name(self) -> str:
        if self.peek().value == "on":
            self.unexpected()
        return self.name()

    def _variables(self) -> list[Node]:
        def definition() -> Node:
            description, before = self.description()
            found = self.node("VariableDefinition")
            found["Description"] = description or ""
            found["Comment"] = _joined(before, self.comment)
            found["Variable"] = self._variable()
            self.expect(":")
            found["Type"] = self.type_reference()
            if self.skip("="):
                found["DefaultValue"] = self.value(True)
            found["Directives"] = self.directives(False)
            return found

        return self.some("()", definition)[0]

    def _selections(self) -> list[Node]:
        token = self.peek()
        if token.kind != "{":
            self.fail(token, f"Expected {{, found {token.kind}")
        self.deeper()
        found = self.some("{}", self._selection)[0]
        self.depth -= 1
        return found

    def _selection(self) -> Node:
        if self.peek().kind == "...":
            return self._spread()
        field = self.node("Field")
        field["Comment"] = self.comment
        field["Alias"] = field["Name"] = self.name()
        if self.skip(":"):
            field["Name"] = self.name()
        field["Arguments"] = self.arguments(False)
        field["Directives"] = self.directives(False)
        if self.peek().kind == "{":
            field["SelectionSet"] = self._selections()
        return field

    def _spread(self) -> Node:
        comment = self.expect("...")
        token = self.peek()
        if token.kind == "Name" and token.value != "on":
            found = self.node("FragmentSpread")
            found["Comment"] = comment
            found["Name"] = self._fragment_name()
            found["Directives"] = self.directives(False)
            return found
        found = self.node("InlineFragment")
        found["Comment"] = comment
        if token.value == "on":
            self.take()
            found["TypeCondition"] = self.name()
        found["Directives"] = self.directives(False)
        found["SelectionSet"] = self._selections()
        return found


def _joined(before: Node | None, after: Node | None) -> Node | None:
    if before is None or after is None:
        return before or after
    return Node("CommentGroup", List=before["List"] + after["List"])


def parse_query(text: str, budget: Budget) -> Node:
    """The ``QueryDocument``. Raises :class:`GraphQLError` with the place, BuiltinError when nested too deeply."""
    return _Executable(text, budget).document()
