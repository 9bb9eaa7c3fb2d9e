"""Words that arguments are chosen from. Source: the public documentation of Kusto Query Language."""

from lockgate.kql.keywords import words

PARTS = words(
    """year quarter month week day hour minute second millisecond microsecond nanosecond"""
)

ALL_PARTS = words(
    """year quarter month week_of_year day dayofyear hour minute second millisecond microsecond nanosecond"""
)

VALUES = {
    "parts": PARTS,
    "all_parts": ALL_PARTS,
}
"""Sets of words by the name that signatures use."""
