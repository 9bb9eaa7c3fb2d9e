"""Functions of addresses. Source of what they do: the public documentation of Kusto Query Language."""

from lockgate.kql.functions import Maker
from lockgate.kql.functions.network import found, ipv4, ipv6

FUNCTIONS: dict[str, Maker] = {**ipv4.FUNCTIONS, **ipv6.FUNCTIONS, **found.FUNCTIONS}
