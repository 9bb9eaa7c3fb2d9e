"""JetBrains project files (``.idea``): servers and data sources; obfuscation of their passwords hides nothing."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import xml_elements

_KEYS = ("password", "passphrase", "encryptedPassword", "ssh-password", "privateKeyPassphrase")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("jetbrains", text, spread=10)
    for element in xml_elements(content):
        values = element.attributes
        user = values.get("username") or values.get("user") or values.get("userName") or ""
        line = element.line
        for key in _KEYS:
            collector.add(key, values.get(key), line, user=user, host=values.get("host", ""))
        if element.name == "option" and values.get("name", "").lower().endswith(("password", "passphrase")):
            collector.add(values["name"], values.get("value"), line)
        elif element.name in ("jdbc-url", "url", "user-password", "password"):
            collector.add_named(element.name, element.text, line)
        if "url" in values:
            collector.add_embedded("url", values["url"], line)
    return collector.done()


READER = CredentialReader(
    paths(
        *("webservers.xml", "datasources.xml", "datasources.local.xml", "deployment.xml", "sshconfigs.xml"),
        *("webservers.local.xml", "security.xml", "dbnavigator.xml"),
    ),
    _read,
)
