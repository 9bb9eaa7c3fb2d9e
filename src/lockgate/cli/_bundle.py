"""A signed bundle of policies, as the options ``--bundle`` and its kin name it."""

from __future__ import annotations

import argparse

from lockgate.errors import UsageError

TYPE_CHECKING = False  # as in ``typing``, which ``lockgate --help`` has no need to import
if TYPE_CHECKING:
    from lockgate.server.admission.bundle_policies import BundlePolicies


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that :func:`bundle_of` reads."""
    add = parser.add_argument
    add("--bundle", metavar="PLACE", help="signed bundle: folder of an OCI layout, or oci://host/repository")
    add("--bundle-tag", default="latest", metavar="TAG", help="which bundle of that place (default: latest)")
    add("--bundle-key", metavar="FILE", help="PEM of the public key it must be signed by")
    add("--allow-host", action="append", default=[], metavar="HOST", help="registry that bundles may come from")


def bundle_of(arguments: argparse.Namespace, *, seconds: float = 2.0) -> BundlePolicies | None:
    """The bundle that is named, None when none is. ``seconds`` between two looks at a folder; a registry has its own.

    Raises ``UsageError`` when there is no key to check it by.
    """
    if not arguments.bundle:
        return None
    if not arguments.bundle_key:
        raise UsageError("a bundle without a key to check it by could be anybody's", hint="give --bundle-key")
    from pathlib import Path

    from lockgate.server.admission.bundle_policies import BundlePolicies
    from lockgate.sources.policy_bundle import place_of
    from lockgate.sources.policy_bundle.signing import public_key

    place = place_of(arguments.bundle, allowed=arguments.allow_host)
    seconds = 30.0 if "://" in arguments.bundle else seconds
    return BundlePolicies(place, arguments.bundle_tag, public_key(Path(arguments.bundle_key)), seconds=seconds)
