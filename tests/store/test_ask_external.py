"""``externaldata`` reads files where the project allows it, over real HTTP of this machine, and nowhere else."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lockgate.errors import ConfigurationError, SourceError
from lockgate.settings import loads
from lockgate.store.ask import Tables, ask
from lockgate.store.ask.external import reader_of

CSV = b'name,n,when,bag\r\nann,5,2026-01-02,"{""a"": [1]}"\r\n"b,ob",x,,\r\n'
FILES = {
    "/lists/people.csv": CSV,
    "/lists/people.csv.gz": gzip.compress(CSV),
    "/lists/people.json": b'[{"name": "ann", "n": 5, "bag": {"a": 1}}, {"n": "7", "name": 12}]',
    "/lists/lines.ndjson": b'{"name": "ann"}\n\n{"name": "bob"}\n',
    "/lists/words.txt": b"one\ntwo, three\n",
    "/lists/wrong.json": b"[1, 2",
    "/lists/wrong.csv": b"\xff\xfe",
    "/secret/keys.csv": b"no",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/lists/moved.csv":
                self.send_response(302)
                self.send_header("location", "/secret/keys.csv")
                self.end_headers()
                return
            content = FILES.get(path)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


@pytest.fixture
def rows(server: str):
    tables = Tables(reader=reader_of([f"{server}/lists/"]))
    yield lambda schema, path, more="": ask(f"externaldata({schema})['{server}{path}'] {more}", tables).rows
    tables.connection.close()


SHAPE = "name: string, n: long, when: datetime, bag: dynamic"


@pytest.mark.parametrize("path", ["/lists/people.csv", "/lists/people.csv.gz", "/lists/people.csv?sig=x;managed"])
def test_separated_values_are_read_by_the_types_of_the_columns(rows, path: str) -> None:
    shown = "project name, n, year = datetime_part('year', when), bag.a"
    found = rows(SHAPE, path, f"with (ignoreFirstRecord=true) | {shown}")
    assert found == [("ann", 5, 2026, "[1]"), ("b,ob", None, None, None)]
    assert len(rows(SHAPE, path, "with (format='csv')")) == 3


def test_documents_and_lines_are_read_too(rows) -> None:
    shape = "name: string, n: long, bag: dynamic"
    assert rows(shape, "/lists/people.json", "with (format='multijson')") == [("ann", 5, '{"a":1}'), ("12", 7, None)]
    assert rows("name: string", "/lists/lines.ndjson", "with (format='json')") == [("ann",), ("bob",)]
    assert rows("line: string", "/lists/words.txt", "| count") == [(2,)]


@pytest.mark.parametrize(("path", "more", "said"), [
    ("/secret/keys.csv", "", "nobody allowed"), ("/lists/../secret/keys.csv", "", "nobody allowed"),
    ("/lists/%2e%2e/secret/keys.csv", "", "nobody allowed"), ("/listsx/a.csv", "", "nobody allowed"),
    ("/lists/moved.csv", "", "answers 302"), ("/lists/none.csv", "", "answers 404"),
    ("/lists/wrong.json", "", "as JSON"), ("/lists/wrong.csv", "", "UTF-8"),
    ("/lists/people.csv", "with (format='avro')", "'avro' are not read"),
])  # fmt: skip
def test_what_is_not_allowed_or_cannot_be_read_says_so(rows, path: str, more: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        rows("a: string", path, more)


@pytest.mark.parametrize("address", [
    "https://example.com.evil.example/lists/a", "https://user@example.com/lists/a", "http://example.com/lists/a",
    "https://example.com:444/lists/a", "file:///etc/passwd", "https://example.com/other", "//example.com/lists/a",
    "https://example.com/lists/..\\\\secret",
])  # fmt: skip
def test_no_other_address_is_like_an_allowed_one(address: str) -> None:
    tables = Tables(reader=reader_of(["https://example.com/lists"]))
    with pytest.raises(SourceError, match="nobody allowed"):
        ask(f"externaldata(a: string)['{address}']", tables)
    tables.connection.close()


def test_the_settings_say_what_is_allowed() -> None:
    assert loads(b"ask: {external: ['https://example.com/lists/']}").ask.external == ("https://example.com/lists/",)
    assert reader_of(()) is None
    for wrong in ("http://example.com/", "example.com", "https://u:p@example.com/", "https://example.com/?a=b"):
        with pytest.raises(ConfigurationError, match=r"no address that can be allowed"):
            reader_of([wrong])
