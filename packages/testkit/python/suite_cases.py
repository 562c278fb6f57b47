"""The cases of the client suite: each takes the run's arguments, raises when something is wrong, and returns a short detail."""

import io
import os
import pickle
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

import cloudpickle
import suite_tasks as tasks
from scaler import Serializer
from scaler.utility.exceptions import ProcessorDiedError, WorkerDiedError
from suite_client import connected, open_client

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def expect(actual, wanted, what):
    if actual != wanted:
        raise AssertionError(f"{what}: expected {wanted!r:.200}, got {actual!r:.200}")


def expect_failure(future, classes, what, timeout=60):
    error = future.exception(timeout=timeout)
    if not isinstance(error, classes):
        raise AssertionError(f"{what}: expected {classes}, got {error!r:.300}")
    return error


def wait_for_file(path, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.path.exists(path) and os.path.getsize(path) > 0:
            with open(path, encoding="utf-8") as file:
                return file.read()
        time.sleep(0.02)
    raise AssertionError(f"no task wrote {os.path.basename(path)} within {seconds} s")


@case
def submit(args):
    with connected(args.address) as client:
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "add(1, 2)")
        expect(client.submit(tasks.add, 1).result(timeout=60), 11, "default argument")
        expect(client.submit(tasks.add, a=3, b=4).result(timeout=60), 7, "keyword arguments")
        offset = 100
        futures = [client.submit(lambda x: x + offset, index) for index in range(20)]
        expect([f.result(timeout=60) for f in futures], list(range(100, 120)), "closures")
        expect(client.submit(tasks.nap, 0, None).result(timeout=60), None, "None as a result")


@case
def map(args):  # noqa: A001: the case bears the client's name for it
    with connected(args.address) as client:
        expect(client.map(tasks.square, range(200)), [x * x for x in range(200)], "map")
        expect(client.map(tasks.add, [1, 2, 3], [4, 5, 6]), [5, 7, 9], "map of two iterables")


@case
def graph(args):
    nodes = {
        "a": 1,
        "b": 2,
        "c": (tasks.increment, "a"),
        "d": (tasks.increment, "b"),
        "e": (tasks.add, "c", "d"),
        "f": (tasks.add, "e", "a"),
    }
    with connected(args.address) as client:
        expect(client.get(nodes, ["e"]), {"e": 5}, "graph")
        expect(client.get(nodes, ["a", "c", "f"]), {"a": 1, "c": 2, "f": 6}, "graph with several keys")
        futures = client.get(nodes, ["e", "f"], block=False)
        expect({k: f.result(timeout=60) for k, f in futures.items()}, {"e": 5, "f": 6}, "graph without blocking")
    wide = {f"n{i}": (tasks.increment, "zero") for i in range(50)}
    with connected(args.address) as client:
        expect(set(client.get({"zero": 0, **wide}, list(wide)).values()), {1}, "wide graph")


@case
def graph_failure(args):
    nodes = {"a": "why", "b": (tasks.raise_value_error, "a"), "c": (tasks.increment, "b")}
    with connected(args.address) as client:
        futures = client.get(nodes, ["c"], block=False)
        expect_failure(futures["c"], ValueError, "node after a failed node")
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after a failed graph")


@case
def send_object(args):
    with connected(args.address) as client:
        numbers = client.send_object(list(range(1000)), "numbers")
        expect(client.submit(tasks.total, numbers).result(timeout=60), 499500, "object by reference")
        expect(client.map(tasks.pick, [numbers] * 20, range(20)), list(range(20)), "object shared by tasks")
        client.clear()
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after clear()")


@case
def nested_containers(args):
    value = {"list": [1, (2.5, None), {"deep": {"er": {3, 4}}}], ("k", 1): b"\x00\xff", "text": "h\u00e4\u4e2d", "big": 1 << 80}
    with connected(args.address) as client:
        expect(client.submit(tasks.nap, 0, value).result(timeout=60), value, "there and back")
        expect(client.submit(tasks.describe, [[], {}, ()]).result(timeout=60), "[[], {}, ()]!", "empty containers")


