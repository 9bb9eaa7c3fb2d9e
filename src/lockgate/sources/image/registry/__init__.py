"""Registries: images asked for over the distribution protocol, and what is said of them written beside them.

``place`` is what the rest of the program sees; ``client`` makes requests within bounds, ``writing`` and ``referrers``
are those that push and that list what speaks of an image, ``authorization`` answers
challenges, ``credentials`` finds what Docker's and podman's files hold, ``transport`` connects to checked addresses.
Source: OCI distribution-spec 1.1; distribution's token specification; Azure/acr AAD-OAuth.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lockgate.formats.oci.references import DEFAULT_HOST, Reference
from lockgate.sources.image.registry.azure import entra_token
from lockgate.sources.image.registry.client import Client, Limits
from lockgate.sources.image.registry.credentials import Credentials, credentials_for
from lockgate.sources.image.registry.place import RegistryPlace
from lockgate.transport import Trust

__all__ = ["Client", "Credentials", "Limits", "RegistryPlace", "Trust", "registry_of"]
_HUB = "registry-1.docker.io"


@contextmanager
def registry_of(
    image: Reference, trust: Trust, *, limits: Limits | None = None, writes: bool = False,
    credentials: Credentials | None = None,
) -> Iterator[RegistryPlace]:  # fmt: skip
    """The place of an image, with what this machine has to show it; its connections end with the block.

    ``writes``: whether it is asked for leave to write, too; ``credentials``: to show in place of the machine's."""
    held = credentials_for(image) if credentials is None else credentials
    if held == Credentials():
        held = replace(held, azure=entra_token(image.host))
    host = _HUB if image.host == DEFAULT_HOST else image.host
    client = Client(host, image.path, held, trust=trust, limits=limits, writes=writes)
    try:
        yield RegistryPlace(client)
    finally:
        client.close()
