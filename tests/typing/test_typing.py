"""What type checkers know about the library in an application: the user is the application's own class."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROJECT = Path(__file__).parents[2]
FILES = ("right", "wrong")

Complaints = dict[str, dict[int, str]]
"""For each file the complaint about each line."""


def mypy(folder: Path, cache: Path) -> Complaints:
    options = ["--strict", "--config-file=", "--python-version=3.11", f"--cache-dir={cache}"]
    output = run("mypy", *options, *(f"{name}.py" for name in FILES), folder=folder)
    found = re.findall(r"^(.+):(\d+): error: (.+)$", output, re.MULTILINE)
    assert {Path(file).stem for file, _, _ in found} <= set(FILES), "the library itself does not pass"
    return {name: {int(line): text for file, line, text in found if Path(file).stem == name} for name in FILES}


def pyright(folder: Path) -> Complaints:
    settings = {"include": ["."], "extraPaths": [str(PROJECT)], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps({**settings, "typeCheckingMode": "standard"}))
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable, folder=folder))
    assert report["summary"]["filesAnalyzed"] == len(FILES)
    found: Complaints = {name: {} for name in FILES}
    for one in report["generalDiagnostics"]:
        found[Path(one["file"]).stem][one["range"]["start"]["line"] + 1] = one["message"]
    return found


def run(*command: str, folder: Path) -> str:
    """The output of a type checker; its exit code says no more than that."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr + done.stdout
    return done.stdout


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_every_slip_is_found_and_what_is_right_is_accepted(
    checker: str, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """In an application that stands outside of this project."""
    for name in FILES:
        shutil.copy(HERE / f"{name}.txt", tmp_path / f"{name}.py")
    assert pytestconfig.cache is not None
    complaints = pyright(tmp_path) if checker == "pyright" else mypy(tmp_path, cache=pytestconfig.cache.mkdir("mypy"))
    lines = (HERE / "wrong.txt").read_text().splitlines()
    planted = {number for number, line in enumerate(lines, 1) if line.endswith("# WRONG")}
    assert len(planted) > 10
    assert complaints["wrong"].keys() == planted, complaints["wrong"]
    assert complaints["right"] == {}
