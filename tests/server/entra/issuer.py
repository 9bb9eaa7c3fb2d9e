"""An issuer on loopback with the addresses of Entra: documents, keys, and tokens that it really signs with RS256."""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from lockgate.server.tls.authority import OwnAuthority

TENANT = "7d1b3c5e-0a2f-4c6d-8e9b-112233445566"
GRAFANA, SENDER, ANA = (f"0000000{number}-aaaa-4bbb-8ccc-dddddddddddd" for number in range(3))
AUDIENCE = "api://lockgate.test"


class Issuer:
    """Serves until it is closed."""

    def __init__(self, folder):
        self.authority = OwnAuthority(folder / "issuer", names=["localhost", "127.0.0.1"])
        self.authority.ensure()
        self.ca = folder / "issuer" / "ca.crt"
        self.keys, self.asked, self.secrets = {}, [], {GRAFANA: "g-" + "s" * 12, SENDER: "s-" + "s" * 12}
        self.jwks_uri, self.broken = "", False
        self.rotate()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer.asked.append(self.path)
                found = None if issuer.broken else issuer.document(self.path)
                self.tell(found if found is not None else {"error": "none"}, 200 if found is not None else 404)

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                app = form["client_id"][0]
                good = form["grant_type"] == ["client_credentials"] and form["client_secret"] == [issuer.secrets[app]]
                aud = form["scope"][0].removesuffix("/.default")
                told = {"token_type": "Bearer", "expires_in": 3599, "access_token": issuer.token(aud=aud, azp=app)}
                self.tell(told if good else {"error": "invalid_client"}, 200 if good else 401)

            def tell(self, told, status):
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.pair.certificate, self.authority.pair.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"localhost:{self.server.server_port}"
        self.url = f"https://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def rotate(self, *, forget=False):
        """Sign with a new key from now on."""
        if forget:
            self.keys.clear()
        self.signing = uuid.uuid4().hex
        self.keys[self.signing] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def document(self, path):
        issuers = {f"/{TENANT}/v2.0": f"{self.url}/{TENANT}/v2.0", f"/{TENANT}": f"https://sts.test/{TENANT}/"}
        if path == f"/{TENANT}/discovery/keys":
            algorithm = jwt.get_algorithm_by_name("RS256")
            own = [algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name} for name, key in self.keys.items()]
            return {"keys": [*own, {"kty": "EC", "kid": "other"}, {"kty": "RSA", "kid": "broken", "n": "?"}, 7]}
        found = issuers.get(path.removesuffix("/.well-known/openid-configuration"))
        jwks = self.jwks_uri or f"{self.url}/{TENANT}/discovery/keys"
        return found and {
            "issuer": found, "jwks_uri": jwks, "token_endpoint": f"{self.url}/{TENANT}/oauth2/v2.0/token",
            "authorization_endpoint": f"{self.url}/{TENANT}/oauth2/v2.0/authorize",
        }  # fmt: skip

    def token(self, *, key=None, kid=None, algorithm="RS256", without=(), **changed):
        """An access token as Entra makes them for an application, with claims changed."""
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/{TENANT}/v2.0", "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 3600,
            "tid": TENANT, "azp": GRAFANA, "oid": str(uuid.uuid5(uuid.NAMESPACE_URL, changed.get("azp", GRAFANA))),
            "ver": "2.0", "sub": "x",
        } | changed  # fmt: skip
        kept = {name: value for name, value in claims.items() if name not in without}
        return jwt.encode(kept, key or self.keys[self.signing], algorithm, headers={"kid": kid or self.signing})

    def close(self):
        self.server.shutdown()
        self.thread.join(10)
        self.server.server_close()
