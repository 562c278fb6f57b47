import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fake_s3  # noqa: E402
import scaler_runner as runner  # noqa: E402
from fake_s3 import FakeS3  # noqa: E402
from store_case import LOCATOR, OUT, StoreCase  # noqa: E402


class Keys(StoreCase):
    def setUp(self):
        super().setUp()
        self.given = []
        self.fake.credentials = self.give
        self.fake.keys = {}
        self.lasts = 3600

    def give(self):
        name = "AK%d" % len(self.given)
        self.given.append(name)
        self.fake.keys = {name: "s" + name}  # the one before is not valid any more
        self.fake.tokens = {name: "token of " + name}
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.lasts))
        return json.dumps({"AccessKeyId": name, "SecretAccessKey": "s" + name, "Token": "token of " + name, "Expiration": until}).encode()

    def environ(self, **more):
        return dict({"AWS_ENDPOINT_URL": self.fake.url, "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.fake.url + "/credentials"}, **more)

    def test_asks_the_container_once(self):
        store = self.store(self.environ())
        self.assertTrue(store.put_absent(OUT, [b"1"]))
        self.assertFalse(store.put_absent(OUT, [b"1"]))
        self.assertEqual(self.given, ["AK0"])
        self.assertEqual(self.fake.requests[1][2]["x-amz-security-token"], "token of AK0")
        self.assertEqual(self.fake.problems, [])

    def test_asks_again_before_they_expire(self):
        store = self.store(self.environ())
        store.put_absent(OUT, [b"1"])
        store._credentials._expires = time.time() + 300
        store._credentials._asked -= 60
        store.put_absent(OUT, [b"1"])
        self.assertEqual(self.given, ["AK0", "AK1"])

    def test_does_not_ask_for_each_request_while_the_old_ones_are_given(self):
        self.lasts = 300
        store = self.store(self.environ())
        for _ in range(4):
            store.put_absent(OUT, [b"1"])
        self.assertEqual(len(self.given), 1)

    def test_asks_again_when_they_are_taken_for_expired(self):
        store = self.store(self.environ())
        store.put_absent(OUT, [b"1"])
        self.fake.keys = {}
        self.assertFalse(store.put_absent(OUT, [b"1"]))
        self.assertEqual(self.given, ["AK0", "AK1"])

    def test_expired_keys_of_the_environment_are_said(self):
        self.refused("ExpiredToken", self.store(self.fake.environment()).put_absent, OUT, [b"1"])

    def test_keeps_good_keys_when_the_endpoint_fails(self):
        store = self.store(self.environ())
        store.put_absent(OUT, [b"1"])
        store._credentials._expires = time.time() + 300
        store._credentials._asked -= 60
        self.fake.credentials = lambda: b"nonsense"
        store.put_absent(OUT, [b"1"])
        store._credentials._expires = time.time() - 1
        self.refused("the container's credentials cannot be had", store.put_absent, OUT, [b"1"])

    def test_sends_the_token_of_the_file_as_it_is_now(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "token-%d" % os.getpid())
        self.addCleanup(os.unlink, path)
        store = self.store(self.environ(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path))
        store._credentials._environ = {**self.environ(), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path}
        for text in ("one", "two"):
            with open(path, "w") as file:
                file.write(text + "\n")
            store._credentials._keys = None
            store.put_absent(OUT, [b"1"])
        self.assertEqual([seen[2]["Authorization"] for seen in self.fake.requests if seen[0] == "CREDENTIALS"], ["one", "two"])

    def test_asks_no_stranger_without_tls(self):
        credentials = runner.Credentials({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"})
        self.refused("not asked of example.com without TLS", credentials.keys)

    def test_uses_botocore_where_nothing_else_is_set(self):
        frozen = types.SimpleNamespace(access_key="A", secret_key="S", token="T")
        session = types.SimpleNamespace(get_credentials=lambda: types.SimpleNamespace(get_frozen_credentials=lambda: frozen))
        module = types.ModuleType("botocore.session")
        module.Session = lambda: session
        with mock.patch.dict(sys.modules, {"botocore": types.ModuleType("botocore"), "botocore.session": module}):
            self.assertEqual(runner.Credentials({}).keys(), ("A", "S", "T"))
        with mock.patch.dict(sys.modules, {"botocore": None, "botocore.session": None}):
            self.refused("no AWS credentials", runner.Credentials({}).keys)

    def test_corrects_its_clock(self):
        self.fake.keys, self.fake.tokens = dict(fake_s3.KEYS), {"AKTEST": None}
        ahead = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 7200))

        def skewed(fake, handler, body):
            handler.send_response_only(403)
            handler.send_header("Date", ahead)
            text = b"<Error><Code>RequestTimeTooSkewed</Code></Error>"
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)

        self.fake.script = [skewed]
        self.assertTrue(self.store(self.fake.environment()).put_absent(OUT, [b"1"]))
        self.assertGreater(self.fake.requests[1][2]["x-amz-date"], time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 7000)))


