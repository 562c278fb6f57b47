"""Runs containers of the Batch emulator as forks of one Python process that has the runner's module loaded already.

    emulator_fork_server.py [--workers N] RUNNER_SCRIPT [ARGUMENT ...]

Reads one JSON object a line from stdin, {"id": n, "command": [...], "env": {...}, "log": "file"}, and writes {"id": n, "pid": p}
when the fork runs and {"id": n, "code": c} when it ended, 128 and the signal's number when one ended it. Each fork has a
session of its own; when stdin ends, all of them are killed.

With --workers that many forks are made at once, and one that ended its container by itself runs the next one: a container then costs no fork, but may see
what one before it left.
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


def forked():
    """What a fork does first, whatever it runs."""
    os.setsid()
    restore_signals()


def restore_signals():
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def contain(module, script, first, job, alone=True):
    """Runs the container in this process; its exit code. `alone`: with no descriptors but the standard ones."""
    code = 1
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(job["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(null)
        os.close(log)
        if alone:
            os.closerange(3, log + 16)
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
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def run(module, script, first, job):
    """The container as a fork of its own: never returns."""
    code = 1
    try:
        forked()
        code = contain(module, script, first, job)
    finally:
        os._exit(code)


def work(module, script, first, jobs, codes):
    """Runs one container after another in this process, until there is no server any more."""
    try:
        forked()
        stream = os.fdopen(jobs, "rb", closefd=False)
        for line in stream:
            code = contain(module, script, first, json.loads(line), alone=False)
            restore_signals()
            gc.collect()  # closes what the container left open, before its numbers are given to others
            os.write(codes, b"%d\n" % code)
    finally:
        os._exit(0)


def as_code(value):
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF
    sys.stderr.write("%s\n" % value)
    return 1


class Worker:
    """A fork that runs one container after another."""

    def __init__(self, server):
        read_jobs, self.jobs = os.pipe()
        self.codes, write_codes = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            work(server.module, server.script, server.first, read_jobs, write_codes)
        os.close(read_jobs)
        os.close(write_codes)
        self.job = None

    def close(self):
        os.close(self.jobs)
        os.close(self.codes)


class Server:
    def __init__(self, script, first, workers):
        self.script = script
        self.first = first
        self.reuse = workers > 0
        self.module = load(script)
        getattr(self.module, "prepare", lambda: None)()  # what a runner loads late, forks need not load again
        self.children = {}
        self.workers = {}
        self.idle = []
        self.backlog = b""
        self.output = os.dup(1)
        os.dup2(2, 1)  # whatever the module prints does not mix with answers
        self.selector = selectors.DefaultSelector()
        gc.collect()
        gc.freeze()
        self.idle.extend(self.hire() for _ in range(workers))

    def say(self, message):
        os.write(self.output, json.dumps(message).encode() + b"\n")

    def start(self, job):
        if self.reuse:
            worker = self.give(json.dumps(job).encode() + b"\n")
            worker.job = job["id"]
            self.say({"id": job["id"], "pid": worker.pid})
            return
        pid = os.fork()
        if pid == 0:
            run(self.module, self.script, self.first, job)
        self.children[pid] = job["id"]
        self.say({"id": job["id"], "pid": pid})

    def give(self, line):
        """Hands a job to a worker that lives: one that was killed while it was idle may not be reaped yet."""
        while True:
            worker = self.idle.pop() if self.idle else self.hire()
            try:
                os.write(worker.jobs, line)
                return worker
            except BrokenPipeError:
                pass

    def hire(self):
        worker = Worker(self)
        self.workers[worker.pid] = worker
        self.selector.register(worker.codes, selectors.EVENT_READ, worker)
        return worker

    def done(self, worker):
        """A worker ended a container; where its pipe ended instead, it is reaped."""
        code = os.read(worker.codes, 64)
        if not code:
            self.selector.unregister(worker.codes)
            return
        job, worker.job = worker.job, None
        self.idle.append(worker)
        self.say({"id": job, "code": int(code)})

    def reap(self):
        while self.children or self.workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            try:
                os.killpg(pid, signal.SIGKILL)  # a container ends with its first process
            except ProcessLookupError:
                pass
            worker = self.workers.pop(pid, None)
            job = self.children.pop(pid) if worker is None else self.dismiss(worker)
            if job is not None:
                self.say({"id": job, "code": code})

    def dismiss(self, worker):
        if worker in self.idle:
            self.idle.remove(worker)
        if worker.codes in self.selector.get_map():
            self.selector.unregister(worker.codes)
        worker.close()
        return worker.job

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
        self.selector.register(0, selectors.EVENT_READ)
        self.selector.register(bell, selectors.EVENT_READ)
        self.say({"ready": True})
        try:
            while True:
                for key, _ in self.selector.select():
                    if key.data is not None:
                        if key.fd in self.selector.get_map():
                            self.done(key.data)
                    elif key.fd == bell:
                        os.read(bell, 4096)
                        self.reap()
                    elif not self.read():
                        return
        finally:
            for pid in (*self.children, *self.workers):
                try:
                    os.killpg(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


if __name__ == "__main__":
    PROGRAM = sys.argv[1:]
    WORKERS = 0
    if PROGRAM[0] == "--workers":
        WORKERS = int(PROGRAM[1])
        del PROGRAM[:2]
    Server(PROGRAM[0], PROGRAM[1:], WORKERS).serve()
