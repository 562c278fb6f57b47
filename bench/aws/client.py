"""Submits tasks that sleep for the given times and checks what each returns; says on stdout when the measured part begins and ends."""

import argparse
import json
import time

from scaler import Client


def nap(number, seconds):
    import time

    time.sleep(seconds)
    return number * 3 + 1


def greet(number):
    return number


def report(**line):
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--durations", required=True, help="file with the seconds of each task, a JSON list")
    parser.add_argument("--no-greeting", action="store_true", help="submit at once")
    args = parser.parse_args()
    with open(args.durations) as file:
        durations = json.load(file)
    with Client(address=args.address) as client:
        if not args.no_greeting:
            # Everybody is connected and warm; the released manager starts its worker process only once there is a task.
            # Another function than the measured one: nobody knows yet how long that takes.
            assert client.submit(greet, 1).result() == 1
            time.sleep(2)
        report(event="begin")
        time.sleep(1)  # whoever measures reads the counters now
        begun = time.monotonic()
        futures = [client.submit(nap, number, seconds) for number, seconds in enumerate(durations)]
        submitted = time.monotonic() - begun
        report(event="submitted", seconds=submitted)
        wrong = []
        for number, future in enumerate(futures):
            try:
                value = future.result()
            except Exception as failure:  # any kind: the report says which
                value = repr(failure)
            if value != number * 3 + 1:
                wrong.append(f"{number}: {value}")
        report(event="end", seconds=time.monotonic() - begun, wrong=len(wrong), examples=wrong[:5])


if __name__ == "__main__":
    main()
