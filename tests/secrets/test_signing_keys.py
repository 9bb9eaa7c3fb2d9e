"""A key is opened by what a person names; what opens it comes from the environment or a file and is told to nobody."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from lockgate.errors import ConfigurationError, UsageError
from lockgate.secrets.signing_keys import opened
from lockgate.signing.signer import Scheme

KEY = ec.generate_private_key(ec.SECP256R1())


def test_a_key_file_is_opened(tmp_path):
    (tmp_path / "k.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with opened(str(tmp_path / "k.pem"), {}) as signer:
        KEY.public_key().verify(signer.sign(b"a", Scheme.ES256), b"a", ec.ECDSA(SHA256()))


def test_the_password_comes_from_the_environment_or_a_file(tmp_path):
    path, word = tmp_path / "k.pem", tmp_path / "word"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")))
    word.write_bytes(b"open sesame\n")
    for environment in ({"LOCKGATE_KEY_PASSWORD": "open sesame"}, {"LOCKGATE_KEY_PASSWORD_FILE": str(word)}):
        with opened(str(path), environment) as signer:
            assert signer.public_key == KEY.public_key()
    with pytest.raises(ConfigurationError, match="does not open") as caught, opened(
        str(path), {"LOCKGATE_KEY_PASSWORD": "open barley"}
    ):
        pass
    assert "barley" not in str(caught.value)


def test_what_is_no_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    for name, error in (("pipe", UsageError), ("absent", UsageError), (".", UsageError), ("large", ConfigurationError)):
        with pytest.raises(error), opened(str(tmp_path / name), {}):
            pass
