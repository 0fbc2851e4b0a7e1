"""The measured process: one application on one core. It runs in the environment of the library or of the rivals."""

import os
import sys
import threading

import uvicorn


def main() -> None:
    """Serve ``module:app`` on a port until the process that started this one is gone."""
    application, port, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        # Connections rest between the rounds.
        timeout_keep_alive=3600,
    )


def _end_with_parent() -> None:
    # Not through sys.stdin: Python would wait for its lock at the end.
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
