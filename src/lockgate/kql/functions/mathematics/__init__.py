"""Functions of numbers. Source of what they do: the public documentation of Kusto Query Language."""

from lockgate.kql.functions import Maker
from lockgate.kql.functions.mathematics import chance, distributions, elementary, hashes

FUNCTIONS: dict[str, Maker] = {
    **elementary.FUNCTIONS,
    **distributions.FUNCTIONS,
    **chance.FUNCTIONS,
    **hashes.FUNCTIONS,
}
