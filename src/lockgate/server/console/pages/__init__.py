"""Pages: one subject a module, its routes under ``ROUTES`` (an ``APIRouter``). Each route says what it needs."""
