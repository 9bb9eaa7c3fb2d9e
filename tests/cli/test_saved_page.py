"""`lockgate saved page`: saved queries as one page that works offline."""

import re
from html.parser import HTMLParser

import pytest

from lockgate.store.saved import QUERY, Library, Saved

TIMES = """range i from 0 to 9 step 1
| project Time=datetime(2026-01-01) + i * 1h, Kind=iff(i % 2 == 0, 'even', 'odd'), Count=i * i
| render timechart with (title='Over time')"""


class Page(HTMLParser):
    """What a page shows and what it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.open, self.fetched, self.texts, self.tags = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href") and not value.startswith("#")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def project(tmp_path):
    library = Library.open(tmp_path / "queries", tmp_path / ".lockgate")

    def keep(name, text, about=""):
        library.put(Saved(QUERY, name, text, about))

    keep("bars", "datatable(Name:string, n:long)['a', 3, '<b>', 6] | render barchart", "How many <of> each")
    keep("times", TIMES)
    keep("wrong", "Nothing | count")
    return tmp_path


def test_every_query_has_its_chart_its_rows_and_its_text(lockgate, project):
    done = lockgate("saved", "page", "times", "bars", "--out", "page.html", "--title", "My <board>", cwd=project)
    assert done.returncode == 0, done.stderr
    text = (project / "page.html").read_text()
    page = Page(text)
    assert page.open == [] and page.fetched == [] and "script" not in page.tags
    assert "default-src 'none'" in text and "<of>" not in text and "<b>" not in text and "<board>" not in text
    shown = "".join(page.texts)
    assert shown.index("times") < shown.index("bars")
    assert "How many <of> each" in shown and "Over time" in shown and "render timechart" in shown
    assert page.tags.count("svg") == 2 and page.tags.count("polyline") == 2 and page.tags.count("rect") == 2
    lines = re.findall(r'<polyline points="([^"]*)"', text)
    assert [len(line.split()) for line in lines] == [5, 5]
    assert lines[1].split()[-1] == "720.0,0.0"  # the last and highest: 81 at nine o'clock
    assert re.findall(r'<rect [^>]*width="([0-9.]+)"', text) == ["190.0", "380.0"]


def test_a_query_that_fails_says_so_in_its_place(lockgate, project):
    done = lockgate("saved", "page", "--out", "page.html", cwd=project)
    assert done.returncode == 2
    shown = "".join(Page((project / "page.html").read_text()).texts)
    assert "Could not be answered:" in shown and "Over time" in shown
