"""Answer files of a Windows set-up: passwords in clear, or base64 of UTF-16 with the element's name behind them.

Source: https://learn.microsoft.com/en-us/windows-hardware/customize/desktop/unattend/.
"""

from __future__ import annotations

import base64
import binascii

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import xml_elements


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    collector = Collector("service-secrets", text_of(content), spread=10)
    for element in xml_elements(content):
        above = element.path[-2] if len(element.path) > 1 else ""
        if element.name == "Value" and above.endswith("Password"):
            collector.add(above, _plain(element.text, above), element.line, written=element.text)
        elif element.name.endswith("Password") and element.text:
            collector.add(element.name, element.text, element.line)
    return collector.done()


def _plain(text: str, suffix: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le").removesuffix(suffix)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return text


READER = CredentialReader(paths("unattend.xml", "autounattend.xml", "sysprep.xml", "unattended.xml"), _read)
