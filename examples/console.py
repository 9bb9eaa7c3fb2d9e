"""Opens the console over the laid-out example in the background, or ends it: ``python examples/console.py up|down``.

``make up`` ends with it. The server goes on when make has ended; its output is in ``console.log`` beside the example.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

VENV = Path(sys.prefix)
LOG, PID = VENV / "console.log", VENV / "console.pid"
_SECONDS = 90


def down() -> bool:
    """End the server that an earlier call began; whether there was one."""
    try:
        pid = int(PID.read_text())
        command = Path(f"/proc/{pid}/cmdline")
        ours = not command.parent.parent.is_dir() or b"lockgate" in command.read_bytes()
        if ours:
            os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return False
    finally:
        PID.unlink(missing_ok=True)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except OSError:
            break
        time.sleep(0.05)
    return ours


def up(port: int) -> int:
    """Begin it, wait until it answers, and say where it is."""
    down()
    command = [VENV / "bin" / "lockgate", "up", "--project", VENV / "harbour", "--port", str(port)]
    with LOG.open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    PID.write_text(str(server.pid))
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            print(LOG.read_text(), file=sys.stderr)
            print(f"The console did not start. Is port {port} taken? make up CONSOLE_PORT=8700", file=sys.stderr)
            return 1
        try:
            urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    else:
        print(f"The console did not answer within {_SECONDS} s: {LOG}", file=sys.stderr)
        return 1
    time.sleep(0.2)
    told = [line for line in LOG.read_text().splitlines() if line.startswith(("console: ", "the first administrator"))]
    print(f"The console is open over the example shop: http://localhost:{port}   (make down ends it)")
    print("\n".join(told[1:]))
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "down":
        print("The console has ended." if down() else "No console was open.")
        sys.exit(0)
    sys.exit(up(int(sys.argv[2])))
