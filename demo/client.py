"""The demo's Scaler client: an ordinary program of a Python user. Prints one JSON line for each thing that it tried."""

import argparse
import json
import math
import time

from scaler import Client


def add(a, b):
    return a + b


def multiply(a, b):
    return a * b


def count_primes(limit):
    return sum(all(n % d for d in range(2, math.isqrt(n) + 1)) for n in range(2, limit))


def divide(a, b):
    return a / b


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def fail_as_expected(future):
    error = future.exception(timeout=60)
    return f"{type(error).__name__}: {error}"


def cancel_when_running(client):
    future = client.submit(sleep, 60)
    time.sleep(1.5)
    future.cancel()
    return "cancelled" if future.cancelled() else "not cancelled"


GRAPH = {"a": 2, "b": 3, "sum": (add, "a", "b"), "product": (multiply, "a", "b"), "result": (multiply, "sum", "product")}


def steps(client, tasks):
    numbers = list(range(tasks))
    shared = client.send_object(1_000, name="shared")
    yield "submit: add(1, 2)", 3, lambda: client.submit(add, 1, 2).result(timeout=60)
    yield "submit: primes below 20,000", 2262, lambda: client.submit(count_primes, 20_000).result(timeout=60)
    yield "submit: an object sent once", [1_000, 1_001], lambda: [client.submit(add, shared, i).result(timeout=60) for i in range(2)]
    yield "graph: (a + b) * (a * b)", {"result": 30}, lambda: client.get(GRAPH, ["result"])
    yield "a task that raises", "ZeroDivisionError: division by zero", lambda: fail_as_expected(client.submit(divide, 1, 0))
    yield "a running task, cancelled", "cancelled", lambda: cancel_when_running(client)
    yield f"map: {tasks:,} tasks", sum(n * 2 for n in numbers), lambda: sum(client.map(add, numbers, numbers))
    yield "after all that: add(3, 4)", 7, lambda: client.submit(add, 3, 4).result(timeout=60)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, default=2_000)
    args = parser.parse_args()
    with Client(address=args.address) as client:
        for name, expected, run in steps(client, args.tasks):
            begun = time.monotonic()
            try:
                got = run()
            except Exception as error:
                got = f"{type(error).__name__}: {error}"
            line = {"name": name, "expected": expected, "got": got, "ok": got == expected, "seconds": time.monotonic() - begun}
            print(json.dumps(line | {"tasks": args.tasks if name.startswith("map") else 1}), flush=True)


if __name__ == "__main__":
    main()
