"""Where the public test data are: ``LOCKGATE_CORPORA``, else beside the checkout. Absolute: tests go elsewhere."""

import os
from pathlib import Path

CORPORA = Path(os.environ.get("LOCKGATE_CORPORA") or Path(__file__).parents[2] / "shared" / "corpora").resolve()
