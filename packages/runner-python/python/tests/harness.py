"""Drives scaler_runner.py over its control channel, with bundles made here."""

import base64
import hashlib
import hmac
import json
import os
import pickle
import select
import socket
import struct
import subprocess
import sys
import time

RUNNER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scaler_runner.py")
SECRET = "5a" * 32


def by_name(module, name):
    """The pickle of an object that is found by name, without importing its module here."""
    return b"\x80\x02c" + module.encode() + b"\n" + name.encode() + b"\n."


def new_instance(module, name):
    return b"\x80\x02c" + module.encode() + b"\n" + name.encode() + b"\n)\x81."


SERIALIZER = new_instance("scaler.client.serializer.default", "DefaultSerializer")


class Section:
    def __init__(self, job="j-1", child=0, client="c0ffee", limit_ms=60_000, flush_ms=40, flush_bytes=8 << 20, fresh=False,
                 serializer=SERIALIZER):
        self.header = {"v": 1, "job": job, "child": child, "client": client, "taskLimitMs": limit_ms, "flushMs": flush_ms,
                       "flushBytes": flush_bytes, "fresh": fresh, "blobs": [], "serializer": 0, "tasks": []}
        self.data = b""
        self.known = {}
        self.blob(serializer)

    def blob(self, data, gzip=None):
        if data not in self.known:
            self.known[data] = len(self.header["blobs"])
            stored = gzip or data
            self.header["blobs"].append({"id": hashlib.sha256(data).hexdigest(), "at": len(self.data), "stored": len(stored),
                                         "raw": len(data), "gzip": gzip is not None})
            self.data += stored
        return self.known[data]

    def shared(self, key, data):
        self.header["blobs"].append({"id": hashlib.sha256(data).hexdigest(), "key": key, "sha256": hashlib.sha256(data).hexdigest(),
                                     "stored": len(data), "raw": len(data), "gzip": False})
        return len(self.header["blobs"]) - 1

    def task(self, function, *arguments, flags=0, blobs=()):
        number = len(self.header["tasks"])
        self.header["tasks"].append(["%032x" % number, self.blob(function), [self.blob(pickle.dumps(a)) for a in arguments] + list(blobs), flags])
        return number

    def encode(self):
        header = json.dumps(self.header).encode()
        return struct.pack("<II", len(header), 0) + header + self.data

    def bundle(self, others=()):
        sections = list(others) + [self]
        head = b"SAHBNDL\x01" + struct.pack("<II", len(sections), 0)
        at = 16 + 48 * len(sections)
        body = b""
        for child, section in enumerate(sections):
            data = section.encode()
            tag = hmac.new(bytes.fromhex(SECRET), b"bundle\n%s\n%d\n" % (section.header["job"].encode(), child) + data, "sha256").digest()
            head += struct.pack("<QQ", at + len(body), len(data)) + tag
            body += data
        return head + body


def decode_frame(key, data):
    assert data[:8] == b"SAHFRAM\x01"
    length, zero = struct.unpack_from("<II", data, 8)
    assert zero == 0
    tag = hmac.new(bytes.fromhex(SECRET), b"frame\n" + key.encode() + b"\n" + data[48:], "sha256").digest()
    assert tag == data[16:48], "signature"
    header = json.loads(data[48 : 48 + length])
    blobs = data[48 + length :]
    for result in header["results"]:
        if result["status"] != "died":
            result["blob"] = blobs[result["at"] : result["at"] + result["stored"]]
        for name in ("out", "err"):
            if name in result:
                at, size = result[name]
                result[name] = blobs[at : at + size]
    return header


class Over:
    def __init__(self, message, frames, progress, seconds):
        self.message = message
        self.frames = frames
        self.progress = progress
        self.seconds = seconds
        self.results = {}
        for frame in frames:
            for result in frame["results"]:
                assert result["task"] not in self.results, "answered twice"
                self.results[result["task"]] = result

    def value(self, task):
        result = self.results[task]
        loaded = pickle.loads(result["blob"])
        if result["status"] == "error":
            raise loaded
        return loaded

    def error(self, task):
        result = self.results[task]
        assert result["status"] == "error", result
        return pickle.loads(result["blob"])

    def cause(self, task):
        result = self.results[task]
        assert result["status"] == "died", result
        return result["cause"]


class Runner:
    def __init__(self, root, *arguments, interpreter=sys.executable, env=None, wait=True):
        self.root = root
        self.sock, theirs = socket.socketpair()
        number = theirs.fileno()
        command = [interpreter, "-c", "import os,sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); os.execv(sys.executable, [sys.executable] + sys.argv[2:])",
                   str(number), RUNNER] + list(arguments)
        environment = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.abspath(__file__)), PYTHONUNBUFFERED="1")
        environment.update(env or {})
        self.process = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment)
        theirs.close()
        self.buffer = b""
        self.serial = 0
        self.early = []
        if wait:
            self.ready = self.read()
            assert self.ready and self.ready["type"] == "ready", (self.ready, self.process.communicate())

    def read(self, timeout=60):
        """The next message, or None at the end."""
        until = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            if not select.select([self.sock], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("no message from the runner")
            part = self.sock.recv(65536)
            if not part:
                return None
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def say(self, message):
        self.sock.sendall(json.dumps(message).encode() + b"\n")

    def path(self, key):
        return os.path.join(self.root, key)

    def put(self, key, data):
        os.makedirs(os.path.dirname(self.path(key)), exist_ok=True)
        with open(self.path(key), "wb") as file:
            file.write(data)

    def start(self, section, inline=False, bundle=None, **changes):
        data = section.bundle() if bundle is None else bundle
        job = section.header["job"]
        self.serial += 1
        key = "v1/in/m/%s-%d" % (job, self.serial)
        message = {"type": "run", "job": job, "child": section.header["child"], "attempt": self.serial, "secret": SECRET,
                   "store": {"kind": "fs", "root": self.root}, "bundle": None if inline else key,
                   "inline": base64.urlsafe_b64encode(data).decode().rstrip("=") if inline else None,
                   "outPrefix": "v1/out/m/%s." % job, "manager": "m"}
        message.update(changes)
        if not inline:
            self.put(key, data)
        self.began = time.monotonic()
        self.say(message)

    def finish(self, timeout=60, on_progress=None):
        frames, progress = [], []
        while True:
            message = self.early.pop(0) if self.early else self.read(timeout)
            assert message is not None, self.process.communicate()
            if message["type"] == "frame":
                with open(self.path(message["key"]), "rb") as file:
                    frames.append(decode_frame(message["key"], file.read()))
            elif message["type"] == "progress":
                progress.append(message)
                if on_progress:
                    on_progress(message)
            elif message["type"] == "over":
                return Over(message, frames, progress, time.monotonic() - self.began)

    def run(self, section, timeout=60, on_progress=None, **changes):
        self.start(section, **changes)
        return self.finish(timeout, on_progress)

    def wait_progress(self, task):
        """Waits until a task was seen to run. Frames before that are left to `finish`."""
        while True:
            message = self.read()
            assert message["type"] != "over", "the pack ended before"
            if message["type"] == "frame":
                self.early.append(message)
            elif message["type"] == "progress" and message["task"] == task:
                return message

    def close(self):
        self.sock.close()
        try:
            self.process.communicate(timeout=5)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.communicate()


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid, seconds=3):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not alive(pid):
            return True
        time.sleep(0.01)
    return False
