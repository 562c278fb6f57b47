import gzip
import hashlib
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
import scaler_runner  # noqa: E402
from harness import RUNNER, SECRET, Runner, Section, alive, by_name, gone, new_instance  # noqa: E402

try:
    import cloudpickle
except ImportError:
    cloudpickle = None

needs_cloudpickle = unittest.skipIf(cloudpickle is None, "cloudpickle is not installed for this interpreter")


def work(name):
    return by_name("workload", name)


class RunnerCase(unittest.TestCase):
    arguments = ()

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="runner-test-")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.runner = self.open(*self.arguments)

    def open(self, *arguments, **options):
        runner = Runner(self.root, *arguments, **options)
        self.addCleanup(runner.close)
        return runner

    def assert_all_gone(self, path):
        """Every process whose number a task wrote into this file has ended."""
        with open(path) as file:
            for pid in file.read().split():
                self.assertTrue(gone(int(pid)))


class Results(RunnerCase):
    def test_says_what_it_is(self):
        self.assertEqual(self.runner.ready["protocol"], 1)
        self.assertEqual(self.runner.ready["runner"], "python")
        self.assertEqual(self.runner.ready["pid"], self.runner.process.pid)

    def test_runs_a_pack_in_order_and_measures_it(self):
        section = Section()
        for n in range(5):
            section.task(work("add"), n, 10)
        over = self.runner.run(section)
        self.assertTrue(over.message["ok"])
        self.assertEqual([over.value(n) for n in range(5)], [10, 11, 12, 13, 14])
        self.assertEqual([frame["last"] for frame in over.frames][-1], True)
        for n, result in over.results.items():
            self.assertEqual(result["id"], "%032x" % n)
            self.assertGreater(result["seconds"], 0)
            self.assertGreater(result["peakBytes"], 1 << 20)

    def test_runs_an_inline_bundle_and_another_child(self):
        section = Section()
        section.task(work("echo"), "inline")
        self.assertEqual(self.runner.run(section, inline=True).value(0), "inline")
        first, second = Section(), Section(child=1)
        first.task(work("echo"), 0)
        second.task(work("echo"), 1)
        self.assertEqual(self.runner.run(second, bundle=second.bundle([first])).value(0), 1)

    def test_reads_only_its_own_section_of_a_large_bundle(self):
        first, second = Section(), Section(child=1)
        first.task(work("size"), b"\x00" * (3 << 20))
        second.task(work("size"), b"\x01" * (2 << 20))
        self.assertEqual(self.runner.run(second, bundle=second.bundle([first])).value(0), 2 << 20)

    def test_gives_each_task_its_own_arguments(self):
        section = Section()
        for _ in range(3):
            section.task(work("grow"), [])
        over = self.runner.run(section)
        self.assertEqual([over.value(n) for n in range(3)], [1, 1, 1])

    def test_reads_compressed_and_shared_objects(self):
        section = Section()
        big = pickle.dumps(list(range(5000)))
        packed = section.blob(big, gzip=gzip.compress(big))
        section.task(work("size"), blobs=[packed])
        other = pickle.dumps(b"s" * 1_000_000)
        key = "v1/in/m/objects/" + hashlib.sha256(other).hexdigest()
        self.runner.put(key, other)
        section.task(work("size"), blobs=[section.shared(key, other)])
        over = self.runner.run(section)
        self.assertEqual([over.value(0), over.value(1)], [5000, 1_000_000])

    def test_moves_fifty_megabytes_both_ways(self):
        section = Section()
        section.task(work("echo"), b"\x07" * (50 << 20))
        section.task(work("size"), b"after")
        over = self.runner.run(section)
        self.assertEqual(over.value(0), b"\x07" * (50 << 20))
        self.assertEqual(over.value(1), 5)

    def test_uses_the_clients_own_serializer(self):
        section = Section(serializer=new_instance("workload", "Upper"))
        section.task(b"upper", blobs=[section.blob(b"'abc'")])
        over = self.runner.run(section)
        self.assertEqual(over.results[0]["blob"], b"'ABC'")

    def test_flushes_what_is_finished_while_a_task_runs(self):
        section = Section(flush_ms=20)
        section.task(work("echo"), 1)
        section.task(work("echo"), 2)
        section.task(work("nap"), 2)
        self.runner.start(section)
        self.runner.wait_progress(2)
        self.assertTrue(self.runner.early)
        self.assertLess(time.monotonic() - self.runner.began, 1.9)
        over = self.runner.finish()
        self.assertEqual(over.value(2), "rested")
        self.assertGreater(len(over.frames), 1)

    def test_flushes_at_the_byte_limit(self):
        section = Section(flush_ms=60_000, flush_bytes=1 << 20)
        for _ in range(6):
            section.task(work("block"), 600_000)
        over = self.runner.run(section)
        self.assertEqual(len(over.frames), 3)
        self.assertEqual(len(over.results), 6)


