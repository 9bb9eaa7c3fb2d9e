"""Every reader of what says who made an image: any bytes are read or refused, and what is written is read again."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import dsse, in_toto, sigstore_bundle, simple_signing, transparency, trusted_root

READERS = [simple_signing.read, dsse.read, in_toto.read, sigstore_bundle.read, trusted_root.read,
           transparency.entry_of_annotation]  # fmt: skip
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["mediaType", "critical", "image", "type", "payload", "signatures", "sig", "_type", "subject", "digest",
         "verificationMaterial", "tlogEntries", "dsseEnvelope", "Payload", "body", "validFor", "tlogs", "certificate"]
    ), inner, max_size=6), max_leaves=20,
)  # fmt: skip
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda held: f"sha256:{held.hex()}")


@pytest.mark.parametrize("reader", READERS)
@given(content=st.binary(max_size=200) | PLAIN.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(reader, content):
    try:
        reader(content)
    except FormatError:
        return


@given(note=st.text(max_size=200))
def test_any_text_is_a_checkpoint_or_none(note):
    try:
        transparency.checkpoint(note)
    except FormatError:
        return


@given(digest=DIGESTS, reference=st.text(max_size=50))
def test_a_payload_that_is_written_is_read_again(digest, reference):
    found = simple_signing.read(simple_signing.written(digest, reference))
    assert (found.digest, found.reference) == (digest, reference)


@given(digest=DIGESTS, payload=st.binary(min_size=1), signature=st.binary(min_size=1))
def test_an_envelope_that_is_written_is_read_again_alone_and_in_a_bundle(digest, payload, signature):
    made = dsse.Envelope(dsse.IN_TOTO, payload, (dsse.Signature(signature),))
    assert dsse.read(dsse.written(made)) == made
    assert sigstore_bundle.read(sigstore_bundle.written(made, "hint")).content == made
    assert in_toto.read(in_toto.written(digest, "", in_toto.SLSA_1, {})).digests == {digest}


def test_the_bytes_under_a_signature_hold_the_type_and_the_lengths():
    """The example of the specification of DSSE, protocol.md."""
    made = dsse.Envelope("http://example.com/HelloWorld", b"hello world", ())
    assert made.signed == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@pytest.mark.parametrize("reader", [dsse.read, sigstore_bundle.read, trusted_root.read])
def test_a_document_of_a_million_parts_is_not_looked_through(reader):
    with pytest.raises(FormatError, match="more than 10000 parts"):
        reader(b'{"a":[' + b"1," * 1_000_000 + b"1]}")


def test_an_entry_of_another_kind_than_was_announced_is_refused():
    body = {"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {}}
    told = {"logId": {"keyId": "YQ=="}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "canonicalizedBody": base64.b64encode(json.dumps(body).encode()).decode()}  # fmt: skip
    with pytest.raises(FormatError, match="of another kind than was announced"):
        transparency.body_of(transparency.entry_of(told))
