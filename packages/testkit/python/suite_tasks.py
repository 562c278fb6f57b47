"""The bodies of the tasks. They live in a module of the client alone: workers get them by value."""

import os
import signal
import sys
import threading
import time

import cloudpickle


def add(a, b=10):
    return a + b


def square(x):
    return x * x


def increment(x):
    return x + 1


def describe(value, *, suffix="!"):
    return repr(value) + suffix


def total(numbers):
    return sum(numbers)


def pick(numbers, index):
    return numbers[index]


def nap(seconds, value=None):
    time.sleep(seconds)
    return value


def started_at(seconds):
    now = time.monotonic()
    time.sleep(seconds)
    return now


def touch(path):
    with open(path, "a", encoding="utf-8") as file:
        file.write("ran\n")
    return True


def hold(path, seconds):
    """Says who it is, then takes its time, then says that it got to its end."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    time.sleep(seconds)
    touch(path + ".end")


def raise_value_error(text):
    raise ValueError(text)


def inner_frame_of_the_suite():
    raise KeyError("from the inner frame")


def raise_deep():
    inner_frame_of_the_suite()


def leave_by_sys_exit(code):
    sys.exit(code)


def leave_by_os_exit(code):
    os._exit(code)


def die_by_signal(number):
    os.kill(os.getpid(), number)
    time.sleep(60)


def return_a_lock():
    return threading.Lock()


def print_megabytes(count):
    line = "x" * 1023
    for _ in range(count * 1024):
        print(line)
    return count


def print_lines(count):
    for index in range(count):
        print(f"out {index}")
        print(f"err {index}", file=sys.stderr)
    return count


def burn(seconds, megabytes):
    """Uses CPU and memory for real, so that its profile cannot be zero."""
    block = bytearray(megabytes << 20)
    block[:: 4096] = b"1" * len(block[:: 4096])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))
    return len(block)


def length_and_edges(block):
    return len(block), block[:8], block[-8:]


def make_block(size, seed):
    return bytes([seed]) * (size - 1) + b"."


class SuiteError(Exception):
    """An exception class that exists in the client's program only."""

    def __init__(self, text, number):
        super().__init__(text, number)
        self.number = number


def raise_suite_error(text, number):
    raise SuiteError(text, number)


SIGKILL = int(signal.SIGKILL)
SIGSEGV = int(signal.SIGSEGV)

# Workers cannot import this module; without this, cloudpickle would send its functions by name.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
