#!/usr/bin/env python3
"""Runs packs of OpenGRIS Scaler tasks: the Python runner of scaler-aws-hpc.

One process, the *supervisor*, reads a pack, checks its signature, keeps time and writes result frames; it never
unpickles anything. A forked child, the *executor*, unpickles and runs the tasks. The executor may die in any way: the
supervisor names the task that ran, forks another one and goes on with the rest.

Started by the manager, its control channel is file descriptor 3 (JSON lines, see docs/runner-protocol.md); the end of
the channel is the end of this process and of every process that a task left in the executor's group. Started as a job
of AWS Batch it runs the one child that its parameters describe, and its exit code says what became of it. Needs Python
3.9 and the standard library; cloudpickle only where the client's pickles need it (Scaler's own client does), tblib to
keep tracebacks, botocore only where credentials come neither from the environment nor from the container's endpoint.

    scaler_runner.py [--preload "package.module:function(1, key=2)"]
    scaler_runner.py --task_id J --payload none --compressed D --s3_bucket B --s3_prefix P --s3_key K [--preload SPEC]

Importing this file has no effects; `main(arguments)` may be called in a process that was forked after the import, and
`prepare()` before that fork loads what every job needs.
"""

import sys

if sys.version_info < (3, 9):
    sys.exit("the Python runner needs Python 3.9 or newer, this is %d.%d (%s)" % (sys.version_info[:2] + (sys.executable,)))

import base64
import collections
import copyreg
import errno
import fcntl
import functools
import gc
import gzip
import hashlib
import hmac
import importlib
import importlib.util
import io
import json
import math
import mmap
import os
import pickle
import re
import resource
import select
import selectors
import signal
import socket
import struct
import time
import types

RUNNER_VERSION = "1.0"
PROTOCOL = 1
LANGUAGE = "%s %d.%d.%d" % ((sys.implementation.name,) + sys.version_info[:3])

BUNDLE_MAGIC = b"SAHBNDL\x01"
FRAME_MAGIC = b"SAHFRAM\x01"
MAX_LINE = 1 << 20
MAX_TASKS = 1 << 20
MAX_TAIL = 64 * 1024
MAX_NOTE = 20_000
MAX_CONTROL_BACKLOG = 4 << 20
WHOLE_BUNDLE = 1 << 20  # a smaller bundle is read in one request

FLAG_STREAM_OUTPUT = 1

# Within this time after it rang the bell, or was given a pack, the executor does not ring again; the supervisor looks once
# more after the second time, so nothing is overlooked and thousands of trivial tasks cost a few wake-ups, not one each.
QUIET_S = 0.002
LOOK_AGAIN_S = 0.004

PIPE_READS = 8  # of 64 KiB: empties a full pipe even while somebody goes on writing
FIRST_PROGRESS_S = 0.2
PROGRESS_S = 1.0
RETIRE_S = 2.0
FREEZE_S = 0.1
MAX_IDLE_DEATHS = 3
HURRY_S = 15.0  # AWS Batch kills 30 s after SIGTERM

KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")


class Corrupt(Exception):
    """Bytes are not what the manager wrote, or an object is not there: nothing of it is used."""


class StoreFailure(Exception):
    """The payload store refuses or fails."""


# ---------------------------------------------------------------------------------------------------------- stores


class FsStore:
    """A directory, as the package payload-fs lays it out. Objects appear whole: a temporary file is linked to its final name."""

    compress = False
    tries = 2  # of a put; a directory on a network may fail for a moment

    def __init__(self, locator):
        root = locator.get("root")
        if not isinstance(root, str) or not os.path.isabs(root):
            raise StoreFailure("the fs store needs an absolute root")
        self._root = root
        self._mark = process_mark(os.getpid())

    def _path(self, key):
        if not isinstance(key, str) or len(key) > 512 or not KEY.match(key):
            raise StoreFailure("not a store key")
        return os.path.join(self._root, key)

    def fds(self):
        return []

    def hurry(self, seconds):
        """Nothing here takes long."""

    def get(self, key, ranges=None, size=None):
        """The whole object, which must be `size` bytes, or with `ranges(size, read)` whatever that function returns."""
        path = self._path(key)
        try:
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            raise StoreFailure("%s is not in the store" % key) from None
        except OSError as error:
            raise StoreFailure("cannot read %s: %s" % (key, error.strerror)) from error
        try:
            there = os.fstat(fd).st_size
            if size is not None and there != size:
                raise Corrupt("%s has %d bytes instead of %d" % (key, there, size))

            def read(start, end):
                return read_range(fd, start, min(end, there))

            return read(0, there) if ranges is None else ranges(there, read)
        except OSError as error:
            raise StoreFailure("cannot read %s: %s" % (key, error.strerror)) from error
        finally:
            os.close(fd)

    def put_absent(self, key, pieces):
        """Stores the pieces one after another; False when the key exists already."""
        path = self._path(key)
        temporary = os.path.join(self._root, "~tmp", self._mark + os.urandom(12).hex())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            try:
                fd = os.open(temporary, flags, 0o600)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(temporary), 0o700, exist_ok=True)
                fd = os.open(temporary, flags, 0o600)
            try:
                try:
                    write_pieces(fd, pieces)
                finally:
                    os.close(fd)
                try:
                    os.link(temporary, path)
                except FileNotFoundError:
                    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
                    os.link(temporary, path)
                return True
            finally:
                os.unlink(temporary)
        except FileExistsError:
            return False
        except OSError as error:
            raise StoreFailure("cannot write %s: %s" % (key, error.strerror)) from error


@functools.lru_cache(maxsize=1)
def process_mark(pid):
    """What the name of a temporary file begins with: whose it is, so that those of dead processes can be swept."""
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return "%s.%d.%d." % (host, pid, process_start(pid))


# ------------------------------------------------------------------------------------------------------ HTTP and S3
#
# No boto3: importing it and making a client takes longer than all that is asked of S3 here, and images need not have it.
# Nor http.client, whose import takes as long as a request.


class Unanswered(Exception):
    """A request got no answer that can be read: another try may."""


class Answer:
    """Status, headers by lower-case name, body. `short`: the body ended before its announced length."""

    def __init__(self, status, headers):
        self.status = status
        self.headers = headers
        self.body = b""
        self.short = None
        self.tries = 1


class Connection:
    """HTTP/1.1 to one host, one request at a time, kept open for the next one."""

    CONNECT_S = 5.0
    IDLE_S = 20.0  # without a byte in either direction
    KEPT_S = 4.0  # servers close idle connections: S3 after a few seconds
    HEAD = 64 * 1024
    PIECE = 1 << 20

    def __init__(self, url):
        match = re.match(r"(https?)://(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(/[^\s?#]*)?\Z", url)
        if not match:
            raise StoreFailure("not an HTTP address: %r" % url)
        scheme, host, port, path = match.groups()
        self.secure = scheme == "https"
        self.path = (path or "").rstrip("/")
        self.host = host if port is None else "%s:%s" % (host, port)
        # As bytes: text would import the whole of IDNA first.
        self._address = (host.strip("[]").encode(), int(port or (443 if self.secure else 80)))
        self._sock = None
        self._context = None
        self._used = 0.0

    def fds(self):
        return [self._sock.fileno()] if self._sock is not None else []

    def close(self):
        sock, self._sock = self._sock, None
        if sock is not None:
            try:
                sock.close()
            except OSError:
                pass

    def request(self, method, target, headers, pieces=(), most=1 << 20):
        """Sends and reads the answer, of which a good one has at most `most` bytes. `Unanswered` where there is none."""
        if self._sock is not None and time.monotonic() - self._used > self.KEPT_S:
            self.close()
        try:
            if self._sock is None:
                self._open()
            head = "%s %s HTTP/1.1\r\n%s\r\n" % (method, target, "".join("%s: %s\r\n" % item for item in headers.items()))
            broken = None
            try:
                self._send([head.encode("ascii")] + list(pieces))
            except (BrokenPipeError, ConnectionResetError) as error:  # it may have answered before it closed
                broken = error
            answer, keep = self._receive(method, most)
            if keep and broken is None and answer.short is None:
                self._used = time.monotonic()
            else:
                self.close()
            return answer
        except OSError as error:
            self.close()
            raise Unanswered("%s: %s" % (self.host, "time-out" if isinstance(error, socket.timeout) else
                                         error.strerror or error)) from error
        except BaseException:
            self.close()
            raise

    def _open(self):
        try:
            sock = socket.create_connection(self._address, self.CONNECT_S)
        except socket.timeout:
            raise Unanswered("%s: no connection in %g s" % (self.host, self.CONNECT_S)) from None
        self._sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.secure:
            import ssl

            if self._context is None:
                bundle = os.environ.get("AWS_CA_BUNDLE") or None
                try:
                    self._context = ssl.create_default_context(cafile=bundle)
                except OSError as error:
                    raise StoreFailure("cannot read the certificates in AWS_CA_BUNDLE=%s: %s" % (bundle, error)) from error
            try:
                self._sock = self._context.wrap_socket(sock, server_hostname=self._address[0])
            except ssl.SSLCertVerificationError as error:
                raise StoreFailure("the certificate of %s is not trusted: %s; AWS_CA_BUNDLE names other authorities"
                                   % (self.host, error.verify_message)) from error
        self._sock.settimeout(self.IDLE_S)

    def _send(self, pieces):
        if sum(len(piece) for piece in pieces) <= 1 << 16:
            pieces = [b"".join(pieces)]
        for piece in pieces:
            view = memoryview(piece)
            for at in range(0, len(view), self.PIECE):  # the time-out is for one call, however much that has to move
                self._sock.sendall(view[at : at + self.PIECE])

    def _receive(self, method, most):
        status, headers, rest, keep = 100, {}, bytearray(), False
        while 100 <= status < 200:
            while True:
                end = rest.find(b"\r\n\r\n")
                if end >= 0:
                    break
                if len(rest) > self.HEAD:
                    raise Unanswered("%s: the answer's head does not end" % self.host)
                part = self._sock.recv(1 << 16)
                if not part:
                    raise Unanswered("%s: the connection was closed" % self.host)
                rest += part
            lines = bytes(rest[:end]).decode("latin-1").split("\r\n")
            del rest[: end + 4]
            match = re.match(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: |\Z)", lines[0])
            if not match:
                raise Unanswered("%s: this is not HTTP" % self.host)
            status = int(match.group(2))
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            keep = match.group(1) == "1" and headers.get("connection", "").lower() != "close"
        answer = Answer(status, headers)
        if method == "HEAD" or status in (204, 304):
            return answer, keep
        if status >= 300:
            most = 1 << 20
        if headers.get("transfer-encoding", "").lower() == "chunked":
            self._chunks(answer, rest, most)
        elif "content-length" in headers:
            if not re.match(r"[0-9]{1,18}\Z", headers["content-length"]):
                raise Unanswered("%s: an answer without a length" % self.host)
            length = int(headers["content-length"])
            if length > most:
                raise Corrupt("%s announces %d bytes where at most %d can be right" % (self.host, length, most))
            self._fill(answer, rest, length)
        else:
            keep = False
            self._fill(answer, rest, most, open_ended=True)
        return answer, keep

    def _fill(self, answer, rest, length, open_ended=False):
        if open_ended or length <= len(rest):
            body = rest
            while open_ended and len(body) <= length:
                part = self._sock.recv(1 << 18)
                if not part:
                    break
                body += part
            answer.body = body if len(body) <= length else body[:length]
            return
        body = bytearray(length)
        body[: len(rest)] = rest
        view = memoryview(body)
        at = len(rest)
        while at < length:
            try:
                n = self._sock.recv_into(view[at:])
                reason = "the body ended"
            except OSError as error:
                n = 0
                reason = str(error.strerror or error)
            if n == 0:
                view.release()
                del body[at:]
                answer.short = "%s after %d of %d bytes" % (reason, at, length)
                break
            at += n
        answer.body = body

    def _chunks(self, answer, rest, most):
        body = bytearray()
        answer.body = body

        def need(condition):
            while not condition():
                part = self._sock.recv(1 << 16)
                if not part:
                    raise Unanswered("%s: the body ended" % self.host)
                rest.extend(part)

        while True:
            need(lambda: b"\r\n" in rest or len(rest) > 1024)
            line, _, _ = bytes(rest[:1024]).partition(b"\r\n")
            match = re.match(rb"([0-9A-Fa-f]{1,8})\s*(?:;.*)?\Z", line)
            if not match:
                raise Unanswered("%s: the body's chunks make no sense" % self.host)
            size = int(match.group(1), 16)
            del rest[: len(line) + 2]
            if len(body) + size > most:
                raise Corrupt("%s sends more than %d bytes" % (self.host, most))
            if size == 0:
                break
            need(lambda: len(rest) >= size + 2)
            body += rest[:size]
            del rest[: size + 2]
        while True:  # trailers
            need(lambda: b"\r\n" in rest or len(rest) > self.HEAD)
            line, found, _ = bytes(rest).partition(b"\r\n")
            if not found:
                raise Unanswered("%s: the body's trailers do not end" % self.host)
            del rest[: len(line) + 2]
            if not line:
                return


UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def percent(text, also=b""):
    return "".join(chr(byte) if byte in UNRESERVED or byte in also else "%%%02X" % byte for byte in text.encode())


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def authorization(method, path, query, headers, access_key, secret_key, region, service="s3"):
    """The header of AWS signature version 4. `path` and `query` as they are sent; every header is signed, x-amz-date and x-amz-content-sha256 among them."""
    names = sorted(name.lower() for name in headers)
    values = {name.lower(): value for name, value in headers.items()}
    canonical = "\n".join([method, path, query] + ["%s:%s" % (name, " ".join(values[name].split())) for name in names]
                          + ["", ";".join(names), values["x-amz-content-sha256"]])
    when = values["x-amz-date"]
    scope = "%s/%s/%s/aws4_request" % (when[:8], region, service)
    text = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (when, scope, hashlib.sha256(canonical.encode()).hexdigest())
    signature = hmac.new(signing_key(secret_key, when[:8], region, service), text.encode(), hashlib.sha256).hexdigest()
    return "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s" % (access_key, scope, ";".join(names), signature)


def instant(text):
    """Seconds since 1970 of `2026-01-31T12:00:00Z`."""
    import datetime

    numbers = [int(number) for number in re.findall(r"[0-9]+", text)[:6]]
    return datetime.datetime(*numbers, tzinfo=datetime.timezone.utc).timestamp()


def pause(n, most=5.0):
    """Waits before try number n: at random up to 0.1 s, doubled each time."""
    time.sleep(min(most, 0.1 * 2**n) * (0.1 + 0.9 * os.urandom(1)[0] / 255))


