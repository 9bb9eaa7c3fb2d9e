"""A key in a token is named by a URI; a PIN comes from a file or the environment alone."""

import pytest

from lockgate.errors import UsageError
from lockgate.secrets.pkcs11 import TokenKey, parse


def test_a_key_is_named_by_a_uri_without_its_pin():
    told = parse("pkcs11:token=my%20token;object=a;id=%01%ff?module-path=/lib/x.so&pin-source=file:/run/pin", {})
    assert told == TokenKey("/lib/x.so", "my token", "a", b"\x01\xff", "/run/pin")
    assert parse("pkcs11:token=t;object=a", {"LOCKGATE_PKCS11_MODULE": "/lib/y.so"}).module == "/lib/y.so"
    for text in (
        "pkcs11:", "pkcs11:token=t;object=a", "pkcs11:token=t?module-path=/x", "pkcs11:object=a?module-path=/x",
        "pkcs11:token=t;object=a?module-path=x.so", "pkcs11:token=t;token=u;object=a?module-path=/x",
        "pkcs11:token=t;object=a?module-path=/x&pin-source=|cat", "pkcs11:token=t;what=a?module-path=/x",
    ):  # fmt: skip
        with pytest.raises(UsageError):
            parse(text, {})
    with pytest.raises(UsageError, match="can be read by every process") as caught:
        parse("pkcs11:token=t;object=a?module-path=/x&pin-value=8642", {})
    assert "8642" not in str(caught.value)
