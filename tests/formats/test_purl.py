"""Package URLs, written and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from lockgate.formats.purl import ECOSYSTEMS, parse, purl, qualified

_LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="/")
NAMES = st.text(_LETTERS, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie", ("deb", "debian", "curl", "7.50.3-1")),
        ("pkg:npm/%40angular/animation@12.3.1", ("npm", "@angular", "animation", "12.3.1")),
        ("pkg:npm/@angular/animation@12.3.1", ("npm", "@angular", "animation", "12.3.1")),
        ("pkg:npm/@angular/animation", ("npm", "@angular", "animation", "")),
        ("pkg:golang/google.golang.org/genproto#googleapis/api", ("golang", "google.golang.org", "genproto", "")),
        ("pkg://PYPI/django@1.11.1", ("pypi", "", "django", "1.11.1")),
        ("pkg:maven/org.apache/batik@1%2B2", ("maven", "org.apache", "batik", "1+2")),
    ],
)
def test_the_parts_of_a_package_url(url, expected):
    found = parse(url)
    assert (found.kind, found.namespace, found.name, found.version) == expected


@pytest.mark.parametrize("text", ["", "pkg:", "pkg:npm", "pkg:npm/", "https://example.com/x", "pkg:1x/a", "p" * 5000])
def test_what_is_no_package_url(text):
    assert parse(text) is None


@given(
    kind=st.sampled_from(["deb", "rpm", "apk", "generic"]), namespace=st.sampled_from(["", "debian", "redhat"]),
    name=NAMES, version=NAMES, value=NAMES,
)  # fmt: skip
def test_what_was_written_is_read_back_and_the_reference_library_reads_the_same(kind, namespace, name, version, value):
    url = qualified(kind, namespace, name, version, {"distro": value, "arch": "", "upstream": name})
    found = parse(url)
    assert (found.kind, found.namespace, found.name, found.version) == (kind, namespace, name, version)
    assert found.qualifiers == {"distro": value, "upstream": name}
    other = PackageURL.from_string(url)
    assert (other.type, other.namespace or "", other.version) == (kind, namespace, version)
    assert other.qualifiers == {"distro": value, "upstream": name}


@given(st.sampled_from(sorted(ECOSYSTEMS.values())), NAMES, NAMES)
def test_a_component_of_any_language_can_be_read_back(ecosystem, name, version):
    full = f"group:{name}" if ecosystem == "Maven" else name
    found = parse(purl(ecosystem, full, version))
    assert ECOSYSTEMS[found.kind] == ecosystem
    assert found.version == version
    assert found.full_name.lower() == full.lower()


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    parse(text)
    parse("pkg:" + text)
