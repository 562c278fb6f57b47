"""Runs containers of the Batch emulator as forks of one Python process that has the runner's module loaded already.

    emulator_fork_server.py RUNNER_SCRIPT [ARGUMENT ...]

Reads one JSON object a line from stdin, {"id": n, "command": [...], "env": {...}, "log": "file"}, and writes {"id": n, "pid": p}
when the fork runs and {"id": n, "code": c} when it ended, 128 and the signal's number when one ended it. Each fork has a
session of its own; when stdin ends, all of them are killed.
"""

import gc
import importlib.util
import inspect
import json
import os
import selectors
import signal
import sys


def load(script):
    """The runner's module, executed once, but not as a program: its last lines do not call main."""
    spec = importlib.util.spec_from_file_location("emulated_runner", script)
    module = importlib.util.module_from_spec(spec)
    sys.modules["emulated_runner"] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    spec.loader.exec_module(module)
    return module


def run(module, script, first, job):
    """The container: never returns."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(job["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, max(null, log) + 16)
        os.environ.clear()
        os.environ.update(job["env"])
        sys.argv = [script] + first + job["command"]
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        module.__name__ = "__main__"
        sys.modules["__main__"] = module
        takes = len(inspect.signature(module.main).parameters)
        code = as_code(module.main(sys.argv[1:]) if takes else module.main())
    except SystemExit as leaving:
        code = as_code(leaving.code)
    except BaseException:  # noqa: B036
        import traceback

        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def as_code(value):
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF
    sys.stderr.write("%s\n" % value)
    return 1


class Server:
    def __init__(self, script, first):
        self.script = script
        self.first = first
        self.module = load(script)
        getattr(self.module, "prepare", lambda: None)()  # what a runner loads late, forks need not load again
        self.children = {}
        self.backlog = b""
        self.output = os.dup(1)
        os.dup2(2, 1)  # whatever the module prints does not mix with answers
        gc.collect()
        gc.freeze()

    def say(self, message):
        os.write(self.output, json.dumps(message).encode() + b"\n")

    def start(self, job):
        pid = os.fork()
        if pid == 0:
            run(self.module, self.script, self.first, job)
        self.children[pid] = job["id"]
        self.say({"id": job["id"], "pid": pid})

    def reap(self):
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            try:
                os.killpg(pid, signal.SIGKILL)  # a container ends with its first process
            except ProcessLookupError:
                pass
            self.say({"id": self.children.pop(pid), "code": code})

    def read(self):
        """False at the end of stdin."""
        data = os.read(0, 1 << 16)
        if not data:
            return False
        lines = (self.backlog + data).split(b"\n")
        self.backlog = lines.pop()
        for line in lines:
            self.start(json.loads(line))
        return True

    def serve(self):
        bell, ring = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ)
        selector.register(bell, selectors.EVENT_READ)
        self.say({"ready": True})
        try:
            while True:
                for key, _ in selector.select():
                    if key.fd == bell:
                        os.read(bell, 4096)
                        self.reap()
                    elif not self.read():
                        return
        finally:
            for pid in self.children:
                try:
                    os.killpg(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


if __name__ == "__main__":
    Server(sys.argv[1], sys.argv[2:]).serve()
