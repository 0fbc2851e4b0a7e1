"""Writes constraints.txt: the newest versions that fit together, for every platform. Run by `python3 dev.py pin`."""

import runpy
import subprocess
import tomllib
from pathlib import Path

import uv

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
COMMAND = ("pip", "compile", "-", "--universal", "--upgrade", "--no-header", "--no-annotate", "--quiet")


def main() -> None:
    """Resolve what all tasks need together, and keep only names and versions: no addresses, no hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    dev = runpy.run_path(str(ROOT / "dev.py"))
    # The groups that share .venv. What the benchmarks compare with stands in an environment of its own.
    groups = sorted({group for _, needed, _ in dev["TASKS"].values() for group in needed})
    extras, requirements = dev["resolve"](groups)
    oldest = project["project"]["requires-python"].removeprefix(">=")
    wanted = [f".[{','.join(extras)}]", *requirements]
    subprocess.run(
        [uv.find_uv_bin(), *COMMAND, "--python-version", oldest, "-o", str(HERE / "constraints.txt")],
        cwd=ROOT,
        input="\n".join(wanted),
        text=True,
        check=True,
    )
    # This very tree is no constraint, and a path in the list would refuse to be one.
    lines = (HERE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line.strip() for line in lines if line and not line.startswith((".", "file:", "-", "#"))]
    (HERE / "constraints.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
