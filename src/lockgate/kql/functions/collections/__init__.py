"""Functions of arrays and bags. Source of what they do: the public documentation of Kusto Query Language."""

from lockgate.kql.functions import Maker
from lockgate.kql.functions.collections import arrays, bags, making, ordering, sets

FUNCTIONS: dict[str, Maker] = {
    **arrays.FUNCTIONS,
    **bags.FUNCTIONS,
    **making.FUNCTIONS,
    **ordering.FUNCTIONS,
    **sets.FUNCTIONS,
}
