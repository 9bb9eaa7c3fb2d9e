"""How to sign as notation does, by what the arguments of ``lockgate sign`` and ``lockgate build`` say."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.engine.image_trust.notary import NotarySigning
from lockgate.errors import ConfigurationError, UsageError
from lockgate.secrets.files import secret_file
from lockgate.signing.notary import chains
from lockgate.signing.refused import RefusedError
from lockgate.sources.timestamp_authority import countersignature

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def notary_signing(arguments: argparse.Namespace, form: str, *, by: str) -> NotarySigning | None:
    """How; None where no ``form`` of the Notary Project is asked for. ``by``: the option that asks for one.

    Raises ``UsageError`` for options that do not go together, ``ConfigurationError`` for certificates that are none.
    """
    if bool(form) is not bool(arguments.certificates) or (arguments.expires and not form) or arguments.expires < 0:
        hint = f"{by} --certificates chain.pem [--expires DAYS]"
        raise UsageError("certificates go with a form of the Notary Project", where="--certificates", hint=hint)
    if bool(arguments.timestamp_url) is not bool(arguments.timestamp_root) or (arguments.timestamp_url and not form):
        hint = f"{by} --timestamp-url URL --timestamp-root FILE"
        raise UsageError("a timestamp needs the root that it is held against", where="--timestamp-url", hint=hint)
    if not form:
        return None
    roots = _certificates(arguments.timestamp_root) if arguments.timestamp_root else []
    countersigned = partial(countersignature, arguments.timestamp_url, roots=roots) if roots else None
    return NotarySigning(_certificates(arguments.certificates), form, arguments.expires, countersigned)


def _certificates(path: str) -> list[Certificate]:
    try:
        return chains.from_pem(secret_file(Path(path)))
    except RefusedError as error:
        raise ConfigurationError(error.reason, where=path) from None
