"""Settings of database clients in JSON: Robo 3T, MongoDB Compass, pgAdmin, SQL Workbench, VS Code extensions."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    collector = Collector("database-client", text_of(content))
    for leaf in json_leaves(content):
        collector.add_named(leaf.key, leaf.value, leaf.line)
    return collector.done()


READER = CredentialReader(
    paths(
        *("robomongo.json", "robo3t.json", "servers.json", "connections.json", "ormconfig.json", "sqltools.json"),
        *("compass-connections.json", "mongodb.json", "database.json", "databases.json", "datasources.json"),
    ),
    _read,
)