class Budget(RunnerCase):
    def section(self, budget_ms, *tasks):
        section = Section()
        section.header["packBudgetMs"] = budget_ms
        for name, *arguments in tasks:
            section.task(work(name), *arguments)
        return section

    def test_starts_nothing_later_than_its_time_after_the_first_task(self):
        section = self.section(400, *[("nap", 0.1)] * 20)
        over = self.runner.run(section)
        self.assertTrue(over.message["ok"])
        self.assertIn(len(over.results), (4, 5))
        self.assertEqual(over.frames[-1]["notStarted"], list(range(len(over.results), 20)))
        again = self.runner.run(self.section(60_000, *[("echo", n) for n in range(20)]))
        self.assertEqual([again.value(n) for n in range(20)], list(range(20)))

    def test_the_first_task_may_take_longer(self):
        over = self.runner.run(self.section(50, ("nap", 0.3), ("echo", 1)))
        self.assertEqual((over.value(0), over.frames[-1]["notStarted"]), ("rested", [1]))

    def test_counts_from_the_first_task_even_when_its_process_died(self):
        over = self.runner.run(self.section(300, ("echo", 0), ("nap_and_leave", 0.4), ("echo", 2), ("echo", 3)))
        self.assertEqual((over.value(0), over.cause(1)["kind"], over.frames[-1]["notStarted"]), (0, "exit", [2, 3]))
        over = self.runner.run(self.section(60_000, ("nap_and_leave", 0), ("echo", 1)))
        self.assertEqual(over.value(1), 1)

    def test_answers_what_was_revoked_and_hands_back_the_rest(self):
        section = self.section(1500, ("nap", 1.7), ("echo", 1), ("echo", 2))
        self.runner.start(section)
        self.runner.wait_progress(0)
        self.runner.say({"type": "revoke", "job": "j-1", "child": 0, "tasks": [1]})
        over = self.runner.finish()
        self.assertEqual((over.cause(1)["kind"], over.frames[-1]["notStarted"]), ("revoked", [2]))


