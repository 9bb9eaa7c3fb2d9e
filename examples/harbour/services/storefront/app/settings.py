"""Settings of the shop window."""

import os

CART_URL = os.environ.get("CART_URL", "http://cart:3000")
PAYMENT_KEY = "{{join:sk_|live_}}{{alnum:24}}"
SAFE_PAYMENT_KEY = os.environ.get("PAYMENT_KEY", "")
DATABASE_URL = "postgresql://harbour:{{alnum:18}}@db.harbour.internal:5432/shop"
SAFE_DATABASE_URL = "postgresql://harbour:${DB_PASSWORD}@db.harbour.internal:5432/shop"