@case
def priorities(args):
    """Sets the priority that a client inside a task would set: the urgent ones overtake what waits."""
    from scaler.utility.metadata.task_flags import TaskFlags

    name = "_Client__get_task_flags"
    with connected(args.address) as client:
        original = getattr(client, name)
        expect(isinstance(original(), TaskFlags), True, "task flags of this release")
        blockers = [client.submit(tasks.nap, 1.5) for _ in range(args.slots)]
        low = [client.submit(tasks.started_at, 0.1) for _ in range(30 * args.slots)]
        setattr(client, name, lambda: TaskFlags(profiling=False, priority=5, stream_output=False))
        high = [client.submit(tasks.started_at, 0.1) for _ in range(2 * args.slots)]
        last_high = max(f.result(timeout=60) for f in high)
        before = sum(f.result(timeout=60) < last_high for f in low)
        for blocker in blockers:
            blocker.result(timeout=60)
        if before * 2 > len(low):
            raise AssertionError(f"{before} of {len(low)} earlier tasks ran before the urgent ones")
        return f"{before} of {len(low)} earlier tasks ran before the last urgent one"


@case
def capabilities(args):
    """Needs a cluster with `allocate=capability; scaling=no` and a manager that advertises --capability."""
    with connected(args.address) as client:
        wanted = {args.capability: -1}
        futures = [client.submit_verbose(tasks.square, (i,), {}, capabilities=wanted) for i in range(10)]
        expect([f.result(timeout=60) for f in futures], [i * i for i in range(10)], "tasks with the capability")
        foreign = client.submit_verbose(tasks.square, (3,), {}, capabilities={"nobody-has-this": 1})
        expect(client.submit(tasks.square, 4).result(timeout=60), 16, "task without capabilities")
        time.sleep(1)
        expect(foreign.done(), False, "task that asks for what nobody has")
        foreign.cancel()
        expect(foreign.cancelled(), True, "its cancel")


@case
def cancel_queued(args):
    with tempfile.TemporaryDirectory() as folder, connected(args.address) as client:
        os.chmod(folder, 0o777)  # tasks may be another user's
        paths = [os.path.join(folder, f"blocker{i}") for i in range(args.slots)]
        blockers = [client.submit(tasks.hold, path, 2) for path in paths]
        marker = os.path.join(folder, "marker")
        # More than one, because the scheduler may not have sent the last of a row yet.
        queued = [client.submit(tasks.touch, marker) for _ in range(10)]
        time.sleep(0.5)
        for future in queued:
            future.cancel()
            expect(future.cancelled(), True, "a queued task after cancel()")
        for blocker in blockers:
            blocker.result(timeout=60)
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after the cancels")
        expect(os.path.exists(marker), False, "a cancelled queued task ran")


def process_lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@case
def cancel_running(args):
    with tempfile.TemporaryDirectory() as folder, connected(args.address) as client:
        os.chmod(folder, 0o777)  # tasks may be another user's
        path = os.path.join(folder, "running")
        neighbour = client.submit(tasks.nap, 1.5, "alive") if args.slots > 1 else None
        future = client.submit(tasks.hold, path, 30)
        pid = int(wait_for_file(path))
        begun = time.monotonic()
        future.cancel()
        expect(future.cancelled(), True, "the running task after cancel()")
        answered = time.monotonic() - begun
        end = time.monotonic() + 10
        # In a container the number is of another process here.
        while not args.elsewhere and process_lives(pid) and time.monotonic() < end:
            time.sleep(0.05)
        expect(not args.elsewhere and process_lives(pid), False, "the cancelled task's process still runs")
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after the cancel")
        if neighbour is not None:
            expect(neighbour.result(timeout=60), "alive", "the neighbour's result")
        return f"cancelled in {answered:.2f} s, process gone after {time.monotonic() - begun:.2f} s"


