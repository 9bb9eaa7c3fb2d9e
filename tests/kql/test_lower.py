"""The relational tree of a query."""

import pytest

from lockgate.kql import Workspace, bind, parse, relation
from lockgate.kql.emit import needs
from lockgate.kql.lower import lower

COLUMNS = {"n": "long", "Text": "string", "Who": "dynamic"}


@pytest.mark.parametrize("inner", ["summarize k = count()", "where isnotnull(e) | summarize k = make_list(e)"])
def test_rows_that_mv_apply_joins_to_themselves_are_counted_once(inner: str) -> None:
    """Without an order two counts may differ, and the join by their numbers then pairs rows of different rows."""
    query = f"Events | mv-apply e = Who on ({inner}) | project n, k"
    lowered = lower(query, bind(parse(query), Workspace({"Events": COLUMNS})), now=0)
    nodes = needs.ordered(lowered.results[0].node)
    (counted,) = (node for node in nodes if isinstance(node, relation.Number) and isinstance(node.input, relation.Scan))
    (reader,) = (node for node in nodes if counted in node.inputs)
    assert isinstance(reader, relation.Kept) and reader.costly
    assert sum(reader in node.inputs for node in nodes) == 2
