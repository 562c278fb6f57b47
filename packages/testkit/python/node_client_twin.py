"""What packages/testkit/src/node-client/released-client.integration.test.ts has a Node client do, with the released one."""

import argparse
import math
import time

from scaler import Client


def later(seconds, value):  # time.sleep has no signature to bind arguments to
    time.sleep(seconds)
    return value


parser = argparse.ArgumentParser()
parser.add_argument("--address", required=True)
address = parser.parse_args().address

client = Client(address=address)
assert client.submit(math.sqrt, 16.0).result() == 4.0
running = client.submit(later, 600.0, "never")
time.sleep(1)
assert running.cancel()
client.clear()
client.disconnect()
