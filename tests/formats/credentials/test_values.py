"""Which values count, and which names promise a secret."""

from __future__ import annotations

import pytest

from lockgate.formats.credentials._urls import in_connection_string, in_urls
from lockgate.formats.credentials._values import grade, names_secret
from lockgate.model import Confidence


@pytest.mark.parametrize(
    "value",
    ["", "  ", "${X}", "$X", "$(cat x)", "{{ x }}", "<password>", "xxxx", "****", "null", "your-api-key",
    "PUT_TOKEN_HERE",
     "<%= ENV['X'] %>", "%(secret)s", "%TOKEN%", "#{x}", "process.env.X", "os.environ['X']", "insert token", "ENC[x]"],
)  # fmt: skip
def test_references_and_placeholders_are_no_values(value: str) -> None:
    assert grade(value) is None


@pytest.mark.parametrize("value", ["changeme", "Password", "root", "aaaa", "hunter2"])
def test_weak_words_are_low(value: str) -> None:
    assert grade(value) is Confidence.LOW


@pytest.mark.parametrize("value", ["k3Qz81pW", "$apr1$abc$defghi", "Tr0ub4dor&3", "a b c d e f"])
def test_anything_else_opens_something(value: str) -> None:
    assert grade(value) is Confidence.HIGH


@pytest.mark.parametrize("value", ["must be at least eight long", "/etc/secrets/token", "https://a.example/x", "ab"])
def test_prose_and_paths_do_not_count_where_only_a_name_promises(value: str) -> None:
    assert grade(value, loose=True) is None


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "apiKey", "api-key", "clientSecret", "token", "secret_key_base", "sshPassphrase",
    "password2",
             "AWS_SECRET_ACCESS_KEY", "mysqlpassword", "spring.datasource.password", "APP_KEY"]
)  # fmt: skip
def test_names_that_promise_a_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name", ["", "user", "public_key", "token_url", "password_file", "csrf_token", "key", "passport", "max_token",
    "monkey",
             "next_token", "secretName", "1"]
)  # fmt: skip
def test_names_that_promise_none(name: str) -> None:
    assert not names_secret(name)


def test_addresses_give_their_password_with_user_and_host() -> None:
    (item,) = in_urls("see amqp://bob:" + "p%40ss" + "word9@mq.example:5672/x now")
    assert (item.user, item.value, item.host) == ("bob", "p@ss" + "word9", "mq.example")


def test_jdbc_addresses_give_their_password() -> None:
    (item,) = in_urls("jdbc:postgresql://db.example/x?user=bob&password=" + "k3Qz81pW")
    assert (item.user, item.value, item.host) == ("bob", "k3Qz81pW", "db.example")
    (thin,) = in_urls("jdbc:oracle:thin:bob/" + "k3Qz81pW@//db.example:1521/x")
    assert (thin.user, thin.value) == ("bob", "k3Qz81pW")


def test_connection_strings_give_their_keys() -> None:
    text = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=" + "QUJD" * 8 + "==;EndpointSuffix=x"
    (item,) = in_connection_string(text)
    assert (item.user, item.value) == ("acc", "QUJD" * 8 + "==")
    assert text[item.start :].startswith("QUJD")


def test_text_without_a_server_is_no_connection_string() -> None:
    assert not list(in_connection_string("password=k3Qz81pW"))
