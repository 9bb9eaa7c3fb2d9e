"""A Spark cluster on the loopback: a master and two workers, as processes of their own, from the pip package."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MISSING = (
    "needs pyspark" if importlib.util.find_spec("pyspark") is None
    else "needs Java 17" if shutil.which("java") is None
    else ""
)  # fmt: skip
"""Why no cluster can be started here; empty when one can."""
SETTINGS = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "600m",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    # Hundreds of statements over a few rows: what is compiled for each would take longer than what it saves.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
}
"""What a session for tests is opened with."""
_WAIT = 120


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The address of a master with two workers of one core each; all of them are gone afterwards."""
    import pyspark

    port = _free_port()
    environment = {
        **os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "PYSPARK_PYTHON": sys.executable,
        "SPARK_HOME": str(Path(pyspark.__file__).parent), "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
    }  # fmt: skip
    program = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> Path:
        log = folder / f"{name}.log"
        with log.open("wb") as stream:
            processes.append(subprocess.Popen(
                [program, *arguments], env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=stream,
                stderr=subprocess.STDOUT, start_new_session=True,
            ))  # fmt: skip
        return log

    try:
        deploy = "org.apache.spark.deploy"
        start("master", f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        address = f"spark://127.0.0.1:{port}"
        logs = [
            start(f"worker{i}", f"{deploy}.worker.Worker", address, "--host", "127.0.0.1", "--cores", "1",
                  "--memory", "1g", "--webui-port", "0", "--work-dir", str(folder / f"work{i}"))
            for i in range(2)
        ]  # fmt: skip
        for log in logs:
            _wait_for(log, b"Successfully registered with master")
        yield address
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(log: Path, text: bytes) -> None:
    end = time.monotonic() + _WAIT
    while text not in log.read_bytes():
        if time.monotonic() > end:
            raise TimeoutError(f"{log.name}: {log.read_bytes()[-2_000:].decode(errors='replace')}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
