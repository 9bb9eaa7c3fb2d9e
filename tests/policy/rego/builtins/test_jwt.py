"""Tokens made with keys of this very run: verified by us and by OPA, and refused when anything of them changes."""

import base64
import json
from collections.abc import Callable, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lockgate.policy.rego.builtins.contract import BuiltinError, Context
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.values import Value

Check = Callable[[Sequence[tuple[str, tuple[Value, ...]]]], None]
CLAIMS = {"iss": "issuer", "aud": ["one", "two"], "exp": 2_000, "nbf": 1_000, "sub": "é"}


def encoded(number: int, size: int = 0) -> str:
    data = number.to_bytes(size or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa_key() -> tuple[dict[str, str], str]:
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.private_numbers()
    public = numbers.public_numbers
    fields = {"n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q}
    return {"kty": "RSA", **{name: encoded(value) for name, value in fields.items()}}, pem(key)


def ec_key(curve: ec.EllipticCurve, name: str) -> tuple[dict[str, str], str]:
    key = ec.generate_private_key(curve)
    numbers, size = key.private_numbers(), (curve.key_size + 7) // 8
    public = numbers.public_numbers
    fields = {"x": public.x, "y": public.y, "d": numbers.private_value}
    return {"kty": "EC", "crv": name, **{part: encoded(value, size) for part, value in fields.items()}}, pem(key)


def ed_key() -> tuple[dict[str, str], str]:
    key = ed25519.Ed25519PrivateKey.generate()
    x, d = key.public_key().public_bytes_raw(), key.private_bytes_raw()
    parts = {name: encoded(int.from_bytes(data, "big"), 32) for name, data in (("x", x), ("d", d))}
    return {"kty": "OKP", "crv": "Ed25519", **parts}, pem(key)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


RSA_KEY, RSA_PEM = rsa_key()
KEYS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), (RSA_KEY, RSA_PEM)),
    "ES256": ec_key(ec.SECP256R1(), "P-256"),
    "ES384": ec_key(ec.SECP384R1(), "P-384"),
    "ES512": ec_key(ec.SECP521R1(), "P-521"),
    "EdDSA": ed_key(),
}


def call(name: str, *arguments: Value, now: int | None = None) -> Value:
    builtin = BUILTINS[name]
    assert builtin.function is not None
    context = (Context(now_ns=now),) if builtin.takes_context else ()
    return builtin.function(*context, *arguments)


def signed(algorithm: str, key: dict[str, str], claims: Value = CLAIMS, **header: Value) -> str:
    token = call("io.jwt.encode_sign", {"alg": algorithm, "typ": "JWT", **header}, claims, key)
    assert isinstance(token, str)
    return token


def public(key: dict[str, str], **more: str) -> str:
    return json.dumps({name: value for name, value in key.items() if name not in ("d", "p", "q")} | more)


class TestSignatures:
    @pytest.mark.parametrize("algorithm", KEYS)
    def test_a_signature_holds_for_its_token_and_key_only(self, algorithm: str, agrees: Check) -> None:
        key, text = KEYS[algorithm]
        token = signed(algorithm, key)
        head, body, signature = token.split(".")
        other = signed(algorithm, key, {"sub": "other"}).split(".")[2]
        name = f"io.jwt.verify_{algorithm.lower()}"
        assert call(name, token, text) is True
        assert call(name, token, public(key)) is True
        assert call(name, f"{head}.{body}.{other}", text) is False
        wrong = [pem_of for name_of, (_, pem_of) in KEYS.items() if pem_of != text]
        calls = [(name, (token, pem_of)) for pem_of in wrong] + [(name, (token, text)), (name, (token, public(key)))]
        calls += [
            (name, (f"{head}.{body}.{signature[:-4]}", text)),
            (name, (f"{head}.{body}", text)),
            (name, (token, "x")),
        ]
        calls += [(name, (token, json.dumps({"keys": [json.loads(public(key, alg=algorithm, kid="k"))]})))]
        calls += [
            (name, (token, public(key, alg="RS256"))),
            (name, (token, public(key, alg="none"))),
            (name, (token, text + "x")),
        ]
        agrees(calls)

    @pytest.mark.parametrize("size", ["256", "384", "512"])
    def test_a_shared_secret(self, size: str, agrees: Check) -> None:
        secret = "not a" + " secret"
        key = {"kty": "oct", "k": base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()}
        token = signed(f"HS{size}", key)
        name = f"io.jwt.verify_hs{size}"
        assert call(name, token, secret) is True
        assert call(name, token, "other") is False
        agrees(
            [(name, (token, secret)), (name, (token, "other")), (name, (token[:-1], secret)), (name, ("a.b", secret))]
        )

    def test_a_key_of_another_type_makes_no_signature(self) -> None:
        with pytest.raises(BuiltinError, match="type that the algorithm needs"):
            signed("ES256", RSA_KEY)
        with pytest.raises(BuiltinError, match="unknown JWS algorithm"):
            signed("none", RSA_KEY)


