"""What a Python user writes: ten tasks, and their results as JSON."""

import json
import sys

from scaler import Client


def square(number):
    return number * number


if __name__ == "__main__":
    with Client(address=sys.argv[1]) as client:
        print(json.dumps(list(client.map(square, range(10))), separators=(",", ":")))
