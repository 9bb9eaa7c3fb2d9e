"""Queries of Container Insights that Microsoft publishes, over what was collected from a cluster."""

import json
import re

import pytest
from tests.corpora import CORPORA

from lockgate.kql import QueryError
from lockgate.store.ask import ask

from .conftest import state

_FILE = CORPORA / "kql" / "queries.jsonl"
_TABLES = frozenset({
    "KubePodInventory", "KubeNodeInventory", "KubeServices", "KubeEvents", "ContainerInventory", "InsightsMetrics",
    "Perf", "ContainerLogV2", "KubePVInventory", "ContainerNodeInventory",
})  # fmt: skip
_OF_OTHERS = re.compile(
    r"vm\.azm\.ms|% |Free Megabytes|Available MBytes|_Total|contosohotels|diskio|_BilledSize|_IsBillable"
    r"|eraser-aks|applink-system|ContainerLog\b|\$aks|contains \"gateway\"|project-away MG"
)
"""What no collector beside the cluster brings: counters of machines, disks, billing, the older table of logs, and
workloads that the cluster of the test has not."""


def queries():
    if not _FILE.is_file():
        return []
    rows = [json.loads(line) for line in _FILE.read_bytes().splitlines()]
    return [row for row in rows if _TABLES & set(row["tables"])]


@pytest.mark.skipif(not _FILE.is_file(), reason="no corpora: set LOCKGATE_CORPORA")
def test_they_find_what_was_collected(harbour, once, record):
    harbour.node()
    harbour.pod(labels={"app": "web"})
    harbour.pod("job", "default", state("done", id_="c-9", running=False))
    harbour.event("e-1")
    for _ in range(2):
        once()
    found = queries()
    meant = [row for row in found if not _OF_OTHERS.search(row["text"])]
    tables = record.asked()
    empty, wrong = [], []
    try:
        for row in meant:
            try:
                if not ask(row["text"], tables).tables[0].rows:
                    empty.append(row["text"])
            except QueryError as error:
                wrong.append(error.message)
    finally:
        tables.connection.close()
    assert (len(found), len(meant), empty) == (33, 13, [])
    # The tutorial shows there what happens to a column that a summarize does not keep.
    assert wrong == ["KS142: There is no column, table, variable or function 'ObjectName'."]


def test_the_views_of_container_insights_show_the_cluster(harbour, once, asked):
    harbour.node()
    harbour.pod(ownerReferences=[
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9f", "uid": "r-1", "controller": True}
    ])  # fmt: skip
    once()
    from lockgate.tables._insights import FUNCTIONS

    assert FUNCTIONS
    for name in FUNCTIONS:
        assert asked(f"{name}()"), name
