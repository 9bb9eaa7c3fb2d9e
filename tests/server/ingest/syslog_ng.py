"""syslog-ng as a sender over HTTP: reads lines of a file, sends objects of JSON in batches, and again where it must."""

import contextlib
import shutil
import subprocess

import pytest

PRESENT = pytest.mark.skipif(not shutil.which("syslog-ng"), reason="syslog-ng is not here (.ci/run unpacks it)")


def sending(folder, source, url, options):
    """It sends over HTTP within. ``options``: of its destination, beside the address and the body."""
    return reading(
        folder, source, f'http(url("{url}") {options} batch-lines(40) batch-timeout(100)\n'
        '  body("$(format-json message=${MSG} id=${UNIQID} time=${ISODATE})") retries(1000))',
    )  # fmt: skip


@contextlib.contextmanager
def reading(folder, source, destination):
    """It runs within, and hands each line of ``source`` to ``destination``."""
    (folder / "syslog-ng.conf").write_text(
        "@version: 3.38\noptions { use-uniqid(yes); stats-freq(0); time-reopen(1); };\n"
        f'source s {{ file("{source}" flags(no-parse) follow-freq(0.1)); }};\n'
        f"destination d {{ {destination}; }};\n"
        "log { source(s); destination(d); flags(flow-control); };\n"
    )
    command = ["syslog-ng", "-F", "--no-caps", "-f", folder / "syslog-ng.conf", "-R", folder / "kept", "-p",
               folder / "pid", "-c", folder / "control"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()
