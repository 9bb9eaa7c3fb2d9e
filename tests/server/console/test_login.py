"""`lockgate login` at a server that listens: a code, a person who says yes, a token that only its user may read."""

import threading
import time

import pytest

from lockgate.cli import main
from lockgate.cli._server_tokens import keep, origin_of, token_for
from lockgate.errors import UsageError
from lockgate.model.actor import Actor, Persona
from lockgate.server.sign_in import by_program
from lockgate.server.sign_in.house import Came
from lockgate.store.team import people, tokens


def test_the_command_line_signs_in_and_out(served, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(by_program, "INTERVAL", 1)
    with served.database.begin() as connection:
        ana = people.create(connection, username="ana", personas=[Persona.DEVELOPER])
    begun = by_program.begin_device
    codes = []

    def watched(house, **given):
        codes.append(begun(house, **given))
        return codes[-1]

    monkeypatch.setattr(by_program, "begin_device", watched)

    def person():
        while not codes:
            time.sleep(0.02)
        actor = Actor(ana.id, "Ana")
        by_program.answer_device(served, codes[0].user_code, actor, allow=True, came=Came())

    thread = threading.Thread(target=person)
    thread.start()
    assert main(["login", "--server", served.site.origin]) == 0
    thread.join()
    assert codes[0].user_code in capsys.readouterr().out
    token = token_for(served.site.origin)
    assert (tmp_path / "config/lockgate/servers.json").stat().st_mode & 0o077 == 0
    with served.database.read() as connection:
        assert tokens.find(connection, token).person == ana.id
    assert main(["login", "--server", served.site.origin, "--out"]) == 0
    assert token_for(served.site.origin) == ""
    with served.database.read() as connection:
        assert tokens.find(connection, token) is None


def test_tokens_are_kept_by_server_and_the_variable_goes_first(tmp_path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    keep("https://a.example", "one", environment=environment)
    keep("https://b.example", "two", environment=environment)
    keep("https://a.example", "", environment=environment)
    assert token_for("https://a.example", environment=environment) == ""
    assert token_for("https://b.example", environment=environment) == "two"
    assert token_for("https://b.example", environment={**environment, "LOCKGATE_TOKEN": "three"}) == "three"


@pytest.mark.parametrize("server", ["http://lockgate.example", "https://user@host", "https://host/path", "host", "ftp://h"])
def test_a_token_is_sent_nowhere_else(server):
    with pytest.raises(UsageError, match="is no address of a server"):
        origin_of(server)
