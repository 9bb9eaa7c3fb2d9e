"""The shop window: lists goods, takes orders, calls cart and ledger."""

import os
from wsgiref.simple_server import make_server

from app.settings import CART_URL, PAYMENT_KEY

GOODS = ({"id": 1, "name": "rope", "price": 12}, {"id": 2, "name": "anchor", "price": 80})


def application(environ, start_response):
    """Answer one request."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    lines = [f"{good['name']}: {good['price']}" for good in GOODS]
    return ["\n".join(lines).encode(), f"\ncart at {CART_URL}, payments {bool(PAYMENT_KEY)}".encode()]


if __name__ == "__main__":
    make_server("0.0.0.0", int(os.environ.get("PORT", "8080")), application).serve_forever()