@case
def raising(args):
    with connected(args.address) as client:
        futures = [client.submit(tasks.raise_value_error, f"no {i}") if i % 5 == 0 else client.submit(tasks.square, i) for i in range(20)]
        for i, future in enumerate(futures):
            if i % 5 == 0:
                expect(expect_failure(future, ValueError, "raising task").args, (f"no {i}",), "its arguments")
            else:
                expect(future.result(timeout=60), i * i, "a neighbour's result")


@case
def raising_traceback(args):
    with connected(args.address) as client:
        error = expect_failure(client.submit(tasks.raise_deep), KeyError, "raising task")
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return "with the remote frames" if "inner_frame_of_the_suite" in text else "without the remote frames"


@case
def custom_exception(args):
    """Released workers pickle by name and so lose a class of the client's own program; --strict asks for the class."""
    with connected(args.address) as client:
        error = client.submit(tasks.raise_suite_error, "mine", 7).exception(timeout=60)
        if isinstance(error, tasks.SuiteError):
            expect((error.args, error.number), (("mine", 7), 7), "the exception's contents")
        elif args.strict or type(error).__name__ not in ("TaskExceptionNotSerializableError", "ProcessorDiedError"):
            raise AssertionError(f"expected SuiteError, got {error!r:.300}")
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after it")
        return type(error).__name__


def dying(args, function, argument, classes=(ProcessorDiedError, WorkerDiedError), named=""):
    with connected(args.address) as client:
        before = [client.submit(tasks.nap, 0.05, i) for i in range(10)]
        future = client.submit(function, argument)
        after = [client.submit(tasks.nap, 0.05, i) for i in range(10)]
        error = expect_failure(future, classes, "the task that ended its process")
        if args.strict and named not in str(error):
            raise AssertionError(f"expected {named!r} in {error!r}")
        for i, neighbour in enumerate([*before, *after]):
            expect(neighbour.result(timeout=60), i % 10, "a neighbour's result")
        return f"{type(error).__name__}: {error}"[:200]


@case
def sys_exit(args):
    # Scaler's own workers lose their process to it and say so; who survives it may name the call.
    return dying(args, tasks.leave_by_sys_exit, 3, (ProcessorDiedError, WorkerDiedError, RuntimeError), "3")


@case
def os_exit(args):
    return dying(args, tasks.leave_by_os_exit, 4, named="4")


@case
def killed(args):
    return dying(args, tasks.die_by_signal, tasks.SIGKILL, named="SIGKILL")


@case
def segfault(args):
    return dying(args, tasks.die_by_signal, tasks.SIGSEGV, named="SIGSEGV")


@case
def unpicklable_result(args):
    with connected(args.address) as client:
        error = expect_failure(client.submit(tasks.return_a_lock), (TypeError, pickle.PicklingError), "a lock as a result")
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after it")
        return f"{type(error).__name__}: {error}"[:200]


@case
def prints_megabytes(args):
    with connected(args.address) as client:
        expect(client.submit(tasks.print_megabytes, 5).result(timeout=60), 5, "task that prints 5 MiB")
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task after it")


class SqueezingSerializer(Serializer):
    """Nothing that the default one could read."""

    @staticmethod
    def serialize(obj):
        return b"SQ" + zlib.compress(cloudpickle.dumps(obj))

    @staticmethod
    def deserialize(payload):
        if payload[:2] != b"SQ":
            raise ValueError("not written by this serializer")
        return cloudpickle.loads(zlib.decompress(payload[2:]))


@case
def custom_serializer(args):
    with connected(args.address, serializer=SqueezingSerializer()) as client:
        expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "task through it")
        expect(client.map(tasks.square, range(20)), [x * x for x in range(20)], "map through it")
        expect_failure(client.submit(tasks.raise_value_error, "no"), ValueError, "raising task through it")


