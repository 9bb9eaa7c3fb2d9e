"""Which components and images a product of VEX means."""

from __future__ import annotations

import pytest

from lockgate.formats.vex import Product
from lockgate.formats.vex.matching import Met, means
from lockgate.model import Component, ImageFacts

DIGEST = "sha256:" + "a1" * 32
SSL = Component(
    "Debian:12", "libssl3", "3.0.15-1", "var/lib/dpkg/status", source="openssl", source_version="3.0.15-1",
    purl="pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12&upstream=openssl",
)  # fmt: skip
RED_HAT = Component(
    "Red Hat:enterprise_linux:9", "openssl-libs", "1:3.0.7-27.el9", "rpmdb.sqlite", source="openssl",
    purl="pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1",
)  # fmt: skip
CART = ImageFacts(DIGEST, "", "sha256:c", "cart", "r.example.com", "team/cart", "1.2", "linux/amd64")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("pkg:deb/debian/libssl3@3.0.15-1", True),
        ("pkg:deb/debian/libssl3", True),
        ("pkg:deb/debian/libssl3@3.0.15-1?distro=debian-12", True),
        ("pkg:deb/debian/libssl3@3.0.15-1?distro=debian-11", False),
        ("pkg:deb/debian/libssl3@3.0.15-1?arch=arm64", False),
        ("pkg:deb/debian/libssl3@3.0.15-2", False),
        ("pkg:deb/ubuntu/libssl3@3.0.15-1", False),
        ("pkg:deb/debian/openssl@3.0.15-1", False),
        ("pkg:deb/debian/openssl@3.0.15-1?arch=source", True),
        ("pkg:rpm/debian/libssl3@3.0.15-1", False),
        ("libssl3", False),
    ],
)
def test_a_package_url_means_what_agrees_in_all_that_it_states(name, meant):
    assert means(Product((name,)), Met(SSL)) is meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (DIGEST, True),
        ("sha256:c", True),
        (f"pkg:oci/cart@{DIGEST.replace(':', '%3A')}", True),
        (f"pkg:oci/cart@{DIGEST.replace(':', '%3A')}?arch=arm64", False),
        ("pkg:oci/cart?repository_url=r.example.com/team/cart", True),
        ("pkg:oci/cart?repository_url=r.example.com/team&tag=1.2", True),
        ("pkg:oci/cart?repository_url=r.example.com/team&tag=1.3", False),
        ("pkg:oci/cart?repository_url=other.example.com/team", False),
        ("pkg:oci/cart", False),
        ("r.example.com/team/cart", True),
        ("r.example.com/team/cart:1.3", False),
        (f"r.example.com/team/cart@{DIGEST}", True),
    ],
)
def test_an_image_is_meant_by_a_digest_or_by_its_repository(name, meant):
    whole, part = Product((name,)), Product((name,), ("pkg:deb/debian/libssl3",))
    assert means(whole, Met(SSL, (CART,))) is meant
    assert means(part, Met(SSL, (CART,))) is meant
    assert not means(part, Met(RED_HAT, (CART,))), "another part"
    assert not means(part, Met(SSL)), "the same package outside of that image"


def test_a_cpe_of_red_hat_stands_for_a_release_with_its_parts():
    source = "pkg:rpm/redhat/openssl?arch=src"
    assert means(Product(("cpe:/o:redhat:enterprise_linux:9::baseos",), (source,)), Met(RED_HAT))
    assert not means(Product(("cpe:/o:redhat:enterprise_linux:8::baseos",), (source,)), Met(RED_HAT))
    assert not means(Product(("cpe:/o:redhat:enterprise_linux:9::baseos",)), Met(RED_HAT)), "never all of a release"
