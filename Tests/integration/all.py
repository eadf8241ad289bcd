"""All integration tests, some files at once: they wait for windows most of the time, and hardly compute.

  NOD_BIN=.build/release python Tests/integration/all.py

Each file is a process of its own; what it prints is shown when it has ended, the names of those that failed at the end.
test_boards.py is left out: it needs the boards' builds (tools/test boards).
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AT_ONCE = 3
# The long ones first, so that none is left over alone at the end.
LONGEST = ["test_doctor", "test_hooks", "test_clients", "test_report", "test_disk", "test_memory"]


def modules():
    found = sorted(name[:-3] for name in os.listdir(HERE) if re.fullmatch(r"test_\w+\.py", name))
    found.remove("test_boards")
    return [name for name in LONGEST if name in found] + [name for name in found if name not in LONGEST]


def run(module):
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "unittest", "-v", module], cwd=HERE, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"{done.stdout}{module}: {time.monotonic() - began:.0f} s\n", flush=True)
    counted = re.search(r"^Ran (\d+) tests?", done.stdout, re.M)
    return module, done.returncode == 0, int(counted.group(1)) if counted else 0


def main():
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, modules()))
    failed = [module for module, passed, _ in results if not passed]
    print("FAILED: " + " ".join(failed) if failed else "nothing failed")
    print(f"Ran {sum(count for _, _, count in results)} tests in {time.monotonic() - began:.0f}s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
