"""Every way in over HTTP as the mounts of one server, upon one journal."""

from __future__ import annotations

from lockgate.server.access import INGEST, People, Person
from lockgate.server.ingest import app, data_collector, elasticsearch, otlp, remote_write, sent
from lockgate.server.ingest.shared_key import signer
from lockgate.server.ingest.taking import Taker
from lockgate.server.mounts import Mount
from lockgate.store.ingest import Collected
from lockgate.store.ingest.data_collection_rules import Rules
from lockgate.store.ingest.sent import Clean


def ways_in(
    taker: Taker, collected: Collected, people: People, *, salt: bytes, clean: Clean,
    rules: Rules | None = None,
) -> list[Mount]:  # fmt: skip
    """The mounts. ``salt``: of the workspace, which shared keys are made of. The first closes ``taker``."""

    def signed(authorization: str, length: int, kind: str, date: str) -> Person | None:
        return signer(people, salt, authorization, length=length, kind=kind, date=date)

    collector = data_collector.DataCollectorApp(taker, collected, signed)
    return [
        Mount(app.PREFIXES, app.IngestApp(taker, rules), INGEST, close=taker.close),
        Mount(sent.PREFIXES, sent.SentApp(taker, clean), INGEST),
        Mount(elasticsearch.PREFIXES, elasticsearch.ElasticsearchApp(taker, collected), INGEST),
        Mount(otlp.PREFIXES, otlp.OtlpApp(taker), INGEST),
        Mount(remote_write.PREFIXES, remote_write.RemoteWriteApp(taker), INGEST),
        Mount(data_collector.PREFIXES, collector, INGEST, frozenset(data_collector.PREFIXES)),
    ]
