"""An interrupt ends a command with 130 wherever it comes, and waits while a module is loading."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.cli import main

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="interrupts wait by interval timers")

RUN = """
import os, signal, sys, time
from lockgate import cli
from lockgate.cli import _parser

def parse(arguments):
    import slow
    for _ in range(500):
        time.sleep(0.01)
    print("not interrupted")

_parser.parse = parse
sys.exit(cli.main(["rules"]))
"""
SLOW = """
import os, signal, time

class Named:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)

class Holder:
    named = Named()

print("loaded", flush=True)
"""
ENDLESS = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
while True:
    time.sleep(0.01)
"""


def run(folder: Path, module: str, code: str = RUN) -> subprocess.CompletedProcess[str]:
    (folder / "slow.py").write_text(module)
    paths = (str(folder), *filter(None, sys.path))
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=50, check=False)


def test_an_interrupt_waits_until_a_module_is_loaded(tmp_path) -> None:
    done = run(tmp_path, SLOW)
    assert (done.returncode, done.stdout) == (130, "loaded\n"), done.stderr
    assert "interrupted" in done.stderr
    assert "defect" not in done.stderr


def test_a_module_that_hangs_is_interrupted_all_the_same(tmp_path) -> None:
    shorter = "from lockgate.cli import _interrupts\n_interrupts._LONGEST = 0.3\n"
    done = run(tmp_path, ENDLESS, shorter + RUN)
    assert done.returncode == 130, done.stderr


def test_an_interrupt_that_a_callback_of_a_fork_swallows_comes_again(tmp_path) -> None:
    forking = "os.register_at_fork(after_in_parent=lambda: (os.kill(os.getpid(), signal.SIGINT), time.sleep(0.05)))\n"
    module = "import os, signal, time\n" + forking + "def fork(): os.fork() or os._exit(0)\n"
    done = run(tmp_path, module, RUN.replace("    for _", "    slow.fork()\n    for _"))
    assert (done.returncode, done.stdout) == (130, ""), done.stderr
    assert "Exception ignored" not in done.stderr


def test_an_interrupt_elsewhere_comes_at_once_and_handlers_are_put_back(monkeypatch) -> None:
    from lockgate.cli import _parser

    def interrupted(arguments):
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it went on")

    monkeypatch.setattr(_parser, "parse", interrupted)
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGALRM)]
    assert main(["rules"]) == 130
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGALRM)] == before


@pytest.mark.parametrize("at", ["orjson", "lockgate.engine.scan", "sqlite3"])
def test_an_interrupt_while_what_a_check_needs_is_loaded_ends_in_130(tmp_path, at) -> None:
    code = f"""
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from lockgate.cli import main
sys.exit(main(["check", "--no-store", "--family", "secrets", {str(tmp_path)!r}]))
"""
    done = run(tmp_path, "", code)
    assert done.returncode == 130, (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "taken"), [(["rules", "--format", "json"], 1), (["rules"], 0), (["explain", "secrets/jwt"], 0),
                             (["check", "--no-store", "--family", "secrets"], 0)]
)  # fmt: skip
def test_output_that_nobody_reads_to_its_end_ends_quietly_in_141(tmp_path, arguments, taken) -> None:
    (tmp_path / "a.txt").write_text("text\n")
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate", *arguments], cwd=tmp_path, env=surroundings, stdout=writer,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writer)
    os.read(reader, taken)
    os.close(reader)
    _, said = process.communicate(timeout=50)
    assert (process.returncode, said) == (141, "")
