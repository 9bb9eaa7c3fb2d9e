"""Terraform variable files: values whose name promises a secret (https://developer.hashicorp.com/terraform/language/values/variables)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("terraform-variables", text)
    for item in ini(text, comments="#/"):
        if item.value[:1] not in "[{" or not item.value:
            collector.add_named(item.name.strip('"'), item.value.rstrip(",").strip('"'), item.line)
    return collector.done()


READER = CredentialReader(paths(endings=(".tfvars",), tails=("/credentials.tfrc.json", ".terraformrc")), _read)
