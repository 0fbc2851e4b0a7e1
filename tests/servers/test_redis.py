"""A Redis of one's own: refusals, faults, persistence."""

import socket
from collections.abc import Callable

import pytest

from fastapi_beyond_crud.testing.servers import RedisServer, ServersUnavailable
from fastapi_beyond_crud.testing.servers import server as server_module
from tests.servers.answers import redis_says

Start = Callable[..., RedisServer]


def test_a_server_that_runs_cannot_be_started_again(redis_server: Start) -> None:
    server = redis_server()
    with pytest.raises(RuntimeError, match="runs already"):
        server.start()


def test_a_killed_server_has_no_pid_and_refuses_connections(redis_server: Start) -> None:
    server = redis_server()
    server.kill()
    assert not server.is_running
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.pid
    with pytest.raises(ConnectionError):
        redis_says(server.url, "PING")


def test_a_server_that_cannot_start_shows_its_log(redis_server: Start) -> None:
    with pytest.raises(ServersUnavailable, match=r"(?s)did not start.*no-such-option"):
        redis_server("--no-such-option", "1")


def test_a_server_does_not_start_on_a_port_that_another_program_took(redis_server: Start) -> None:
    server = redis_server()
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)), pytest.raises(ServersUnavailable, match="in use"):
        server.start()


def test_a_port_lost_between_choosing_and_listening_is_replaced(
    redis_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other program answers PING, and is still not taken for the new server."""
    other = redis_server()
    free_port, chosen = server_module._free_port, iter([other.port])
    monkeypatch.setattr(server_module, "_free_port", lambda: next(chosen, None) or free_port())
    server = redis_server()
    assert server.port != other.port
    assert f"process_id:{server.pid}" in redis_says(server.url, "INFO", "server")


def test_a_frozen_server_accepts_a_connection_and_does_not_answer(redis_server: Start) -> None:
    server = redis_server()
    server.freeze()
    assert server.is_running
    with pytest.raises(TimeoutError):
        redis_says(server.url, "PING", seconds=0.2)
    server.thaw()
    assert redis_says(server.url, "PING") == "+PONG\r\n"


def test_a_frozen_server_can_be_stopped_and_restarted(redis_server: Start) -> None:
    server = redis_server()
    server.freeze()
    server.restart()
    assert redis_says(server.url, "PING") == "+PONG\r\n"


def test_a_restart_keeps_the_port_and_loses_what_was_not_written(redis_server: Start) -> None:
    server = redis_server()
    url, pid = server.url, server.pid
    assert redis_says(url, "SET", "name", "kept") == "+OK\r\n"
    server.restart()
    assert (server.url, server.pid != pid) == (url, True)
    assert redis_says(url, "GET", "name") == "$-1\r\n"


def test_arguments_win_over_the_defaults(redis_server: Start) -> None:
    server = redis_server("--appendonly", "yes", "--appendfsync", "always")
    assert redis_says(server.url, "SET", "name", "kept") == "+OK\r\n"
    server.kill()
    server.start()
    assert redis_says(server.url, "GET", "name") == "$4\r\nkept\r\n"


def test_two_servers_do_not_share_a_port_or_data(redis_server: Start) -> None:
    one, other = redis_server(), redis_server()
    assert one.port != other.port
    assert redis_says(one.url, "SET", "name", "one") == "+OK\r\n"
    assert redis_says(other.url, "GET", "name") == "$-1\r\n"
