"""Cores, and the time that processes spend on them. Linux only."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The core of the measured server, and the core of everybody else."""

    server: int
    others: int

    @classmethod
    def pick(cls) -> "Cores":
        """Two cores of those that this process may use; with one core both are the same, and times suffer."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(server=usable[0], others=usable[-1])


def cpu_seconds(pid: int) -> float:
    """What a process with all its threads has used so far, user and system time."""
    # The name of the program stands in brackets and may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
