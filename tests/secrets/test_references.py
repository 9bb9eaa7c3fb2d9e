"""A secret stands where its reference leads, and never in the settings or an error."""

import pytest

from lockgate.errors import ConfigurationError
from lockgate.secrets.references import secret_of


def test_a_reference_leads_to_a_variable_or_a_file(tmp_path):
    (tmp_path / "token").write_text("of the file\n")
    assert secret_of("env:TOKEN", where="x", environment={"TOKEN": "of the variable"}) == "of the variable"
    assert secret_of(f"file:{tmp_path}/token", where="x") == "of the file"


@pytest.mark.parametrize("reference", [
    "env:MISSING", "env:", "env:A B", "file:", "file:/nowhere/at/all", "file:/", "the secret itself", "vault:x", "",
])  # fmt: skip
def test_what_leads_nowhere_is_told_without_telling_it(reference, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        secret_of(reference, where="registry.github_secret", environment={})
    assert "registry.github_secret" in str(caught.value) and "the secret itself " not in caught.value.message


def test_a_file_that_is_empty_too_large_or_no_text_is_told(tmp_path):
    for content in (b"", b"\n", b"x" * 70_000, b"\xff\xfe"):
        (tmp_path / "token").write_bytes(content)
        with pytest.raises(ConfigurationError):
            secret_of(f"file:{tmp_path}/token", where="x")
