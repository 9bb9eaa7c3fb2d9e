"""The Common Expression Language as Kubernetes uses it: compile a text once, evaluate it on plain objects.

The language is that of google/cel-spec with cel-go's extensions (strings, lists, sets, math, encoders, optional
types, two-variable comprehensions, bindings) and Kubernetes' libraries (quantity, url, ip, cidr, authorizer, semver,
format, regex, lists, JSON patches). Messages exist only as ``Object`` and ``JSONPatch``, for mutation.

Every value is dynamic: a field of an object has the type of its JSON text. Kubernetes converts fields by the schema of
a known kind (``format: date-time`` to a timestamp, ``byte`` to bytes, an int-or-string to either) and refuses a policy
whose types cannot fit; neither is done here. Costs are counted as steps and not estimated beforehand.
"""

from lockgate.policy.cel.expression import Expression, compile_expression, held_in, load_expression
from lockgate.policy.cel.values import CelError, Duration, Optional, Timestamp, TypeValue, Uint

__all__ = [
    "CelError",
    "Duration",
    "Expression",
    "Optional",
    "Timestamp",
    "TypeValue",
    "Uint",
    "compile_expression",
    "held_in",
    "load_expression",
]
