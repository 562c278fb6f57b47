import base64
import gzip
import hashlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_s3 import FakeS3, cut_off, done_but_silent, late, status  # noqa: E402
from harness import RUNNER, SECRET, Over, Section, by_name, decode_frame, gone  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "v1/in/m/j-1"
DESCRIPTOR = "1:%s:m:python:default:eu-central-1:-" % SECRET
FORK = """
import os, sys
import scaler_runner as anything
anything.prepare()
pid = os.fork()
if pid == 0:
    anything.leave(anything.main(sys.argv[1:]))
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status))
"""


def work(name):
    return by_name("workload", name)


class OneShotCase(unittest.TestCase):
    def setUp(self):
        self.fake = FakeS3()
        self.addCleanup(self.fake.close)

    def parameters(self, **changes):
        values = {"task_id": "j-1", "payload": "none", "compressed": DESCRIPTOR, "s3_bucket": "bucket", "s3_prefix": "p", "s3_key": KEY}
        values.update(changes)
        return [part for name, value in values.items() if value is not None for part in ("--" + name, value)]

    def start(self, section=None, bundle=None, child=None, attempt="1", environ=None, program=None, extra=(), **changes):
        if section is not None:
            bundle = section.bundle()
        if bundle is not None:
            self.fake.objects["/bucket/p/" + KEY] = bundle
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        env.update(self.fake.environment(), AWS_BATCH_JOB_ID="6f1c", AWS_BATCH_JOB_ATTEMPT=attempt)
        env["PYTHONPATH"] = os.pathsep.join((HERE, os.path.dirname(HERE)))
        if child is not None:
            env["AWS_BATCH_JOB_ARRAY_INDEX"] = str(child)
        for name, value in (environ or {}).items():
            env.pop(name, None)
            if value is not None:
                env[name] = value
        command = [sys.executable, "-B"] + (["-c", program] if program else [RUNNER]) + self.parameters(**changes) + list(extra)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.addCleanup(self.end)
        return self.process

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def finish(self, code, timeout=30):
        out, err = self.process.communicate(timeout=timeout)
        self.log = err.decode()
        self.assertEqual(out, b"")
        self.assertEqual(self.process.returncode, code, self.log)
        self.assertNotIn(SECRET, self.log)
        self.assertEqual(self.fake.problems, [])
        below = "/bucket/p/"
        frames = [decode_frame(key[len(below):], self.fake.objects[key]) for key in self.fake.keys_below(below + "v1/out/m/j-1.")]
        return Over(None, frames, [], 0)

    def run_one(self, code, section=None, **options):
        self.start(section, **options)
        return self.finish(code)

    def wait_frames(self, count):
        until = time.monotonic() + 10
        while len(self.fake.keys_below("/bucket/p/v1/out/")) < count and time.monotonic() < until:
            time.sleep(0.01)


