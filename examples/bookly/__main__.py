"""The commands: python -m examples.bookly migrate | serve | demo."""

import argparse
import asyncio
import sys
from importlib import import_module

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fastapi_beyond_crud import AuthError, ConfigurationError, Unavailable

_NO_DATABASE = "PostgreSQL does not answer. Check DATABASE_URL (or DB_HOST, DB_NAME, ...), and that the server runs."


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code. What goes wrong is told in a sentence, without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except KeyboardInterrupt:
        return 130
    except ConfigurationError as error:
        return _complain(str(error))
    except AuthError as error:
        return _complain(_NO_DATABASE if isinstance(error, Unavailable) else error.detail)
    except DBAPIError as error:
        return _complain(f"PostgreSQL refuses: {error.orig and error.orig.__cause__}")
    except (OSError, SQLAlchemyError):
        return _complain(_NO_DATABASE)
    return 0


def _run(options: argparse.Namespace) -> None:
    # Each module is imported when it is wanted: importing the application reads the settings. The demo makes some of
    # them first, and what is wrong with them is told above.
    module = import_module(f"examples.bookly.{options.command}")
    match options.command:
        case "migrate":
            asyncio.run(module.migrate())
        case "serve":
            try:
                listening = module.listen(options.host, options.port)
            except (OSError, OverflowError) as error:
                raise ConfigurationError(f"Cannot listen on {options.host}:{options.port}: {error}.") from None
            asyncio.run(module.serve([listening]))
        case "demo":
            module.demo(options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.bookly", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database up to date, and make the admin of BOOKLY_ADMIN_EMAIL")
    serve = commands.add_parser("serve", help="serve the API from one process")
    serve.add_argument("--port", type=int, default=8000, help="8000 if left out")
    serve.add_argument("--host", default="127.0.0.1", help="127.0.0.1 if left out, which only this machine can reach")
    demo = commands.add_parser("demo", help="servers, migrations, sample data, and the API: all in one")
    demo.add_argument("--port", type=int, default=8000, help="the first port to try; 8000 if left out")
    return parser


def _complain(sentence: str) -> int:
    print(f"bookly: {sentence}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