@case
def profiling_info(args):
    with connected(args.address, profiling=True) as client:
        future = client.submit(tasks.burn, 0.4, 40)
        expect(future.result(timeout=60), 40 << 20, "the task")
        profile = future.profiling_info()
        if not 0.3 <= profile.duration_s <= 20:
            raise AssertionError(f"duration {profile.duration_s} s of a task that takes 0.4 s")
        if not 0 < profile.cpu_time_s <= 20:
            raise AssertionError(f"CPU time {profile.cpu_time_s} s of a task that burns 0.4 s")
        # Released workers sample now and then, and report 0 when no sample fell into the task.
        if args.strict and profile.memory_peak < 1 << 20:
            raise AssertionError(f"memory peak {profile.memory_peak} bytes of a task that uses 40 MiB")
        return f"{profile.duration_s:.2f} s, CPU {profile.cpu_time_s:.2f} s, peak {profile.memory_peak >> 20} MiB"


@case
def stream_output(args):
    count = 200
    out, err = io.StringIO(), io.StringIO()
    original = sys.stdout, sys.stderr
    with connected(args.address, stream_output=True) as client:
        sys.stdout, sys.stderr = out, err
        try:
            expect(client.submit(tasks.print_lines, count).result(timeout=60), count, "the task")
            at_result = len(out.getvalue())
            end = time.monotonic() + 5
            while f"err {count - 1}" not in err.getvalue() and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            sys.stdout, sys.stderr = original
    for name, stream in (("out", out), ("err", err)):
        got = [line for line in stream.getvalue().splitlines() if line.startswith(f"{name} ")]
        expect(got, [f"{name} {i}" for i in range(count)], f"std{name} of the task, in order")
    expect(at_result, len(out.getvalue()), "output that was printed before the result")


def block_of(size):
    return os.urandom(1 << 16) * (size >> 16)


@case
def big_argument(args):
    size = 50 << 20
    block = block_of(size)
    with connected(args.address) as client:
        wanted = (size, block[:8], block[-8:])
        expect(client.submit(tasks.length_and_edges, block).result(timeout=120), wanted, "50 MiB as an argument")


@case
def big_result(args):
    size = 50 << 20
    with connected(args.address) as client:
        result = client.submit(tasks.make_block, size, 7).result(timeout=120)
        expect((len(result), result[:2], result[-2:]), (size, b"\x07\x07", b"\x07."), "50 MiB as a result")


@case
def many_tiny(args):
    with connected(args.address) as client:
        begun = time.monotonic()
        expect(client.map(tasks.increment, range(args.tasks)), list(range(1, args.tasks + 1)), "tiny tasks")
        return f"{args.tasks / (time.monotonic() - begun):.0f} tasks/s"


@case
def vanished_client(args):
    """Another client is killed with tasks queued and running; a fresh one is served all the same."""
    command = [sys.executable, os.path.join(os.path.dirname(__file__), "client_suite.py"), "--address", args.address, "--case", "_linger"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        expect(other.stdout.readline(), b"submitted\n", "the other client's word")
        other.kill()
    with connected(args.address) as client:
        begun = time.monotonic()
        expect(client.map(tasks.square, range(50)), [x * x for x in range(50)], "a fresh client's tasks")
        return f"served after {time.monotonic() - begun:.1f} s"


@case
def _linger(args):
    """The client that is to vanish; only ever started by the case above."""
    client = open_client(args.address)
    futures = [client.submit(tasks.nap, 0.2, i) for i in range(10 * args.slots)]
    futures[0].result(timeout=60)
    print("submitted", flush=True)
    time.sleep(60)


@case
def shutdown(args):
    """Ends every worker of the cluster, so it comes last."""
    client = open_client(args.address)
    expect(client.submit(tasks.add, 1, 2).result(timeout=60), 3, "a task before")
    client.shutdown()
