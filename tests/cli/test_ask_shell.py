"""The shell of `lockgate ask` at a real terminal: completion, history, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no terminals of this kind", allow_module_level=True)
pytest.importorskip("readline")
ENDLESS = "range x from 1 to 9999999999 step 1 | summarize count() by x % 7 | count"


class Terminal:
    """What a person sees and types."""

    def __init__(self, folder: Path) -> None:
        self.seen, self.at = "", 0
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb", XDG_STATE_HOME=str(folder), HOME=str(folder), COLUMNS="200")
            os.execv(sys.executable, [sys.executable, "-m", "lockgate", "ask"])

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def until(self, text: str, seconds: float = 40.0) -> str:
        """What is shown up to a text, from where the look before ended."""
        end = time.monotonic() + seconds
        while text not in self.seen[self.at :]:
            assert time.monotonic() < end, self.seen
            if select.select([self.screen], [], [], 0.2)[0]:
                self.seen += os.read(self.screen, 65_536).decode(errors="replace")
        begun, self.at = self.at, self.seen.index(text, self.at) + len(text)
        return self.seen[begun : self.at]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    made.until("kql> ")
    yield made
    os.kill(made.pid, signal.SIGKILL)
    os.waitpid(made.pid, 0)
    os.close(made.screen)


def test_a_name_is_completed_and_a_query_comes_back_whole(terminal: Terminal) -> None:
    terminal.type("KubePVInv\t | count;\n")
    assert "KubePVInventory | count" in terminal.until("1 row")
    terminal.until("kql> ")
    terminal.type("print Answer = 41\n| extend Answer = Answer + 1\n\n")
    terminal.until("42")
    terminal.until("kql> ")
    terminal.type("\x10\n\n")  # Ctrl-P
    assert "print Answer = 41 | extend Answer = Answer + 1" in terminal.until("42")


def test_ctrl_c_ends_a_query_and_not_the_shell(terminal: Terminal) -> None:
    terminal.type(f"{ENDLESS};\n")
    time.sleep(1.5)  # for the engine to be at work; earlier it ends all the same
    terminal.type("\x03")
    terminal.until("cancelled")
    terminal.until("kql> ")
    terminal.type("print 6 * 7;\n")
    terminal.until("42")
