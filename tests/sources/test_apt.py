"""Security indexes of apt repositories, signed by a key made here and served on loopback."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import lzma
import os
import shutil
import subprocess
import threading
from datetime import UTC, datetime

import pytest

from lockgate.errors import SourceError, UsageError
from lockgate.sources.apt import parsed, records

NOW = datetime(2031, 5, 4, tzinfo=UTC)
PACKAGES = """Package: libssl3
Source: openssl
Version: 3.0.15-1~deb12u1

Package: openssl
Version: 3.0.16-1~deb12u1
Description: words
 Version: 9

Package: linux-image
Source: linux-signed-amd64 (6.1.2+1)
Version: 6.1.2-1

Package: Not A Name
Version: 1
"""


@pytest.fixture
def mirror(tmp_path):
    """The folder of a repository with an index that nobody has signed yet."""
    folder = tmp_path / "mirror"
    index = folder / "dists" / "bookworm-security" / "main" / "binary-amd64"
    index.mkdir(parents=True)
    (index / "Packages.xz").write_bytes(lzma.compress(PACKAGES.encode()))
    (index / "Packages.gz").write_bytes(gzip.compress(PACKAGES.encode()))
    signed(folder)
    return folder


def signed(folder, *, home=None, until="Sun, 05 May 2031 00:00:00 UTC", suite="oldstable-security"):
    """Write ``InRelease`` anew; with the key in ``home``."""
    suite_folder = folder / "dists" / "bookworm-security"
    listed = "".join(
        f" {hashlib.sha256(one.read_bytes()).hexdigest()} {one.stat().st_size} {one.relative_to(suite_folder)}\n"
        for one in sorted(suite_folder.rglob("Packages.*"))
    )
    text = (
        f"Origin: Debian\nLabel: Debian\nSuite: {suite}\nVersion: 12\nCodename: bookworm-security\n"
        f"Date: Sat, 03 May 2031 00:00:00 UTC\nValid-Until: {until}\nSHA256:\n{listed}"
    )
    (suite_folder / "InRelease").write_text(text)
    if home is not None:
        target = suite_folder / "InRelease"
        done = subprocess.run(["gpg", "--batch", "--clearsign", "--output", "-", str(target)], check=True,
                              capture_output=True, env=home)  # fmt: skip
        target.write_bytes(done.stdout)


@pytest.fixture
def address(mirror):
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(mirror)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def line(address, options="trusted=yes"):
    return parsed(f"deb [{options}] {address} bookworm-security main")


def test_the_newest_version_of_each_source_is_a_record(address):
    found = records(line(address), cache=None, now=NOW)
    fixes = {
        one["affected"][0]["package"]["name"]: one["affected"][0]["ranges"][0]["events"][1]["fixed"] for one in found
    }
    assert fixes == {"openssl": "3.0.16-1~deb12u1", "linux-signed-amd64": "6.1.2+1"}
    assert {one["affected"][0]["package"]["ecosystem"] for one in found} == {"Debian:12"}


@pytest.mark.skipif(not (shutil.which("gpg") and shutil.which("gpgv")), reason="gpg or gpgv is missing")
def test_only_what_a_trusted_key_signed_counts(address, mirror, tmp_path):
    (tmp_path / "home").mkdir(mode=0o700)
    home = {**os.environ, "GNUPGHOME": str(tmp_path / "home")}
    subprocess.run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "mirror", "ed25519", "sign"], check=True,
                   stderr=subprocess.DEVNULL, env=home)  # fmt: skip
    ring = tmp_path / "ring.gpg"
    subprocess.run(["gpg", "--batch", "--export", "--output", str(ring)], check=True, env=home)
    subprocess.run(["gpgconf", "--kill", "all"], check=False, env=home)
    with pytest.raises(SourceError, match="not signed"):
        records(line(address, f"signed-by={ring}"), cache=None, now=NOW)
    signed(mirror, home=home)
    subprocess.run(["gpgconf", "--kill", "all"], check=False, env=home)
    assert len(records(line(address, f"signed-by={ring}"), cache=None, now=NOW)) == 2
    release = mirror / "dists" / "bookworm-security" / "InRelease"
    release.write_text(release.read_text().replace("Version: 12", "Version: 11"))
    with pytest.raises(SourceError, match="not signed"):
        records(line(address, f"signed-by={ring}"), cache=None, now=NOW)


def test_an_index_is_fetched_once_and_one_that_was_changed_is_refused(mirror, tmp_path):
    place = line(mirror.as_uri())
    first = records(place, cache=tmp_path / "cache", now=NOW)
    [index] = mirror.rglob("Packages.xz")
    index.write_bytes(lzma.compress(b"Package: openssl\nVersion: 1\n"))
    assert records(place, cache=tmp_path / "cache", now=NOW) == first
    with pytest.raises(SourceError, match=r"more than|another digest"):
        records(place, cache=None, now=NOW)


def test_an_index_that_is_over_is_refused_unless_that_is_asked_for(mirror):
    later = datetime(2031, 6, 1, tzinfo=UTC)
    with pytest.raises(SourceError, match="valid until 2031-05-05"):
        records(line(mirror.as_uri()), cache=None, now=later)
    assert records(line(mirror.as_uri(), "trusted=yes check-valid-until=no"), cache=None, now=later)


def test_a_suite_that_is_not_about_security_is_refused(mirror):
    index = mirror / "dists" / "bookworm-security" / "InRelease"
    index.write_text(index.read_text().replace("security", "updates"))
    with pytest.raises(SourceError, match="none of security updates"):
        records(line(mirror.as_uri()), cache=None, now=NOW)


@pytest.mark.parametrize(
    "text",
    ["", "deb", "deb http://a b", "deb-src http://a b c", "deb ftp://a b c", "deb [arch=../x] http://a b c",
     "deb http://a ../../etc main", "deb [by=me] http://a b c"],
)  # fmt: skip
def test_a_line_that_is_not_understood_is_refused(text):
    with pytest.raises(UsageError):
        parsed(text)


def test_a_mirror_that_has_nothing_or_is_link_local_is_told(address):
    with pytest.raises(SourceError, match="answers 404"):
        records(parsed(f"deb [trusted=yes] {address} trixie-security main"), cache=None, now=NOW)
    with pytest.raises(SourceError, match="may not be asked"):
        records(line("http://169.254.169.254"), cache=None, now=NOW)
