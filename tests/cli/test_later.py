"""A module that waits is the module itself for whoever asks something of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lockgate.cli._later import later

SAME = """
import sys, threading
from lockgate.cli._later import later
later("inspect")
import inspect
from types import ModuleType
assert "ast" not in sys.modules and type(inspect) is not ModuleType
import dataclasses
assert "ast" not in sys.modules, "dataclasses asks nothing of it"
answers = []
asking = [threading.Thread(target=lambda: answers.append(inspect.signature(len).parameters)) for _ in range(8)]
for one in asking: one.start()
for one in asking: one.join()
assert len(answers) == 8 and all(list(one) == ["obj"] for one in answers), answers
assert type(inspect) is ModuleType and inspect is sys.modules["inspect"]
from inspect import Parameter
assert inspect.Parameter is Parameter and "_waiting" not in vars(inspect)
try: inspect.nothing
except AttributeError as error: print(error)
@dataclasses.dataclass
class Undescribed:
    path: str
print(Undescribed.__doc__)
"""


def test_a_module_is_loaded_once_something_of_it_is_asked_for():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SAME], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("module 'inspect' has no attribute 'nothing'\nUndescribed(path: str)\n", "")


def test_a_module_that_is_there_stays_and_one_that_is_not_is_missed():
    before = sys.modules["sys"]
    later("sys")
    assert sys.modules["sys"] is before
    later("lockgate_nowhere")
    with pytest.raises(ModuleNotFoundError):
        import lockgate_nowhere  # noqa: F401