class Secured(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="runner-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.key, self.certificate = os.path.join(self.folder, "key"), os.path.join(self.folder, "certificate")
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate, "-days", "2",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("no openssl that makes a certificate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        self.fake = FakeS3(context)
        self.addCleanup(self.fake.close)

    def put(self, url, **environ):
        with mock.patch.dict(os.environ, dict(self.fake.environment(), AWS_ENDPOINT_URL_S3=url, **environ), clear=True):
            store = runner.S3Store(LOCATOR)
            self.addCleanup(store._connection.close)
            return store.put_absent(OUT, [b"x" * 3_000_000])

    def test_speaks_to_whom_it_trusts(self):
        self.assertTrue(self.put(self.fake.url.replace("127.0.0.1", "localhost"), AWS_CA_BUNDLE=self.certificate))

    def test_speaks_to_nobody_else(self):
        for url, environ in ((self.fake.url.replace("127.0.0.1", "localhost"), {}), (self.fake.url, {"AWS_CA_BUNDLE": self.certificate})):
            with self.assertRaises(runner.StoreFailure) as caught:
                self.put(url, **environ)
            self.assertIn("is not trusted", str(caught.exception))
        with self.assertRaises(runner.StoreFailure) as caught:
            self.put(self.fake.url, AWS_CA_BUNDLE=self.folder + "/none")
        self.assertIn("cannot read the certificates", str(caught.exception))
        self.assertEqual(self.fake.objects, {})


class Addresses(unittest.TestCase):
    def address(self, environ=None, **changes):
        with mock.patch.dict(os.environ, environ or {}, clear=True):
            store = runner.S3Store(dict(LOCATOR, **changes))
        return ("https" if store._connection.secure else "http", store._connection.host, store._path)

    def test_of_the_service(self):
        self.assertEqual(self.address(), ("https", "bucket.s3.eu-central-1.amazonaws.com", ""))
        self.assertEqual(self.address(bucket="a.b"), ("https", "s3.eu-central-1.amazonaws.com", "/a.b"))
        self.assertEqual(self.address(region="cn-north-1"), ("https", "bucket.s3.cn-north-1.amazonaws.com.cn", ""))

    def test_of_another_endpoint(self):
        one = {"AWS_ENDPOINT_URL": "http://localhost:1/"}
        self.assertEqual(self.address(one), ("http", "localhost:1", "/bucket"))
        self.assertEqual(self.address(dict(one, AWS_ENDPOINT_URL_S3="https://[::1]:2/x/")), ("https", "[::1]:2", "/x/bucket"))

    def test_refuses_what_is_none(self):
        for changes in ({"bucket": "a/b"}, {"region": "x/y"}, {"owner": None}):
            with self.assertRaises(runner.StoreFailure):
                self.address(**changes)
        with self.assertRaises(runner.StoreFailure):
            self.address({"AWS_ENDPOINT_URL": "ftp://x"})


if __name__ == "__main__":
    unittest.main()
