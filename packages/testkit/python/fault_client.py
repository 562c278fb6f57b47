"""Submits many short tasks, each of which writes down that it ran, and reports every future: what the fault tests look at."""

import argparse
import json
import os
import threading

from suite_client import connected


def task(number, seconds, record):
    import os
    import time

    # O_APPEND: lines of several processes do not mix. Which side ran it is known from the environment that its manager gave it.
    line = f"{number} {os.environ.get('FAULTS_SIDE', 'native')} {os.getpid()}\n".encode()
    file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line)
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
    parser.add_argument("--seconds", type=float, required=True, help="how long each task takes")
    parser.add_argument("--record", required=True, help="the file that tasks write to")
    parser.add_argument("--every", type=int, default=100)
    args = parser.parse_args()
    with connected(args.address) as client:
        progress = Progress(args.every)
        futures = []
        for number in range(args.tasks):
            future = client.submit(task, number, args.seconds, args.record)
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
        say(right=len(futures) - len(wrong), wrong=wrong[:10])


if __name__ == "__main__":
    main()
