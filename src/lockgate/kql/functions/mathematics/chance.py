"""Random numbers and guids: different for every row."""

from __future__ import annotations

import random
from typing import Any
from uuid import uuid4

from lockgate.kql.functions import Maker, plain


def _rand(limit: Any = None) -> float:
    """From 0 up to 1, or one of the whole numbers below a limit. Nothing secret rests on it."""
    if limit is None or limit < 2:
        return random.random()  # noqa: S311
    return float(random.randrange(limit))  # noqa: S311


FUNCTIONS: dict[str, Maker] = {"rand": plain(_rand), "new_guid": plain(lambda: str(uuid4()))}
