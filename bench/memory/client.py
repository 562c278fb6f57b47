"""Two loads: `hold` submits many slow tasks and lets them wait; `flow` sends many tiny ones through, a chunk at a time."""

import argparse
import json
import time

from scaler import Client


def slow(number):
    time.sleep(0.1)
    return number


def tiny(number):
    return number


def say(**line):
    print(json.dumps(line), flush=True)


def hold(client, args):
    futures = [client.submit(slow, number) for number in range(args.tasks)]
    say(submitted=len(futures))
    time.sleep(args.seconds)
    done = sum(future.done() for future in futures)
    say(held=len(futures) - done)


def flow(client, args):
    for begin in range(0, args.tasks, args.chunk):
        numbers = list(range(begin, min(args.tasks, begin + args.chunk)))
        assert client.map(tiny, numbers) == numbers
        done = numbers[-1] + 1
        if done % args.every == 0:
            say(done=done)
            time.sleep(args.seconds)  # the reader measures now
    say(ended=args.tasks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--load", choices=["hold", "flow"], required=True)
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="how long to hold, or to pause between measurements")
    parser.add_argument("--chunk", type=int, default=1_000)
    parser.add_argument("--every", type=int, default=10_000)
    args = parser.parse_args()
    client = Client(address=args.address)
    {"hold": hold, "flow": flow}[args.load](client, args)
    client.disconnect()


if __name__ == "__main__":
    main()
