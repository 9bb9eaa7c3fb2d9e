"""Tokens of Microsoft Entra for Azure Container Registry, from the identity this machine has."""

from __future__ import annotations

_REGISTRIES = (".azurecr.io", ".azurecr.cn", ".azurecr.us")
"""Of Azure in all its clouds. A token is shown to no other host."""
_SCOPE = "https://containerregistry.azure.net/.default"


def entra_token(host: str) -> str:
    """A token for a registry of Azure; empty for any other, and where nobody is logged in or ``azure-identity`` is not
    installed (``lockgate[azure]``): then it is asked as anybody."""
    if not host.lower().endswith(_REGISTRIES):
        return ""
    try:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential
    except ImportError:
        return ""
    try:
        return str(DefaultAzureCredential().get_token(_SCOPE).token)
    except ClientAuthenticationError:
        return ""
