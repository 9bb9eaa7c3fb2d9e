"""GraphQL: the six builtins ``graphql.*``.

Documents are in OPA's shape (``nodes``), errors in its words. Queries and schemas may also be given as such objects.
Bounds on size and nesting are errors even where OPA answers false, since nothing is then known of the document. The
parser and the rules are imported by the first call, since few policies have one.
"""

from __future__ import annotations

from typing import Final

from lockgate.policy.rego.builtins.contract import Context, Function
from lockgate.policy.rego.values import Value

_NAMES: Final = ("is_valid", "parse", "parse_and_verify", "parse_query", "parse_schema", "schema_is_valid")


def _function(name: str) -> Function:
    def answer(context: Context, *arguments: Value) -> Value:
        from lockgate.policy.rego.builtins.graphql.answers import ANSWERS

        return ANSWERS[name](context, *arguments)

    return answer


WITH_CONTEXT: Final[dict[str, Function]] = {f"graphql.{name}": _function(f"graphql.{name}") for name in _NAMES}
