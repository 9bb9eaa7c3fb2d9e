"""What may be handed to tomllib."""

import time

import pytest

from lockgate.formats.format_error import FormatError
from lockgate.formats.lockfiles._text import load_toml
from lockgate.formats.toml_bounds import too_dotted


@pytest.mark.parametrize("text", [b"[" + b"a." * 50_000 + b"a]\n", (b"a." * 800 + b"a = 1\n") * 1000])
def test_a_name_of_very_many_parts_is_refused_at_once(text):
    started = time.process_time()
    with pytest.raises(FormatError):
        load_toml(text)
    assert time.process_time() - started < 1


def test_many_versions_and_addresses_are_not_a_long_name():
    line = b'{ url = "https://files.example/packages/a-1.2.3-py3-none-any.whl", version = "1.2.3" },\n'
    assert not too_dotted(b"files = [\n" + line * 100_000 + b"]\n")
    assert not too_dotted(b"dependencies = [" + b'"a==1.2.3",' * 3000 + b"]\n")
