"""What compiled Rego calls while it runs.

Names are short where generated code uses them: ``U`` is undefined, ``X`` marks a unit that was not evaluated yet.
"""

from __future__ import annotations

from typing import Any, Final

from lockgate.policy.rego.builtins.contract import MAX_TEXT, BuiltinError, bounded
from lockgate.policy.rego.builtins.sprintf import shown
from lockgate.policy.rego.run.documents import Cursor, computed, document, settled, step, steps
from lockgate.policy.rego.run.lookups import (
    above,
    at_least,
    at_most,
    base_get,
    below,
    dig,
    get,
    opairs,
    ordered,
    ovals,
    paid,
    pairs,
    unequal,
    vals,
)
from lockgate.policy.rego.run.replace import replace
from lockgate.policy.rego.run.results import agreed, enter, include, insert, put, say
from lockgate.policy.rego.run.state import ARRAYS, COLLECTIONS, COUNTED, U, X, keep, tried
from lockgate.policy.rego.values import Set, WideFloat, equal, key_of

SUPPORT: Final[dict[str, Any]] = {
    "U": U, "X": X, "ONE": (None,), "ARRAYS": ARRAYS, "COLLECTIONS": COLLECTIONS, "Set": Set, "key_of": key_of,
    "COUNTED": COUNTED, "LONGEST": MAX_TEXT, "equal": equal, "WideFloat": WideFloat,
    "BuiltinError": BuiltinError, "Cursor": Cursor,
    **{function.__name__: function for function in (
        dig, get, base_get, vals, pairs, ovals, opairs, paid, ordered, below, at_most, above, at_least, unequal,
        agreed, put, enter, insert, include, document, computed, step, steps, settled, replace, say, tried, keep,
        bounded, shown,
    )},
}  # fmt: skip
"""Names that generated code may use."""
