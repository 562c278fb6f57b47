"""Runs cases against a cluster with a real Scaler client: one JSON line {case, ok, detail, seconds} each; exit code 1 if one failed.

`all` is every case that an ordinary cluster can pass, shutdown last; `capabilities` needs a cluster of its own.
"""

import argparse
import json
import os
import sys
import time

import cloudpickle
import suite_cases
from suite_client import leave, time_limit

# Cases that `all` leaves out: they need something special.
SPECIAL = ("capabilities", "_linger")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--case", action="append", help="a case, several, or all", required=True)
    parser.add_argument("--without", action="append", default=[], help="a case that `all` leaves out")
    parser.add_argument("--slots", type=int, default=2, help="tasks that the workers run at once")
    parser.add_argument("--tasks", type=int, default=10_000, help="how many tiny tasks")
    parser.add_argument("--capability", default="linux", help="what the manager under test advertises")
    parser.add_argument("--strict", action="store_true", help="ask for what is promised beyond Scaler's own workers")
    parser.add_argument("--elsewhere", action="store_true", help="tasks' processes cannot be seen from here")
    parser.add_argument("--case-timeout", type=float, default=120, help="seconds that one case may take")
    return parser.parse_args()


def main():
    args = parse()
    every = [name for name in suite_cases.CASES if name not in SPECIAL and name not in args.without]
    names = every if args.case == ["all"] else args.case
    unknown = [name for name in names if name not in suite_cases.CASES]
    if unknown:
        sys.exit(f"unknown case {unknown[0]}; known: {', '.join(suite_cases.CASES)}")

    # A case may replace sys.stdout; the report must not go there.
    report = os.fdopen(os.dup(1), "w", buffering=1)
    cloudpickle.register_pickle_by_value(suite_cases)
    failed = 0
    for name in names:
        begun = time.monotonic()
        try:
            with time_limit(args.case_timeout):
                detail = suite_cases.CASES[name](args) or ""
            ok = True
        except Exception as error:
            ok, detail = False, f"{type(error).__name__}: {error}"
            failed += 1
        line = {"case": name, "ok": ok, "detail": detail, "seconds": round(time.monotonic() - begun, 2)}
        report.write(json.dumps(line) + "\n")
    leave(1 if failed else 0)


if __name__ == "__main__":
    main()
