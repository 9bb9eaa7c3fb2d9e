"""Functions of times, bins and bits. Source of what they do: the public documentation of Kusto Query Language."""

from lockgate.kql.functions import Maker
from lockgate.kql.functions.time import bins, bits, calendar, making, writing

FUNCTIONS: dict[str, Maker] = {
    **calendar.FUNCTIONS,
    **making.FUNCTIONS,
    **writing.FUNCTIONS,
    **bins.FUNCTIONS,
    **bits.FUNCTIONS,
}
