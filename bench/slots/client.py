"""Runs one-second tasks that tell when they began and ended, and prints how many of them ran at once."""

import argparse
import json
import time

from scaler import Client


def second():
    begun = time.monotonic()  # the same clock for every process of a Linux machine
    time.sleep(1)
    return begun, time.monotonic()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, required=True)
    args = parser.parse_args()
    with Client(address=args.address) as client:
        futures = [client.submit(second) for _ in range(args.tasks)]
        spans = [future.result() for future in futures]
        done = time.monotonic()
    # An end sorts before a beginning at the same instant: the slot was free.
    changes = sorted([(begun, 1) for begun, _ in spans] + [(ended, -1) for _, ended in spans])
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    print(json.dumps({"most": most, "seconds": done - min(begun for begun, _ in spans)}), flush=True)


if __name__ == "__main__":
    main()