class Packs(OneShotCase):
    def test_runs_a_pack_with_two_requests(self):
        section = Section()
        for n in range(5):
            section.task(work("add"), n, 10)
        over = self.run_one(0, section)
        self.assertEqual([over.value(n) for n in range(5)], [10, 11, 12, 13, 14])
        self.assertEqual([(frame["attempt"], frame["n"], frame["last"]) for frame in over.frames], [(1, 0, True)])
        self.assertEqual([seen[0] for seen in self.fake.requests], ["GET", "PUT"])
        self.assertEqual(list(self.fake.objects), ["/bucket/p/" + KEY, "/bucket/p/v1/out/m/j-1.0.1.0"])
        lines = self.log.splitlines()
        self.assertEqual(len(lines), 2, self.log)
        self.assertIn("j-1 child 0 attempt 1, batch job 6f1c", lines[0])
        self.assertIn("ends with code 0: 5 answered, 0 handed back, 1 frames", lines[1])

    def test_runs_in_a_process_that_was_forked_after_the_import(self):
        section = Section()
        section.task(work("inherited"))
        section.task(work("leave_now"))
        section.task(work("main_names"))
        self.start(section, program=FORK)
        over = self.finish(0)
        self.assertEqual(over.value(0), ["0", "1", "2", "3"])
        self.assertEqual(over.cause(1)["exitCode"], 4)
        self.assertEqual(over.value(2), [])

    def test_runs_a_child_of_an_array_and_a_later_attempt(self):
        first, second = Section(), Section(child=1)
        first.task(work("size"), b"\x00" * (3 << 20))
        second.task(work("size"), b"\x01" * (2 << 20))
        over = self.run_one(0, bundle=second.bundle([first]), child=1, attempt="3")
        self.assertEqual(over.value(0), 2 << 20)
        self.assertEqual(self.fake.keys_below("/bucket/p/v1/out/"), ["/bucket/p/v1/out/m/j-1.1.3.0"])
        self.assertEqual(self.fake.count("GET"), 2)

    def test_runs_an_inline_bundle_without_a_prefix(self):
        section = Section()
        section.task(work("echo"), "inline")
        self.start(payload=base64.urlsafe_b64encode(section.bundle()).decode().rstrip("="), s3_key="none", s3_prefix="none")
        self.process.wait(30)
        self.assertEqual([seen[:2] for seen in self.fake.requests], [("PUT", "/bucket/v1/out/m/j-1.0.1.0")])

    def test_reads_shared_objects(self):
        section = Section()
        big = pickle.dumps(b"s" * 1_000_000)
        key = "v1/in/m/objects/" + hashlib.sha256(big).hexdigest()
        section.task(work("size"), blobs=[section.shared(key, big)])
        self.fake.objects["/bucket/p/" + key] = big
        self.assertEqual(self.run_one(0, section).value(0), 1_000_000)
        self.fake.objects["/bucket/p/" + key] = big[:-1] + b"x"
        self.run_one(65, section, attempt="2")
        self.assertIn("does not match its digest", self.log)

    def test_compresses_results(self):
        section = Section()
        section.task(work("block"), 100_000)
        section.task(work("echo"), os.urandom(50_000))
        results = self.run_one(0, section).results
        self.assertEqual((results[0]["gzip"], results[1]["gzip"]), (True, False))
        self.assertEqual(pickle.loads(gzip.decompress(results[0]["blob"])), b"\x01" * 100_000)
        self.assertLess(results[0]["stored"], 1000)

    def test_flushes_while_a_task_runs(self):
        section = Section(flush_ms=20)
        section.task(work("echo"), 1)
        section.task(work("nap"), 1)
        self.start(section)
        self.wait_frames(1)
        self.assertIsNone(self.process.poll())
        over = self.finish(0)
        self.assertEqual([frame["last"] for frame in over.frames], [False, True])
        self.assertEqual(over.value(1), "rested")

    def test_flushes_at_the_byte_limit(self):
        section = Section(flush_ms=60_000, flush_bytes=1 << 20)
        for _ in range(6):
            section.task(work("block"), 600_000)
        self.assertEqual(len(self.run_one(0, section).frames), 3)

    def test_goes_on_after_a_task_that_ended_the_process(self):
        section = Section()
        for name in ("leave_now", "kill_self", "crash"):
            section.task(work(name))
            section.task(work("echo"), name)
        over = self.run_one(0, section)
        self.assertEqual([over.cause(n)["kind"] for n in (0, 2, 4)], ["exit", "signal", "signal"])
        self.assertEqual([over.value(n) for n in (1, 3, 5)], ["leave_now", "kill_self", "crash"])

    def test_leaves_no_process_behind(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pids")
            section = Section(limit_ms=800)
            section.task(work("sleepers"), path)
            section.task(work("pid"))
            over = self.run_one(0, section)
            self.assertEqual(over.cause(0)["kind"], "timeout")
            with open(path) as file:
                for pid in file.read().split() + [over.value(1)]:
                    self.assertTrue(gone(int(pid)))

    def test_says_nothing_of_what_tasks_print(self):
        section = Section()
        section.task(work("talk"), "sesame")
        self.run_one(0, section)
        self.assertNotIn("sesame", self.log)

    def test_somebody_who_was_faster_is_no_failure(self):
        section = Section()
        section.task(work("echo"), 1)
        self.run_one(0, section)
        before = dict(self.fake.objects)
        self.run_one(0, section)
        self.assertEqual(self.fake.objects, before)

    def test_hands_back_what_its_time_is_too_short_for(self):
        section = Section()
        section.header["packBudgetMs"] = 300
        for seconds in (0.01, 0.5, 0.01, 0.01):
            section.task(work("nap"), seconds)
        over = self.run_one(0, section)
        self.assertEqual(sorted(over.results), [0, 1])
        self.assertEqual(over.frames[-1]["notStarted"], [2, 3])
        self.assertIn("2 answered, 2 handed back", self.log)


class Faults(OneShotCase):
    def section(self):
        section = Section()
        section.task(work("echo"), "good")
        return section

    def test_survives_faults_of_the_store(self):
        self.fake.script = [status(503, "SlowDown"), cut_off(200), None, status(500, "InternalError"), done_but_silent]
        self.assertEqual(self.run_one(0, self.section()).value(0), "good")

    def test_a_bundle_that_was_changed_is_not_executed(self):
        section = Section()
        section.task(work("leave_now"))
        bundle = bytearray(section.bundle())
        bundle[-1] ^= 1
        for changed in (bytes(bundle), bytes(bundle[:-1]), b"", b"x" * 100):
            self.assertEqual(self.run_one(65, bundle=changed).frames, [])
            self.assertIn("corrupt: ", self.log)

    def test_a_bundle_that_is_not_there(self):
        self.run_one(74)
        self.assertIn("store: s3://bucket/p/v1/in/m/j-1 is not there, or the job's role may not read it", self.log)

    def test_results_that_cannot_be_stored(self):
        self.fake.script = [None, status(403, "AccessDenied")]
        self.run_one(74, self.section())
        self.assertIn("the job's role may not write s3://bucket/p/v1/out/m/j-1.0.1.0", self.log)

    def test_no_credentials(self):
        self.run_one(74, self.section(), environ={"AWS_ACCESS_KEY_ID": None, "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"})
        self.assertIn("no AWS credentials", self.log)

    def test_a_preload_that_fails_has_its_own_end(self):
        over = self.run_one(1, self.section(), extra=["--preload", "workload:prepare('mark', fail=True)"])
        self.assertIn("preload says no", self.log)
        self.assertEqual(over.frames, [])  # nothing is handed back: the next try would end the same way
        section = Section()
        section.task(work("imported"))
        self.assertEqual(self.run_one(0, section, extra=["--preload", "workload:prepare('mark')"]).value(0), "mark")

    def test_sigterm_stores_what_is_finished_and_hands_back_the_rest(self):
        section = Section(flush_ms=60_000)
        section.task(work("echo"), 1)
        section.task(work("touch_and_nap"), os.path.join(tempfile.gettempdir(), "one-shot-%d" % os.getpid()))
        section.task(work("echo"), 3)
        path = os.path.join(tempfile.gettempdir(), "one-shot-%d" % os.getpid())
        self.start(section)
        until = time.monotonic() + 10
        while not os.path.exists(path) and time.monotonic() < until:
            time.sleep(0.01)
        os.unlink(path)
        self.process.send_signal(signal.SIGTERM)
        over = self.finish(143)
        self.assertEqual((over.value(0), list(over.results)), (1, [0]))
        self.assertEqual((over.frames[-1]["notStarted"], over.frames[-1]["last"]), ([2], True))

    def test_sigterm_before_the_bundle_was_read(self):
        self.fake.script = [late(5)]
        self.start(self.section())
        until = time.monotonic() + 10
        while not self.fake.requests and time.monotonic() < until:
            time.sleep(0.01)
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(143).frames, [])
        self.assertLess(time.monotonic() - begun, 2)


class CommandLine(OneShotCase):
    def test_says_in_one_line_what_is_wrong(self):
        for code, options in ((64, {"compressed": "1"}), (64, {"task_id": None}), (64, {"extra": ["--colour", "red"]}), (64, {"extra": ["--s3_key", "x"]}),
                              (64, {"extra": ["--preload"]}), (78, {"environ": {"AWS_BATCH_JOB_ATTEMPT": None}})):
            self.run_one(code, **options)
            self.assertEqual(len(self.log.splitlines()), 1, self.log)
        self.assertEqual(self.fake.requests, [])


if __name__ == "__main__":
    unittest.main()