class TestDecoding:
    def test_decoding_verifies_nothing(self, agrees: Check) -> None:
        token = signed("RS256", RSA_KEY)
        nested = signed("RS256", RSA_KEY, cty="text")
        head, body, _ = token.split(".")
        texts = [
            token,
            nested,
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}.x.y",
            "..",
            "a.b.c",
            f"{body}.{head}.AA",
            "",
        ]
        agrees([("io.jwt.decode", (text,)) for text in texts])

    def test_a_token_inside_a_token(self, agrees: Check) -> None:
        inner = signed("RS256", RSA_KEY)
        head = {"alg": "RS256", "typ": "x", "cty": "JWT"}
        outer = call("io.jwt.encode_sign_raw", json.dumps(head), inner, json.dumps(RSA_KEY))
        assert call("io.jwt.decode", outer)[1] == CLAIMS
        wanted = {"cert": RSA_PEM, "time": 1_500 * 10**9, "aud": "one"}
        assert call("io.jwt.decode_verify", outer, wanted)[0] is True
        agrees([("io.jwt.decode", (outer,)), ("io.jwt.decode_verify", (outer, wanted))])


class TestConstraints:
    def test_each_claim_is_held_to_its_constraint(self, agrees: Check) -> None:
        token = signed("RS256", RSA_KEY)
        good = {"cert": RSA_PEM, "time": 1_500 * 10**9, "aud": "two"}
        assert call("io.jwt.decode_verify", token, good) == [True, {"alg": "RS256", "typ": "JWT"}, CLAIMS]
        changes: list[dict[str, Value]] = [
            {}, {"iss": "issuer"}, {"iss": "other"}, {"aud": "three"}, {"aud": ""}, {"time": 999 * 10**9},
            {"time": 10**12}, {"time": 2 * 10**12}, {"time": 1_999_999_999_999}, {"time": -1}, {"time": "x"},
            {"alg": "RS256"}, {"alg": "RS512"}, {"secret": "x"}, {"nope": 1}, {"cert": "x"}, {"cert": 1},
            {"cert": KEYS["ES256"][1]}, {"cert": public(RSA_KEY)},
        ]  # fmt: skip
        agrees([("io.jwt.decode_verify", (token, good | change)) for change in changes])

    def test_critical_headers_must_be_known(self, agrees: Check) -> None:
        wanted = {"cert": RSA_PEM, "time": 1_500 * 10**9, "aud": "one"}
        tokens = [
            signed("RS256", RSA_KEY, crit=["x"], x=1), signed("RS256", RSA_KEY, crit=["kid"], kid="k"),
            signed("RS256", RSA_KEY, crit=[]), signed("RS256", RSA_KEY, x=1), signed("RS256", RSA_KEY, kid="k"),
        ]  # fmt: skip
        assert [call("io.jwt.decode_verify", token, wanted)[0] for token in tokens[:2]] == [False, True]
        agrees([("io.jwt.decode_verify", (token, wanted)) for token in tokens])

    def test_without_a_time_there_is_no_answer(self) -> None:
        token = signed("RS256", RSA_KEY)
        with pytest.raises(BuiltinError, match="time"):
            call("io.jwt.decode_verify", token, {"cert": RSA_PEM, "aud": "one"})
        assert call("io.jwt.decode_verify", token, {"cert": RSA_PEM, "aud": "one"}, now=1_500 * 10**9)[0] is True
