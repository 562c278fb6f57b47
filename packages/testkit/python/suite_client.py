"""What every Python client program of the tests needs: a client, its security, and time limits that really interrupt."""

import contextlib
import inspect
import os
import signal
import sys
import time

from scaler import Client


class CaseTimeout(Exception):
    """The case took longer than it may."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raises CaseTimeout in the main thread; a lock or a condition that it waits for is interrupted too."""

    def on_alarm(_signal, _frame):
        raise CaseTimeout(f"took longer than {seconds} s")

    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def open_client(address, **options):
    """A client; options that a release does not know are left out."""
    known = inspect.signature(Client.__init__).parameters
    return Client(address=address, **{key: value for key, value in options.items() if key in known})


# A client cancels whatever it has not heard the end of when it disconnects, the umbrella task of a graph above all. Schedulers of
# 2.3.5 confirm such a cancel to a client that has gone meanwhile, and answer nobody after that.
LAST_WORDS_SECONDS = 0.2


@contextlib.contextmanager
def connected(address, **options):
    """A client that is disconnected afterwards; a hanging disconnect is a failure too, by the case's own time limit."""
    client = open_client(address, **options)
    try:
        yield client
    finally:
        time.sleep(LAST_WORDS_SECONDS)
        client.disconnect()


def leave(code):
    """Ends the process at once: a client that did not disconnect would otherwise hang in its destructor."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