class Credentials:
    """Access keys from, in this order, the environment, the container's endpoint, botocore. Those that expire are renewed in time."""

    EARLY_S = 600  # renewed this long before they expire
    ASK_AGAIN_S = 30
    LOCAL = ("169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost", "[::1]")
    TRIES = 5

    def __init__(self, environ):
        self._environ = environ
        self._keys = None
        self._expires = None
        self._asked = 0.0
        self._botocore = None

    def keys(self):
        """Access key, secret key, session token or None."""
        if self._botocore is not None:
            return self._ask_botocore()
        now = time.time()
        late = self._expires is not None and now > self._expires - self.EARLY_S
        if self._keys is None or (late and (now > self._expires or time.monotonic() > self._asked + self.ASK_AGAIN_S)):
            self._asked = time.monotonic()
            self._load()
        return self._keys

    def reject(self):
        """The service took the keys for expired. True when others can be had."""
        if self._botocore is None and self._expires is None:
            return False
        if self._botocore is None:
            self._keys = None
        return True

    def _load(self):
        environ = self._environ
        if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
            self._keys = (environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN") or None)
        elif environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
            self._ask_endpoint("http://169.254.170.2" + environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
        elif environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            self._ask_endpoint(environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        else:
            try:
                from botocore.session import Session
            except ImportError:
                raise StoreFailure(
                    "no AWS credentials: neither AWS_ACCESS_KEY_ID nor the container's endpoint is set (has the job definition a job role?), "
                    "and botocore, which knows other places, is not installed") from None
            try:
                self._botocore = Session().get_credentials()
            except Exception as error:
                raise StoreFailure("botocore finds no AWS credentials: %s" % error) from error
            if self._botocore is None:
                raise StoreFailure("no AWS credentials: not in the environment, no container endpoint (has the job definition a job role?), "
                                   "and botocore finds none")
            self._keys = self._ask_botocore()

    def _ask_botocore(self):
        try:
            frozen = self._botocore.get_frozen_credentials()  # renews them
        except Exception as error:
            raise StoreFailure("botocore cannot renew the AWS credentials: %s" % error) from error
        return frozen.access_key, frozen.secret_key, frozen.token

    def _ask_endpoint(self, url):
        match = re.match(r"(https?://[^/?#\s]+)(/[^\s#]*)?\Z", url)
        if not match:
            raise StoreFailure("the address of the container's credentials is not one")
        connection = Connection(match.group(1))
        host = connection.host.rsplit(":", 1)[0] if not connection.host.endswith("]") else connection.host
        if not connection.secure and host not in self.LOCAL and not host.startswith("127."):
            raise StoreFailure("credentials are not asked of %s without TLS" % host)
        headers = {"Host": connection.host, "Accept": "application/json", "Connection": "close"}
        reason = ""
        for n in range(self.TRIES):
            if n:
                pause(n)
            try:
                token = self._token()
                if token:
                    headers["Authorization"] = token
                answer = connection.request("GET", match.group(2) or "/", headers)
                if answer.status == 200 and answer.short is None:
                    found = json.loads(bytes(answer.body))
                    keys = (found["AccessKeyId"], found["SecretAccessKey"], found.get("Token") or None)
                    self._expires = instant(found["Expiration"]) if found.get("Expiration") else None
                    self._keys = keys
                    return
                reason = "status %d" % answer.status
            except (Unanswered, OSError) as error:
                reason = str(error)
            except (ValueError, KeyError, TypeError):
                reason = "an answer that makes no sense"
            finally:
                connection.close()
        if self._keys is not None and (self._expires is None or time.time() < self._expires):
            return  # still good; asked again with the next request
        raise StoreFailure("the container's credentials cannot be had: %s" % reason)

    def _token(self):
        path = self._environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        if path:
            with open(path) as file:
                token = file.read().strip()
        else:
            token = self._environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        if not token.isprintable():
            raise ValueError("the token has more than one line")
        return token


class S3Store:
    """A prefix of a bucket. The role of a job may read inputs and write results; it can neither list nor delete, so an absent object answers 403."""

    compress = True
    tries = 1  # a request is repeated below

    FIRST_READ = WHOLE_BUNDLE
    PART = 16 << 20
    ONE_PUT = 64 << 20
    READ_S = 60.0
    WRITE_S = 60.0
    TRIES = 100
    AGAIN = frozenset((408, 429, 500, 502, 503, 504))
    EXPIRED = frozenset(("ExpiredToken", "TokenRefreshRequired", "InvalidToken", "ExpiredTokenException"))

    def __init__(self, locator):
        texts = [locator.get(name) for name in ("bucket", "prefix", "region", "owner")]
        if not all(isinstance(text, str) for text in texts):
            raise StoreFailure("the s3 store needs bucket, prefix, region and owner")
        self._bucket, self._prefix, self._region, self._owner = texts
        if not re.match(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}\Z", self._bucket) or not re.match(r"[a-z0-9-]{2,64}\Z", self._region):
            raise StoreFailure("not the name of a bucket, or of a region")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        base, path = endpoint, "/" + self._bucket
        if not endpoint:
            host = "s3.%s.amazonaws.com%s" % (self._region, ".cn" if self._region.startswith("cn-") else "")
            if "." in self._bucket:  # a certificate covers one label
                base = "https://" + host
            else:
                base, path = "https://%s.%s" % (self._bucket, host), ""
        self._connection = Connection(base)
        self._path = self._connection.path + path
        self._credentials = Credentials(dict(os.environ))
        self._ahead = 0.0
        self._until = math.inf
        self.requests = 0

    def fds(self):
        return self._connection.fds()

    def hurry(self, seconds):
        """From now on, whatever is tried is not tried again later than this."""
        self._until = min(self._until, time.monotonic() + seconds)

    # -- what the rest of the runner asks

    def get(self, key, ranges=None, size=None):
        """The whole object, which must be `size` bytes, or with `ranges(size, read)` whatever that function returns."""
        if ranges is None:
            return self._fetch(key, 0, size)[0]
        # One request for a small bundle; of a larger one the index, which is never longer than this, and the size.
        head, there = self._fetch(key, 0, self.FIRST_READ)

        def read(start, end):
            end = min(end, there)
            if end <= len(head):
                return head[start:end]
            if start >= len(head):
                return self._fetch(key, start, end)[0]
            return head[start:] + self._fetch(key, len(head), end)[0]

        return ranges(there, read)

    def put_absent(self, key, pieces):
        """Stores the pieces one after another; False when the key exists already."""
        size = sum(len(piece) for piece in pieces)
        if size > self.ONE_PUT:
            return self._put_parts(key, pieces, size)
        answer = self._call("PUT", key, {"If-None-Match": "*"}, pieces, accept=(200, 412))
        return answer.status == 200

    # -- requests

    def _fetch(self, key, start, end):
        """Bytes from `start` to `end`, and the size of the object. A body that is cut off is continued where it ended."""
        got = bytearray()
        size = None
        idle = 0
        while True:
            at = start + len(got)
            answer = self._call("GET", key, {"Range": "bytes=%d-%d" % (at, max(at, end - 1))}, accept=(200, 206, 416), most=end - at,
                                whole=start == 0)
            if answer.status == 416:
                match = re.match(r"bytes \*/([0-9]{1,18})\Z", answer.headers.get("content-range", ""))
                return bytes(got), int(match.group(1)) if match else at
            match = re.match(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})\Z", answer.headers.get("content-range", ""))
            if answer.status == 200 and at == 0:  # all of it: ranges are not everybody's
                size = len(answer.body)
            elif answer.status == 206 and match and int(match.group(1)) == at:
                size = int(match.group(2))
            else:
                raise StoreFailure("cannot read %s: the service answers with another range" % key)
            got = answer.body if not got else got + answer.body
            if answer.short is None:
                return got, size
            idle = 0 if len(answer.body) else idle + 1
            if idle >= 10 or time.monotonic() > self._until:
                raise StoreFailure("cannot read %s: %s" % (key, answer.short))
            pause(idle)

    def _put_parts(self, key, pieces, size):
        for _ in range(3):
            done = self._upload(key, pieces, max(self.PART, -(-size // 10_000)))
            if done is not None:
                return done
        raise StoreFailure("cannot write %s: somebody else goes on writing it" % key)

    def _upload(self, key, pieces, part_size):
        """True: stored. False: the key exists already. None: a conflict, to be done again."""
        begun = self._call("POST", key, {}, query="uploads=")
        match = re.search(rb"<UploadId>([^<]{1,1024})</UploadId>", bytes(begun.body))
        if not match:
            raise StoreFailure("cannot write %s: no upload was begun" % key)
        upload = "uploadId=" + percent(match.group(1).decode("utf-8", "replace"))
        finished = False
        try:
            tags = []
            for part in cut(pieces, part_size):
                query = "partNumber=%d&%s" % (len(tags) + 1, upload)
                tags.append(self._call("PUT", key, {}, part, query=query).headers.get("etag", ""))
            text = "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>" % (n + 1, tag.replace("&", "&amp;").replace("<", "&lt;"))
                           for n, tag in enumerate(tags))
            body = ('<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</CompleteMultipartUpload>' % text).encode()
            answer = self._call("POST", key, {"If-None-Match": "*"}, [body], query=upload, accept=(200, 404, 409, 412))
            # Unknown on a second try: the first one ended it.
            finished = answer.status == 200 or (answer.status == 404 and answer.tries > 1)
            if finished:
                return True
            if answer.status == 404:
                raise StoreFailure("cannot write %s: the upload is gone" % key)
            return False if answer.status == 412 else None
        finally:
            if not finished:
                try:
                    self._call("DELETE", key, {}, query=upload, accept=(200, 204, 403, 404), tries=2)
                except StoreFailure:
                    pass  # the bucket's lifecycle ends it

    def _call(self, method, key, headers, pieces=(), query="", accept=(200,), most=1 << 20, whole=False, tries=None):
        """One request, tried again while that may help; the last answer, with the number of tries."""
        if not isinstance(key, str) or len(key) > 512 or not KEY.match(key):
            raise StoreFailure("not a store key")
        verb = "read" if method == "GET" else "write"
        begun = time.monotonic()
        limit = self.READ_S if method == "GET" else self.WRITE_S
        tries = tries or self.TRIES
        digest = EMPTY_SHA256
        if pieces:
            sha = hashlib.sha256()
            for piece in pieces:
                sha.update(piece)
            digest = sha.hexdigest()
        renewed = set()
        n = 0
        while True:
            n += 1
            fresh = not self._connection.fds()
            try:
                answer = self._once(method, key, headers, pieces, query, digest, max(most, 1 << 20) if whole else most)
                code = error_code(answer)
                if answer.status in accept and (code is None or answer.status >= 300):
                    if answer.short is None or method == "GET":
                        answer.tries = n
                        return answer
                    reason = answer.short
                else:
                    reason = "status %d%s" % (answer.status, " " + code if code else "")
                    if not self._may_repeat(answer, code, renewed):
                        raise StoreFailure(self._explain(verb, key, answer, code))
            except Unanswered as error:
                reason = str(error)
                if not fresh and n == 1:
                    continue  # the kept connection was closed by the other side: at once on a new one
            left = min(self._until, begun + limit) - time.monotonic()
            if n >= tries or left <= 0:
                raise StoreFailure("cannot %s %s: %s, tried %s" % (verb, key, reason, "once" if n == 1 else "%d times" % n))
            pause(n, min(5.0, left))

    def _once(self, method, key, headers, pieces, query, digest, most):
        access_key, secret_key, token = self._credentials.keys()
        path = percent("%s/%s" % (self._path, "/".join(part for part in (self._prefix, key) if part)), b"/")
        signed = {
            "Host": self._connection.host,
            "x-amz-content-sha256": digest,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self._ahead)),
        }
        signed.update(headers)
        if token:
            signed["x-amz-security-token"] = token
        if self._owner != "-":
            signed["x-amz-expected-bucket-owner"] = self._owner
        sent = dict(signed)
        sent["User-Agent"] = "scaler-runner/%s" % RUNNER_VERSION
        sent["Authorization"] = authorization(method, path, query, signed, access_key, secret_key, self._region)
        if method in ("PUT", "POST"):
            sent["Content-Length"] = str(sum(len(piece) for piece in pieces))
        self.requests += 1
        return self._connection.request(method, path + ("?" + query if query else ""), sent, pieces, most)

    def _may_repeat(self, answer, code, renewed):
        if answer.status in self.AGAIN or (answer.status == 200 and code) or (answer.status == 409 and code != "InvalidBucketState"):
            return True
        if code == "RequestTimeout":
            return True
        if code in self.EXPIRED and "keys" not in renewed:
            renewed.add("keys")
            return self._credentials.reject()
        if code == "RequestTimeTooSkewed" and "clock" not in renewed and answer.headers.get("date"):
            renewed.add("clock")
            ahead = http_date(answer.headers["date"])
            if ahead is not None:
                self._ahead = ahead - time.time()
                return True
        return False

    def _explain(self, verb, key, answer, code):
        where = "s3://%s/%s" % (self._bucket, "/".join(part for part in (self._prefix, key) if part))
        region = answer.headers.get("x-amz-bucket-region")
        if answer.status == 404 and code == "NoSuchBucket":
            return "there is no bucket %s" % self._bucket
        if answer.status in (301, 307, 400) and region and region != self._region:
            return "the bucket %s is in %s, not in %s" % (self._bucket, region, self._region)
        if verb == "read" and answer.status == 404:
            return "%s is not there" % where
        if answer.status == 403 and (code in (None, "AccessDenied")):
            if verb == "read":
                return "%s is not there, or the job's role may not read it (403)" % where
            owner = "" if self._owner == "-" else ", or the bucket is not of account %s" % self._owner
            return "the job's role may not write %s (403%s)" % (where, owner)
        return "cannot %s %s: status %d%s" % (verb, where, answer.status, " " + code if code else "")


def error_code(answer):
    """The code of an S3 error; a completed upload may say one under status 200."""
    if answer.status < 300 and (len(answer.body) > 65536 or b"<Error>" not in bytes(answer.body[:512])):
        return None
    match = re.search(rb"<Code>([A-Za-z0-9.]{1,80})</Code>", bytes(answer.body[:65536]))
    return match.group(1).decode() if match else None


def http_date(text):
    match = re.match(r"[A-Za-z]{3}, ([0-9]{2}) ([A-Za-z]{3}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) GMT\Z", text)
    months = "JanFebMarAprMayJunJulAugSepOctNovDec"
    if not match or match.group(2) not in months:
        return None
    day, month, year, clock = match.groups()
    return instant("%s-%d-%sT%sZ" % (year, months.index(month) // 3 + 1, day, clock))


def cut(pieces, size):
    """The pieces as parts of `size` bytes, without copying them."""
    part, room = [], size
    for piece in pieces:
        view = memoryview(piece)
        while len(view):
            part.append(view[:room])
            taken = len(part[-1])
            view = view[taken:]
            room -= taken
            if room == 0:
                yield part
                part, room = [], size
    if part:
        yield part


STORES = {"fs": FsStore, "s3": S3Store}


def open_store(locator):
    kind = locator.get("kind") if isinstance(locator, dict) else None
    if kind not in STORES:
        raise StoreFailure("this runner reads stores of kind %s, not %r" % (", ".join(STORES), kind))
    return STORES[kind](locator)


def read_range(fd, start, end):
    parts = []
    while start < end:
        part = os.pread(fd, min(end - start, 64 << 20), start)
        if not part:
            break
        parts.append(part)
        start += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def write_pieces(fd, pieces):
    queue = [memoryview(piece) for piece in pieces if len(piece)]
    first = 0
    while first < len(queue):
        written = os.writev(fd, queue[first : first + 512])
        while first < len(queue) and written >= len(queue[first]):
            written -= len(queue[first])
            first += 1
        if written:
            queue[first] = queue[first][written:]


# ------------------------------------------------------------------------------------------------- bundle and frame


def read_section(read, size, child, job, secret):
    """The section of `child`, its signature checked before anything in it is looked at."""
    head = read(0, WHOLE_BUNDLE if size <= WHOLE_BUNDLE else 16)
    if size <= WHOLE_BUNDLE:
        whole = head

        def read(start, end):
            return whole[start:end]

    if len(head) < 16 or head[:8] != BUNDLE_MAGIC:
        raise Corrupt("this is not a bundle of version 1")
    count = struct.unpack_from("<I", head, 8)[0]
    if not 0 <= child < count:
        raise Corrupt("the bundle has %d sections, section %d was asked for" % (count, child))
    entry = read(16 + 48 * child, 64 + 48 * child)
    if len(entry) != 48:
        raise Corrupt("the index of the bundle is cut off")
    offset, length = struct.unpack_from("<QQ", entry)
    if offset < 16 + 48 * count or offset + length > size:
        raise Corrupt("section %d lies outside the bundle" % child)
    section = read(offset, offset + length)
    if len(section) != length:
        raise Corrupt("section %d is cut off" % child)
    mac = hmac.new(secret, ("bundle\n%s\n%d\n" % (job, child)).encode(), hashlib.sha256)
    mac.update(section)
    if not hmac.compare_digest(mac.digest(), entry[16:]):
        raise Corrupt("the signature of section %d does not match" % child)
    return section


def section_header(section):
    """The header of a section and where its blobs begin."""
    if len(section) < 8:
        raise Corrupt("the section is too short")
    length = struct.unpack_from("<I", section)[0]
    if 8 + length > len(section):
        raise Corrupt("the section's header is cut off")
    try:
        header = json.loads(bytes(section[8 : 8 + length]))
    except ValueError as error:
        raise Corrupt("the section's header is not JSON") from error
    if not isinstance(header, dict) or header.get("v") != 1:
        raise Corrupt("the section's header is not of version 1")
    return header, 8 + length


def encode_frame(key, secret, header_text, blobs):
    """The pieces of a result frame; signed together with its key, so that it counts nowhere else."""
    header = header_text.encode()
    mac = hmac.new(secret, ("frame\n%s\n" % key).encode(), hashlib.sha256)
    mac.update(header)
    for blob in blobs:
        mac.update(blob)
    return [FRAME_MAGIC + struct.pack("<II", len(header), 0) + mac.digest() + header] + blobs


def compress_blob(blob, wanted):
    """The blob for the frame, and whether it is gzip. What shows no gain on 4 KiB from its middle is left alone."""
    size = len(blob)
    if wanted and size >= 4096:
        middle = bytes(blob[(size - 4096) // 2 :][:4096])
        if len(gzip.compress(middle, 1)) <= 0.95 * len(middle):
            packed = gzip.compress(blob, 6 if size <= 1 << 20 else 1)
            if len(packed) <= 0.95 * size:
                return packed, True
    return blob, False


# ---------------------------------------------------------------------------------------------------- memory limits


def first_number(path, word=None):
    """The number in a one-number file, or after `word` in a file of `word number` lines; None where there is none."""
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        return None
    for line in text.splitlines():
        parts = line.split()
        if word is None and len(parts) == 1 and parts[0].isdigit():
            return int(parts[0])
        if word is not None and len(parts) >= 2 and parts[0] == word and parts[1].isdigit():
            return int(parts[1])
    return None


def upwards(mount, path):
    """The folders of a control group and of its parents, the own one first."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    return ["/".join([mount] + parts[:count]) for count in range(len(parts), -1, -1)]


class MemoryWatch:
    """Tells a kill for want of memory from any other SIGKILL."""

    def __init__(self, root=""):
        self._counters = []
        self.limit = None
        paths = {}
        try:
            with open(root + "/proc/self/cgroup") as file:
                for line in file:
                    _, controllers, path = line.rstrip("\n").split(":", 2)
                    paths[controllers] = path
        except (OSError, ValueError):
            pass
        # A container sees its own group as the root of the mount, whatever path the first file names; a group's parents limit it too.
        candidates = []
        if "" in paths:
            for base in upwards(root + "/sys/fs/cgroup", paths[""]):
                candidates.append((base + "/memory.events", base + "/memory.max"))
        for controllers, path in paths.items():
            if "memory" in controllers.split(","):
                for base in upwards(root + "/sys/fs/cgroup/memory", path):
                    candidates.append((base + "/memory.oom_control", base + "/memory.limit_in_bytes"))
        limits = []
        for events, limit in candidates:
            if not self._counters and first_number(events, "oom_kill") is not None:
                self._counters.append(events)
            limits.append(first_number(limit))
        if not self._counters:
            self._counters.append(root + "/proc/vmstat")
        total = first_number(root + "/proc/meminfo", "MemTotal:")
        limits.append(total and total * 1024)
        known = [limit for limit in limits if limit]
        self.limit = min(known) if known else None
        self._seen = self.kills()

    def kills(self):
        return first_number(self._counters[0], "oom_kill") or 0

    def was_oom(self, rss):
        seen, self._seen = self._seen, self.kills()
        return self._seen > seen or bool(self.limit and rss >= 0.8 * self.limit)


PAGE = resource.getpagesize()
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def process_start(pid):
    """When a process began, in the kernel's own count; 0 where it does not say. Tells it from a later one with its number."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return int(file.read().rsplit(b")", 1)[1].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def process_usage(pid):
    """Resident bytes and CPU seconds of a process, zeros where the system does not say."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        return int(fields[21]) * PAGE, (int(fields[11]) + int(fields[12])) / TICKS
    except (OSError, IndexError, ValueError):
        return 0, 0.0


# ------------------------------------------------------------------------------- what supervisor and executor share

# Shared page: [0] running task + 1, or 0; [1] its start, monotonic nanoseconds; [2] CPU nanoseconds of the process at
# that moment; [3] number of the pack that counts; [4] start of that pack's first task in this process, or 0. Each is one
# aligned 8-byte store. From byte 64 on one byte for each task: 1 = skip it.
SHARED_SIZE = 64 + MAX_TASKS

TO_EXECUTOR = struct.Struct("<IIQ")
PACK, EXIT, GO = 1, 2, 3

# type, status, has output, task, payload length, seconds, CPU seconds, start, peak bytes
FROM_EXECUTOR = struct.Struct("<BBHIQdddQ")
RESULT, SYNC, READY, BROKEN, SPENT = 11, 12, 13, 14, 15
OK, ERROR = 0, 1
MAX_PAYLOAD = 64 << 30


class Reader:
    """Takes the executor's messages apart; a large payload is received straight into its own buffer."""

    def __init__(self, sock):
        self._sock = sock
        self._buffer = bytearray()
        self._head = None
        self._large = None
        self._filled = 0
        self.ended = False

    @property
    def partial(self):
        return self._large is not None or self._head is not None or bool(self._buffer)

    def drain(self):
        """Every whole message that is there."""
        while True:
            if self._large is not None:
                try:
                    n = self._sock.recv_into(self._large[self._filled :])
                except BlockingIOError:
                    return
                except OSError:
                    n = 0
                if n == 0:
                    self.ended = True
                    return
                self._filled += n
                if self._filled == len(self._large):
                    head, payload = self._head, self._large
                    self._head = self._large = None
                    yield head, payload
                continue
            try:
                part = self._sock.recv(1 << 18)
            except BlockingIOError:
                return
            except OSError:
                part = b""
            if not part:
                self.ended = True
                return
            buffer = self._buffer
            buffer += part
            at = 0
            whole = []
            while True:
                if self._head is None:
                    if len(buffer) - at < FROM_EXECUTOR.size:
                        break
                    self._head = FROM_EXECUTOR.unpack_from(buffer, at)
                    at += FROM_EXECUTOR.size
                    if self._head[0] not in (RESULT, SYNC, READY, BROKEN, SPENT) or self._head[4] > MAX_PAYLOAD:
                        raise Corrupt("the executor's messages make no sense")
                length = self._head[4]
                if len(buffer) - at >= length:
                    head, self._head = self._head, None
                    whole.append((head, bytes(buffer[at : at + length])))
                    at += length
                elif length > 1 << 17:
                    self._large = memoryview(bytearray(length))
                    self._filled = len(buffer) - at
                    self._large[: self._filled] = buffer[at:]
                    at = len(buffer)
                    break
                else:
                    break
            del buffer[:at]
            yield from whole


class Tail:
    """The last 64 KiB of an output pipe."""

    def __init__(self, fd):
        self.fd = fd
        self._parts = collections.deque()
        self._size = 0
        self.ended = False

    def read(self, limit):
        """Reads until the pipe is empty, or `limit` reads."""
        while limit > 0 and not self.ended:
            limit -= 1
            try:
                part = os.read(self.fd, 65536)
            except BlockingIOError:
                return
            except OSError:
                part = b""
            if not part:
                self.ended = True
                return
            self._parts.append((time.monotonic(), part))
            self._size += len(part)
            while self._size - len(self._parts[0][1]) >= MAX_TAIL:
                self._size -= len(self._parts.popleft()[1])
            if len(self._parts) > 1000:
                joined = b"".join(text for _, text in self._parts)
                self._parts = collections.deque([(self._parts[-1][0], joined)])

    def clear(self):
        if self._parts:
            self._parts.clear()
            self._size = 0

    def take(self, since=0.0):
        """The tail of what was read since that moment. The end of what was written before it may be with it."""
        text = b"".join(part for at, part in self._parts if at >= since)
        self.clear()
        if len(text) > MAX_TAIL:
            text = text[-MAX_TAIL:]
            while text and 0x80 <= text[0] < 0xC0:  # not in the middle of a character
                text = text[1:]
        return text


class ExecutorHandle:
    """The supervisor's side of one executor process."""

    def __init__(self, preload, close_in_child, alone=False):
        self.started_at = time.monotonic()
        self.client = None
        self.tasks_seen = 0
        self.packs = 0
        self.ready = False
        self.broken = None
        self.peak_rss = 0
        self.look_at = None
        self.outgoing = collections.deque()
        self.page = mmap.mmap(-1, SHARED_SIZE)
        self.view = memoryview(self.page)
        self.state = self.view[:64].cast("q")
        self.skip = self.view[64:]
        self.sock, child_sock = socket.socketpair()
        for end in (self.sock, child_sock):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
        self.bell, child_bell = os.pipe()
        out, child_out = os.pipe()
        err, child_err = os.pipe()
        child_life, self._life = os.pipe()
        ours = [self.sock.fileno(), self.bell, out, err, self._life]
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                for fd in ours + list(close_in_child):
                    os.close(fd)
                executor_main(child_sock, child_bell, child_out, child_err, child_life, self.state, self.skip, preload, alone)
                code = 0
            except BaseException as error:  # noqa: B036 - nothing of the supervisor may run in this process
                try:
                    os.write(2, ("the executor failed: %s: %s\n" % (type(error).__name__, error)).encode())
                except BaseException:  # noqa: B036
                    pass
            finally:
                os._exit(code)
        child_sock.close()
        for fd in (child_bell, child_out, child_err, child_life):
            os.close(fd)
        self.sock.setblocking(False)
        for fd in (self.bell, out, err):
            os.set_blocking(fd, False)
        self.out = Tail(out)
        self.err = Tail(err)
        self.reader = Reader(self.sock)

    def current(self):
        """Index and start (monotonic seconds) of the running task, or (-1, 0)."""
        for _ in range(4):
            task, start = self.state[0], self.state[1]
            if task == self.state[0]:
                break
        return task - 1, start / 1e9

    def freeze(self):
        """Stops the process, so that what it does and what it did are one picture. False when it would not stop."""
        if not hasattr(os, "waitid"):
            return False
        try:
            os.kill(self.pid, signal.SIGSTOP)
            until = time.monotonic() + FREEZE_S
            while time.monotonic() < until:
                if os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG) is not None or self.is_dead():
                    return True
                time.sleep(0.0002)
        except OSError:
            pass
        return False

    def thaw(self):
        try:
            os.kill(self.pid, signal.SIGCONT)
        except OSError:
            pass

    def kill(self):
        if self._reaped is not None:  # the number may be another process's by now
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass
        try:  # it may not have made its own group yet
            os.kill(self.pid, signal.SIGKILL)
        except OSError:
            pass

    def is_dead(self):
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except AttributeError:
            return self._reap(os.WNOHANG) is not None
        except OSError:
            return True

    _reaped = None

    def _reap(self, options):
        if self._reaped is None:
            try:
                pid, status, usage = os.wait4(self.pid, options)
                if pid:
                    self._reaped = (status, usage)
            except OSError:
                self._reaped = (0, None)
        return self._reaped

    def bury(self):
        """Ends what is left of the group and takes the exit status; the process is dead or about to be."""
        self.kill()
        if hasattr(os, "waitid"):
            try:
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            except OSError:
                pass
        return self._reap(0)

    def close(self):
        self.state.release()
        self.skip.release()
        self.view.release()
        self.page.close()
        self.sock.close()
        for fd in (self.bell, self.out.fd, self.err.fd, self._life):
            os.close(fd)

    def send(self):
        """Writes what can be written; True when nothing is left."""
        while self.outgoing:
            piece = self.outgoing[0]
            try:
                n = self.sock.send(piece)
            except BlockingIOError:
                return False
            except OSError:
                self.outgoing.clear()
                return True
            if n == len(piece):
                self.outgoing.popleft()
            else:
                self.outgoing[0] = piece[n:]
        return True

    def fds(self):
        return [self.sock.fileno(), self.bell, self.out.fd, self.err.fd, self._life]


# ------------------------------------------------------------------------------------------------------- supervisor


class Pack:
    """One child of a job: its tasks, what of them is done, and what waits for the next frame."""

    def __init__(self, message):
        self.job = message["job"]
        self.child = message["child"]
        self.attempt = message["attempt"]
        self.out_prefix = message["outPrefix"]
        if not NAME.match(self.job) or not KEY.match(self.out_prefix + "0"):
            raise Corrupt("the job's name or prefix is not well formed")
        self.secret = bytes.fromhex(message["secret"])
        self.store = open_store(message["store"])
        inline = message.get("inline")
        if inline is not None:
            data = base64.urlsafe_b64decode(inline + "=" * (-len(inline) % 4))
            self.section = read_section(lambda start, end: data[start:end], len(data), self.child, self.job, self.secret)
        else:
            self.section = self.store.get(
                message["bundle"], lambda size, read: read_section(read, size, self.child, self.job, self.secret)
            )
        self.header, _ = section_header(self.section)
        header = self.header
        if header["job"] != self.job or header["child"] != self.child:
            raise Corrupt("the section belongs to another job")
        self.tasks = header["tasks"]
        if not self.tasks or len(self.tasks) > MAX_TASKS:
            raise Corrupt("a section holds 1 to %d tasks" % MAX_TASKS)
        self.client = header["client"]
        self.fresh = bool(header.get("fresh"))
        self.limit_s = header["taskLimitMs"] / 1000
        self.flush_s = header["flushMs"] / 1000
        self.flush_bytes = header["flushBytes"]
        budget = header.get("packBudgetMs")
        self.budget_s = None if budget is None else budget / 1000
        self.first_start = None
        self.spent = False
        self.extern = []
        for index, blob in enumerate(header["blobs"]):
            if "key" in blob:
                data = self.store.get(blob["key"], size=blob["stored"])
                if len(data) != blob["stored"] or hashlib.sha256(data).hexdigest() != blob["sha256"]:
                    raise Corrupt("shared object %s does not match its digest" % blob["id"])
                self.extern.append((index, data))
        self.done = bytearray(len(self.tasks))
        self.remaining = len(self.tasks)
        self.results = []
        self.result_bytes = 0
        self.flush_at = None
        self.frames = 0
        self.idle_deaths = 0
        self.reported = -1

    def add(self, fields, blobs, size):
        """Queues a result for the next frame; `fields` is JSON text with the places of its blobs still open."""
        self.results.append((fields, blobs))
        self.result_bytes += size
        if self.flush_at is None:
            self.flush_at = time.monotonic() + self.flush_s

    def finish(self, task):
        self.done[task] = 1
        self.remaining -= 1

    def rest(self, but=-1):
        return [i for i, done in enumerate(self.done) if not done and i != but]

    def frame(self, last, not_started):
        key = "%s%d.%d.%d" % (self.out_prefix, self.child, self.attempt, self.frames)
        at = 0
        blobs = []
        items = []
        for fields, parts in self.results:
            places = ""
            for name, blob in parts:
                if name is None:
                    stored, packed = compress_blob(blob, self.store.compress)
                    places += ',"at":%d,"stored":%d,"raw":%d,"gzip":%s' % (
                        at, len(stored), len(blob), "true" if packed else "false")
                else:
                    stored = blob
                    places += ',"%s":[%d,%d]' % (name, at, len(stored))
                at += len(stored)
                blobs.append(stored)
            items.append(fields + places + "}")
        text = '{"v":1,"job":"%s","child":%d,"attempt":%d,"n":%d,"runner":%s,"results":[%s]%s,"last":%s}' % (
            self.job, self.child, self.attempt, self.frames, json.dumps("python/%s %s" % (RUNNER_VERSION, LANGUAGE)),
            ",".join(items), ',"notStarted":%s' % json.dumps(not_started) if not_started else "", "true" if last else "false")
        if len(blobs) > 64 and at < 1 << 20:
            blobs = [b"".join(blobs)]
        self.frames += 1
        self.results = []
        self.result_bytes = 0
        self.flush_at = None
        return key, encode_frame(key, self.secret, text, blobs)


class Supervisor:
    """Runs packs that come over the control channel."""

    _alone = False

    def __init__(self, control, preload):
        self._preload = preload
        self._selector = selectors.DefaultSelector()
        self._control = control
        self._lines = bytearray()
        self._backlog = bytearray()
        self._control_writes = False
        self._executor = None
        self._socket_watched = False
        self._pack = None
        self._retiring = []
        self._exit = None
        self._last_words = ""
        self._memory = MemoryWatch()
        self._progress_at = 0.0
        self._cpu = (0.0, 0.0)
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        self._wake_writer = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at the terminal is the manager's to handle
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD, signal.SIGTERM))
        if control is not None:
            os.set_blocking(control, False)
            self._selector.register(control, selectors.EVENT_READ, self._on_control)
        self._selector.register(self._wake, selectors.EVENT_READ, self._on_signal)

    # -- main loop

    def serve(self):
        if self._preload:  # a preload that fails is a runner that cannot start
            warm_up()
            self._ensure_executor()
            while not self._executor.ready and self._executor.broken is None and self._exit is None:
                self._turn(1.0)
                if self._executor is None:
                    return self._refuse_start(self._last_words)
            if self._executor is not None and self._executor.broken is not None:
                return self._refuse_start(self._executor.broken)
        self._say({"type": "ready", "protocol": PROTOCOL, "runner": "python", "version": RUNNER_VERSION,
                   "language": LANGUAGE, "pid": os.getpid()})
        if not self._preload:
            warm_up()
            self._ensure_executor()
        while self._exit is None:
            self._turn(self._patience())
        return self._leave()

    def _refuse_start(self, reason):
        sys.stderr.write("%s\n" % reason)
        sys.stderr.flush()
        self._exit = 1
        return self._leave()

    def _turn(self, patience):
        for key, _ in self._selector.select(patience):
            # A handler may have closed what a later one of this round would read.
            if key.fileobj in self._selector.get_map():
                key.data()
        self._on_time()

    def _patience(self):
        """Seconds until something is due."""
        now = time.monotonic()
        due = [executor[1] for executor in self._retiring]
        pack, executor = self._pack, self._executor
        if executor is not None and executor.look_at is not None:
            due.append(executor.look_at)
        if pack is not None:
            if pack.flush_at is not None:
                due.append(pack.flush_at)
            due.append(self._progress_at)
            if executor is not None:
                task, start = executor.current()
                begun = start if task >= 0 else now
                if pack.limit_s > 0:
                    due.append(begun + pack.limit_s)
                if pack.reported != task:
                    due.append(max(begun + FIRST_PROGRESS_S, now + 0.001))
        return max(0.0, min(due) - now) if due else None

    def _on_time(self):
        now = time.monotonic()
        if self._retiring:
            for item in list(self._retiring):
                if now >= item[1]:
                    item[0].kill()
        executor = self._executor
        if executor is not None and executor.look_at is not None and now >= executor.look_at:
            executor.look_at = None
            self._collect(executor)
        pack, executor = self._pack, self._executor
        if pack is None:
            return
        if pack.flush_at is not None and now >= pack.flush_at:
            self._flush()
            if self._pack is not pack:
                return
        if executor is None:
            return
        task, start = executor.current()
        if task >= 0 and pack.limit_s > 0 and now - start >= pack.limit_s:
            self._stop_late(task)
        elif now >= self._progress_at or (task >= 0 and task != pack.reported and now - start >= FIRST_PROGRESS_S):
            self._progress(now, task, start)

    def _progress(self, now, task, start):
        pack, executor = self._pack, self._executor
        self._progress_at = now + PROGRESS_S
        pack.reported = task
        rss, cpu = process_usage(executor.pid)
        executor.peak_rss = max(executor.peak_rss, rss)
        before, at = self._cpu
        self._cpu = (cpu, now)
        percent = 100 * (cpu - before) / (now - at) if now > at and cpu >= before else 0.0
        if len(self._backlog) < MAX_CONTROL_BACKLOG:  # a manager that does not listen misses only this
            self._say({"type": "progress", "job": pack.job, "child": pack.child, "task": task if task >= 0 else None,
                       "taskAgeMs": int(1000 * (now - start)) if task >= 0 else 0, "rssBytes": rss,
                       "cpuPercent": round(percent, 1), "pid": executor.pid})

    # -- control channel

    def _say(self, message, more=False):
        """`more`: another message follows at once, and they leave together."""
        self._backlog += json.dumps(message, separators=(",", ":")).encode() + b"\n"
        if not more:
            self._write_control()

    def _write_control(self):
        try:
            while self._backlog:
                n = os.write(self._control, self._backlog)
                del self._backlog[:n]
        except BlockingIOError:
            pass
        except OSError:
            self._exit = 0
            return
        if bool(self._backlog) != self._control_writes:
            self._control_writes = bool(self._backlog)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._control_writes else 0)
            self._selector.modify(self._control, events, self._on_control)

    def _on_control(self):
        if self._control_writes:
            self._write_control()
        while True:
            try:
                part = os.read(self._control, 1 << 16)
            except BlockingIOError:
                break
            except OSError:
                part = b""
            if not part:
                self._exit = 0  # the manager is gone
                return
            self._lines += part
            if len(part) < 1 << 16:
                break
        while self._exit is None:
            end = self._lines.find(b"\n")
            if end < 0:
                if len(self._lines) > MAX_LINE:
                    sys.stderr.write("a control line is longer than 1 MiB\n")
                    self._exit = 1
                return
            line = bytes(self._lines[:end])
            del self._lines[: end + 1]
            try:
                message = json.loads(line)
                kind = message["type"]
            except (ValueError, KeyError, TypeError):
                sys.stderr.write("a control line is not understood\n")
                self._exit = 1
                return
            if kind == "run":
                self._on_run(message)
            elif kind == "revoke":
                self._on_revoke(message)
            elif kind == "cancel":
                self._on_cancel(message)
            elif kind == "exit":
                self._exit = 0
            # Others belong to a newer manager: ignored.

    def _on_run(self, message):
        over = {"type": "over", "job": message.get("job"), "child": message.get("child"), "ok": False}
        if self._pack is not None:
            self._say(dict(over, kind="exit", reason="the runner is busy with another job"))
            return
        try:
            pack = Pack(message)
        except StoreFailure as error:
            self._say(dict(over, kind="store", reason=str(error)))
            return
        except Corrupt as error:
            self._say(dict(over, kind="corrupt", reason=str(error)))
            return
        except MemoryError:
            self._say(dict(over, kind="exit", reason="no memory left to read the bundle"))
            return
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._say(dict(over, kind="corrupt", reason="the job or its section is not well formed (%s)" % type(error).__name__))
            return
        self._pack = pack
        self._progress_at = time.monotonic() + PROGRESS_S
        executor = self._executor
        if executor is not None:
            stale = executor.client is not None and (executor.client != pack.client or (pack.fresh and executor.tasks_seen))
            if stale or executor.is_dead():
                self._retire()
        self._assign()

    def _on_revoke(self, message):
        pack = self._pack
        if pack is None or message.get("job") != pack.job or message.get("child") != pack.child:
            return
        wanted = {i for i in message.get("tasks", ()) if isinstance(i, int) and 0 <= i < len(pack.done) and not pack.done[i]}
        executor = self._executor
        if not wanted:
            return
        for task in wanted:
            executor.skip[task] = 1
        executor.freeze()
        self._collect(executor)
        if self._executor is not executor:
            return
        if self._pack is not pack:
            executor.thaw()
            return
        running, _ = executor.current()
        kill = running in wanted and not pack.done[running]
        for task in sorted(wanted):
            if not pack.done[task] and task != running:
                self._record_death(task, {"kind": "revoked", "reason": "the task was cancelled before it started", "first": False}, None)
        if kill:
            executor.kill()
            self._bury({"kind": "revoked", "reason": "the task was cancelled while it ran"})
            return
        executor.thaw()
        self._check_over()

    def _on_cancel(self, message):
        pack = self._pack
        if pack is None or message.get("job") != pack.job or message.get("child") != pack.child:
            return
        self._abandon("cancelled", "the job was cancelled")

    def _abandon(self, kind, reason):
        """Ends the pack before its time: what is finished is stored, what was not started is handed back."""
        pack, executor = self._pack, self._executor
        started = -1
        if executor is not None:
            executor.freeze()
            self._collect(executor)
            if self._pack is not pack:  # it was just over
                if self._executor is executor:
                    executor.thaw()
                return
            if self._executor is executor:
                started = executor.current()[0]
                executor.kill()
                self._drop()[0].close()
        self._flush(last=True, not_started=pack.rest(but=started))
        if self._pack is pack:
            self._over(False, kind, reason)

    # -- the executor

    def _ensure_executor(self):
        if self._executor is not None:
            return self._executor
        close = [self._wake.fileno(), self._wake_writer.fileno()]
        if self._control is not None:
            close.append(self._control)
        if self._pack is not None:
            close += self._pack.store.fds()
        if hasattr(self._selector, "fileno"):
            close.append(self._selector.fileno())
        for executor, _ in self._retiring:
            close += executor.fds()
        executor = ExecutorHandle(self._preload, close, self._alone)
        self._executor = executor
        self._socket_watched = False
        self._cpu = (0.0, executor.started_at)
        self._selector.register(executor.bell, selectors.EVENT_READ, self._on_bell)
        self._selector.register(executor.out.fd, selectors.EVENT_READ, lambda: self._on_output(executor, executor.out))
        self._selector.register(executor.err.fd, selectors.EVENT_READ, lambda: self._on_output(executor, executor.err))
        return executor

    def _watch_socket(self):
        executor = self._executor
        events = (selectors.EVENT_READ if executor.reader.partial else 0) | (selectors.EVENT_WRITE if executor.outgoing else 0)
        if events and self._socket_watched:
            self._selector.modify(executor.sock, events, self._on_socket)
        elif events:
            self._selector.register(executor.sock, events, self._on_socket)
        elif self._socket_watched:
            self._selector.unregister(executor.sock)
        self._socket_watched = bool(events)

    def _on_socket(self):
        executor = self._executor
        executor.send()
        self._collect(executor)

    def _on_bell(self):
        executor = self._executor
        try:
            if os.read(executor.bell, 4096):
                executor.look_at = time.monotonic() + LOOK_AGAIN_S
            else:
                self._selector.unregister(executor.bell)
        except BlockingIOError:
            pass
        self._collect(executor)

    def _on_output(self, executor, tail):
        tail.read(16)
        if tail.ended and executor is self._executor:
            self._selector.unregister(tail.fd)

    def _on_term(self, *_):
        """Only so that the signal is noticed: it is handled between two steps of the main loop."""
        if self._pack is not None:
            self._pack.store.hurry(HURRY_S)

    def _on_signal(self):
        try:
            numbers = self._wake.recv(4096)
        except BlockingIOError:
            return
        if signal.SIGTERM in numbers:
            if self._pack is not None:
                self._abandon("exit", "the runner was told to stop (SIGTERM)")
            self._exit = 143
            return
        for item in list(self._retiring):
            if item[0].is_dead():
                self._retiring.remove(item)
                item[0].bury()
                item[0].close()
        executor = self._executor
        if executor is not None and executor.is_dead():
            self._collect(executor)
            if self._executor is executor:
                self._bury(None)

    def _forget(self, executor):
        for source in (executor.bell, executor.out.fd, executor.err.fd, executor.sock):
            try:
                self._selector.unregister(source)
            except (KeyError, ValueError):
                pass
        self._executor = None
        self._socket_watched = False

    def _drop(self):
        """The executor is killed: take it off."""
        executor = self._executor
        self._forget(executor)
        reaped = executor.bury()
        executor.out.read(64)
        executor.err.read(64)
        return executor, reaped

    def _retire(self):
        """Lets an executor that is not wanted any more end in its own time, but not for long."""
        executor = self._executor
        self._forget(executor)
        executor.outgoing.append(memoryview(TO_EXECUTOR.pack(EXIT, 0, 0)))
        executor.send()
        self._retiring.append((executor, time.monotonic() + RETIRE_S))
        if executor.is_dead():
            self._wake_writer.send(b"\0")

    def _assign(self):
        """Gives what is left of the pack to an executor."""
        pack = self._pack
        executor = self._ensure_executor()
        executor.client = pack.client
        todo = pack.rest()
        # The number first: an executor that still passes over the cancelled tasks of the pack before must not take
        # the cleared marks for its own.
        executor.packs += 1
        executor.state[3] = executor.packs
        executor.state[4] = 0
        executor.skip[: len(pack.done)] = bytes(len(pack.done))
        # As if the bell rang now: a pack of trivial tasks then costs one wake-up, at its end.
        now = time.monotonic()
        executor.look_at = now + LOOK_AGAIN_S
        meta = json.dumps({
            "pack": executor.packs,
            "rang": now,
            "section": len(pack.section),
            "extern": [[index, len(data)] for index, data in pack.extern],
            "todo": todo if len(todo) < len(pack.done) else None,
            "budget": None if pack.budget_s is None else int(pack.budget_s * 1e9),
            "first": pack.first_start,
        }).encode()
        pieces = [meta, pack.section] + [data for _, data in pack.extern]
        size = sum(len(piece) for piece in pieces)
        head = TO_EXECUTOR.pack(PACK, len(meta), size)
        if size < 65536:
            executor.outgoing.append(memoryview(b"".join([head] + pieces)))
        else:
            executor.outgoing.extend(memoryview(piece) for piece in [head] + pieces)
        executor.send()
        self._watch_socket()

    def _collect(self, executor):
        """Takes in every message that the executor has sent."""
        try:
            for head, payload in executor.reader.drain():
                kind = head[0]
                if kind == RESULT:
                    self._on_result(executor, head, payload)
                elif kind == SYNC:
                    executor.out.read(PIPE_READS)
                    executor.err.read(PIPE_READS)
                    executor.out.clear()
                    executor.err.clear()
                    self._go(executor)
                elif kind == READY:
                    executor.ready = True
                elif kind == SPENT:
                    if self._pack is not None and head[3] == executor.packs & 0xFFFFFFFF:
                        self._pack.spent = True
                else:
                    executor.broken = bytes(payload).decode("utf-8", "replace")
        except Corrupt as error:
            sys.stderr.write("%s\n" % error)
            executor.kill()
        if self._executor is executor:
            self._watch_socket()
        self._check_over()

    def _go(self, executor):
        executor.outgoing.append(memoryview(TO_EXECUTOR.pack(GO, 0, 0)))
        executor.send()

    def _on_result(self, executor, head, payload):
        _, status, has_output, task, _, seconds, cpu, start, peak = head
        pack = self._pack
        if pack is None or task >= len(pack.done) or pack.done[task]:
            raise Corrupt("the executor answered a task that it does not hold")
        executor.tasks_seen += 1
        pack.idle_deaths = 0
        fields = '{"task":%d,"id":"%s","status":"%s","seconds":%.6f,"peakBytes":%d,"cpuSeconds":%.6f,"started":%.6f' % (
            task, pack.tasks[task][0], "ok" if status == OK else "error", seconds, peak, cpu, max(0.0, start - executor.started_at))
        blobs = [(None, payload)]
        if has_output:
            for name, tail in (("out", executor.out), ("err", executor.err)):
                tail.read(PIPE_READS)
                text = tail.take()
                if text:
                    blobs.append((name, text))
            self._go(executor)
        pack.finish(task)
        pack.add(fields, blobs, len(payload))
        if pack.result_bytes >= pack.flush_bytes and pack.remaining:
            self._flush()

    def _stop_late(self, task):
        """Ends a task that is over its limit and nothing else: the process is stopped first, and only killed when it still runs it."""
        pack, executor = self._pack, self._executor
        executor.freeze()
        self._collect(executor)
        if self._executor is not executor:
            return
        running, since = executor.current()
        if self._pack is not pack or running != task or pack.done[task] or time.monotonic() - since < pack.limit_s:
            executor.thaw()
            return
        executor.kill()
        self._bury({"kind": "timeout", "reason": "the task ran longer than its limit of %g s" % pack.limit_s})

    def _bury(self, cause):
        """The executor is dead or killed. `cause` says why where we did it."""
        executor, reaped = self._drop()
        pack = self._pack
        if pack is not None and pack.first_start is None and executor.state[4]:
            pack.first_start = executor.state[4]
        status, usage = reaped if reaped is not None else (0, None)
        task, start = executor.current()
        cpu_before = executor.state[2] / 1e9
        output = (executor.out.take(start), executor.err.take(start))
        broken = executor.broken
        first = executor.tasks_seen == 0
        rss = executor.peak_rss
        executor.close()
        if pack is None:
            self._last_words = broken or "the process died during the preload %s\n%s" % (
                self._preload, output[1].decode("utf-8", "replace"))
            if executor.tasks_seen:
                self._ensure_executor()
            return
        if cause is None:
            cause = self._explain(status, max(rss, usage.ru_maxrss * MAXRSS_UNIT if usage else 0))
        if 0 <= task < len(pack.done) and not pack.done[task]:
            cause["first"] = first
            seconds = max(0.0, time.monotonic() - start)
            peak = usage.ru_maxrss * MAXRSS_UNIT if usage else rss
            cpu = max(0.0, usage.ru_utime + usage.ru_stime - cpu_before) if usage else 0.0
            self._record_death(task, cause, output, seconds, peak, cpu)
        else:
            pack.idle_deaths += 1
            if broken is not None or pack.idle_deaths >= MAX_IDLE_DEATHS:
                self._give_up(broken or "the executor dies before it starts a task: %s" % cause["reason"])
                return
        if pack.remaining:
            self._assign()
        else:
            self._check_over()

    def _give_up(self, reason):
        """No executor can be had for what is left of the pack."""
        pack = self._pack
        self._flush(last=True, not_started=pack.rest())
        if self._pack is pack:
            self._over(False, "exit", reason)

    def _explain(self, status, rss):
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            try:
                name = signal.Signals(number).name
            except ValueError:
                name = "signal %d" % number
            if number == signal.SIGKILL and self._memory.was_oom(rss):
                return {"kind": "oom", "reason": "the process was killed for want of memory (it held %d MiB)" % (rss >> 20), "signal": number}
            return {"kind": "signal", "reason": "the process was ended by %s" % name, "signal": number}
        code = os.WEXITSTATUS(status)
        return {"kind": "exit", "reason": "the process ended with exit code %d" % code, "exitCode": code}

    def _record_death(self, task, cause, output, seconds=0.0, peak=0, cpu=0.0):
        pack = self._pack
        fields = '{"task":%d,"id":"%s","status":"died","at":0,"stored":0,"raw":0,"gzip":false,"seconds":%.6f,"peakBytes":%d,"cpuSeconds":%.6f,"cause":%s' % (
            task, pack.tasks[task][0], seconds, peak, cpu, json.dumps(cause))
        blobs = []
        if output is not None:
            blobs = [(name, text) for name, text in zip(("out", "err"), output) if text]
        pack.finish(task)
        pack.add(fields, blobs, sum(len(text) for _, text in blobs))

    # -- frames and the end of a pack

    def _flush(self, last=False, not_started=()):
        """Stores what waits. After the last frame the pack is over, which the caller says."""
        pack = self._pack
        if not pack.results and not (last and not_started):
            return
        key, pieces = pack.frame(last, list(not_started))
        try:
            for left in reversed(range(pack.store.tries)):
                try:
                    pack.store.put_absent(key, pieces)
                    break
                except StoreFailure:
                    if not left:
                        raise
                    time.sleep(0.05)
        except StoreFailure as error:
            if self._executor is not None:
                self._executor.kill()
                self._drop()[0].close()
            self._over(False, "store", str(error))
            return
        self._say({"type": "frame", "job": pack.job, "child": pack.child, "key": key}, more=last)

    def _check_over(self):
        pack = self._pack
        if pack is not None and (not pack.remaining or pack.spent):
            self._flush(last=True, not_started=pack.rest())
            if self._pack is pack:
                self._over(True)

    def _over(self, ok, kind=None, reason=None):
        pack = self._pack
        self._pack = None
        if self._executor is not None:
            self._executor.look_at = None
        message = {"type": "over", "job": pack.job, "child": pack.child, "ok": ok}
        if not ok:
            message.update(kind=kind, reason=reason)
        self._say(message)
        if self._exit is None and self._executor is None and kind != "exit":
            self._ensure_executor()

    def _leave(self):
        """Leaves no process behind. An idle executor may run its exit handlers for a moment."""
        executor = self._executor
        if self._pack is None and executor is not None and executor.client is not None and self._exit != 1:
            self._retire()
            until = time.monotonic() + 0.3
            while time.monotonic() < until and not executor.is_dead():
                time.sleep(0.002)
        for handle in [item[0] for item in self._retiring] + ([self._executor] if self._executor is not None else []):
            handle.bury()
        until = time.monotonic() + 1.0
        while self._backlog and time.monotonic() < until:
            select.select([], [self._control], [], 0.1)
            try:
                del self._backlog[: os.write(self._control, self._backlog)]
            except BlockingIOError:
                continue
            except OSError:
                break
        return self._exit


# --------------------------------------------------------------------------------------------------------- one-shot

# What the process ends with; the backend tells the failures apart by it. 143 as usual for SIGTERM.
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_CORRUPT, EXIT_INTERNAL, EXIT_STORE, EXIT_ENVIRONMENT, EXIT_TERM = 0, 1, 64, 65, 70, 74, 78, 143

PARAMETERS = ("task_id", "payload", "compressed", "s3_bucket", "s3_prefix", "s3_key")
WORD = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"


class Refusal(Exception):
    """What this process was started with is not a job that it can run."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Stopped(BaseException):
    """SIGTERM while the bundle was still being read."""


def read_job(parameters, environ):
    """The job of these parameters, as a `run` line would describe it. Refuses what is not exactly what a manager of this project sends."""

    def refuse(text):
        raise Refusal(EXIT_USAGE, text)

    for name in PARAMETERS:
        if name not in parameters:
            refuse("the parameter --%s is missing; all of %s are needed" % (name, ", ".join(PARAMETERS)))
        if parameters[name] == "Ref::" + name:
            refuse("the parameter --%s was not substituted: the job was submitted without parameters, by something other than a manager" % name)
    job, payload, descriptor, bucket, prefix, key = (parameters[name] for name in PARAMETERS)
    if descriptor in ("0", "1", "none", ""):
        refuse("this job was submitted by another manager, the one of the original aws_hpc adapter (compressed is %r): this image runs jobs of "
               "scaler-aws-hpc, the other one needs its own job definition and image" % descriptor)
    fields = descriptor.split(":")
    if not re.match(r"[0-9]{1,6}\Z", fields[0]):
        refuse("the descriptor in --compressed is not one of this project")
    if fields[0] != "1":
        refuse("the descriptor in --compressed is of version %s, this runner knows version 1: the image is older than the manager" % fields[0])
    shapes = (("secret", r"[0-9a-f]{64}"), ("manager", r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}"), ("runner", WORD), ("profile", WORD),
              ("region", r"[a-z0-9-]{2,64}"), ("owner", r"-|[0-9]{12}"))
    if len(fields) != 1 + len(shapes):
        refuse("the descriptor in --compressed has %d fields instead of %d" % (len(fields), 1 + len(shapes)))
    for (name, shape), text in zip(shapes, fields[1:]):
        if not re.match(r"(?:%s)\Z" % shape, text):
            refuse("the field %s of the descriptor in --compressed is not well formed" % name)
    secret, manager, runner, _, region, owner = fields[1:]
    if runner != "python":
        refuse("this job is for the runner %s, this image has the runner python" % runner)
    if not NAME.match(job):
        refuse("--task_id is not the name of a job")
    if not re.match(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z", bucket) or bucket == "none":
        refuse("--s3_bucket is not the name of a bucket")
    if prefix == "none":
        prefix = ""
    elif not prefix.isprintable() or len(prefix) > 512:
        refuse("--s3_prefix is not a prefix of keys")
    if (payload == "none") == (key == "none"):
        refuse("one of --payload and --s3_key must be none, and only one")
    if key != "none" and (not KEY.match(key) or not key.startswith("v1/in/%s/" % manager)):
        refuse("--s3_key is not the key of a bundle of this manager")
    if payload != "none" and not re.match(r"[A-Za-z0-9_-]+\Z", payload):
        refuse("--payload is not base64url without padding")

    def number(name, least, missing=None):
        text = environ.get(name)
        if not text:
            if missing is not None:
                return missing
            raise Refusal(EXIT_ENVIRONMENT, "the variable %s is not set: this program is started as a job of AWS Batch" % name)
        if not re.match(r"(?:0|[1-9][0-9]{0,8})\Z", text) or int(text) < least:
            raise Refusal(EXIT_ENVIRONMENT, "the variable %s is %r, not a number from %d on" % (name, text[:32], least))
        return int(text)

    if not environ.get("AWS_BATCH_JOB_ID"):
        raise Refusal(EXIT_ENVIRONMENT, "the variable AWS_BATCH_JOB_ID is not set: this program is started as a job of AWS Batch")
    return {
        "type": "run",
        "job": job,
        "child": number("AWS_BATCH_JOB_ARRAY_INDEX", 0, 0),
        "attempt": number("AWS_BATCH_JOB_ATTEMPT", 1),
        "secret": secret,
        "store": {"kind": "s3", "bucket": bucket, "prefix": prefix, "region": region, "owner": owner},
        "bundle": None if key == "none" else key,
        "inline": None if payload == "none" else payload,
        "outPrefix": "v1/out/%s/%s." % (manager, job),
        "manager": manager,
    }


class OneShot(Supervisor):
    """Runs one pack and ends; there is nobody to talk to but the store, the log and the exit code."""

    _alone = True
    CODES = {"corrupt": EXIT_CORRUPT, "store": EXIT_STORE}

    def __init__(self, preload):
        super().__init__(None, preload)
        self._loading = True
        self._stopping = False
        self._frames = 0
        self._answered = 0
        self._handed_back = 0

    def run(self, job):
        self._log("%s child %d attempt %d, batch job %s, %s; %.2f s after the process began" % (
            job["job"], job["child"], job["attempt"], os.environ.get("AWS_BATCH_JOB_ID", "-")[:64], LANGUAGE, process_age()))
        begun = time.monotonic()
        read = None
        try:
            if self._stopping:
                raise Stopped
            self._ensure_executor()  # gets ready while the bundle comes
            self._on_run(job)
            self._loading = False
            if self._pack is not None:
                # A bundle that cannot be read costs a new job, a result that cannot be stored all the time of its task; nobody waits for this process.
                self._pack.store.WRITE_S = 300.0
            read = time.monotonic() - begun
            while self._exit is None:
                self._turn(self._patience())
        except Stopped:
            sys.stderr.write("told to stop (SIGTERM) before a task was started\n")
            self._exit = EXIT_TERM
        for handle in [item[0] for item in self._retiring] + ([self._executor] if self._executor is not None else []):
            handle.kill()
        self._log("%s child %d attempt %d ends with code %d: %d answered, %d handed back, %d frames; bundle %s, %.3f s in all" % (
            job["job"], job["child"], job["attempt"], self._exit, self._answered, self._handed_back, self._frames,
            "not read" if read is None else "read in %.3f s" % read, time.monotonic() - begun))
        return self._exit

    def _log(self, text):
        sys.stderr.write("scaler-runner %s: %s\n" % (RUNNER_VERSION, text))
        sys.stderr.flush()

    def _on_term(self, *_):
        self._stopping = True
        if self._loading:
            raise Stopped
        super()._on_term()

    def _say(self, message, more=False):
        kind = message["type"]
        if kind == "frame":
            self._frames += 1
        elif kind == "over":
            self._exit = EXIT_OK if message["ok"] else self.CODES.get(message["kind"], EXIT_FAILED)
            if not message["ok"]:
                sys.stderr.write("%s: %s\n" % (message["kind"], message["reason"]))

    def _flush(self, last=False, not_started=()):
        answered = len(self._pack.results)
        if last and self._executor is not None:
            self._executor.kill()  # it has nothing more to say, and takes its memory down while the frame is on its way
        super()._flush(last, not_started)
        self._answered += answered
        self._handed_back += len(not_started)

    def _give_up(self, reason):
        # No last frame: the manager would take the tasks for handed back and send them again, for ever. The exit code tells it.
        pack = self._pack
        self._flush()
        if self._pack is pack:
            self._over(False, "exit", reason)


def process_age():
    """Seconds since this process began, to 10 ms; 0 where the system does not say."""
    try:
        with open("/proc/uptime") as file:
            return max(0.0, float(file.read().split()[0]) - process_start(os.getpid()) / TICKS)
    except (OSError, ValueError, IndexError):
        return 0.0


# --------------------------------------------------------------------------------------------------------- executor


def prepare():
    """Loads what every job needs, for a process that forks one for each: what the fork has, it need not load."""
    warm_up()
    import datetime  # noqa: F401
    import faulthandler  # noqa: F401
    import ssl  # noqa: F401

    # Reads a made-up job: `re` keeps what it compiled for it.
    made_up = ("j", "none", "1:%s:m:python:p:region:-" % ("0" * 64), "bucket", "none", "v1/in/m/j")
    read_job(dict(zip(PARAMETERS, made_up)), {"AWS_BATCH_JOB_ID": "j", "AWS_BATCH_JOB_ATTEMPT": "1"})
    S3Store({"bucket": "bucket", "prefix": "", "region": "region", "owner": "-"})


WARM = []


def warm_up():
    """What every executor needs, loaded once before the fork. Modules only: no byte of a client is read here."""
    if WARM:
        return
    WARM.append(True)
    install_scaler_stub()
    try:
        import cloudpickle  # noqa: F401
    except ImportError:
        pass
    try:
        import tblib.pickling_support

        tblib.pickling_support.install()
    except Exception:  # noqa: BLE001 - an odd tblib costs tracebacks, nothing else
        pass
    gc.collect()
    gc.freeze()


def executor_main(sock, bell, out, err, life, state, skip, preload, alone):
    """Everything that the forked process does. `alone`: for one job, in a process that loaded nothing yet."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    die_with_supervisor(life)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    # Made anew: the old ones may belong to a file, and would seek in what is a pipe by now.
    for fd, name in ((1, "stdout"), (2, "stderr")):
        through = bool(getattr(getattr(sys, name), "write_through", False))  # PYTHONUNBUFFERED
        stream = io.TextIOWrapper(open(fd, "wb", buffering=0 if through else -1, closefd=False), encoding="utf-8", errors="backslashreplace",
                                  line_buffering=True, write_through=through)
        stream.mode = "w"
        setattr(sys, name, stream)
    try:
        import faulthandler

        faulthandler.enable()  # a crash then says where, at the end of stderr
    except Exception:  # noqa: BLE001
        pass
    if alone:
        try:  # where memory runs out, the executor is to die: the supervisor can then say so
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("500")
        except OSError:
            pass
        warm_up()
    # What tasks see as __main__ is an empty module: nothing of the runner can be found or shadowed by name.
    runner = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [""]
    if sys.path and os.path.abspath(sys.path[0] or os.getcwd()) == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    sock.setblocking(True)
    executor = Executor(sock, bell, state, skip)
    executor.keep = runner
    if preload:
        try:
            execute_preload(preload)
        except BaseException as error:  # noqa: B036
            executor.send_broken("the preload %s failed: %s" % (preload, describe(error)))
            return
    executor.send_ready()
    executor.serve()


def die_with_supervisor(fd):
    """Asks the kernel to kill this whole process group when the supervisor's end of the pipe closes, however it dies."""
    try:
        fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpid())
        fcntl.fcntl(fd, fcntl.F_SETSIG, int(signal.SIGKILL))
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    except (AttributeError, OSError):
        import threading

        def watch():
            os.read(fd, 1)
            os.killpg(os.getpid(), signal.SIGKILL)

        threading.Thread(target=watch, name="lifeline", daemon=True).start()
        return
    if select.select([fd], [], [], 0)[0]:
        os._exit(0)


class Executor:
    """Unpickles and runs tasks, one after another."""

    FUNCTIONS = 128
    RAW_BYTES = 256 << 20

    def __init__(self, sock, bell, state, skip):
        self._sock = sock
        self._bell = bell
        self._state = state
        self._skip = skip
        self._pid = os.getpid()
        self._rang = 0.0
        self._serializer = None
        self._serializer_id = None
        self._functions = collections.OrderedDict()
        self._peak_mark = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def serve(self):
        while True:
            kind, meta_length, size = TO_EXECUTOR.unpack(self._receive(TO_EXECUTOR.size))
            if kind != PACK:
                break
            self._run(meta_length, memoryview(self._receive(size)))
        self._state[0] = 0
        import atexit

        atexit._run_exitfuncs()

    def _receive(self, size):
        data = bytearray(size)
        view = memoryview(data)
        at = 0
        while at < size:
            n = self._sock.recv_into(view[at:])
            if n == 0:
                os._exit(0)
            at += n
        return data

    def _ring(self, now):
        self._rang = now
        try:
            os.write(self._bell, b"!")
        except OSError:
            pass

    def _send(self, kind, payload=b"", status=0, output=0, task=0, seconds=0.0, cpu=0.0, start=0.0, peak=0):
        """True when the supervisor was woken."""
        head = FROM_EXECUTOR.pack(kind, status, output, task, len(payload), seconds, cpu, start, peak)
        small = len(payload) < 65536
        message = head + payload if small else head
        try:
            n = self._sock.send(message, socket.MSG_DONTWAIT)
        except BlockingIOError:
            n = 0
        if small and n == len(message):
            return False
        self._ring(time.monotonic())  # before it blocks: somebody must make room
        if n < len(message):
            self._sock.sendall(memoryview(message)[n:])
        if not small:
            self._sock.sendall(payload)
        self._ring(time.monotonic())
        return True

    def send_ready(self):
        self._send(READY)
        self._ring(0.0)

    def send_broken(self, reason):
        self._send(BROKEN, reason.encode("utf-8", "replace")[:32768])
        self._ring(0.0)

    def _wait_go(self):
        self._ring(time.monotonic())
        self._receive(TO_EXECUTOR.size)

    def _run(self, meta_length, message):
        meta = json.loads(bytes(message[:meta_length]))
        section = message[meta_length : meta_length + meta["section"]]
        header, base = section_header(section)
        blobs = Blobs(header["blobs"], section, base, self.RAW_BYTES)
        at = meta_length + meta["section"]
        for index, length in meta["extern"]:
            blobs.places[index] = message[at : at + length]
            at += length
        tasks = header["tasks"]
        self._rang = meta["rang"]
        number = meta["pack"]
        todo = meta["todo"] if meta["todo"] is not None else range(len(tasks))
        blobs.count(tasks, todo)
        last = todo[-1]
        failure = self._load_serializer(header, blobs)
        serializer = self._serializer
        state, skip, pid = self._state, self._skip, self._pid
        monotonic_ns, perf_counter, process_time_ns = time.monotonic_ns, time.perf_counter, time.process_time_ns
        getrusage, own = resource.getrusage, resource.RUSAGE_SELF
        budget = meta["budget"]
        end = None if budget is None or meta["first"] is None else meta["first"] + budget
        for task in todo:
            begun = monotonic_ns()
            if end is not None and begun > end:
                self._send(SPENT, task=number & 0xFFFFFFFF)
                break
            cpu_begun = process_time_ns()
            state[2] = cpu_begun
            state[1] = begun
            state[0] = task + 1
            # Looked at only after the task was announced: whoever sets the mark and then sees another task
            # announced, or none, knows that this one will not start.
            if skip[task] or state[3] != number:
                state[0] = 0
                continue
            if budget is not None and end is None:
                state[4] = begun
                end = begun + budget
            _, function_index, argument_indexes, flags = tasks[task]
            watched = flags & FLAG_STREAM_OUTPUT
            if watched:
                flush_output()
                self._send(SYNC)
                self._wait_go()
            clock = perf_counter()
            try:
                if failure is not None:
                    raise failure
                function = self._function(header["blobs"][function_index]["id"], function_index, blobs, serializer)
                arguments = [blobs.load(index, n, serializer) for n, index in enumerate(argument_indexes)]
                result = function(*arguments)
                del arguments
                payload = serializer.serialize(result)
                del result
                if isinstance(payload, memoryview):
                    payload = payload.tobytes()
                elif not isinstance(payload, (bytes, bytearray)):
                    raise TypeError("the client's serializer returned %s instead of bytes" % type(payload).__name__)
                status = OK
            except BaseException as error:  # noqa: B036 - a task may raise anything, and its client must hear of it
                if os.getpid() != pid:
                    os._exit(1)
                status = ERROR
                payload = serialize_failure(error)
            if os.getpid() != pid:  # a child that the task forked came back from the function
                os._exit(0)
            seconds = perf_counter() - clock
            usage = getrusage(own)
            cpu = usage.ru_utime + usage.ru_stime - cpu_begun / 1e9
            peak = usage.ru_maxrss
            flush_output()
            rang = self._send(RESULT, payload, status, watched, task, seconds, cpu if cpu > 0 else 0.0, begun / 1e9,
                              peak * MAXRSS_UNIT)
            payload = None
            if watched:
                state[0] = 0
                self._wait_go()
            else:
                state[0] = 0
                if not rang and task != last:
                    now = time.monotonic()
                    if now - self._rang > QUIET_S:
                        self._ring(now)
            if peak > self._peak_mark + 4096:
                self._forget_peak()
        self._ring(time.monotonic())

    def _forget_peak(self):
        """Makes the next task's peak its own, where the system can."""
        try:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass
        self._peak_mark = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def _load_serializer(self, header, blobs):
        index = header["serializer"]
        identity = header["blobs"][index]["id"]
        if self._serializer_id == identity:
            return None
        self._functions.clear()
        try:
            self._serializer = SerializerUnpickler(io.BytesIO(blobs.raw(index))).load()
            self._serializer_id = identity
            return None
        except BaseException as error:  # noqa: B036
            self._serializer_id = None
            return unreadable("load the client's serializer", error)

    def _function(self, identity, index, blobs, serializer):
        function = self._functions.get(identity, self)
        if function is not self:
            self._functions.move_to_end(identity)
            return function
        try:
            function = serializer.deserialize(blobs.raw(index))
        except Exception as error:
            raise unreadable("deserialize the function", error) from error
        self._functions[identity] = function
        if len(self._functions) > self.FUNCTIONS:
            self._functions.popitem(last=False)
        return function


class Blobs:
    """The objects of a pack as raw bytes. Those that several tasks use are kept, within a bound."""

    def __init__(self, records, section, base, limit):
        self._records = records
        self.places = {}
        self._base = base
        self._section = section
        self._kept = {}
        self._uses = {}
        self._room = limit

    def count(self, tasks, todo):
        uses = self._uses
        for task in todo:
            for index in tasks[task][2]:
                uses[index] = uses.get(index, 0) + 1

    def raw(self, index):
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        record = self._records[index]
        view = self.places.get(index)
        if view is None:
            start = self._base + record["at"]
            view = self._section[start : start + record["stored"]]
        data = bytes(view)
        if len(data) != record["stored"]:
            raise ValueError("an object of the pack is cut off")
        if record["gzip"]:
            data = gunzip(data, record["raw"])
        if self._uses.get(index, 0) > 1 and len(data) <= self._room:
            self._room -= len(data)
            self._kept[index] = data
        return data

    def load(self, index, number, serializer):
        """An argument, new for every task: what one task does to it no other sees."""
        try:
            return serializer.deserialize(self.raw(index))
        except Exception as error:
            raise unreadable("deserialize argument %d" % (number + 1), error) from error


def gunzip(data, size):
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        raw = file.read(size + 1)
    if len(raw) != size:
        raise ValueError("a compressed object is not %d bytes long" % size)
    return raw


def flush_output():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001 - a task may have closed or replaced it
            pass


def describe(error):
    try:
        return "%s: %s" % (type(error).__name__, error)
    except Exception:  # noqa: BLE001 - an exception whose text fails
        return type(error).__name__


def unreadable(what, error):
    """What the client gets for bytes that do not load here. A name that is missing most often means another environment than the client's."""
    text = "failed to %s: %s" % (what, describe(error))
    if isinstance(error, (ImportError, AttributeError)):
        found = sys.modules.get("cloudpickle")
        text += "; tasks run in %s (Python %d.%d, %s), which needs the client's packages: see --python of the manager" % (
            (sys.executable,) + sys.version_info[:2] + ("cloudpickle %s" % found.__version__ if found else "no cloudpickle",)
        )
    return RemoteError("DeserializeObjectError", text)


# ---------------------------------------------------------------------------------------------------------- pickles


class DefaultSerializer:
    """What scaler.client.serializer.default does, without importing all of Scaler; plain values skip cloudpickle."""

    PLAIN = frozenset((type(None), bool, int, float, str, bytes))

    @classmethod
    def serialize(cls, value):
        if type(value) in cls.PLAIN:
            return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            import cloudpickle
        except ImportError:
            return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        return cloudpickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)

    deserialize = staticmethod(pickle.loads)


class SerializerUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if module == "scaler.client.serializer.default" and name == "DefaultSerializer":
            return DefaultSerializer
        return super().find_class(module, name)


class Reference:
    """Pickles as `getattr(import_module(module), name, default)`: for classes that only some clients know."""

    def __init__(self, module, name, default):
        self._parts = (module, name, default)

    def __call__(self, *args):
        raise NotImplementedError("a reference is only pickled")

    def __reduce__(self):
        module, name, default = self._parts
        return getattr, (Module(module), name, default)


class Module:
    def __init__(self, name):
        self._name = name

    def __reduce__(self):
        return importlib.import_module, (self._name,)


class RemoteError(Exception):
    """An exception of scaler.utility.exceptions at the client; a RuntimeError where its release has no such class."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name

    def __reduce__(self):
        return Reference("scaler.utility.exceptions", self.name, RuntimeError), (str(self),)


def serialize_failure(error):
    """The pickle of what the task raised, for plain `pickle.loads` at the client."""
    if not isinstance(error, Exception):
        error = tame(error)
    if isinstance(error, RemoteError):
        return dump_remote(error)
    keep_traceback(error)
    for dump in (dump_plain, dump_by_value, dump_bare):
        try:
            payload = dump(error)
            # Some exceptions pickle but do not load: their client would see a TypeError of pickle instead.
            if type(pickle.loads(payload)).__name__ == type(error).__name__:
                return payload
        except BaseException:  # noqa: B036 - user code runs in here
            continue
    return dump_remote(RemoteError("TaskExceptionNotSerializableError", describe(error)))


def dump_remote(error):
    # Not through tblib, which would wrap the class by reference.
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {}
    pickler.dump(error)
    return buffer.getvalue()


def dump_plain(error):
    return pickle.dumps(error, protocol=pickle.HIGHEST_PROTOCOL)


def dump_by_value(error):
    """For classes that cannot be imported: cloudpickle gives the client its own class back where it came from there."""
    import cloudpickle

    return cloudpickle.dumps(error, protocol=pickle.HIGHEST_PROTOCOL)


def dump_bare(error):
    """For classes whose constructor does not take what `args` holds."""
    try:
        from cloudpickle import CloudPickler as Base
    except ImportError:
        Base = pickle.Pickler

    class Bare(Base):
        def reducer_override(self, value):
            if isinstance(value, BaseException):
                return copyreg.__newobj__, (type(value),) + value.args, value.__dict__ or None
            parent = getattr(super(), "reducer_override", None)
            return NotImplemented if parent is None else parent(value)

    buffer = io.BytesIO()
    Bare(buffer, pickle.HIGHEST_PROTOCOL).dump(error)
    return buffer.getvalue()


def tame(error):
    """SystemExit and the like would end the client's own program: they become an error that says what happened."""
    if isinstance(error, SystemExit):
        text = "the task called sys.exit(%s)" % ("" if error.code is None else repr(error.code))
    else:
        text = "the task raised %s" % describe(error).rstrip(": ")
    return RuntimeError(text).with_traceback(error.__traceback__)


