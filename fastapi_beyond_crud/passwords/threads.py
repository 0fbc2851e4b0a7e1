"""What the operating system is asked about threads: how many cores there are, and to let others go first."""

import ctypes
import os
import sys
import threading

_LINUX_STEP = 10  # Measured: 19 gains nothing more for others, and starves log-ins on a busy machine.
_LINUX_NICEST = 19
_MACOS_QOS_CLASS_UTILITY = 0x11
_WINDOWS_PRIORITY_BELOW_NORMAL = -1


def usable_cores() -> int:
    """The number of cores that this process may use, at least 1. Affinity counts; a container's quota does not."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    elif sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    else:
        return os.cpu_count() or 1


def lower_own_priority() -> bool:
    """Let all other threads of the process run before the calling one.

    Returns:
        Whether the system agreed. If it did not, the thread works as before.
    """
    try:
        return _yield_to_others()
    except (OSError, AttributeError):
        return False


def _yield_to_others() -> bool:
    if sys.platform == "linux":
        # On Linux niceness belongs to the thread, although POSIX gives it to the process.
        thread_id = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread_id) + _LINUX_STEP
        os.setpriority(os.PRIO_PROCESS, thread_id, min(niceness, _LINUX_NICEST))
        return True
    elif sys.platform == "darwin":
        # Here setpriority would slow the whole process down; a quality-of-service class is the thread's own.
        return bool(ctypes.CDLL(None).pthread_set_qos_class_self_np(_MACOS_QOS_CLASS_UTILITY, 0) == 0)
    elif sys.platform == "win32":
        kernel32 = ctypes.windll.kernel32
        # A handle is a pointer: with ctypes' default of int it would be cut to 32 bits.
        kernel32.GetCurrentThread.restype = ctypes.c_void_p
        thread = ctypes.c_void_p(kernel32.GetCurrentThread())
        return bool(kernel32.SetThreadPriority(thread, _WINDOWS_PRIORITY_BELOW_NORMAL))
    else:
        return False
