"""The verdict on an image, by each line of the policy."""

from datetime import UTC, datetime, timedelta

import pytest

from lockgate.formats.signatures import in_toto
from lockgate.formats.signatures import testimony as said
from lockgate.formats.signatures.testimony import Form, Subject
from lockgate.gates.images import Attestable, ImageTrust, Scanned, Signed
from lockgate.model import Verdict
from lockgate.settings.image_policy import Consequence, ImagePolicy, ImageRule, ProvenanceSettings, ScanSettings
from lockgate.signing.refused import RefusedError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DIGEST = f"sha256:{'a' * 64}"


class Named:
    """Somebody who has signed what carries their name. How signatures are verified is tested beside."""

    forms = frozenset({Form.NOTARY})

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, found, image):
        if not found.content.startswith(self.name.encode()):
            raise RefusedError("by somebody else")
        statement = found.content.partition(b"\n")[2]
        return Signed(self.name, found.where, found.form, in_toto.read(statement) if statement else None)


def spoken(name: str, statement: bytes = b"") -> said.Testimony:
    return said.Testimony(Form.NOTARY, name.encode() + b"\n" * bool(statement) + statement, f"by {name}")


def provenance(**workflow: str) -> bytes:
    told = {"repository": "https://github.com/team/shop", "path": "build.yml", "ref": "refs/heads/main", **workflow}
    predicate = {"buildDefinition": {"buildType": "https://b/1", "externalParameters": {"workflow": told}},
                 "runDetails": {"builder": {"id": "https://builder/v1"}}}  # fmt: skip
    return in_toto.written(DIGEST, "", in_toto.SLSA_1, predicate)


def judge(*rules: ImageRule, testimonies=(), name="registry.example.com/team/shop", unmatched=Consequence.DENY, **more):
    authorities = {one: Named(one) for one in ("release", "ci")}
    trust = ImageTrust(ImagePolicy(images=rules, unmatched=unmatched), authorities)
    return trust.judge(Attestable(name, Subject(DIGEST, b""), testimonies, **more), now=NOW)


def told(trusted) -> list[tuple[str, str]]:
    return [(one.rule, one.text) for one in trusted.decision.reasons]


def test_each_authority_of_signed_by_must_have_signed():
    rule = ImageRule(signed_by=("release", "ci"))
    assert judge(rule, testimonies=[spoken("release"), spoken("ci")]).decision.verdict is Verdict.ALLOW
    only = judge(rule, testimonies=[spoken("ci")])
    assert only.decision.verdict is Verdict.DENY
    assert told(only) == [("images[0].signed_by", "not signed by release (by ci: by somebody else)")]
    assert [name for name, _ in only.holding] == ["ci"]


def test_one_authority_of_signed_by_any_is_enough():
    rule = ImageRule(signed_by_any=("release", "ci"))
    assert judge(rule, testimonies=[spoken("ci")]).decision.verdict is Verdict.ALLOW
    assert judge(rule).decision.verdict is Verdict.DENY


def test_what_others_put_beside_an_image_denies_nothing():
    rule = ImageRule(signed_by=("release",))
    found = judge(rule, testimonies=[spoken("somebody"), spoken("release")])
    assert found.decision.verdict is Verdict.ALLOW
    assert found.refused == (("release", "by somebody", "by somebody else"),)


def test_an_attestation_is_no_signature():
    found = judge(ImageRule(signed_by=("release",)), testimonies=[spoken("release", provenance())])
    assert found.decision.verdict is Verdict.DENY


def test_every_line_that_matches_holds_and_an_image_that_none_is_about_is_denied():
    rules = (ImageRule(match=("registry.example.com/*",), signed_by=("release",)),
             ImageRule(match=("*/team/*",), signed_by=("ci",), otherwise=Consequence.WARN))  # fmt: skip
    found = judge(*rules, testimonies=[spoken("release")])
    assert (found.decision.verdict, len(found.decision.reasons)) == (Verdict.WARN, 1)
    assert judge(*rules).decision.verdict is Verdict.DENY
    assert judge(*rules, name="docker.io/library/nginx").decision.verdict is Verdict.DENY
    mild = judge(*rules, name="docker.io/library/nginx", unmatched=Consequence.ALLOW)
    assert mild.decision.verdict is Verdict.ALLOW


def test_a_glob_over_names_is_no_prefix_of_another_host():
    rule = ImageRule(match=("registry.example.com/team/*",))
    assert judge(rule, name="registry.example.com.evil.example/team/shop").decision.verdict is Verdict.DENY


def test_provenance_must_be_as_it_is_asked_for_and_by_whom():
    wanted = ProvenanceSettings(
        by=("ci",), repository="https://github.com/team/shop.git", workflow="build.yml", ref="refs/heads/main",
        builder="https://builder/*", build_type="https://b/1",
    )  # fmt: skip
    rule = ImageRule(provenance=wanted)
    assert judge(rule, testimonies=[spoken("ci", provenance())]).decision.verdict is Verdict.ALLOW
    for statement, why in (
        (provenance(repository="https://github.com/evil/shop"), "repository https://github.com/evil/shop and not"),
        (provenance(path="other.yml"), "workflow other.yml and not build.yml"),
        (provenance(ref="refs/pull/1/merge"), "ref refs/pull/1/merge and not refs/heads/main"),
        (provenance(repository=""), "repository not named"),
    ):
        ((line, text),) = told(judge(rule, testimonies=[spoken("ci", statement)]))
        assert line == "images[0].provenance"
        assert why in text
    ((_, text),) = told(judge(rule, testimonies=[spoken("release", provenance())]))
    assert text == "no provenance by ci (ci: by release: by somebody else)"


def test_provenance_of_the_older_form_is_read_alike():
    predicate = {"builder": {"id": "https://builder/v1"}, "buildType": "https://b/1", "invocation": {"configSource": {
        "uri": "git+https://github.com/team/shop@refs/heads/main", "digest": {"sha1": "ab"}, "entryPoint": "build.yml"
    }}}  # fmt: skip
    statement = in_toto.written(DIGEST, "", in_toto.SLSA_02, predicate)
    found = in_toto.provenance(in_toto.read(statement))
    assert (found.repository, found.ref, found.workflow, found.revision) == (
        "https://github.com/team/shop", "refs/heads/main", "build.yml", "ab")  # fmt: skip


@pytest.mark.parametrize(
    ("scanned", "why"),
    [
        (None, "knows no scan"),
        (Scanned(NOW - timedelta(days=8), "allow"), "more than 7 days ago"),
        (Scanned(NOW - timedelta(days=1), "deny"), "was denied"),
        (Scanned(NOW - timedelta(days=1), "warn"), ""),
    ],
)
def test_the_last_scan_must_be_young_and_have_denied_nothing(scanned, why):
    found = judge(ImageRule(scan=ScanSettings()), scanned=scanned)
    assert [why in text for _, text in told(found)] == ([True] if why else [])


def test_what_could_not_be_read_is_told_where_something_is_missing():
    found = judge(ImageRule(signed_by=("release",)), unread=("tag: 10,000 layers",))
    assert "tag: 10,000 layers" in told(found)[0][1]
