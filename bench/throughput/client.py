"""Times trivial tasks by submit and by map; says on stdout when each part begins and ends, so that others can be measured too."""

import argparse
import json
import time

from scaler import Client


def trivial(x):
    return x


def report(**line):
    print(json.dumps(line), flush=True)
    time.sleep(0.3)  # the reader looks at everybody's CPU time now


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--tasks", type=int, required=True)
    args = parser.parse_args()
    numbers = list(range(args.tasks))
    with Client(address=args.address) as client:
        client.map(trivial, range(200))  # everybody is connected and warm
        for way in ("submit", "map"):
            report(way=way, event="begin")
            cpu, begun = time.process_time(), time.monotonic()
            if way == "submit":
                results = [future.result() for future in [client.submit(trivial, x) for x in numbers]]
            else:
                results = client.map(trivial, numbers)
            seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
            assert results == numbers
            report(way=way, event="end", seconds=seconds, cpu=cpu)


if __name__ == "__main__":
    main()
