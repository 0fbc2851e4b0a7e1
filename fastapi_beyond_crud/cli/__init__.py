"""The command `beyond-crud`. It needs the extra ``cli``; everything else in the package does without."""

import sys

_HOW_TO_INSTALL = 'The command needs one more package: pip install "fastapi-beyond-crud[cli]"'


def main() -> None:
    """Run the command with the arguments of this process; without the extra, say how to install it and exit 1."""
    try:
        from fastapi_beyond_crud.cli.app import app
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        print(_HOW_TO_INSTALL, file=sys.stderr)
        raise SystemExit(1) from None
    app(prog_name="beyond-crud")
