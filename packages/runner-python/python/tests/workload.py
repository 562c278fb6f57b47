"""Functions that tests run by name: plain pickle finds them, so no cloudpickle is needed."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time


class Picky(Exception):
    """Pickles, but does not load: its constructor wants more than its args hold."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Holds(Exception):
    def __init__(self):
        super().__init__("holds a lock")
        self.lock = threading.Lock()


class Odd(BaseException):
    pass


def echo(value=None):
    return value


def add(a, b):
    return a + b


def fail(text="no"):
    raise ValueError(text)


def fail_picky():
    raise Picky(7, "picky")


def fail_holding():
    raise Holds()


def fail_odd():
    raise Odd("odd one")


def interrupt():
    raise KeyboardInterrupt


def leave(code=3):
    sys.exit(code)


def leave_now(code=4):
    os._exit(code)


def crash():
    sys.stderr.write("last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_in_c():
    ctypes.string_at(0)


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


def lock():
    return threading.Lock()


def nap(seconds=60):
    time.sleep(seconds)
    return "rested"


def spin():
    while True:
        pass


def grow(items):
    items.append(1)
    return len(items)


def pid():
    return os.getpid()


def shout(size):
    line = b"x" * 1023 + b"\n"
    for _ in range(size // 1024):
        os.write(1, line)
    return size


def talk(name):
    print("hello", name)
    print("problem", name, file=sys.stderr)
    sys.stdout.write("no newline")
    os.system("echo from a subprocess")
    return name


def block(size):
    return b"\x01" * size


def size(value):
    return len(value)


def limited(size):
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, before[1]))
    try:
        return len(bytearray(size))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def sleepers(path, count=3):
    processes = [subprocess.Popen(["sleep", "600"]) for _ in range(count)]
    with open(path + ".part", "w") as file:
        file.write(" ".join(str(process.pid) for process in processes))
    os.rename(path + ".part", path)
    time.sleep(600)


def fork_and_return():
    os.fork()
    return os.getpid()


def main_names():
    import __main__

    return sorted(name for name in vars(__main__) if not name.startswith("__"))


def open_files():
    return sorted(os.readlink("/proc/self/fd/" + fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd))


def inherited():
    return subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True).stdout.split()


def imported():
    return sys.modules.get("preloaded_mark")


class Upper:
    """A serializer of a client's own."""

    @staticmethod
    def serialize(value):
        return repr(value).encode()

    @staticmethod
    def deserialize(payload):
        import ast

        text = bytes(payload).decode()
        return upper if text == "upper" else ast.literal_eval(text)


def upper(text):
    return text.upper()


def prepare(mark, fail=False):
    if fail:
        raise RuntimeError("preload says no")
    sys.modules["preloaded_mark"] = mark


def touch_and_nap(path, seconds=60):
    with open(path, "w"):
        pass
    time.sleep(seconds)


def nap_and_leave(seconds):
    time.sleep(seconds)
    os._exit(4)
