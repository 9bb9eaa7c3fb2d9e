"""FileZilla: ``Pass`` of saved and recent servers, base64 or plain (https://wiki.filezilla-project.org/Site_Manager)."""

from __future__ import annotations

import base64
import binascii

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import Element, xml_elements


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    elements = xml_elements(content)
    siblings = {(item.parent, item.name): item.text for item in elements if item.name in ("Host", "User")}
    collector = Collector("filezilla", text_of(content), spread=10)
    for item in elements:
        if item.name == "Pass" and item.attributes.get("encoding") != "crypt":
            user, host = siblings.get((item.parent, "User"), ""), siblings.get((item.parent, "Host"), "")
            collector.add("Pass", _plain(item), item.line, user=user, host=host, written=item.text)
        elif item.name == "Setting" and item.attributes.get("name", "").endswith(("pass", "password")):
            collector.add(item.attributes["name"], item.text, item.line)
        elif "Pass" in item.attributes and "User" in item.attributes:
            values = item.attributes
            collector.add("Pass", values["Pass"], item.line, user=values["User"], host=values.get("Host", ""))
    return collector.done()


def _plain(item: Element) -> str:
    if item.attributes.get("encoding") != "base64":
        return item.text
    try:
        return base64.b64decode(item.text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return item.text


READER = CredentialReader(
    paths(
        *("filezilla.xml", "recentservers.xml", "sitemanager.xml", "queue.xml", "filezilla server.xml"),
        *("filezilla-server.xml", "filezilla_server.xml"),
    ),
    _read,
)