def keep_traceback(error):
    """Through tblib where there is one, as native workers do; else as a note (shown from Python 3.11 on)."""
    support = sys.modules.get("tblib.pickling_support")
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next  # the runner's own frames tell the user nothing
        error.__traceback__ = trace
        if support is not None:
            support.install(error)
        elif trace is not None:
            import traceback

            # With what it was raised from: plain pickle carries neither.
            text = "".join(traceback.format_exception(type(error), error, trace))[-MAX_NOTE:]
            error.__notes__ = list(getattr(error, "__notes__", ())) + ["In the runner:\n" + text.rstrip("\n")]
    except Exception:  # noqa: BLE001 - an exception class may forbid all of this
        pass


EXCEPTIONS = (
    "TaskNotFoundError", "WorkerDiedError", "NoWorkerError", "DisconnectedError", "ProcessorDiedError", "SchedulerError",
    "TaskExceptionNotSerializableError", "DeserializeObjectError", "MissingObjects", "ClientCancelledException",
    "ClientShutdownException", "ClientQuitException", "ObjectStorageException", "CapnpDeserializationError",
)


def install_scaler_stub():
    """Registers the few modules of Scaler that clients' pickles name, when Scaler itself is not installed."""
    try:
        if importlib.util.find_spec("scaler") is not None:
            return
    except (ImportError, ValueError):
        pass

    def module(name, **members):
        made = types.ModuleType(name, "Stands in for Scaler, which is not installed here.")
        for key, value in members.items():
            if isinstance(value, type):
                value.__module__ = name
            setattr(made, key, value)
        sys.modules[name] = made
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, made)
        return made

    for name in ("scaler", "scaler.client", "scaler.client.serializer", "scaler.utility"):
        module(name).__path__ = []
    serializer = type("Serializer", (), {"__doc__": "Base class of clients' serializers."})
    module("scaler.client.serializer.mixins", Serializer=serializer)
    default = type("DefaultSerializer", (serializer,), {
        "serialize": staticmethod(DefaultSerializer.serialize), "deserialize": staticmethod(pickle.loads)})
    module("scaler.client.serializer.default", DefaultSerializer=default)
    module("scaler.utility.exceptions", **{name: type(name, (Exception,), {}) for name in EXCEPTIONS})


