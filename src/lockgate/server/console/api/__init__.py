"""The API: one subject a module, its routes under ``ROUTES`` (an ``APIRouter`` below ``/api/v1``)."""
