"""Google credential files: service account keys, ``authorized_user``, OAuth clients (https://cloud.google.com/docs/authentication/application-default-credentials)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves

_KEYS = frozenset({"private_key", "refresh_token", "client_secret", "access_token", "id_token"})
_MARKS = ('"private_key"', '"refresh_token"', '"client_secret"', '"access_token"')


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    if not any(mark in text for mark in _MARKS):
        return ()
    leaves = json_leaves(content)
    collector = Collector("gcp-credentials", text)
    by_path = {leaf.path: leaf.value for leaf in leaves}
    for leaf in leaves:
        if leaf.key in _KEYS:
            above = leaf.path[:-1]
            user = by_path.get((*above, "client_email")) or by_path.get((*above, "client_id"), "")
            written = leaf.value.split("\n", 1)[0]
            collector.add(leaf.key, leaf.value, leaf.line, user=user, written=written)
    return collector.done()


READER = CredentialReader(
    paths(
        *(
            "application_default_credentials.json",
            "credentials.json",
            "adc.json",
            "client_secret.json",
            "client_id.json",
        ),
        *("service-account.json", "service_account.json", "serviceaccount.json", "gcp.json", "gcloud.json", "key.json"),
        *("keyfile.json", "token.json", "google-credentials.json", "gcp-credentials.json", "firebase.json"),
        *("serviceaccountkey.json", "service-account-key.json", "service_account_key.json", "oauth_creds.json"),
        starts=("client_secret", "service-account", "service_account", "serviceaccount", "gcp-", "google-"),
        start_endings=(".json",),
        tails=("-service-account.json", "_service_account.json", "-credentials.json", "-key.json", "adminsdk.json"),
    ),
    _read,
)
