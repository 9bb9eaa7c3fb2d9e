"""Queries passed on by the SDKs of Azure; the services are our own server, which speaks as they do."""

import datetime as dt

import pytest
from tests.server.query.served import Running

from lockgate.errors import StoreError, UsageError
from lockgate.store.ask import LimitError, Limits, Tables, ask
from lockgate.store.ask.azure import Place, _without_login, ask_azure, place_of

WORKSPACE = "00000000-0000-0000-0000-000000000001"
EVERY_TYPE = """
print b=true, i=int(5), l=9007199254740993, r=1.5, d=decimal(1.10), s='a"b', t=datetime(2026-11-26T10:00:00.123456Z),
      span=1d+2h+3m+4.5s, short=-90s, g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642), o=dynamic({"a":[1,null]}),
      e=dynamic("x"), inf=real(+inf), n=long(null), nt=datetime(null), ns='', nd=dynamic(null), nb=bool(null)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("passed"), secure=True, workspaces=(WORKSPACE,))
    yield running
    running.close()


@pytest.fixture
def asked(server, monkeypatch):
    """Asks as a cluster or as a workspace."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.folder / "authority" / "ca.crt"))

    def run(query, service, limits=Limits(), **more):  # noqa: B008 -- frozen
        place = Place(server.url, WORKSPACE if service == "workspace" else "lockgate", service == "workspace")
        return ask_azure(query, place, limits, **{"token": server.token, **more})

    return run


both = pytest.mark.parametrize("service", ["cluster", "workspace"])


@both
def test_an_answer_is_that_of_our_own_engine(asked, service):
    here, there = ask(EVERY_TYPE, Tables()).tables[0], asked(EVERY_TYPE, service).tables[0]
    assert there.columns == here.columns
    assert there.rows == here.rows


def test_a_cluster_gives_every_digit_of_a_time(asked):
    query = "print t=datetime(2026-11-26T10:00:00.1234567Z)"
    assert asked(query, "cluster").rows == ask(query, Tables()).rows


@both
def test_the_chart_comes_along(asked, service):
    query = "print x=1, y=2 | render barchart with (title='All', ycolumns=x, y)"
    kind, properties = asked(query, service).tables[0].render
    assert (kind, properties["title"], properties["ycolumns"]) == ("barchart", "All", "x,y")


def test_several_results_of_a_cluster_come_in_their_order(asked):
    answer = asked("print a=1; range x from 1 to 3 step 1 | fork (count) (where x > 1)", "cluster")
    assert [one.rows for one in answer.tables] == [[(1,)], [(3,)], [(2,), (3,)]]


@both
def test_what_is_wrong_with_the_query_is_said_in_the_words_of_the_service(asked, service):
    with pytest.raises(StoreError, match="Nowhere") as found:
        asked("Nowhere | count", service)
    assert found.value.where.startswith("https://127.0.0.1")


@both
def test_more_rows_than_allowed_are_refused(asked, service):
    with pytest.raises(LimitError):
        asked("range x from 1 to 100 step 1", service, Limits(rows=10))


@both
def test_who_is_not_known_is_told_how_to_be(asked, service):
    with pytest.raises(StoreError) as found:
        asked("print 1", service, token="nobody's")
    assert "LOCKGATE_AZURE_TOKEN" in found.value.hint


def test_without_a_login_one_line_says_so(asked, monkeypatch, capfd):
    """``azure-identity`` itself, which finds nothing here; what it logs beside its error is printed no more."""
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")  # no waiting for the metadata of a machine in Azure
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StoreError) as raised:
        asked("print 1", "workspace", token="")
    assert str(raised.value).count("Credential") == 0 and "no login of Azure was found" in str(raised.value)
    assert "az login" in raised.value.hint
    assert capfd.readouterr().err == ""


def test_a_login_that_failed_is_told_and_those_that_are_not_there_are_not():
    text = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Variables are not configured.
\tAzureCliCredential: ERROR: AADSTS70043: The refresh token has expired
To mitigate this issue, please refer to the guidelines"""
    assert _without_login(text) == (
        "no login of Azure was found: AzureCliCredential: ERROR: AADSTS70043: The refresh token has expired"
    )
    assert _without_login("Semantic error: SEM0100") == ""


def test_why_a_cluster_cannot_be_reached_is_told(monkeypatch):
    place = Place("https://127.0.0.1:9", "lockgate", workspace=False)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9.*\(.*refused"):
        ask_azure("print 1", place, Limits(), token="t")


@both
def test_only_rows_of_a_time_are_seen(asked, service, server):
    noon = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    reviews = [{"TimeGenerated": noon + dt.timedelta(hours=hours), "RunId": "", "Kind": "Pod"} for hours in (-1, 0, 1)]
    server.record.append_alone("AdmissionReviews", reviews, once=("test", 1))
    query = "AdmissionReviews | count"
    since = [asked(query, service, since=noon - dt.timedelta(minutes=30, hours=hours)).rows for hours in (0, 1)]
    assert since == [[(2,)], [(3,)]]


def test_a_parameter_of_the_query_reaches_a_cluster(asked):
    query = "declare query_parameters (n: long); print n + 1"
    assert asked(query, "cluster", parameters={"n": "41"}).rows == [(42,)]
    with pytest.raises(UsageError):
        asked(query, "workspace", parameters={"n": "41"})


@pytest.mark.parametrize(("text", "place"), [
    ("https://help.kusto.windows.net/Samples", Place("https://help.kusto.windows.net", "Samples", False)),
    (WORKSPACE, Place("https://api.loganalytics.io", WORKSPACE, True)),
    (f"{WORKSPACE}@https://api.loganalytics.us", Place("https://api.loganalytics.us", WORKSPACE, True)),
    ("http://127.0.0.1:8642/lockgate", Place("http://127.0.0.1:8642", "lockgate", False)),
])  # fmt: skip
def test_a_place_is_a_database_of_a_cluster_or_a_workspace(text, place):
    assert place_of(text) == place


@pytest.mark.parametrize("text", [
    "", "help", "https://help.kusto.windows.net", "https://help.kusto.windows.net/a/b", "http://elsewhere.example/db",
    f"{WORKSPACE}@http://elsewhere.example", f"{WORKSPACE}@", "https://me:x@elsewhere.example/db", "file:///etc/passwd",
])  # fmt: skip
def test_a_token_goes_nowhere_else(text):
    with pytest.raises(UsageError):
        place_of(text)


def test_a_word_that_is_no_address_is_told_as_such():
    with pytest.raises(UsageError, match="names no database and no workspace"):
        place_of("nonsense")