# ---------------------------------------------------------------------------------------------------------- preload


def execute_preload(spec):
    """Calls `package.module:function` or `package.module:function(1, key=2)`, as Scaler's workers do."""
    import ast

    module_name, colon, expression = spec.partition(":")
    if not colon:
        raise ValueError("expected module.sub:function or module.sub:function(...)")
    try:
        call = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise ValueError("cannot read %r as a function or a call" % expression) from None
    args, keywords = [], {}
    target = call
    if isinstance(call, ast.Call):
        target = call.func
        try:
            args = [ast.literal_eval(arg) for arg in call.args]
            keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        except ValueError:
            raise ValueError("arguments must be literals: %r" % expression) from None
    if not isinstance(target, ast.Name):
        raise ValueError("the function must be a plain name: %r" % expression)
    function = getattr(importlib.import_module(module_name), target.id)
    if not callable(function):
        raise TypeError("%s is not callable" % target.id)
    function(*args, **keywords)


# ------------------------------------------------------------------------------------------------------------- main


def main(arguments):
    """Runs the program; the code to exit with. What a process has loaded before does not matter, nor what it was forked from."""
    options = {}
    rest = list(arguments)
    one_shot = any("--" + name in rest for name in PARAMETERS)
    wrong = EXIT_USAGE if one_shot else 2
    while rest:
        name = rest.pop(0)
        if name == "--version":
            print("scaler-runner %s (%s)" % (RUNNER_VERSION, LANGUAGE))
            return 0
        if name not in OPTIONS or not rest:
            what = "%s needs a value" % name if name in OPTIONS else "unknown argument %s" % name[:64]
            sys.stderr.write("%s; usage: scaler_runner.py [--preload SPEC] [%s]\n" % (what, " ".join("--%s X" % one for one in PARAMETERS)))
            return wrong
        if name[2:] in options:
            sys.stderr.write("%s is given twice\n" % name)
            return wrong
        options[name[2:]] = rest.pop(0)
    preload = options.pop("preload", None)
    if one_shot:
        return run_one(options, preload)
    try:
        os.fstat(3)
        # Far from the numbers that programs expect to be free, and closed in whatever a task starts.
        control = fcntl.fcntl(3, fcntl.F_DUPFD_CLOEXEC, 32)
        os.close(3)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        sys.stderr.write("file descriptor 3, the control channel, is not open; this program is started by scaler-aws-hpc\n")
        return 2
    return Supervisor(control, preload).serve()


OPTIONS = frozenset(["--preload"] + ["--" + name for name in PARAMETERS])


def run_one(parameters, preload):
    try:
        return OneShot(preload).run(read_job(parameters, os.environ))
    except Refusal as refusal:
        sys.stderr.write("scaler-runner %s: %s\n" % (RUNNER_VERSION, refusal))
        return refusal.code
    except Stopped:
        return EXIT_TERM
    except Exception as error:  # noqa: BLE001 - the log must say more than the exit code
        import traceback

        traceback.print_exc()
        sys.stderr.write("scaler-runner %s: failed by a mistake of its own: %s\n" % (RUNNER_VERSION, type(error).__name__))
        return EXIT_INTERNAL


def leave(code):
    """Ends without the interpreter's own end, which would only take time: nothing is left to do."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
