"""What was found beside an image: one signature or attestation of one form, as it lay there, unread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from lockgate.dataclass import dataclass


class Form(StrEnum):
    """How it was made, which says who can verify it."""

    SIMPLE_SIGNING = "simple-signing"  # cosign's payload, signature and proofs as annotations of its layer
    ENVELOPE = "envelope"  # cosign's older attestation: a DSSE envelope, proofs as annotations of its layer
    BUNDLE = "bundle"  # of sigstore, by itself
    NOTARY = "notary"  # of Notary Project: JWS or COSE


@dataclass(frozen=True, slots=True)
class Testimony:
    """One thing that says something of an image."""

    form: Form
    content: bytes
    where: str
    """For people: the tag or manifest it lay under."""
    media_type: str = ""
    """Of ``content``."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of what held it: the layer for cosign's tags, else the manifest."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The image that it must be about."""

    digest: str
    content: bytes
    """Its manifest or index, which has that digest."""
    media_type: str = ""
    name: str = ""
    """Registry and repository, without tag and digest."""
