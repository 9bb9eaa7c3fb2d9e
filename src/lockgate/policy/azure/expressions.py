"""Template expressions of policies, ``[concat(field('name'), '-x')]``: read as templates are, with policies' errors."""

from __future__ import annotations

from typing import Final

from lockgate.formats.arm_expression import Access, Call, Expression, ExpressionError, Literal, is_expression, parse
from lockgate.formats.arm_expression import literal_text as literal_text
from lockgate.policy.errors import PolicyError

__all__ = ["Access", "Call", "Expression", "Literal", "is_expression", "literal_text", "parse_expression"]

MAX_ARGUMENTS: Final = 128


def parse_expression(text: str, *, where: str = "") -> Expression:
    """The tree of ``[...]``. Raises :class:`PolicyError` with the column of what is wrong."""
    try:
        return parse(text, most_arguments=MAX_ARGUMENTS)
    except ExpressionError as error:
        shown = text if len(text) <= 120 else text[:117] + "..."
        raise PolicyError(f"{error.reason} at character {error.column} of {shown}", where=where) from None
