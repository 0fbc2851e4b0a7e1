"""The quick start works as it is printed: its files, its commands and what they answer."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.pages import PROJECT, README, Block, blocks, quick_start

MARK = "<end of command>"
NEEDS_A_SHELL = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="the commands of the quick start need bash and curl"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is typed, and what is printed. Three dots stand for anything."""

    typed: str
    printed: str


def commands(block: Block) -> list[Command]:
    """The commands of a block of the kind ``$ typed``, each with the lines below it."""
    parts = re.split(r"^\$ ", block.code, flags=re.MULTILINE)
    assert parts[0] == "", f"line {block.line}: a console block begins with a command"
    typed_and_printed = (part.partition("\n") for part in parts[1:])
    return [Command(typed=typed, printed=printed) for typed, _, printed in typed_and_printed]


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port


class Terminal:
    """A directory with shims for the programs of this environment, and a shell for the commands."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory / "shop"
        self.directory.mkdir()
        programs = directory / "bin"
        programs.mkdir()
        for name, module in {
            "beyond-crud": "-m fastapi_beyond_crud.cli",
            "uvicorn": "-m uvicorn",
            "python3": "",
        }.items():
            shim = programs / name
            shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            shim.chmod(0o755)
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        self.environment = {**environment, "PATH": path, "PYTHONPATH": str(PROJECT)}

    def run(self, typed: list[str]) -> list[str]:
        """What each of the commands prints. They share one shell, and so its variables."""
        script = "".join(f"{line}\nprintf '%s' '{MARK}'\n" for line in typed)
        done = subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - wherever it is
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout.split(MARK)[:-1]

    @contextmanager
    def serving(self, typed: str, port: int) -> Iterator[None]:
        """The server that this command starts, on another port; ended at the end."""
        command = ["bash", "-c", f"exec {typed} --port {port}"]
        with subprocess.Popen(command, cwd=self.directory, env=self.environment) as server:
            try:
                self._wait(server, port)
                yield
            finally:
                server.terminate()

    def _wait(self, server: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert server.poll() is None, "the server of the quick start did not start"
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the server of the quick start does not answer")


@pytest.fixture
async def terminal(tmp_path: Path, fresh_database: Callable[[], Awaitable[str]], redis_url: str) -> Terminal:
    """A terminal in which the servers of the test run stand for those on localhost: the environment wins over .env."""
    return Terminal(tmp_path, {**os.environ, "DATABASE_URL": await fresh_database(), "REDIS_URL": redis_url})


def assert_printed(command: Command, output: str) -> None:
    pattern = ".*".join(re.escape(part) for part in command.printed.strip().split("..."))
    assert re.fullmatch(pattern, output.strip(), re.DOTALL), f"$ {command.typed}\n{output}"


def test_the_program_in_the_readme_is_the_example_byte_for_byte() -> None:
    (program,) = blocks(README.read_text(), "python")
    assert program.code == (PROJECT / "examples" / "minimal" / "main.py").read_text()


@NEEDS_A_SHELL
def test_the_quick_start_runs_as_printed(terminal: Terminal) -> None:
    page = quick_start()
    for program in blocks(page, "python"):
        assert program.file_name is not None
        (terminal.directory / program.file_name).write_text(program.code)
    typed = [command for block in blocks(page, "console") for command in commands(block)]
    # The library is here already.
    typed = [command for command in typed if not command.typed.startswith("pip install ")]
    (start,) = (number for number, command in enumerate(typed) if command.typed.startswith("uvicorn "))
    for command, output in zip(typed[:start], terminal.run([each.typed for each in typed[:start]]), strict=True):
        assert_printed(command, output)

    port = free_port()
    asked = [command.typed.replace("localhost:8000", f"127.0.0.1:{port}") for command in typed[start + 1 :]]
    with terminal.serving(typed[start].typed, port):
        answers = terminal.run(asked)
    assert len(answers) >= 10
    for command, output in zip(typed[start + 1 :], answers, strict=True):
        assert_printed(command, output)


@NEEDS_A_SHELL
def test_an_answer_that_is_not_printed_so_is_noticed(terminal: Terminal) -> None:
    (output,) = terminal.run(["echo 401"])
    assert_printed(Command(typed="echo 401", printed="4...\n"), output)
    with pytest.raises(AssertionError):
        assert_printed(Command(typed="echo 401", printed="200\n"), output)
