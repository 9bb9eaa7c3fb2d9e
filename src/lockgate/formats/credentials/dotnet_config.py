""".NET settings: connection strings and named secrets of appsettings.json, web.config and kin."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves, xml_elements


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("connection-string", text, spread=10)
    if path.lower().endswith(".json"):
        for leaf in json_leaves(content):
            above = leaf.path[-2] if len(leaf.path) > 1 and leaf.key.lower() == "key" else ""
            collector.add_named(f"{above}_{leaf.key}" if above else leaf.key, leaf.value, leaf.line)
        return collector.done()
    for element in xml_elements(content):
        values = element.attributes
        name = values.get("key") or values.get("name") or element.name
        for key, value in values.items():
            if key == "value" and element.path[-2:-1] == ("apikeys",):  # NuGet: the key is the address of the feed
                collector.add("apikey", value, element.line, host=values.get("key", ""))
            elif key in ("value", "connectionString"):
                collector.add_named(name, value, element.line)
            elif key.lower() in ("password", "decryptionkey", "validationkey", "clientsecret"):
                collector.add(key, value, element.line, user=values.get("userName", values.get("username", "")))
        collector.add_named(name, element.text, element.line)
    return collector.done()


READER = CredentialReader(
    paths(
        *(
            "web.config",
            "app.config",
            "machine.config",
            "connectionstrings.config",
            "nuget.config",
            "appsettings.config",
        ),
        *("local.settings.json", "secrets.json", "usersecrets.json", "connectionstrings.json", "nlog.config"),
        *("web.debug.config", "web.release.config", "settings.xml", "applicationhost.config"),
        starts=("appsettings",),
        start_endings=(".json",),
    ),
    _read,
)
