"""Submits many short tasks, each of which writes down in which job it ran, and reports what every future became."""

import argparse
import json
import os
import threading

from scaler import Client


def count_me(number, seconds, record):
    import os
    import time

    names = ("AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ATTEMPT")
    job, attempt = (os.environ.get(name, "native") for name in names)
    # O_APPEND: lines of several processes do not mix.
    file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{number} {job} {attempt}\n".encode())
    finally:
        os.close(file)
    time.sleep(seconds)
    return number * 3 + 1


def say(**line):
    # One write: several threads say something.
    os.write(1, f"{json.dumps(line)}\n".encode())


class Progress:
    """Says how many futures are done, every so many."""

    def __init__(self, every):
        self._every = every
        self._done = 0
        self._lock = threading.Lock()

    def count(self, _future):
        with self._lock:
            self._done += 1
            done = self._done
        if done % self._every == 0:
            say(done=done)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="how long a task takes on average")
    parser.add_argument("--record", required=True, help="the file that tasks write to")
    args = parser.parse_args()
    with Client(address=args.address) as client:
        progress = Progress(25)
        futures = []
        for number in range(args.tasks):
            # From half to one and a half of it, spread over the numbers.
            seconds = args.seconds * (0.5 + number * 61 % 100 / 100)
            future = client.submit(count_me, number, seconds, args.record)
            future.add_done_callback(progress.count)
            futures.append(future)
        say(submitted=len(futures))
        wrong = []
        for number, future in enumerate(futures):
            try:
                value = future.result()
            except Exception as failure:  # any kind: the report says which
                value = repr(failure)
            if value != number * 3 + 1:
                wrong.append(f"{number}: {value}")
        say(right=len(futures) - len(wrong), wrong=len(wrong), examples=wrong[:5])


if __name__ == "__main__":
    main()
