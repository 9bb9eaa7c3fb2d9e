"""A cluster source over the simulator, or over a real cluster."""

from collections.abc import Callable, Iterator

import pytest

from lockgate.model import Object, Skip
from lockgate.sources.cluster import ClusterSource, Limits, connect

SALT = b"0123456789abcdef"
QUICK = Limits(connect_seconds=2, read_seconds=5, retries=6, wait_seconds=3)


@pytest.fixture
def source_of(simulator) -> Iterator[Callable[..., ClusterSource]]:
    """Makes sources over the simulator by token, limits and options."""
    made = []

    def make(token="", *, limits=QUICK, kubeconfig=None, **options) -> ClusterSource:
        connection = connect(kubeconfig=kubeconfig or simulator.kubeconfig(token), limits=limits)
        made.append(ClusterSource(connection, salt=SALT, **options))
        return made[-1]

    yield make
    for source in made:
        source.close()


def parted(rows):
    """(objects by path, skips) of what a source yields."""
    objects, skips = {}, []
    for row in rows:
        if isinstance(row, Object):
            assert row.path not in objects, f"{row.path} was told twice"
            objects[row.path] = row
        else:
            assert isinstance(row, Skip)
            skips.append(row)
    return objects, skips


def config_map(name, namespace="default", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def fill(simulator, count, *, size=10):
    """Store ConfigMaps directly: thousands by request would take the test its time."""
    for number in range(count):
        name = f"map-{number:06}"
        body = config_map(name, text="x" * size)
        body["metadata"]["uid"] = f"uid-{number}"
        simulator.store.put("/configmaps", ("default", name), body, expect=None)


@pytest.fixture
def cluster_api(simulator):
    """A plain client of the simulator as its administrator."""
    from tests.simulators.cluster import client_of

    with client_of(simulator.kubeconfig()) as client:
        yield client
