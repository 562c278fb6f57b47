import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
from harness import SECRET  # noqa: E402

import scaler_runner as runner  # noqa: E402

KEY = "v1/in/m/j-1"
DESCRIPTOR = "1:%s:m:python:default:eu-central-1:-" % SECRET


class Descriptions(unittest.TestCase):
    good = {"task_id": "j-1", "payload": "none", "compressed": DESCRIPTOR, "s3_bucket": "bucket", "s3_prefix": "p", "s3_key": KEY}
    batch = {"AWS_BATCH_JOB_ID": "x:3", "AWS_BATCH_JOB_ATTEMPT": "2", "AWS_BATCH_JOB_ARRAY_INDEX": "3"}

    def test_reads_a_good_one(self):
        self.assertEqual(runner.read_job(self.good, self.batch), {
            "type": "run", "job": "j-1", "child": 3, "attempt": 2, "secret": SECRET, "bundle": KEY, "inline": None, "manager": "m",
            "outPrefix": "v1/out/m/j-1.", "store": {"kind": "s3", "bucket": "bucket", "prefix": "p", "region": "eu-central-1", "owner": "-"}})

    def refused(self, code, text, environ=None, **changes):
        with self.assertRaises(runner.Refusal) as caught:
            runner.read_job(dict(self.good, **changes), self.batch if environ is None else environ)
        self.assertEqual(caught.exception.code, code)
        self.assertIn(text, str(caught.exception))
        self.assertNotIn(SECRET, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def test_knows_jobs_of_the_original_manager(self):
        for value in ("0", "1"):
            self.refused(64, "submitted by another manager", compressed=value, task_id="array", s3_key="scaler-tasks/array/1/ARRAY_INDEX.pkl")

    def test_refuses_what_no_manager_sends(self):
        two = DESCRIPTOR.replace("1:", "2:", 1)
        for text, changes in (
            ("is of version 2", {"compressed": two}),
            ("not one of this project", {"compressed": "x"}),
            ("has 6 fields instead of 7", {"compressed": DESCRIPTOR[:-2]}),
            ("has 8 fields", {"compressed": DESCRIPTOR + ":"}),
            ("field secret", {"compressed": DESCRIPTOR.replace("5a", "5A")}),
            ("field manager", {"compressed": DESCRIPTOR.replace(":m:", "::")}),
            ("field owner", {"compressed": DESCRIPTOR[:-1] + "12"}),
            ("field region", {"compressed": DESCRIPTOR.replace("eu-", "eu/")}),
            ("field profile", {"compressed": DESCRIPTOR.replace("default", "-x")}),
            ("for the runner rust", {"compressed": DESCRIPTOR.replace("python", "rust")}),
            ("--task_id is not the name", {"task_id": "a b"}),
            ("was not substituted", {"task_id": "Ref::task_id"}),
            ("not the name of a bucket", {"s3_bucket": "none"}),
            ("not the name of a bucket", {"s3_bucket": "../x"}),
            ("not a prefix", {"s3_prefix": "a\nb"}),
            ("only one", {"payload": "AAAA"}),
            ("only one", {"s3_key": "none"}),
            ("not the key of a bundle", {"s3_key": "v1/in/other/j-1"}),
            ("not the key of a bundle", {"s3_key": "v1/in/m/../../x"}),
            ("not base64url", {"s3_key": "none", "payload": "a+b="}),
        ):
            self.refused(64, text, **changes)

    def test_needs_all_parameters(self):
        for name in self.good:
            with self.assertRaises(runner.Refusal) as caught:
                runner.read_job({key: value for key, value in self.good.items() if key != name}, self.batch)
            self.assertIn("--%s is missing" % name, str(caught.exception))

    def test_needs_the_variables_of_batch(self):
        for name in ("AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ATTEMPT"):
            self.refused(78, "the variable %s is not set" % name, {key: value for key, value in self.batch.items() if key != name})
        for name, value in (("AWS_BATCH_JOB_ATTEMPT", "0"), ("AWS_BATCH_JOB_ATTEMPT", "x"), ("AWS_BATCH_JOB_ARRAY_INDEX", "-1"), ("AWS_BATCH_JOB_ARRAY_INDEX", "01")):
            self.refused(78, "the variable %s is %r" % (name, value), dict(self.batch, **{name: value}))
        self.assertEqual(runner.read_job(self.good, {"AWS_BATCH_JOB_ID": "x", "AWS_BATCH_JOB_ATTEMPT": "1"})["child"], 0)


if __name__ == "__main__":
    unittest.main()
