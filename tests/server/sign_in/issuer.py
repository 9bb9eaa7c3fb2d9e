"""An issuer on loopback that signs whatever a test wants: for tokens that no honest provider gives."""

from __future__ import annotations

import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


class Issuer:
    """Serves its documents until it is closed."""

    def __init__(self):
        self.asked, self.keys, self.told = [], {}, {}
        self.rotate()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                found = outer.document(self.path)
                body = json.dumps(found).encode()
                self.send_response(200 if found else 404)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def rotate(self):
        """A new key, which alone is named from now on."""
        self.kid = uuid.uuid4().hex
        self.keys = {self.kid: rsa.generate_private_key(65537, 2048)}

    def document(self, path):
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **self.told}
        if path != "/jwks":
            return None
        shown = jwt.algorithms.RSAAlgorithm.to_jwk
        return {"keys": [{**shown(key.public_key(), as_dict=True), "kid": kid} for kid, key in self.keys.items()]}

    def token(self, *, key=None, kid=None, algorithm="RS256", lasts=300, **claims):
        """A signed token. A claim that is None is left out."""
        now = int(time.time())
        told = {"iss": self.issuer, "aud": "lockgate", "iat": now, "exp": now + lasts, "sub": "s", **claims}
        told = {name: value for name, value in {"jti": uuid.uuid4().hex, **told}.items() if value is not None}
        signing = self.keys[self.kid] if key is None else key
        return jwt.encode(told, signing, algorithm=algorithm, headers={"kid": kid or self.kid})

    def close(self):
        self._server.shutdown()
        self._server.server_close()
