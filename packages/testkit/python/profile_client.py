"""Sends tasks that ask for the capability gpu, and tasks that ask for nothing; prints one JSON line with the results of both."""

import argparse
import json
import os

from scaler import Client


def where(number):
    """The Batch queue that the task's container belongs to."""
    return [number, os.environ.get("AWS_BATCH_JQ_NAME", "")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, required=True)
    args = parser.parse_args()
    count = args.tasks
    with Client(address=args.address) as client:
        futures = [client.submit_verbose(where, (i,), {}, capabilities={"gpu": -1}) for i in range(count)]
        plain = [client.submit_verbose(where, (i,), {}, capabilities={"linux": -1}) for i in range(count)]
        results = {"gpu": [f.result(timeout=60) for f in futures], "plain": [f.result(timeout=60) for f in plain]}
    print(json.dumps(results), flush=True)


if __name__ == "__main__":
    main()
