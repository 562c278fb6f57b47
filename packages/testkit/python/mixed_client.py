"""Submits many small tasks, of which each says what ran it; prints one line of JSON."""

import argparse
import json


def square(number):
    import sys

    return number * number, sys.implementation.name


def main():
    from scaler import Client

    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, required=True)
    arguments = parser.parse_args()
    with Client(address=arguments.address) as client:
        futures = [client.submit(square, number) for number in range(arguments.tasks)]
        results = [future.result() for future in futures]
    wrong = [number for number, (value, _) in enumerate(results) if value != number * number]
    print(json.dumps({"results": len(results), "wrong": wrong, "by": sorted({name for _, name in results})}), flush=True)


if __name__ == "__main__":
    main()
