"""Bills of materials read into components: those of others, and our own as they went out."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.test_inventory import debian, stated
from tests.simulators.package_databases import rpm_header, rpm_ndb

from lockgate.formats import bills
from lockgate.formats.bill import gather
from lockgate.formats.inventory import inventory
from lockgate.model import Component, ComponentKind, Decision, Result, Run, Scope, SkipKind, Verdict
from lockgate.reports import cyclonedx, get, spdx

REDHAT = {
    "etc/os-release": 'ID="rhel"\nVERSION_ID="9.4"\n',
    "var/lib/rpm/Packages.db": rpm_ndb(
        [rpm_header("openssl-libs", "3.0.7", "27.el9", epoch=1, source="openssl-3.0.7-27.el9.src.rpm")]
    ),
}  # fmt: skip
LOCKED = (
    Component("PyPI", "requests", "2.19.0", "lock", line=3, direct=True, licence="MIT", purl="pkg:pypi/requests@2.19.0",
              hashes=("sha256:" + "0a" * 32,)),
    Component("PyPI", "urllib3", "1.23", "lock", line=4, parents=("requests@2.19.0",), purl="pkg:pypi/urllib3@1.23"),
    Component("npm", "@shop/ui", "1.0.0", "web/lock", scope=Scope.BUILD, purl="pkg:npm/%40shop/ui@1.0.0"),
    Component("Go", "golang.org/x/net", "0.1.0", "usr/bin/x", purl="pkg:golang/golang.org/x/net@v0.1.0"),
    Component("Maven", "a.b:c", "1", "x.jar!/y.jar", purl="pkg:maven/a.b/c@1", layer="sha256:a", scope=Scope.OPTIONAL),
)  # fmt: skip


def result(components) -> Result:
    day = datetime(2026, 1, 2, tzinfo=UTC)
    run = Run("r", day, day, "image", "rootfs", "0.1.0", "sha256:" + "ab" * 32)
    return Result(run=run, decision=Decision("check", Verdict.ALLOW, ()), findings=(), fixed=(), skips=(),
                  components=tuple(components))  # fmt: skip


def drawn(name: str, components) -> str:
    stream = io.StringIO()
    get(name).write(result(components), stream)
    return stream.getvalue()


def installed() -> dict[str, tuple[Component, ...]]:
    return {
        "debian": inventory(stated(debian(), "sha256:a")).components,
        "redhat": inventory(stated(REDHAT)).components,
        "locked": LOCKED,
    }


@pytest.mark.parametrize("kind", ["debian", "redhat", "locked"])
def test_our_own_cyclonedx_comes_back_as_it_went_out(kind):
    components = installed()[kind]
    bill = bills.read("image.json", drawn("cyclonedx", components).encode())
    assert bill.skips == ()
    assert bill.name == "image"
    assert gather(bill.components) == gather(components)


@pytest.mark.parametrize("kind", ["debian", "redhat", "locked"])
def test_our_own_spdx_comes_back_with_what_spdx_can_say(kind):
    components = installed()[kind]
    bill = bills.read("image.json", drawn("spdx", components).encode())
    assert bill.skips == ()
    lost = {"layers": (), "owners": (), "direct": False, "places": (("image.json", 0),)}
    packages = [replace(one, **lost) for one in gather(components)]
    assert [replace(one, direct=False, scope=Scope.RUNTIME) for one in gather(bill.components)] == [
        replace(one, scope=Scope.RUNTIME) for one in packages
    ]


@pytest.mark.parametrize("kind", ["debian", "redhat", "locked"])
def test_bills_of_images_fit_the_official_schemas(kind):
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    from cyclonedx.schema import SchemaVersion

    text = drawn("cyclonedx", installed()[kind])
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["debian", "redhat", "locked"])
def test_bills_of_images_pass_the_reference_validator_of_spdx(kind):
    parser = pytest.importorskip("spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser", reason="no spdx-tools")
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    parsed = parser.JsonLikeDictParser().parse(json.loads(drawn("spdx", installed()[kind])))
    assert [one.validation_message for one in validate_full_spdx_document(parsed, "SPDX-2.3")] == []


def test_the_distribution_is_an_operating_system_in_both():
    components = installed()["debian"]
    (system,) = [one for one in cyclonedx.document(result(components))["components"] if one["type"] != "library"]
    assert (system["type"], system["name"], system["version"]) == ("operating-system", "debian", "12")
    purposes = [one["primaryPackagePurpose"] for one in spdx.document(result(components))["packages"]]
    assert purposes.count("OPERATING-SYSTEM") == 1


def test_the_same_components_make_the_same_bytes_in_any_order():
    components = installed()["debian"]
    for name in ("cyclonedx", "spdx"):
        assert drawn(name, components) == drawn(name, components[::-1])


def test_a_bill_of_syft_or_trivy_is_understood():
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": {"component": {"bom-ref": "root", "type": "container", "name": "shop:1"}},
        "components": [
            {"bom-ref": "a", "type": "library", "name": "musl", "version": "1.2.5-r0",
             "purl": "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64",
             "properties": [{"name": "aquasecurity:trivy:LayerDigest", "value": "sha256:1"}]},
            {"bom-ref": "o", "type": "operating-system", "name": "alpine", "version": "3.20.3"},
            {"bom-ref": "f", "type": "file", "name": "/bin/x"},
            {"bom-ref": "g", "type": "application", "name": "pack",
             "components": [{"bom-ref": "h", "type": "library", "name": "Django", "purl": "pkg:pypi/Django@4.2"}]},
        ],
        "dependencies": [{"ref": "root", "dependsOn": ["a"]}, {"ref": "a", "dependsOn": ["h"]}],
    }  # fmt: skip
    bill = bills.read("bom.json", json.dumps(document).encode())
    system, musl, django = bill.components
    assert (bill.name, system.kind, system.name) == ("shop:1", ComponentKind.OPERATING_SYSTEM, "alpine")
    assert (musl.ecosystem, musl.layer, musl.direct) == ("Alpine:v3.20", "sha256:1", True)
    assert (django.name, django.version, django.parents) == ("django", "4.2", ("musl@1.2.5-r0",))
    assert [one.reason for one in bill.skips] == ["1 components without a package URL that is understood: pack"]


def test_a_bill_in_spdx_of_another_tool_is_understood():
    document = {
        "spdxVersion": "SPDX-2.3", "name": "shop", "documentDescribes": ["SPDXRef-root"],
        "packages": [
            {"SPDXID": "SPDXRef-root", "name": "shop", "versionInfo": "1"},
            {"SPDXID": "SPDXRef-a", "name": "curl", "licenseDeclared": "MIT", "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                 "referenceLocator": "pkg:deb/debian/curl@7.88.1-10?distro=debian-12"}]},
            {"SPDXID": "SPDXRef-b", "name": "unknown"},
        ],
        "relationships": [
            {"spdxElementId": "SPDXRef-root", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-a"}],
    }  # fmt: skip
    bill = bills.read("bom.json", json.dumps(document).encode())
    (curl,) = bill.components
    assert (curl.ecosystem, curl.name, curl.version, curl.licence, curl.direct) == (
        "Debian:12", "curl", "7.88.1-10", "MIT", True,
    )  # fmt: skip
    assert "unknown" in bill.skips[0].reason


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", SkipKind.MALFORMED),
        (b"<bom xmlns='http://cyclonedx.org/schema/bom/1.6'/>", SkipKind.MALFORMED),
        (b"{}", SkipKind.UNSUPPORTED),
        (b'{"spdxVersion": "SPDX-3.0"}', SkipKind.UNSUPPORTED),
        (b"[" * 100_000, SkipKind.TOO_LARGE),
    ],
)
def test_what_is_no_bill_is_told(content, kind):
    bill = bills.read("x.json", content)
    assert (bill.components, [one.kind for one in bill.skips]) == ((), [kind])


def test_components_inside_each_other_without_end_are_read():
    inner: dict[str, object] = {}
    for _ in range(90):
        inner = {"name": "a", "purl": "pkg:npm/a@1", "components": [inner]}
    document = {"bomFormat": "CycloneDX", "components": [inner]}
    assert len(bills.read("x.json", json.dumps(document).encode()).components) == 90


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.just("pkg:npm/a@1"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["bom-ref", "purl", "type", "name", "components", "properties", "value", "licenses", "hashes",
                         "alg", "evidence", "occurrences", "location", "line", "SPDXID", "externalRefs", "checksums"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(value=VALUES, other=VALUES)
def test_whatever_stands_in_a_bill_it_is_read_or_told(value, other):
    for document in (
        {"bomFormat": "CycloneDX", "components": value, "dependencies": other, "metadata": other},
        {"bomFormat": "CycloneDX", "components": [value, other], "metadata": {"component": value}},
        {"spdxVersion": "SPDX-2.3", "packages": [value, other], "relationships": [other], "documentDescribes": value},
    ):
        bills.read("x.json", json.dumps(document).encode())
