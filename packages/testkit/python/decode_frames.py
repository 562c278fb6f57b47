"""Reads frames, one a line in hex, as the released scheduler does, and prints one JSON object for each.

"kind" is the message's name, "fields" what the binding found in it in words, "again" the frame that the binding itself makes of those fields.
"""

import json
import sys

from scaler.io.utility import deserialize
from scaler.protocol import capnp

LIMIT = 2**64 - 1
STRUCT = capnp.Message.__mro__[1]


def fields(struct):
    repr(struct)  # reads every field
    return {name: value for name, value in vars(struct).items() if not name.startswith("_")}


def rebuilt(value):
    """The value as if nobody had read it from anywhere: its bytes are made anew."""
    if isinstance(value, (list, tuple)):
        return [rebuilt(element) for element in value]
    if isinstance(value, STRUCT):
        return type(value)(**{name: rebuilt(field) for name, field in fields(value).items()})
    return value


for line in sys.stdin:
    frame = bytes.fromhex(line.strip())
    message = deserialize(frame)
    kind = capnp.Message.from_bytes(frame, traversal_limit_in_words=LIMIT).which()
    again = capnp.Message(**{kind: rebuilt(message)}).to_bytes()
    print(json.dumps({"kind": kind, "fields": repr(message), "again": again.hex()}))
