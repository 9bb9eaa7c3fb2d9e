"""Functions of texts. Source of what they do: the public documentation of Kusto Query Language."""

from lockgate.kql.functions import Maker
from lockgate.kql.functions.strings import building, compression, encoding, patterns, searching

FUNCTIONS: dict[str, Maker] = {
    **building.FUNCTIONS,
    **searching.FUNCTIONS,
    **patterns.FUNCTIONS,
    **encoding.FUNCTIONS,
    **compression.FUNCTIONS,
}
