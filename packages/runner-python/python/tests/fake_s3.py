"""An S3 of one process for tests: objects in a dictionary, faults by script, every request kept."""

import base64
import hashlib
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import scaler_runner  # noqa: E402

KEYS = {"AKTEST": "secret"}


class FakeS3:
    """`script` holds a fault for each of the next requests: None, or a function of the handler that answers, or returns False to go on."""

    def __init__(self, tls=None):
        self.objects = {}
        self.uploads = {}
        self.requests = []
        self.script = []
        self.keys = dict(KEYS)
        self.tokens = {"AKTEST": None}
        self.problems = []
        self.credentials = None  # a function that gives the JSON of the container's endpoint
        self.may_read = re.compile(r"/bucket/(?:p/)?v1/in/")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            fake = outer
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass

            def do(self):
                outer.serve(self)

            do_GET = do_PUT = do_POST = do_DELETE = do

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.server.handle_error = lambda *_: None
        self.url = ("http" if tls is None else "https") + "://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret"}

    def count(self, method):
        return sum(1 for seen in self.requests if seen[0] == method)

    def keys_below(self, prefix):
        return sorted(key for key in self.objects if key.startswith(prefix))

    # -- answers

    def answer(self, handler, status, body=b"", **headers):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def error(self, handler, status, code, **headers):
        """As S3 sends them: without a length, in chunks."""
        body = b"<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>m</Message></Error>" % code.encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in (body[:10], body[10:], b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def serve(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        path, _, query = handler.path.partition("?")
        if path == "/credentials":
            self.requests.append(("CREDENTIALS", path, dict(handler.headers)))
            self.answer(handler, 200, self.credentials())
            return
        body = handler.rfile.read(length)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append((handler.command, handler.path, headers))
        fault = self.script.pop(0) if self.script else None
        if fault is not None and fault(self, handler, body) is not False:
            return
        problem = self.wrong_signature(handler.command, path, query, headers, body)
        if problem:
            self.error(handler, 403, problem)
            return
        self.act(handler, unquote(path), parse_qs(query, keep_blank_values=True), headers, body)

    def wrong_signature(self, method, path, query, headers, body):
        match = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request,SignedHeaders=([^,]+),Signature=", headers.get("authorization", ""))
        if not match:
            return "AccessDenied"
        access, _, region, names = match.groups()
        if access not in self.keys:
            return "ExpiredToken"
        signed = {name: headers[name] for name in names.split(";")}
        for needed in ("host", "x-amz-date", "x-amz-content-sha256"):
            if needed not in signed:
                return "AccessDenied"
        for name in headers:
            if name.startswith("x-amz-") and name not in signed:
                self.problems.append("%s is not signed" % name)
        if hashlib.sha256(body).hexdigest() != headers["x-amz-content-sha256"]:
            return "XAmzContentSHA256Mismatch"
        if headers.get("x-amz-security-token") != self.tokens.get(access):
            return "InvalidToken"
        expected = scaler_runner.authorization(method, path, query, signed, access, self.keys[access], region)
        return None if expected == headers["authorization"] else "SignatureDoesNotMatch"

    def act(self, handler, path, query, headers, body):
        method = handler.command
        if method == "GET":
            if not self.may_read.match(path) or path not in self.objects:
                return self.error(handler, 403, "AccessDenied")
            data = self.objects[path]
            start, end = re.match(r"bytes=(\d+)-(\d+)", headers["range"]).groups()
            if int(start) >= len(data):
                return self.error(handler, 416, "InvalidRange", Content_Range="bytes */%d" % len(data))
            part = data[int(start) : int(end) + 1]
            return self.answer(handler, 206, part, Content_Range="bytes %d-%d/%d" % (int(start), int(start) + len(part) - 1, len(data)))
        if method == "PUT" and "partNumber" in query:
            self.uploads[query["uploadId"][0]][int(query["partNumber"][0])] = body
            return self.answer(handler, 200, ETag='"%s"' % hashlib.md5(body).hexdigest())
        if method == "PUT":
            if headers.get("if-none-match") == "*" and path in self.objects:
                return self.error(handler, 412, "PreconditionFailed")
            self.objects[path] = body
            return self.answer(handler, 200)
        if method == "POST" and "uploads" in query:
            upload = base64.b64encode(os.urandom(12)).decode()
            self.uploads[upload] = {}
            return self.answer(handler, 200, b"<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>" % upload.encode())
        upload = query["uploadId"][0]
        if upload not in self.uploads:
            return self.error(handler, 404, "NoSuchUpload")
        if method == "DELETE":
            del self.uploads[upload]
            return self.answer(handler, 204)
        if headers.get("if-none-match") == "*" and path in self.objects:
            return self.error(handler, 412, "PreconditionFailed")
        parts = self.uploads.pop(upload)
        numbers = [int(n) for n in re.findall(rb"<PartNumber>(\d+)</PartNumber>", body)]
        tags = [tag.decode() for tag in re.findall(rb"<ETag>(.*?)</ETag>", body)]
        assert tags == ['"%s"' % hashlib.md5(parts[n]).hexdigest() for n in numbers]
        self.objects[path] = b"".join(parts[n] for n in numbers)
        return self.answer(handler, 200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")


# -- faults


def status(number, code):
    return lambda fake, handler, body: fake.error(handler, number, code)


def hang_up(fake, handler, body):
    handler.close_connection = True
    handler.connection.shutdown(2)


def cut_off(size):
    """Does what was asked, but the answer's body ends early."""

    def fault(fake, handler, body):
        inner = handler.wfile

        class Cut:
            left = None

            def write(self, data):
                if self.left is None:
                    head, found, rest = data.partition(b"\r\n\r\n")
                    if found:
                        inner.write(head + found)
                        self.left = size
                        data = rest
                inner.write(data[: self.left])
                self.left -= len(data[: self.left])

            def flush(self):
                inner.flush()

        handler.wfile = Cut()
        handler.close_connection = True
        path, _, query = handler.path.partition("?")
        fake.act(handler, unquote(path), parse_qs(query, keep_blank_values=True), {name.lower(): v for name, v in handler.headers.items()}, body)
        handler.wfile = inner
        handler.connection.shutdown(2)

    return fault


def done_but_silent(fake, handler, body):
    """Does what was asked and loses the answer."""
    path, _, query = handler.path.partition("?")

    class Nowhere:
        def write(self, data):
            pass

        def flush(self):
            pass

    handler.wfile, inner = Nowhere(), handler.wfile
    fake.act(handler, unquote(path), parse_qs(query, keep_blank_values=True), {name.lower(): v for name, v in handler.headers.items()}, body)
    handler.wfile = inner
    hang_up(fake, handler, body)


def late(seconds):
    def fault(fake, handler, body):
        time.sleep(seconds)
        return False

    return fault