class Memory(unittest.TestCase):
    def watch(self, **files):
        root = tempfile.mkdtemp(prefix="runner-test-")
        self.addCleanup(shutil.rmtree, root, True)
        files["proc/meminfo"] = "MemTotal: 16000000 kB\n"
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text)
        return root, scaler_runner.MemoryWatch(root)

    def kill(self, root, path, text):
        with open(os.path.join(root, path), "w") as file:
            file.write(text)

    def test_reads_the_limit_of_a_container_of_version_2(self):
        events = "sys/fs/cgroup/memory.events"
        root, watch = self.watch(**{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2147483648\n", events: "low 0\noom 0\noom_kill 0\n"})
        self.assertEqual(watch.limit, 2 << 30)
        self.assertFalse(watch.was_oom(1 << 30))
        self.assertTrue(watch.was_oom(1800 << 20))
        self.kill(root, events, "low 0\noom 1\noom_kill 1\n")
        self.assertTrue(watch.was_oom(0))
        self.assertFalse(watch.was_oom(0))

    def test_reads_the_limit_of_a_container_of_version_1(self):
        # The path is the host's; in the container it does not exist.
        control = "sys/fs/cgroup/memory/memory.oom_control"
        root, watch = self.watch(**{"proc/self/cgroup": "9:memory:/ecs/task/one\n1:name=systemd:/ecs/task/one\n",
                                    "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n", control: "under_oom 0\noom_kill 3\n"})
        self.assertEqual(watch.limit, 1 << 30)
        self.kill(root, control, "under_oom 0\noom_kill 4\n")
        self.assertTrue(watch.was_oom(0))

    def test_reads_the_limit_of_a_parent(self):
        _, watch = self.watch(**{"proc/self/cgroup": "0::/task/one\n", "sys/fs/cgroup/task/one/memory.max": "max\n",
                                 "sys/fs/cgroup/task/memory.max": "536870912\n"})
        self.assertEqual(watch.limit, 512 << 20)

    def test_without_limits_the_machine_is_the_limit(self):
        _, watch = self.watch(**{"proc/self/cgroup": "nonsense\n"})
        self.assertEqual(watch.limit, 16_000_000 * 1024)


class Failures(RunnerCase):
    def run_between(self, name, *arguments, **options):
        """Runs a task between two good ones, which must not notice."""
        section = Section(**options)
        section.task(work("echo"), "before")
        section.task(work(name), *arguments)
        section.task(work("echo"), "after")
        over = self.runner.run(section)
        self.assertTrue(over.message["ok"], over.message)
        self.assertEqual([over.value(0), over.value(2)], ["before", "after"])
        return over

    def test_returns_what_the_task_raised(self):
        error = self.run_between("fail", "because").error(1)
        self.assertIsInstance(error, ValueError)
        self.assertEqual(str(error), "because")
        self.assertTrue(error.__traceback__ is not None or "fail" in error.__notes__[-1])

    def test_returns_exceptions_that_plain_pickle_cannot_load(self):
        error = self.run_between("fail_picky").error(1)
        self.assertEqual((type(error).__name__, error.args, error.code), ("Picky", ("picky",), 7))

    def test_degrades_an_exception_that_cannot_be_pickled(self):
        result = self.run_between("fail_holding").results[1]
        self.assertEqual(result["status"], "error")
        # This interpreter may have no scaler: the pickle then falls back as it would at an old client.
        sys.modules.setdefault("scaler", type(sys)("scaler"))
        sys.modules.setdefault("scaler.utility", type(sys)("scaler.utility"))
        sys.modules.setdefault("scaler.utility.exceptions", type(sys)("scaler.utility.exceptions"))
        error = pickle.loads(result["blob"])
        self.assertIn(type(error).__name__, ("RuntimeError", "TaskExceptionNotSerializableError"))
        self.assertEqual(str(error), "Holds: holds a lock")

    def test_turns_exits_into_errors(self):
        for name, text in (("leave", "the task called sys.exit(3)"), ("interrupt", "the task raised KeyboardInterrupt"),
                           ("fail_odd", "the task raised Odd: odd one")):
            error = self.run_between(name).error(1)
            self.assertEqual((type(error), str(error)), (RuntimeError, text))

    def test_reports_an_unpicklable_result(self):
        error = self.run_between("lock").error(1)
        self.assertIsInstance(error, TypeError)
        self.assertIn("lock", str(error))

    def test_reports_a_function_that_does_not_load(self):
        section = Section()
        section.task(by_name("no_such_module", "f"))
        section.task(work("echo"), blobs=[section.blob(b"\x80\x02cno_such_module\nx\n.")])
        section.task(work("echo"), 5)
        over = self.runner.run(section)
        sys.modules.setdefault("scaler", type(sys)("scaler"))
        sys.modules.setdefault("scaler.utility", type(sys)("scaler.utility"))
        sys.modules.setdefault("scaler.utility.exceptions", type(sys)("scaler.utility.exceptions"))
        self.assertIn("failed to deserialize the function: ModuleNotFoundError", str(over.error(0)))
        self.assertIn("failed to deserialize argument 1: ModuleNotFoundError", str(over.error(1)))
        # Whose environment lacks it, and what to do.
        self.assertIn("; tasks run in %s (Python %d.%d, " % ((sys.executable,) + sys.version_info[:2]), str(over.error(0)))
        self.assertIn("see --python", str(over.error(1)))
        self.assertEqual(over.value(2), 5)

    def test_names_the_task_that_ended_the_process(self):
        cause = self.run_between("leave_now").cause(1)
        self.assertEqual((cause["kind"], cause["exitCode"], cause["first"]), ("exit", 4, False))
        over = self.run_between("crash")
        self.assertEqual((over.cause(1)["kind"], over.cause(1)["signal"]), ("signal", signal.SIGSEGV))
        self.assertIn(b"last words", over.results[1]["err"])
        over = self.run_between("crash_in_c")
        self.assertEqual(over.cause(1)["signal"], signal.SIGSEGV)
        self.assertIn(b"crash_in_c", over.results[1]["err"])
        self.assertEqual(self.run_between("kill_self").cause(1)["signal"], signal.SIGKILL)

    def test_says_when_the_task_was_the_first_in_its_process(self):
        section = Section(fresh=True)
        section.task(work("leave_now"))
        for client in ("aa", "bb"):
            section.header["client"] = client
            self.assertTrue(self.runner.run(section).cause(0)["first"])

    def test_survives_a_pack_of_crashes(self):
        section = Section()
        for _ in range(6):
            section.task(work("leave_now"), 9)
        section.task(work("echo"), "end")
        over = self.runner.run(section)
        self.assertEqual([over.cause(n)["exitCode"] for n in range(6)], [9] * 6)
        self.assertEqual(over.value(6), "end")

    def test_ends_a_task_at_its_limit(self):
        for name in ("nap", "spin"):
            over = self.run_between(name, limit_ms=300) if name == "spin" else self.run_between(name, 60, limit_ms=300)
            self.assertEqual(over.cause(1)["kind"], "timeout")
            self.assertLess(over.seconds, 2)

    def test_a_memory_limit_is_the_tasks_own_error(self):
        self.assertIsInstance(self.run_between("limited", 2 << 30).error(1), MemoryError)

    def test_a_forked_child_that_comes_back_is_ended(self):
        over = self.run_between("fork_and_return")
        self.assertIsInstance(over.value(1), int)

    def test_ends_what_a_killed_task_started(self):
        path = os.path.join(self.root, "pids")
        section = Section(limit_ms=1000)
        section.task(work("sleepers"), path)
        over = self.runner.run(section)
        self.assertEqual(over.cause(0)["kind"], "timeout")
        self.assert_all_gone(path)


class Output(RunnerCase):
    def test_keeps_megabytes_of_output_out_of_the_way(self):
        section = Section()
        section.task(work("shout"), 20 << 20)
        section.task(work("echo"), 1)
        over = self.runner.run(section)
        self.assertEqual(over.value(0), 20 << 20)
        self.assertNotIn("out", over.results[0])

    def test_returns_the_tail_when_asked(self):
        section = Section()
        section.task(work("talk"), "unasked")
        section.task(work("talk"), "you", flags=1)
        section.task(work("shout"), 20 << 20, flags=1)
        section.task(work("echo"), 1, flags=1)
        over = self.runner.run(section)
        self.assertEqual(over.results[1]["out"], b"hello you\nno newlinefrom a subprocess\n")
        self.assertEqual(over.results[1]["err"], b"problem you\n")
        self.assertEqual(len(over.results[2]["out"]), 64 * 1024)
        self.assertNotIn("out", over.results[3])

    def test_echoes_nothing_to_its_own_output(self):
        section = Section()
        section.task(work("talk"), "secret")
        self.runner.run(section)
        self.runner.say({"type": "exit"})
        out, err = self.runner.process.communicate(timeout=5)
        self.assertEqual((out, err), (b"", b""))


def wait_for_file(path):
    while not os.path.exists(path):
        time.sleep(0.01)


class Control(RunnerCase):
    def start_sleepers(self):
        """Runs a task that starts processes; returns the file of their numbers, and the task's progress."""
        path = os.path.join(self.root, "pids")
        section = Section()
        section.task(work("sleepers"), path)
        self.runner.start(section)
        progress = self.runner.wait_progress(0)
        wait_for_file(path)
        return path, progress

    def test_stops_a_running_task_and_goes_on(self):
        section = Section()
        section.task(work("echo"), 1)
        section.task(work("spin"))
        section.task(work("echo"), 3)
        self.runner.start(section)
        self.runner.wait_progress(1)
        self.runner.say({"type": "revoke", "job": "j-1", "child": 0, "tasks": [1]})
        over = self.runner.finish()
        self.assertTrue(over.message["ok"])
        self.assertEqual(over.cause(1)["kind"], "revoked")
        self.assertEqual(over.value(2), 3)

    def test_skips_tasks_that_have_not_started(self):
        section = Section()
        section.task(work("nap"), 2)
        for n in range(1, 50):
            section.task(work("echo"), n)
        self.runner.start(section)
        self.runner.wait_progress(0)
        self.runner.say({"type": "revoke", "job": "j-1", "child": 0, "tasks": list(range(2, 50))})
        over = self.runner.finish()
        self.assertEqual(over.value(0), "rested")
        self.assertEqual(over.value(1), 1)
        self.assertEqual({over.cause(n)["kind"] for n in range(2, 50)}, {"revoked"})
        again = self.runner.run(section)
        self.assertEqual([again.value(n) for n in range(1, 50)], list(range(1, 50)))

    def test_revoking_everything_ends_the_pack(self):
        section = Section()
        section.task(work("spin"))
        section.task(work("echo"), 1)
        self.runner.start(section)
        self.runner.wait_progress(0)
        self.runner.say({"type": "revoke", "job": "j-1", "child": 0, "tasks": [0, 1, 99]})
        over = self.runner.finish()
        self.assertTrue(over.message["ok"])
        self.assertEqual(len(over.results), 2)

    def test_cancel_ends_the_task_and_what_it_started(self):
        path = os.path.join(self.root, "pids")
        section = Section()
        section.task(work("echo"), 1)
        section.task(work("sleepers"), path)
        section.task(work("echo"), 3)
        self.runner.start(section)
        progress = self.runner.wait_progress(1)
        wait_for_file(path)
        self.runner.say({"type": "cancel", "job": "j-1", "child": 0})
        message = self.runner.finish().message
        self.assertEqual((message["ok"], message["kind"]), (False, "cancelled"))
        self.assertTrue(gone(progress["pid"]))
        self.assert_all_gone(path)
        section = Section()
        section.task(work("echo"), "next")
        self.assertEqual(self.runner.run(section).value(0), "next")

    def test_sigterm_stores_what_is_finished(self):
        section = Section(flush_ms=60_000)
        section.task(work("echo"), 1)
        section.task(work("nap"), 60)
        section.task(work("echo"), 3)
        self.runner.start(section)
        self.runner.wait_progress(1)
        self.runner.process.terminate()
        over = self.runner.finish()
        self.assertEqual(over.value(0), 1)
        self.assertEqual(over.frames[-1]["notStarted"], [2])
        self.assertEqual(over.message["kind"], "exit")
        self.assertEqual(self.runner.process.wait(5), 143)

    def test_the_end_of_the_channel_ends_everything(self):
        path, progress = self.start_sleepers()
        self.runner.sock.close()
        self.runner.process.wait(5)
        self.assertTrue(gone(progress["pid"]))
        self.assert_all_gone(path)

    def test_killing_the_supervisor_ends_everything(self):
        path, progress = self.start_sleepers()
        self.runner.process.kill()
        self.assertTrue(gone(progress["pid"]))
        self.assert_all_gone(path)

    def test_keeps_the_process_for_a_client_and_no_longer(self):
        pids = []
        for client, fresh in (("aa", False), ("aa", False), ("bb", False), ("bb", True), ("bb", False)):
            section = Section(client=client, fresh=fresh)
            section.task(work("pid"))
            pids.append(self.runner.run(section).value(0))
        self.assertEqual(pids[0], pids[1])
        self.assertEqual(len({pids[1], pids[2], pids[3]}), 3)
        self.assertEqual(pids[3], pids[4])
        self.assertTrue(gone(pids[0]) and gone(pids[2]))

    def test_hides_its_own_files_and_names(self):
        section = Section()
        section.task(work("inherited"))
        section.task(work("main_names"))
        over = self.runner.run(section)
        self.assertEqual(over.value(0), ["0", "1", "2", "3"])  # 3 is the listing itself
        self.assertEqual(over.value(1), [])


class Refusals(RunnerCase):
    def refused(self, kind, section=None, **changes):
        if section is None:
            section = Section()
            section.task(work("echo"), 1)
        message = self.runner.run(section, **changes).message
        self.assertEqual((message["ok"], message["kind"]), (False, kind), message)

    def test_executes_nothing_that_is_not_signed(self):
        section = Section()
        section.task(work("leave_now"))
        bundle = section.bundle()
        for at in (0, 8, 20, 70, len(bundle) - 1):
            changed = bytearray(bundle)
            changed[at] ^= 1
            self.refused("corrupt", section, bundle=bytes(changed))
        for cut in (0, 10, 16, 60, len(bundle) - 1):
            self.refused("corrupt", section, bundle=bundle[:cut])
        self.refused("corrupt", section, secret="00" * 32)
        self.refused("corrupt", section, job="other")

    def test_refuses_stores_and_keys_that_it_does_not_know(self):
        self.refused("store", store={"kind": "tape"})
        self.refused("store", bundle_key=None, store={"kind": "fs", "root": "relative"})
        self.refused("corrupt", outPrefix="../../x/")
        section = Section()
        section.task(work("echo"), 1)
        self.runner.start(section)
        self.runner.finish()
        message = {"type": "run", "job": "j-1", "child": 0, "attempt": 1, "secret": SECRET,
                   "store": {"kind": "fs", "root": self.root}, "bundle": "v1/in/m/absent", "inline": None, "outPrefix": "v1/out/m/j-1."}
        self.runner.say(message)
        self.assertEqual(self.runner.finish().message["kind"], "store")
        self.runner.say(dict(message, bundle="v1/../../etc/passwd"))
        self.assertEqual(self.runner.finish().message["kind"], "store")

    def test_refuses_a_shared_object_that_was_changed(self):
        section = Section()
        data = pickle.dumps(1)
        key = "v1/in/m/objects/" + hashlib.sha256(data).hexdigest()
        section.task(work("echo"), blobs=[section.shared(key, data)])
        self.runner.put(key, pickle.dumps(2))
        self.refused("corrupt", section)


class Start(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="runner-test-")
        self.addCleanup(shutil.rmtree, self.root, True)

    def test_preloads_into_every_process(self):
        runner = Runner(self.root, "--preload", "workload:prepare('mark')")
        self.addCleanup(runner.close)
        for client in ("aa", "bb"):
            section = Section(client=client)
            section.task(work("imported"))
            self.assertEqual(runner.run(section).value(0), "mark")

    def test_does_not_start_when_the_preload_fails(self):
        for spec, text in (("workload:prepare('mark', fail=True)", "preload says no"), ("nonsense", "expected module.sub:function"),
                           ("no_such_module:f", "No module named"), ("workload:leave_now", "died during the preload")):
            runner = Runner(self.root, "--preload", spec, wait=False)
            self.addCleanup(runner.close)
            self.assertIsNone(runner.read())
            _, err = runner.process.communicate(timeout=5)
            self.assertIn(text, err.decode())
            self.assertEqual(runner.process.returncode, 1)


@needs_cloudpickle
class Cloudpickled(RunnerCase):
    def test_runs_a_function_that_travels_by_value(self):
        captured = 5
        section = Section()
        section.task(cloudpickle.dumps(lambda x: (lambda y: x + y)), 1)
        section.task(cloudpickle.dumps(lambda x: x + captured), 1)
        over = self.runner.run(section)
        self.assertEqual(over.value(0)(2), 3)
        self.assertEqual(over.value(1), 6)

    def test_gives_the_client_its_own_exception_class_back(self):
        import types

        main = types.ModuleType("__main__")  # as in the client's script
        exec("class Mine(Exception):\n  def __init__(self, code, why):\n    super().__init__(code, why)\n    self.code = code\n"
             "def boom():\n  raise Mine(3, 'mine')\n", vars(main))
        section = Section()
        section.task(cloudpickle.dumps(main.boom))
        error = self.runner.run(section).error(0)
        self.assertIs(type(error), main.Mine)
        self.assertEqual((error.code, error.args), (3, (3, "mine")))

        class Local(Exception):
            def __init__(self, code):
                super().__init__("text of %d" % code)

        def local():
            raise Local(1)

        section = Section()
        section.task(cloudpickle.dumps(local))
        error = self.runner.run(section).error(0)
        self.assertIs(type(error), Local)
        self.assertEqual(str(error), "text of 1")

    def test_knows_scalers_names_without_scaler(self):
        def raises():
            from scaler.utility.exceptions import MissingObjects

            raise MissingObjects("gone")

        section = Section()
        section.task(cloudpickle.dumps(raises))
        result = self.runner.run(section).results[0]
        self.assertIn(b"MissingObjects", result["blob"])

    def test_five_thousand_trivial_tasks(self):
        section = Section()
        function = cloudpickle.dumps(lambda x: x * 2)
        for n in range(5000):
            section.task(function, n)
        self.runner.run(section)  # warm
        before = self.cpu()
        over = self.runner.run(section)
        used = [round((b - a) / 5, 1) for a, b in zip(before, self.cpu())]
        self.assertEqual([over.value(n) for n in (0, 4999)], [0, 9998])
        print("\n%s: 5,000 trivial tasks: CPU per task %.1f us supervisor, %.1f us executor; %.0f ms in all, %d frames"
              % (sys.version.split()[0], used[0], used[1], 1000 * over.seconds, len(over.frames)), file=sys.stderr)

    def cpu(self):
        section = Section()
        section.task(work("pid"))
        pid = self.runner.run(section).value(0)
        result = []
        for number in (self.runner.process.pid, pid):
            with open("/proc/%d/stat" % number) as file:
                fields = file.read().rsplit(")", 1)[1].split()
            result.append((int(fields[11]) + int(fields[12])) * 10_000 * 1.0 / 1000)
        return [value for value in result]


if __name__ == "__main__":
    unittest.main()
