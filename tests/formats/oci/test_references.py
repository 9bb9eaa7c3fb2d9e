"""Names of images are read as the distribution project reads them; its own cases, as facts, are the first table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references

F64 = "f" * 64


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("redis:7", "docker.io/library/redis:7"),
        ("docker.io/redis", "docker.io/library/redis:latest"),
        ("index.docker.io/library/debian", "docker.io/library/debian:latest"),
        ("library/foo/bar", "docker.io/library/foo/bar:latest"),
        ("test_com/foo", "docker.io/test_com/foo:latest"),
        ("test.com/foo:tag", "test.com/foo:tag"),
        ("test:5000/repo", "test:5000/repo:latest"),
        ("localhost/team/cart", "localhost/team/cart:latest"),
        ("Foo/bar", "Foo/bar:latest"),
        ("192.168.0.1:80", "docker.io/library/192.168.0.1:80"),
        ("127.0.0.1:5000/docker/docker", "127.0.0.1:5000/docker/docker:latest"),
        ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"),
        ("[fc00::1]:5000/docker", "[fc00::1]:5000/docker:latest"),
        (f"test:5000/repo@sha256:{F64}", f"test:5000/repo@sha256:{F64}"),
        (f"test:5000/repo:tag@sha256:{F64}", f"test:5000/repo:tag@sha256:{F64}"),
        (f"busybox@sha512:{F64}{F64}", f"docker.io/library/busybox@sha512:{F64}{F64}"),
        ("docker---rules/docker", "docker.io/docker---rules/docker:latest"),
        ("dock__er/docker", "docker.io/dock__er/docker:latest"),
        ("xn--n3h.com:18080/foo", "xn--n3h.com:18080/foo:latest"),
        (f"docker.io/{'1a' * 32}", f"docker.io/library/{'1a' * 32}:latest"),
        ("lowercase:Uppercase", "docker.io/library/lowercase:Uppercase"),
        ("a/" * 127 + "a:tag-puts-this-over-max", "docker.io/" + "a/" * 127 + "a:tag-puts-this-over-max"),
    ],
)
def test_a_name_has_one_normal_form(text, whole):
    assert str(references.parse(text)) == whole


@pytest.mark.parametrize(
    "text",
    [
        "", ":justtag", f"@sha256:{F64}", f"repo@sha256:{'f' * 34}", f"validname@invaliddigest:{F64}",
        "Uppercase:tag", "test:5000/Uppercase/lowercase:tag", "a/" * 128 + "a:tag", "aa/asdf$$^/aa", "[2001:db8::1]",
        "[2001:db8::1]:5000", "[fe80::1%eth0]:5000/repo", "https://github.com/docker/docker", "docker/Docker",
        "-docker", "-docker/docker", "docker-/docker", "____/____", "_docker/_docker", "dock..er/docker",
        "dock_.er/docker", "dock-.er/docker", "docker/", "docker///docker", "docker.io/docker/Docker",
        "fc00::1:5000/debian", "1a" * 32, "-foo", "foo:-bar", "foo:" + "t" * 129, "foo@", "foo bar", "foo\n",
        "ex\u00e4mple/foo", "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text):
    with pytest.raises(FormatError):
        references.parse(text)


@given(st.text(max_size=80) | st.from_regex(r"\A[a-z0-9./:@_-]{1,60}\Z"))
def test_a_name_that_is_read_is_read_the_same_again(text):
    try:
        once = references.parse(text)
    except FormatError:
        return
    assert references.parse(str(once)) == once


def test_a_registry_is_asked_by_digest_where_one_is_named():
    assert references.parse(f"cart:1@sha256:{F64}").key == f"sha256:{F64}"
    assert references.parse("cart:1").key == "1"
