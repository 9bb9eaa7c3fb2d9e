"""Signed bundles of policies: an OCI artifact in a layout folder or a registry, signed as cosign signs with a key.

``content`` packs files into the artifact and takes them out, ``places`` reads blobs from where they lie, ``signing``
makes and checks signatures, ``bundle`` joins them. Nothing of a bundle is looked at before its signature holds.
"""

from lockgate.sources.policy_bundle.bundle import Bundle, create, load, sign
from lockgate.sources.policy_bundle.places import Place, place_of

__all__ = ["Bundle", "Place", "create", "load", "place_of", "sign"]
