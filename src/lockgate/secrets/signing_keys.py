"""Private keys by what a person names: a file in PEM, a key of a token (PKCS#11), a key of Azure Key Vault.

What a key needs to be opened comes from the environment or a file, never from the command line, which every process of
the machine can read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lockgate.secrets import key_vault, pkcs11
from lockgate.secrets.files import secret_file
from lockgate.signing.signer import Signer, held_key

PASSWORD, PASSWORD_FILE = "LOCKGATE_KEY_PASSWORD", "LOCKGATE_KEY_PASSWORD_FILE"


@contextmanager
def opened(reference: str, environment: Mapping[str, str] = os.environ) -> Iterator[Signer]:
    """The signer that ``reference`` names; what was opened for it is closed with the block.

    A reference is the path of a PEM file, a ``pkcs11:`` URI, or the address of a key in a vault. Raises ``UsageError``
    where there is none, ``ConfigurationError`` where it does not open, ``SourceError`` where a vault does not answer.
    """
    if reference.startswith(pkcs11.PREFIX):
        with pkcs11.opened(reference, environment) as signer:
            yield signer
    elif reference.startswith(key_vault.PREFIXES):
        with key_vault.opened(reference) as signer:
            yield signer
    else:
        yield held_key(secret_file(Path(reference)), password(environment), reference)


def password(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The password of an encrypted key, without the end of the line that a file of one has; None where none is set."""
    if environment.get(PASSWORD_FILE):
        return secret_file(Path(environment[PASSWORD_FILE])).rstrip(b"\r\n")
    return environment[PASSWORD].encode() if environment.get(PASSWORD) else None
