"""Moves big arguments and results while two tasks keep two cores busy; prints what it moved."""

import argparse
import json
import os
import time

from scaler import Client


def busy(seconds):
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        count += 1
    return count


def turn_around(payload):
    return payload[::-1]


def payload(size, number):
    if number % 2 == 0:
        return os.urandom(size)
    return (b"%020d" % number) * (size // 20)  # gzip makes little of it, which costs it time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--megabytes", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--busy", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    args = parser.parse_args()
    with Client(address=args.address) as client:
        begun = time.monotonic()
        spinning = [client.submit(busy, args.seconds) for _ in range(args.busy)]
        moved = number = 0
        while time.monotonic() - begun < args.seconds:
            sent = [payload(args.megabytes * 1_000_000, number + at) for at in range(args.at_once)]
            futures = [client.submit(turn_around, one) for one in sent]
            for one, future in zip(sent, futures):
                assert future.result() == one[::-1]
                moved += 1
            number += args.at_once
        for future in spinning:
            future.result()
        print(json.dumps({"moved": moved, "seconds": time.monotonic() - begun}), flush=True)


if __name__ == "__main__":
    main()
