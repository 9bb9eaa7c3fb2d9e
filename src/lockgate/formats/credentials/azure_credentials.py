"""Azure client files: MSAL and ADAL token caches, service principals, SDK auth files (https://learn.microsoft.com/en-us/cli/azure/azure-cli-configuration)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves, xml_elements

_KEYS = frozenset(
    [
        "secret",
        "accesstoken",
        "refreshtoken",
        "clientsecret",
        "client_secret",
        "access_token",
        "refresh_token",
        "password",
        "certificatepassword",
        "primarykey",
        "secondarykey",
        "id_token",
        "idtoken",
    ]
)
_PUBLISHING = ("userPWD", "ManagementCertificate")


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("azure-credentials", text, spread=10)
    if path.lower().endswith(".publishsettings"):
        for element in xml_elements(content):
            user = element.attributes.get("userName", "")
            for key in _PUBLISHING:
                collector.add(key, element.attributes.get(key), element.line, user=user)
            for key in ("SQLServerDBConnectionString", "mySQLDBConnectionString"):
                collector.add_embedded(key, element.attributes.get(key, ""), element.line)
        return collector.done()
    for leaf in json_leaves(content):
        if leaf.key.lower() in _KEYS:
            collector.add(leaf.key, leaf.value, leaf.line)
    return collector.done()


READER = CredentialReader(
    paths(
        *("msal_token_cache.json", "accesstokens.json", "azureprofile.json", "service_principal_entries.json"),
        *("azureauth.json", "azure-credentials.json", "azure_credentials.json", "tokencache.dat", "my.azureauth"),
        *("azure.json", "sp.json", "serviceprincipal.json", "msal_http_cache.json", "azurermcontext.json"),
        endings=(".publishsettings",),
    ),
    _read,
)
