"""DBeaver connections, as XML (versions before 6.1.3) and JSON (https://dbeaver.com/docs/dbeaver/Project-security/)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves, xml_elements

_KEYS = ("password", "encryptedPassword", "user-password")


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("dbeaver", text, spread=10)
    if path.lower().endswith(".xml"):
        for element in xml_elements(content):
            values = element.attributes
            for key in _KEYS:
                user, host = values.get("user", ""), values.get("host", "")
                collector.add(key, values.get(key), element.line, user=user, host=host)
            if "url" in values:
                collector.add_embedded("url", values["url"], element.line)
            if values.get("name", "").lower().endswith("password"):
                collector.add(values["name"], values.get("value"), element.line)
        return collector.done()
    for leaf in json_leaves(content):
        collector.add_named(leaf.key, leaf.value, leaf.line)
    return collector.done()


READER = CredentialReader(
    paths(
        *("dbeaver-data-sources.xml", ".dbeaver-data-sources.xml", "data-sources.xml", "data-sources.json"),
        *("credentials-config.json", "dbeaver-data-sources.json"),
        starts=(".dbeaver-data-sources",),
    ),
    _read,
)
