"""Run a command and print its exit code, its CPU seconds, user and system, with those of the
children that it waited for, and the largest memory of one of them in KiB. A process that takes more
than so many CPU seconds is ended by SIGXCPU.

    python -I -S benchmarks/child.py SECONDS COMMAND...

A process of its own, with next to nothing in it: Linux counts the memory of what starts a program
as that program's, so that what starts it has to be smaller than it. What the command writes to
standard output is thrown away.
"""

import os
import resource
import sys


def main() -> None:
    seconds, command = int(sys.argv[1]), sys.argv[2:]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 10))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    thrown_away = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=thrown_away)
    _, status, used = os.wait4(process, 0)
    code = os.waitstatus_to_exitcode(status)
    print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)


main()
