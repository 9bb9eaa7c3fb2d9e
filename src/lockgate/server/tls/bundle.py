"""The bundle of trusted authorities in webhook configurations: what API servers check our certificate against."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from lockgate.errors import SourceError
from lockgate.formats.printable import clipped, printable

KINDS = ("validating", "mutating")


def bundle_patch(configuration: Mapping[str, Any], bundle: str) -> list[dict[str, Any]]:
    """JSON Patch operations that give every webhook of ``configuration`` the PEM ``bundle``; none when all have it.

    Pure. Each change first tests the name of the webhook, so that a list that changed meanwhile is not hit wrongly.
    """
    encoded = base64.b64encode(bundle.encode()).decode()
    operations: list[dict[str, Any]] = []
    for at, webhook in enumerate(configuration.get("webhooks") or []):
        if (webhook.get("clientConfig") or {}).get("caBundle") != encoded:
            operations.append({"op": "test", "path": f"/webhooks/{at}/name", "value": webhook.get("name")})
            operations.append({"op": "add", "path": f"/webhooks/{at}/clientConfig/caBundle", "value": encoded})
    return operations


def publish(client_configuration: Any, *, kind: str, name: str, bundle: str) -> bool:
    """Write ``bundle`` into one webhook configuration of a cluster; whether anything had to change.

    ``client_configuration`` is a loaded ``kubernetes.client.Configuration``, ``kind`` one of :data:`KINDS`. Needs
    ``get`` and ``patch`` on that one object. Raises ``SourceError``.
    """
    from kubernetes import client

    with client.ApiClient(client_configuration) as session:
        api = client.AdmissionregistrationV1Api(session)
        try:
            found = getattr(api, f"read_{kind}_webhook_configuration")(name)
            operations = bundle_patch(session.sanitize_for_serialization(found), bundle)
            if operations:
                getattr(api, f"patch_{kind}_webhook_configuration")(name, operations)
        except Exception as error:  # the client raises its own errors, those of urllib3 and of its decoder
            said = clipped(printable(str(getattr(error, "reason", "") or error)), 200)
            hint = "the account needs get and patch on this configuration, and the configuration must exist"
            raise SourceError(f"the bundle could not be published: {said}", where=f"{kind} {name}", hint=hint) from None
    return bool(operations)
