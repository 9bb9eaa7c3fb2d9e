"""What can be wrong with a GraphQL document, worded as OPA words it."""

from __future__ import annotations

from collections.abc import Sequence


class GraphQLError(Exception):
    """A document that does not parse, or one thing that a rule finds in it."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        """What is wrong."""
        self.line = line
        """From 1; 0 when the document came as an object, which has no places."""
        self.column = column
        """From 1, in characters."""

    def __str__(self) -> str:
        place = f"input:{self.line}:{self.column}" if self.line else "input"
        return f"{place}: {self.message}"


def worded(text: str) -> str:
    """The message of ``graphql.parse`` for the errors in ``text``: the first one's place goes to the end."""
    parts = text.split(":", 3)
    if len(parts) == 4 and parts[1].isdigit() and parts[2].isdigit():
        message = parts[3].lstrip(" ").removesuffix(".\n")
        return f"{message} in GraphQL string at location {parts[1]}:{parts[2]}"
    return f"GraphQL parse error: {text}"


def listed(errors: Sequence[GraphQLError]) -> str:
    """Several errors, one a line."""
    return "".join(f"{error}\n" for error in errors)
