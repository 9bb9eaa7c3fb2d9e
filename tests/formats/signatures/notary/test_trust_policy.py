"""A trust policy says which statement is for a repository, and what notation refuses in one is refused."""

import contextlib
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures.notary import names
from lockgate.formats.signatures.notary.trust_policy import Action, Check, read

SUBJECT = "x509.subject: C=US, ST=WA, O=Harbour"


def document(*statements, version="1.0") -> bytes:
    return json.dumps({"version": version, "trustPolicies": list(statements)}).encode()


def statement(
    name="ours", scopes=("harbour.example/cart",), level="strict", stores=("ca:ours",), who=(SUBJECT,), **more
):
    return {
        "name": name, "registryScopes": list(scopes), "signatureVerification": {"level": level, **more},
        "trustStores": list(stores), "trustedIdentities": list(who),
    }  # fmt: skip


def test_the_statement_that_names_the_repository_comes_before_the_one_for_all():
    others = statement("all", ["*"], "audit", who=["*"])
    policy = read(document(others, statement(scopes=["harbour.example/cart", "127.0.0.1:5000/a/b", "local/layout"])))
    assert policy.for_repository("harbour.example/cart").name == "ours"
    assert policy.for_repository("127.0.0.1:5000/a/b").name == "ours"
    assert policy.for_repository("harbour.example/car").name == "all"
    assert read(document(statement())).for_repository("harbour.example/other") is None


@pytest.mark.parametrize(
    ("level", "actions"),
    [("strict", "EEEEE"), ("permissive", "EELLL"), ("audit", "ELLLL"), ("skip", "SSSSS")],
)
def test_a_level_is_an_action_for_each_check_and_may_be_overridden(level, actions):
    held = statement(level=level) if level != "skip" else statement(level=level, stores=(), who=())
    (one,) = read(document(held)).statements
    assert "".join(one.actions[check].name[0] for check in Check) == actions
    if level != "skip":
        (one,) = read(document(statement(level=level, override={"revocation": "skip", "expiry": "enforce"}))).statements
        assert (one.actions[Check.REVOCATION], one.actions[Check.EXPIRY]) == (Action.SKIP, Action.ENFORCE)


@pytest.mark.parametrize(
    "wrong",
    [
        [statement(name="")], [statement(), statement(scopes=["harbour.example/b"])], [],
        [statement(), statement("b")], [statement(scopes=[])], [statement(scopes=["*", "harbour.example/a"])],
        [statement(scopes=["harbour.example/*"])], [statement(scopes=["cart"])], [statement(scopes=["https://a/b"])],
        [statement(scopes=["harbour.example/a:tag"])], [statement(level="most")], [statement(level=["strict"])],
        [statement(level="skip")], [statement(level="skip", stores=(), who=(), override={"expiry": "log"})],
        [statement(override={"integrity": "log"})], [statement(override={"expiry": "skip"})],
        [statement(override={"speed": "log"})], [statement(stores=())], [statement(who=())],
        [statement(stores=["ours"])], [statement(stores=["cb:ours"])], [statement(stores=["ca:../.."])],
        [statement(stores=["ca:.."])], [statement(who=["*", SUBJECT])], [statement(who=["C=US"])],
        [statement(who=["x509.subject:"])], [statement(who=["x509.subject: C=US, O=Harbour"])],
        [statement(who=[SUBJECT, f"{SUBJECT}, CN=cart"])], [statement(verifyTimestamp="sometimes")], ["statement"],
    ],
)  # fmt: skip
def test_what_notation_refuses_is_refused(wrong):
    with pytest.raises(FormatError):
        read(document(*wrong))


def test_other_versions_and_repeated_keys_are_refused():
    for content in (document(statement(), version="2.0"), b"[]", b'{"version":"1.0","version":"1.0"}', b"{"):
        with pytest.raises(FormatError):
            read(content)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("C=US,ST=WA,O=Harbour", {"C": "US", "ST": "WA", "O": "Harbour"}),
        (" C = US , S=WA, O=Harbour\\, Inc. ,CN=a\\ ", {"C": "US", "ST": "WA", "O": "Harbour, Inc.", "CN": "a "}),
        ("C=US,ST=WA,O=H\\C3\\BCtte,2.5.4.5=7", {"C": "US", "ST": "WA", "O": "Hütte", "2.5.4.5": "7"}),
    ],
)
def test_distinguished_names_are_read(text, read):
    assert names.parse(text) == read


@pytest.mark.parametrize(
    "text",
    ["", "C=US", "C=US,ST=WA", "C=US,ST=WA,O=", "C=US,S=WA,ST=WA,O=a", "C=US,ST=WA,O=a+CN=b", "C=US,ST=WA,O=#0401",
     "C=US,ST=WA,O=a\\x", "C=US,ST=WA,O=a\\", "C=US,ST=WA,O=a,", "C=US,ST=WA,O=\\ff", "US", "C=US,ST=WA,O=<a>",
     "c=US,st=WA,o=a", "C=US,ST=WA,O=" + "a" * 5000],
)  # fmt: skip
def test_other_names_are_refused(text):
    with pytest.raises(FormatError):
        names.parse(text)


@given(st.dictionaries(st.sampled_from(["CN", "OU", "L", "STREET"]), st.text(min_size=1, max_size=12)), st.text())
def test_whatever_is_escaped_comes_back(more, noise):
    held = {"C": "US", "ST": "WA", "O": "Harbour"} | more
    plain = string.ascii_letters + string.digits

    def escaped(value: str) -> str:
        return "".join(one if one in plain else "".join(f"\\{code:02x}" for code in one.encode()) for one in value)

    try:
        assert names.parse(",".join(f"{type_}={escaped(value)}" for type_, value in held.items())) == held
    except UnicodeEncodeError:
        return
    with contextlib.suppress(FormatError):
        names.parse(noise)
