"""What tests of the store on S3 have in common."""

import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# It is what makes the runner found: before the import of it.
from fake_s3 import FakeS3  # noqa: E402

import scaler_runner as runner  # noqa: E402

KEY = "v1/in/m/j-1"
OUT = "v1/out/m/j-1.0.1.0"
LOCATOR = {"kind": "s3", "bucket": "bucket", "prefix": "p", "region": "eu-central-1", "owner": "-"}


class StoreCase(unittest.TestCase):
    def setUp(self):
        self.fake = FakeS3()
        self.addCleanup(self.fake.close)
        quick = mock.patch.object(runner, "pause", lambda *_: None)
        quick.start()
        self.addCleanup(quick.stop)

    def store(self, environ=None, **changes):
        with mock.patch.dict(os.environ, self.fake.environment() if environ is None else environ, clear=True):
            store = runner.S3Store(dict(LOCATOR, **changes))
        self.addCleanup(store._connection.close)
        return store

    def put(self, data, key=KEY):
        self.fake.objects["/bucket/p/" + key] = data

    def refused(self, text, call, *arguments, **options):
        with self.assertRaises(runner.StoreFailure) as caught:
            call(*arguments, **options)
        self.assertIn(text, str(caught.exception))
        self.assertNotIn("secret", str(caught.exception))
