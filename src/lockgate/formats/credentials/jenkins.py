"""Jenkins' credentials.xml: passwords, secrets and keys, sealed with ``secrets/master.key`` of the same folder tree.

Source: https://www.jenkins.io/doc/developer/security/secrets/. ``{...}`` is
base64 of the sealed value; before 2.44 without braces.
"""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import xml_elements
from lockgate.model import Confidence

_KEYS = frozenset(
    ["password", "secret", "passphrase", "privatekey", "apitoken", "secretkey", "accesstoken", "bindpassword"]
)


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    collector = Collector("jenkins", text_of(content), spread=10)
    for element in xml_elements(content):
        text = element.text.strip()
        if element.name.lower() in _KEYS and text and not text.startswith("-----BEGIN"):
            inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
            collector.add(element.name, inner, element.line, at_most=Confidence.MEDIUM)
    return collector.done()


READER = CredentialReader(paths("credentials.xml"), _read)
