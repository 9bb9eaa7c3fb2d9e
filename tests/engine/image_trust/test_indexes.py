"""A signature of an index covers each image in it, wherever the index can be found, and no other image."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.simulators.sigstore import pem
from tests.sources.image.building import Layout

from lockgate.engine.image_trust.policies import load
from lockgate.engine.image_trust.sign import Written, attest, sign
from lockgate.engine.image_trust.verify import Asked, Known, plain, verified
from lockgate.errors import UsageError
from lockgate.formats.oci.platforms import Platform
from lockgate.formats.signatures.in_toto import SLSA_1
from lockgate.model import Verdict
from lockgate.signing.signer import HeldKey
from lockgate.sources.image import place_of

NAME = "registry.example.com/team/shop"
ARM = Platform("linux", "arm64")
SIGNED = "authorities: {release: {keys: [release.pub]}}\nimages: [{match: ['*'], signed_by: [release]}]\n"
BUILT = SIGNED[:-3] + ", provenance: {by: [release], repository: https://git/shop}}]\n"
SOURCE = {"source": "git+https://git/shop@refs/heads/main"}
PREDICATE = {
    "buildDefinition": {"buildType": "https://b/1", "externalParameters": SOURCE},
    "runDetails": {"builder": {"id": "https://builder"}},
}


class Shop:
    """A layout with an index of two images, one within another index, and a key."""

    def __init__(self, folder):
        self.folder = folder
        self.layout = Layout(folder / "layout")
        self.images = [self._image(name) for name in ("amd64", "arm64", "riscv64")]
        self.index = self.layout.name(self.layout.index(*self.images[:2]), "1")["digest"]
        inner = self.layout.index(self.images[2])
        inner["platform"] = self.images[2]["platform"]
        self.outer = self.layout.name(self.layout.index(inner), "2")["digest"]
        self.key = ec.generate_private_key(ec.SECP256R1())
        (folder / "release.pub").write_bytes(pem(self.key))

    def _image(self, name):
        return {**self.layout.image({name: b""}, architecture=name), "platform": {"os": "linux", "architecture": name}}

    @property
    def place(self):
        return place_of(str(self.layout.folder)).place

    def sign(self, digest, *, form=Written.TAG):
        sign(self.place, digest, HeldKey(self.key), name=NAME, form=form)

    def verdict(self, key, *, policy=SIGNED, platform=None, tag="", indexes=lambda digest: ()):
        (self.folder / "images.yaml").write_text(policy)
        asked = Asked(key, NAME, f"{NAME}:{key}", platform, tag)
        known = Known(lambda digest: None, indexes)
        return verified(load(self.folder / "images.yaml"), self.place, asked, known, now=datetime.now(UTC))


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def allows(one) -> bool:
    return one.trusted.decision.verdict is Verdict.ALLOW


@pytest.mark.parametrize("form", list(Written))
def test_a_signature_of_the_index_covers_what_its_platform_chooses(shop, form):
    shop.sign(shop.index, form=form)
    one = shop.verdict("1", platform=ARM)
    assert (allows(one), one.digest) == (True, shop.images[1]["digest"])
    assert plain(one)["Signatures"][0]["index"] == shop.index
    assert allows(shop.verdict("1"))
    assert plain(shop.verdict("1"))["Signatures"][0]["index"] == ""
    with pytest.raises(UsageError, match="no image for linux/s390x"):
        shop.verdict("1", platform=Platform("linux", "s390x"))


def test_an_image_by_its_digest_is_covered_where_the_tag_or_the_record_leads_to_the_index(shop):
    shop.sign(shop.index)
    arm = shop.images[1]["digest"]
    assert not allows(shop.verdict(arm))
    assert allows(shop.verdict(arm, tag="1"))
    assert allows(shop.verdict(arm, indexes=lambda digest: (shop.index,) if digest == arm else ()))


def test_an_index_that_does_not_have_the_image_covers_nothing(shop):
    shop.sign(shop.index)
    other = shop.images[2]["digest"]
    assert not allows(shop.verdict(other, tag="1"))
    assert not allows(shop.verdict(other, indexes=lambda digest: (shop.index,)))
    assert not allows(shop.verdict(other, tag="absent"))


def test_an_index_that_nobody_signed_leaves_the_image_denied_and_its_own_signature_counts(shop):
    assert not allows(shop.verdict("1", platform=ARM))
    shop.sign(shop.images[1]["digest"])
    assert allows(shop.verdict("1", platform=ARM))
    assert not allows(shop.verdict("1"))  # an image in it says nothing of the index


def test_an_index_within_a_signed_one_covers_as_well(shop):
    shop.sign(shop.outer)
    assert allows(shop.verdict("2", platform=Platform("linux", "riscv64")))


def test_signature_and_provenance_may_lie_at_the_index_and_at_the_image(shop):
    shop.sign(shop.index)
    assert not allows(shop.verdict("1", policy=BUILT, platform=ARM))
    attest(
        shop.place, shop.images[1]["digest"], HeldKey(shop.key), name=NAME, predicate_type=SLSA_1, predicate=PREDICATE,
        form=Written.TAG,
    )  # fmt: skip
    assert allows(shop.verdict("1", policy=BUILT, platform=ARM))


def test_what_cannot_be_read_on_the_way_to_an_index_stays_a_denial_and_is_told(shop):
    gone = f"sha256:{'b' * 64}"
    one = shop.verdict(shop.images[1]["digest"], indexes=lambda digest: (gone,))
    assert not allows(one)
    assert f"the index {gone}: " in one.trusted.decision.reasons[0].text
