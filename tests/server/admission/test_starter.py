"""What the webhook has done by other processes is started by one that is small, stands back, and may die."""

import os
import sys

import pytest

from lockgate.server.admission.starter import Starter


@pytest.fixture
def starter():
    made = Starter()
    yield made
    made.close()


def ran(starter, code, seconds=20.0):
    return starter.run([sys.executable, "-c", code], seconds=seconds)


def test_a_command_tells_its_exit_code_and_the_end_of_what_it_said(starter):
    assert ran(starter, "print('to nobody')") == (0, "")
    code, said = ran(starter, "import sys; sys.stderr.write('x' * 9000 + 'no room\\n'); sys.exit(5)")
    assert (code, said) == (5, "x" * 3993 + "no room")


def test_commands_run_where_the_webhook_does_and_with_its_environment(starter, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "somewhere")
    code, said = ran(starter, "import os, sys; sys.stderr.write(os.getcwd() + ' ' + os.environ['AWS_REGION'])")
    assert (code, said) == (0, f"{tmp_path} somewhere")


def test_who_answers_goes_first(starter):
    code, said = ran(starter, "import os, sys; sys.stderr.write(f'{os.nice(0)} {os.sched_getscheduler(0)}')")
    assert (code, said) == (0, f"{min(19, os.nice(0) + 10)} {os.SCHED_BATCH}")


def test_a_command_that_takes_too_long_is_ended(starter):
    code, said = ran(starter, "import time; time.sleep(60)", seconds=0.3)
    assert code == -1 and "timed out" in said
    assert ran(starter, "") == (0, "")


def test_what_cannot_be_started_is_told(starter):
    assert starter.run(["/no/such/program"], seconds=5)[0] == -1


def test_one_that_was_killed_is_told_once_and_another_takes_its_place(starter):
    end_starter = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    code, said = ran(starter, end_starter)
    assert code == -1 and "what starts commands has ended" in said
    assert ran(starter, "import sys; sys.exit(3)") == (3, "")


def test_it_ends_with_who_made_it(tmp_path):
    """Killed, so that nothing says goodbye."""
    import subprocess
    import time

    code = (
        "import os, signal, sys\n"
        "from lockgate.server.admission.starter import Starter\n"
        "made = Starter(); made.start()\n"
        "print(made._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(400):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":  # nobody took its end, where there is no init
                    return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.02)
    raise AssertionError("it goes on")
