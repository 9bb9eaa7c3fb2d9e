"""What the placeholders of samples become."""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.rules import expand_sample


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("{{alnum:32}}", r"[A-Za-z0-9]{32}"),
        ("{{hex:40}}", r"[0-9a-f]{40}"),
        ("{{upper:16}}", r"[A-Z]{16}"),
        ("{{lower:8}}", r"[a-z]{8}"),
        ("{{digits:6}}", r"[0-9]{6}"),
        ("{{base64:44}}", r"[A-Za-z0-9+/]{44}"),
        ("{{base64url:43}}", r"[\w-]{43}"),
        ("{{base32:16}}", r"[A-Z2-7]{16}"),
        ("{{chars:A-C_-:20}}", r"[ABC_-]{20}"),
        ("{{uuid}}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"),
        ("{{join:AK|IA}}", "AKIA"),
        (
            "{{pem:EC PRIVATE KEY}}",
            r"-----BEGIN EC PRIVATE KEY-----\n(?:[A-Za-z0-9+/]{64}\n)+-----END EC PRIVATE KEY-----",
        ),
    ],
)
def test_a_placeholder_becomes_its_shape(text: str, shape: str) -> None:
    assert re.fullmatch(shape, expand_sample(text))


def test_the_same_text_gives_the_same_result_and_two_places_differ() -> None:
    assert expand_sample("{{alnum:32}}") == expand_sample("{{alnum:32}}")
    first, second = expand_sample("{{alnum:32}} {{alnum:32}}").split()
    assert first != second


def test_a_token_decodes() -> None:
    head, body, _ = expand_sample("{{jwt}}").split(".")
    for part in (head, body):
        assert isinstance(json.loads(base64.urlsafe_b64decode(part + "==")), dict)


def test_base64_holds_what_its_inside_expands_to() -> None:
    plain = base64.b64decode(expand_sample("{{b64of:user:{{alnum:12}}}}")).decode()
    assert re.fullmatch(r"user:[A-Za-z0-9]{12}", plain)


@pytest.mark.parametrize("text", ["${{ secrets.TOKEN }}", "{{ .Values.tag }}", "{{name}}", "{}", "{{", "{{Alnum:3}}"])
def test_braces_of_other_languages_stay(text: str) -> None:
    assert expand_sample(text) == text


@pytest.mark.parametrize("text", ["{{alnum:}}", "{{alnum:0}}", "{{alnum:9", "{{hexx:3}}", "{{chars::3}}"])
def test_a_misspelt_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        expand_sample(text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="{}:|aluno3b64f hexjwt", max_size=60))
def test_any_text_expands_or_is_refused(text: str) -> None:
    try:
        assert isinstance(expand_sample(text), str)
    except ConfigurationError as error:
        assert error.message
