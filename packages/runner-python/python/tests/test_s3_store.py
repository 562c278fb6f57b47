import hashlib
import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_s3 import cut_off, done_but_silent, hang_up, status  # noqa: E402
from store_case import KEY, OUT, StoreCase, runner  # noqa: E402

AWS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "region": "us-east-1"}


class Signature(unittest.TestCase):
    """The four examples of AWS's documentation "Signature calculations for the Authorization header" of S3."""

    def check(self, method, path, query, headers, digest, signature):
        headers = dict(headers, Host="examplebucket.s3.amazonaws.com")
        headers["x-amz-content-sha256"] = digest
        headers["x-amz-date"] = "20130524T000000Z"
        text = runner.authorization(method, path, query, headers, **AWS)
        self.assertTrue(text.startswith("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="))
        self.assertEqual(text.rsplit("Signature=", 1)[1], signature)

    def test_get_with_a_range(self):
        self.check("GET", "/test.txt", "", {"Range": "bytes=0-9"}, runner.EMPTY_SHA256,
                   "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")

    def test_put(self):
        self.check("PUT", runner.percent("/test$file.text", b"/"), "",
                   {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
                   hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
                   "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")

    def test_query_without_a_value(self):
        self.check("GET", "/", "lifecycle=", {}, runner.EMPTY_SHA256, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")

    def test_query_with_values(self):
        self.check("GET", "/", "max-keys=2&prefix=J", {}, runner.EMPTY_SHA256,
                   "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")

    def test_signing_key(self):
        """AWS's documentation "Deriving the signing key"."""
        key = runner.signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
        self.assertEqual(key.hex(), "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")


class Reading(StoreCase):
    def ranges(self, store, *wanted):
        return store.get(KEY, lambda size, read: (size, [bytes(read(*one)) for one in wanted]))

    def test_reads_a_small_object_in_one_request(self):
        data = os.urandom(1 << 20)
        self.put(data)
        size, parts = self.ranges(self.store(), (0, 1 << 20), (5, 9))
        self.assertEqual((size, parts), (1 << 20, [data, data[5:9]]))
        self.assertEqual(len(self.fake.requests), 1)

    def test_reads_the_own_part_of_a_large_one_in_a_second(self):
        data = os.urandom(3 << 20)
        self.put(data)
        size, parts = self.ranges(self.store(), (0, 16), (64, 112), (2 << 20, (2 << 20) + 500))
        self.assertEqual((size, parts), (3 << 20, [data[:16], data[64:112], data[2 << 20 : (2 << 20) + 500]]))
        self.assertEqual(len(self.fake.requests), 2)
        self.fake.requests.clear()
        # One that begins in what is there: only the rest is read.
        _, parts = self.ranges(self.store(), (1000, 2 << 20))
        self.assertEqual(parts, [data[1000 : 2 << 20]])
        self.assertEqual([seen[2]["range"] for seen in self.fake.requests], ["bytes=0-1048575", "bytes=1048576-2097151"])

    def test_reads_whole_objects(self):
        for size in (0, 1, 5 << 20):
            self.put(os.urandom(size))
            self.assertEqual(bytes(self.store().get(KEY, size=size)), self.fake.objects["/bucket/p/" + KEY])

    def test_an_empty_bundle_is_no_bundle(self):
        self.put(b"")
        self.assertEqual(self.ranges(self.store()), (0, []))

    def test_goes_on_where_a_body_ended(self):
        data = os.urandom(700_000)
        self.put(data)
        self.fake.script = [cut_off(100_000), cut_off(0), status(503, "SlowDown"), cut_off(250_000)]
        self.assertEqual(bytes(self.store().get(KEY, size=700_000)), data)
        self.assertEqual([seen[2]["range"].split("=")[1].split("-")[0] for seen in self.fake.requests],
                         ["0", "100000", "100000", "100000", "350000"])

    def test_gives_up_on_bodies_that_never_come(self):
        self.put(b"x" * 100)
        self.fake.script = [cut_off(0)] * 30
        self.refused("the body ended after 0 of 100 bytes", self.store().get, KEY, size=100)
        self.assertLessEqual(len(self.fake.requests), 12)

    def test_tries_again_what_may_pass(self):
        self.put(b"data")
        self.fake.script = [status(500, "InternalError"), status(503, "SlowDown"), hang_up, status(429, "TooMany"), status(400, "RequestTimeout")]
        self.assertEqual(bytes(self.store().get(KEY, size=4)), b"data")

    def test_gives_up_after_some_tries(self):
        self.fake.script = [status(503, "SlowDown")] * 99
        with mock.patch.object(runner.S3Store, "TRIES", 10):
            self.refused("status 503 SlowDown, tried 10 times", self.store().get, KEY, size=1)
        self.assertEqual(len(self.fake.requests), 10)

    def test_ends_soon_when_told_to_hurry(self):
        store = self.store()
        store.hurry(0)
        self.fake.script = [status(503, "SlowDown")] * 99
        self.refused("tried once", store.get, KEY, size=1)

    def test_an_absent_key_answers_like_a_forbidden_one(self):
        self.refused("is not there, or the job's role may not read it", self.store().get, KEY, size=1)
        self.assertEqual(len(self.fake.requests), 1)

    def test_says_which_region(self):
        for number in (301, 400):
            self.fake.script = [lambda fake, handler, body: fake.error(handler, number, "PermanentRedirect", x_amz_bucket_region="us-west-2")]
            self.refused("the bucket bucket is in us-west-2, not in eu-central-1", self.store().get, KEY, size=1)
        self.fake.script = [status(404, "NoSuchBucket")]
        self.refused("there is no bucket bucket", self.store().get, KEY, size=1)

    def test_refuses_more_than_it_asked_for(self):
        self.fake.script = [lambda fake, handler, body: fake.answer(handler, 206, b"x" * (2 << 20), Content_Range="bytes 0-2097151/2097152")]
        with self.assertRaises(runner.Corrupt):
            self.store().get(KEY, ranges=lambda size, read: None)

    def test_refuses_another_range(self):
        self.fake.script = [lambda fake, handler, body: fake.answer(handler, 206, b"xxxx", Content_Range="bytes 5-8/100")]
        self.refused("another range", self.store().get, KEY, size=4)

    def test_survives_answers_that_are_no_http(self):
        self.put(b"data")

        def raw(text):
            def fault(fake, handler, body):
                handler.wfile.write(text)
                handler.close_connection = True

            return fault

        self.fake.script = [raw(b"SSH-2.0-x\r\n\r\n"), raw(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), raw(b"HTTP/1.1"), raw(b"x" * 99_000),
                            raw(b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
                            raw(b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")]
        self.assertEqual(bytes(self.store().get(KEY, size=4)), b"data")

    def test_uses_one_connection_and_replaces_it_when_it_was_closed(self):
        self.put(b"data")
        store = self.store()
        store.get(KEY, size=4)
        first = store._connection._sock
        store.get(KEY, size=4)
        self.assertIs(store._connection._sock, first)
        first.shutdown(2)
        slept = mock.Mock()
        with mock.patch.object(runner, "pause", slept):
            self.assertEqual(bytes(store.get(KEY, size=4)), b"data")
        slept.assert_not_called()
        store._connection._used -= 60
        store.get(KEY, size=4)
        self.assertEqual(self.fake.problems, [])

    def test_refuses_odd_keys(self):
        for key in ("../x", "/x", "a//b", None, "a" * 600):
            self.refused("not a store key", self.store().get, key, size=1)
        self.assertEqual(self.fake.requests, [])


class Writing(StoreCase):
    def test_puts_only_what_is_absent(self):
        store = self.store()
        self.assertTrue(store.put_absent(OUT, [b"ab", bytearray(b"cd"), memoryview(b"ef")]))
        self.assertFalse(store.put_absent(OUT, [b"other"]))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], b"abcdef")
        self.assertEqual([seen[0] for seen in self.fake.requests], ["PUT", "PUT"])
        self.assertEqual(self.fake.requests[0][2]["if-none-match"], "*")
        self.assertNotIn("x-amz-expected-bucket-owner", self.fake.requests[0][2])

    def test_odd_prefixes_and_no_prefix(self):
        self.store(prefix="").put_absent(OUT, [b"1"])
        self.store(prefix="a b/\u00fc+=%").put_absent(OUT, [b"2"])
        self.assertEqual(sorted(self.fake.objects), ["/bucket/a b/\u00fc+=%/" + OUT, "/bucket/" + OUT])

    def test_names_the_owner(self):
        self.store(owner="123456789012").put_absent(OUT, [b"1"])
        self.assertEqual(self.fake.requests[0][2]["x-amz-expected-bucket-owner"], "123456789012")
        self.assertEqual(self.fake.problems, [])

    def test_an_answer_that_was_lost_is_no_harm(self):
        self.fake.script = [done_but_silent]
        self.assertFalse(self.store().put_absent(OUT, [b"mine"]))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], b"mine")

    def test_tries_again_on_a_conflict(self):
        self.fake.script = [status(409, "ConditionalRequestConflict"), status(503, "SlowDown"), hang_up]
        self.assertTrue(self.store().put_absent(OUT, [b"x" * 300_000]))

    def test_says_what_is_forbidden(self):
        self.fake.script = [status(403, "AccessDenied")]
        self.refused("the job's role may not write s3://bucket/p/" + OUT, self.store().put_absent, OUT, [b"1"])
        self.fake.script = [status(403, "AccessDenied")]
        self.refused("or the bucket is not of account 123456789012", self.store(owner="123456789012").put_absent, OUT, [b"1"])
        self.assertEqual(len(self.fake.requests), 2)

    def large(self):
        store = self.store()
        store.ONE_PUT = 1 << 20
        store.PART = 300_000
        pieces = [os.urandom(size) for size in (10, 299_990, 700_000, 1, 500_000)]
        return store, pieces, b"".join(pieces)

    def test_writes_large_frames_in_parts(self):
        store, pieces, whole = self.large()
        self.assertTrue(store.put_absent(OUT, pieces))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], whole)
        self.assertFalse(store.put_absent(OUT, pieces))
        self.assertEqual(self.fake.uploads, {})
        self.assertEqual(self.fake.problems, [])

    def test_parts_survive_faults(self):
        store, pieces, whole = self.large()
        self.fake.script = [status(503, "SlowDown"), None, hang_up, None, status(500, "InternalError")]
        self.assertTrue(store.put_absent(OUT, pieces))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], whole)

    def test_an_upload_whose_end_was_lost_is_done(self):
        store, pieces, whole = self.large()
        self.fake.script = [None] * 6 + [done_but_silent]
        self.assertTrue(store.put_absent(OUT, pieces))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], whole)

    def test_an_end_that_fails_under_status_200_is_tried_again(self):
        store, pieces, whole = self.large()
        self.fake.script = [None] * 6 + [lambda fake, handler, body: fake.answer(handler, 200, b"<Error><Code>InternalError</Code></Error>")]
        self.assertTrue(store.put_absent(OUT, pieces))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], whole)

    def test_a_conflict_at_the_end_begins_anew(self):
        store, pieces, whole = self.large()
        self.fake.script = [None] * 6 + [status(409, "ConditionalRequestConflict")]
        self.assertTrue(store.put_absent(OUT, pieces))
        self.assertEqual(self.fake.objects["/bucket/p/" + OUT], whole)
        self.assertEqual(self.fake.uploads, {})


if __name__ == "__main__":
    unittest.main()
