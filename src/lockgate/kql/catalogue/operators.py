"""Operators of values, by what they take and give. ``$0`` as a kind is the type of the first argument.

Source: the public documentation of Kusto Query Language.
"""

_ARITHMETIC_WITH_DYNAMIC = """
{0}(a: dynamic, b: dynamic) -> dynamic
{0}(a: dynamic, b: int) -> long
{0}(a: int, b: dynamic) -> long
"""
_TIMED = """
{0}(a: dynamic, b: int|long|real|decimal|timespan|datetime) -> $1
{0}(a: int|long|real|decimal|timespan|datetime, b: dynamic) -> $0
"""
_COUNTED = """
{0}(a: dynamic, b: number) -> $1
{0}(a: number, b: dynamic) -> $0
"""
_COMPARED = """
{0}(a: bool, b: number|bool) -> bool
{0}(a: number, b: number|bool) -> bool
{0}(a: timespan, b: timespan) -> bool
{0}(a: datetime, b: datetime) -> bool
{0}(a: dynamic, b: dynamic) -> bool
{0}(a: dynamic, b: number) -> bool
{0}(a: number, b: dynamic) -> bool
"""
_LOGIC = """
{0}(a: bool, b: bool) -> bool
{0}(a: dynamic, b: bool) -> bool
{0}(a: bool, b: dynamic) -> bool
{0}(a: dynamic, b: dynamic) -> bool
"""
_BETWEEN = """
{0}(a: number, low: number, high: number) -> bool
{0}(a: summable, low: $0, high: $0) -> bool
{0}(a: datetime, low: datetime, high: timespan) -> bool
{0}(a: number, low: dynamic, high: $1) -> bool
{0}(a: dynamic, low: number, high: $1) -> bool
"""
_AMONG = """
{0}(a: bool, list: table) -> bool
{0}(a: notbool, list: table) -> bool
{0}(a: bool, item: scalar+) -> bool
{0}(a: notbool, item: scalar+) -> bool
"""
_AMONG_TEXTS = """
{0}(a: string|dynamic, list: table) -> bool
{0}(a: string|dynamic, item: scalar+) -> bool
"""
_TEXT = """
{0}(a: string|dynamic, b: string|dynamic) -> bool
{0}(a: star string|dynamic, b: string|dynamic) -> bool
"""
_TERM = """
{0}(a: string|dynamic, b: string) -> bool
{0}(a: star string|dynamic, b: string) -> bool
"""

_PLAIN = """
add(a: number, b: number) -> widest
add(a: timespan, b: timespan) -> timespan
add(a: datetime|timespan, b: datetime|timespan) -> datetime
subtract(a: number, b: number) -> widest
subtract(a: timespan, b: timespan) -> timespan
subtract(a: datetime, b: datetime) -> timespan
subtract(a: datetime, b: dynamic) -> timespan
subtract(a: dynamic, b: datetime) -> timespan
subtract(a: datetime, b: timespan) -> datetime
subtract(a: timespan, b: datetime) -> datetime
multiply(a: number, b: number) -> widest
multiply(a: timespan, b: timespan) -> timespan
multiply(a: timespan, b: number) -> timespan
multiply(a: number, b: timespan) -> timespan
multiply(a: datetime, b: number) -> datetime
multiply(a: number, b: datetime) -> datetime
divide(a: number, b: number) -> widest
divide(a: timespan, b: timespan) -> real
divide(a: timespan, b: number) -> timespan
divide(a: datetime, b: datetime) -> real
divide(a: datetime, b: timespan) -> real
divide(a: datetime, b: number) -> datetime
modulo(a: number, b: number) -> widest
modulo(a: timespan, b: timespan) -> timespan
modulo(a: timespan, b: number) -> timespan
modulo(a: datetime, b: datetime) -> timespan
modulo(a: datetime, b: timespan) -> timespan
modulo(a: datetime, b: number) -> datetime
negate(a: summable) -> long $0
negate(a: dynamic) -> dynamic
equal(a: bool, b: scalar) -> bool
equal(a: notbool, b: scalar) -> bool
equal(a: star notbool, b: scalar) -> bool
unequal(a: bool, b: scalar) -> bool
unequal(a: notbool, b: scalar) -> bool
"""
SIGNATURES = _PLAIN + "".join(
    text.format(name).lstrip("\n")
    for text, names in (
        (_ARITHMETIC_WITH_DYNAMIC, "add subtract multiply divide modulo"), (_TIMED, "add subtract"),
        (_COUNTED, "multiply divide modulo"), (_COMPARED, "compare"), (_LOGIC, "logic"), (_BETWEEN, "between"),
        (_AMONG, "among"), (_AMONG_TEXTS, "among_texts"), (_TEXT, "text"), (_TERM, "term"),
    )
    for name in names.split()
)  # fmt: skip

_BY_NAME = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulo": "%", "logic": "and or",
    "compare": "< <= > >=", "equal": "==", "unequal": "!= <>", "between": "between !between",
    "among": "in !in", "among_texts": "in~ !in~ has_any has_all",
    "term": "has !has has_cs !has_cs hasprefix !hasprefix hasprefix_cs !hasprefix_cs hassuffix !hassuffix hassuffix_cs"
    " !hassuffix_cs",
    "text": "=~ !~ like notlike likecs notlikecs contains !contains contains_cs !contains_cs startswith !startswith"
    " startswith_cs !startswith_cs endswith !endswith endswith_cs !endswith_cs : notcontains containscs notcontainscs",
}  # fmt: skip
NAMES = {sign: name for name, signs in _BY_NAME.items() for sign in signs.split()} | {"matches regex": "text"}
"""The signatures that each sign has."""
