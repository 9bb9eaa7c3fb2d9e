"""Java settings: passwords and JDBC addresses of properties files and of the XML of persistence and servers."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import xml_elements
from lockgate.lazy_pattern import lazy_pattern

_TRANSLATION = lazy_pattern(
    r"(?i)(?:messages?|labels?|strings|i18n|l10n|locales?|translations?|resources?|bundle)[^/]{0,60}\.properties\Z"
    r"|_[a-z]{2}(?:_[a-z]{2,4})?\.properties\Z|/(?:i18n|l10n|locales?|translations?)/"
)
"""Files of texts for people: ``login.password=Passwort`` is a label."""


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    if _TRANSLATION.search(path):
        return ()
    collector = Collector("java-settings", text, spread=10)
    if not path.lower().endswith(".xml"):
        for item in ini(text, comments="#!"):
            collector.add_named(item.name, item.value, item.line)
        return collector.done()
    for element in xml_elements(content):
        values = element.attributes
        for key, value in values.items():
            if key not in ("name", "value"):
                collector.add_named(key, value, element.line, user=values.get("username", ""))
        if "name" in values:
            collector.add_named(values["name"], values.get("value", element.text), element.line)
        elif element.path[-2:] == ("crypt", "key"):  # Magento 1 encrypts with it what it keeps
            collector.add("crypt key", element.text, element.line)
        else:
            collector.add_named(element.name, element.text, element.end_line if element.text else element.line)
    return collector.done()


READER = CredentialReader(
    paths(
        *("hibernate.cfg.xml", "persistence.xml", "context.xml", "tomcat-users.xml", "server.xml", "standalone.xml"),
        *("datasource.xml", "jboss-web.xml", "beans.xml", "local.xml"),
        endings=(".properties",),
    ),
    _read,
)
