"""JetBrains project files (``.idea``): servers and data sources; obfuscation of their passwords hides nothing."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import xml_elements

_KEYS = ("password", "passphrase", "encryptedPassword", "ssh-password", "privateKeyPassphrase")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("jetbrains", text)
    for element in xml_elements(content):
        values = element.attributes
        user = values.get("username") or values.get("user") or values.get("userName") or ""
        line = element.line
        for key in _KEYS:
            collector.add(key, values.get(key), _line_of(collector, key, line), user=user, host=values.get("host", ""))
        if element.name == "option" and values.get("name", "").lower().endswith(("password", "passphrase")):
            collector.add(values["name"], values.get("value"), line)
        elif element.name in ("jdbc-url", "url", "user-password", "password"):
            collector.add_named(element.name, element.text, line)
        if "url" in values:
            collector.add_embedded("url", values["url"], line)
    return collector.done()


def _line_of(collector: Collector, key: str, line: int) -> int:
    """An element may spread its attributes over some lines: the first of the next ten that names the key."""
    near = collector.lines[line - 1 : line + 9]
    return next((line + place for place, text in enumerate(near) if f'{key}="' in text), line)


READER = CredentialReader(
    paths(
        *("webservers.xml", "datasources.xml", "datasources.local.xml", "deployment.xml", "sshconfigs.xml"),
        *("webservers.local.xml", "security.xml", "dbnavigator.xml"),
    ),
    _read,
)
