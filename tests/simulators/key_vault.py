"""Azure Key Vault on this machine: its challenge, tokens of an authority of its own, keys that really sign."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from tests.simulators.listening import listening

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}


class Vault:
    """Keys by name; ``refuses`` is a status that every request for a key is answered with."""

    def __init__(self, keys: dict) -> None:
        self.keys, self.refuses = keys, 0
        self.signed: list[tuple[str, bytes]] = []
        """Algorithm, and what was given to sign."""
        self.tokens: list[str] = []
        self.address = ""

    def described(self, name: str) -> dict:
        public = self.keys[name].public_key()
        body = {"kid": f"{self.address}/keys/{name}/v1", "key_ops": ["sign", "verify"]}
        numbers = public.public_numbers()
        if isinstance(public, rsa.RSAPublicKey):
            return body | {"kty": "RSA", "n": _url(_whole(numbers.n)), "e": _url(_whole(numbers.e))}
        size = (public.key_size + 7) // 8
        x, y = (_url(one.to_bytes(size, "big")) for one in (numbers.x, numbers.y))
        return body | {"kty": "EC", "crv": _CURVES[public.curve.name][0], "x": x, "y": y}

    def sign(self, name: str, algorithm: str, digest: bytes) -> bytes | None:
        """None: this key does not sign so."""
        key, hashed = self.keys[name], _HASHES[algorithm[2:]]
        self.signed.append((algorithm, digest))
        if isinstance(key, rsa.RSAPrivateKey):
            how = padding.PKCS1v15() if algorithm == "RS256" else padding.PSS(padding.MGF1(hashed), len(digest))
            return key.sign(digest, how, utils.Prehashed(hashed)) if algorithm[:2] in ("RS", "PS") else None
        if _CURVES[key.curve.name][1] != algorithm:
            return None
        made = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(hashed))))
        size = (key.key_size + 7) // 8
        return b"".join(one.to_bytes(size, "big") for one in made)


@contextmanager
def serving(keys: dict, tls) -> Iterator[Vault]:
    vault = Vault(keys)

    class Handler(_Handler):
        pass

    Handler.vault = vault
    with listening(Handler, tls) as server:
        vault.address = f"https://127.0.0.1:{server.server_port}"
        yield vault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vault: Vault

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, body: bytes) -> None:
        vault, path = self.vault, self.path.partition("?")[0]
        if path.endswith("/.well-known/openid-configuration"):
            base = f"{vault.address}/tenant"
            self._send(200, {"token_endpoint": f"{base}/oauth2/v2.0/token", "issuer": f"{base}/v2.0",
                             "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"})  # fmt: skip
        elif path.endswith("/oauth2/v2.0/token"):
            vault.tokens.append(f"token-{hashlib.sha256(body).hexdigest()[:8]}-{len(vault.tokens)}")
            self._send(200, {"access_token": vault.tokens[-1], "expires_in": 3600, "token_type": "Bearer"})
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in vault.tokens:
            challenge = f'Bearer authorization="{vault.address}/tenant", resource="https://vault.azure.net"'
            self._send(401, {}, **{"WWW-Authenticate": challenge})
        elif vault.refuses:
            self._send(vault.refuses, {"error": {"code": "Forbidden", "message": "no"}})
        else:
            self._key([part for part in path.split("/") if part], body)

    def _key(self, parts: list[str], body: bytes) -> None:
        vault = self.vault
        if len(parts) < 2 or parts[0] != "keys" or parts[1] not in vault.keys:
            self._send(404, {"error": {"code": "KeyNotFound", "message": "no such key"}})
        elif parts[-1] == "sign":
            asked = json.loads(body)
            value = base64.urlsafe_b64decode(asked["value"] + "==")
            made = vault.sign(parts[1], asked["alg"], value)
            if made is None:
                self._send(400, {"error": {"code": "BadParameter", "message": "the key does not sign so"}})
            else:
                self._send(200, {"kid": f"{vault.address}/keys/{parts[1]}/v1", "value": _url(made)})
        else:
            self._send(200, {"key": vault.described(parts[1]), "attributes": {"enabled": True}})

    def _send(self, status: int, body: dict, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _whole(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
