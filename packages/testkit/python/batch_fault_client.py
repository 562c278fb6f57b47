"""Submits tasks of one kind, each of which writes down that it ran, and reports what became of every future: what the tests of AWS Batch look at."""

import argparse
import json
import os

from suite_client import connected


def task(number, seconds, record, more=b""):
    import os
    import time

    # O_APPEND: lines of several processes do not mix.
    file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{number} ours {os.getpid()}\n".encode())
    finally:
        os.close(file)
    time.sleep(seconds)
    return number * 3 + 1 if not more else bytes(more[::-1])


def with_ballast(size):
    """The same with a function object of that many bytes, which every task shares."""
    ballast = os.urandom(size)

    def heavy(number, seconds, record, more=b""):
        import os
        import time

        file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{number} ours {os.getpid()}\n".encode())
        finally:
            os.close(file)
        time.sleep(seconds)
        return number * 3 + 1 + len(ballast) - len(ballast)

    return heavy


def takes_many(*arguments):
    return sum(arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--record", required=True, help="the file that tasks write to")
    parser.add_argument("--bytes", type=int, default=0, help="size of each task's argument and result")
    parser.add_argument("--function-bytes", type=int, default=0, help="size of the function that all tasks share")
    parser.add_argument("--arguments", type=int, default=0, help="instead: one task with so many arguments")
    parser.add_argument("--text", default="", help="what each task's argument begins with, for what must not leak")
    args = parser.parse_args()
    with connected(args.address) as client:
        if args.arguments:
            futures = [client.submit(takes_many, *range(args.arguments))]
            right = [sum(range(args.arguments))]
        else:
            function = with_ballast(args.function_bytes) if args.function_bytes else task
            futures = []
            right = []
            for number in range(args.tasks):
                more = (args.text.encode() + os.urandom(args.bytes)) if args.bytes or args.text else b""
                futures.append(client.submit(function, number, args.seconds, args.record, more))
                right.append(number * 3 + 1 if not more or args.function_bytes else bytes(more[::-1]))
        wrong = []
        failed = []
        for number, future in enumerate(futures):
            try:
                value = future.result()
                if value != right[number]:
                    wrong.append(f"{number}: {value!r:.200}")
            except Exception as failure:  # any kind: the report says which
                failed.append(f"{number}: {type(failure).__name__}: {failure}"[:1_500])
        os.write(1, f"{json.dumps({'right': len(futures) - len(wrong) - len(failed), 'wrong': wrong[:10], 'failed': failed})}\n".encode())


if __name__ == "__main__":
    main()
