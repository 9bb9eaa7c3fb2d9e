"""syslog-ng signs requests of the Data Collector API by code of its own, and keeps rows for which there is no room."""

from tests.server.ingest import syslog_ng
from tests.server.ingest.served import Served

from lockgate.server.ingest.syslog import SyslogListener
from lockgate.server.ingest.taking import MOST_WAITING
from lockgate.server.tls.authority import OwnAuthority
from lockgate.server.tls.reload import ReloadingContext


class _Secured(Served):
    def listening(self):
        authority = OwnAuthority(self.folder / "authority", names=["localhost"])
        authority.ensure()
        return [SyslogListener(self.taker, ("127.0.0.1", 0), tls=ReloadingContext(authority.pair))]


@syslog_ng.PRESENT
def test_its_requests_are_rows_of_the_log_type(served, tmp_path):
    source = tmp_path / "in.log"
    source.write_text("".join(f"line {n}\n" for n in range(100)))
    signed = (
        f'azure-auth-header(workspace-id("ana") secret("{served.key}") method("POST") path("/api/logs") '
        'content-type("application/json")) headers("Log-Type: Ng" "Content-Type: application/json") '
        'delimiter(",") body-prefix("[") body-suffix("]")'
    )
    url = f"http://127.0.0.1:{served.port}/api/logs?api-version=2016-04-01"
    with syslog_ng.sending(tmp_path, source, url, signed):
        served.until("Ng_CL | summarize count(), dcount(message_s, 4), dcount(id_s, 4), countif(isnull(time_t))",
                     [(100, 100, 100, 0)])  # fmt: skip


@syslog_ng.PRESENT
def test_what_it_is_told_to_send_later_it_sends_later(served, tmp_path):
    source = tmp_path / "in.log"
    source.write_text("".join(f"line {n}\n" for n in range(100)))
    refused = 0
    served.taker._most = 0

    async def counted(*batches, take=served.taker.take):
        nonlocal refused
        refused += served.taker._most == 0
        await take(*batches)

    served.taker.take = counted
    url = f"http://127.0.0.1:{served.port}/ingest/rows?table=Ng_CL"
    with syslog_ng.sending(tmp_path, source, url, f'user("ana") password("{served.token}") delimiter("\\n")'):
        served.wait(lambda: refused > 1)
        served.taker._most = MOST_WAITING
        served.until("Ng_CL | summarize count(), dcount(message, 4)", [(100, 100)])


@syslog_ng.PRESENT
def test_it_forwards_over_tls_in_both_framings_to_who_shows_the_certificate_it_trusts(tmp_path):
    source = tmp_path / "in.log"
    source.write_text("".join(f"line {n} é\n" for n in range(100)))
    served = _Secured(tmp_path)
    try:
        trusted = f'transport("tls") tls(ca-file("{served.folder}/authority/ca.crt") peer-verify(required-trusted))'
        to = f'"localhost" port({served.listeners[0].port}) {trusted}'
        destination = f'syslog({to} persist-name("counted")); network({to} persist-name("lines"))'
        with syslog_ng.reading(tmp_path, source, destination):
            served.until("Syslog | summarize count(), dcount(SyslogMessage, 4), countif(SyslogMessage endswith 'é'), "
                         "dcount(HostName)", [(200, 100, 200, 1)])  # fmt: skip
    finally:
        served.close()
