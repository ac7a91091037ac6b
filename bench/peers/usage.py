"""Runs a command to its end. Prints as JSON what it and all of its descendants used.

A descendant counts even if its parent was killed and could not wait for it: this process is a "child subreaper", so the
kernel makes such orphans its children, and it waits for all of them. When it is told to stop, or when the process that
started it dies, it kills every descendant.
"""

import ctypes
import glob
import json
import os
import re
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOOK_EVERY_S = 0.05
# What still runs this long after the command has ended would run forever.
LONGEST_AFTERMATH_S = 10

peak_bytes = 0
is_stopping = False


def watch_peak(pid):
    """The kernel keeps the highest resident memory, so only a peak in the last moments can be missed."""
    global peak_bytes
    while True:
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read(), re.MULTILINE)
        except (FileNotFoundError, ProcessLookupError):
            return
        if found is None:
            return
        peak_bytes = int(found[1]) * 1024
        time.sleep(LOOK_EVERY_S)


def kill_children():
    for path in glob.glob("/proc/self/task/*/children"):
        with open(path, encoding="ascii") as children:
            for pid in children.read().split():
                os.kill(int(pid), signal.SIGKILL)


def stop(*_):
    global is_stopping
    is_stopping = True
    kill_children()


def main(command):
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(name, stop)

    null = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started_at, started = time.time(), time.monotonic()
    # A session of its own, so that Ctrl-C reaches it only through `stop`.
    first = os.posix_spawnp(command[0], command, os.environ, file_actions=null, setsid=True)
    if is_stopping:
        kill_children()
    threading.Thread(target=watch_peak, args=(first,), daemon=True).start()

    seconds, exit_code, cpu_seconds = 0.0, 0, 0.0
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu_seconds += usage.ru_utime + usage.ru_stime
        if pid == first:
            seconds, exit_code = time.monotonic() - started, os.waitstatus_to_exitcode(status)
            signal.alarm(LONGEST_AFTERMATH_S)
        if is_stopping:
            kill_children()
    signal.alarm(0)
    print(
        json.dumps(
            {
                "exitCode": exit_code,
                "wasStopped": is_stopping,
                "startedAtMs": started_at * 1000,
                "seconds": seconds,
                "cpuSeconds": cpu_seconds,
                "peakBytes": peak_bytes,
            }
        )
    )


main(sys.argv[1:])
