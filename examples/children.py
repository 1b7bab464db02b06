"""Child processes that never outlive their parent, and the private servers made of them.

Each child leads a process group of its own, is ended by that group's id, and is killed by the kernel if the parent dies
without a word. Ports are free ones on the loopback address; files live in a folder of the caller's.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

import nats_wire

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One process; its output goes to a file."""

    def __init__(self, name, argv, log, env=None):
        self.name = name
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True, preexec_fn=_die_with_parent,
                                            env={**os.environ, **(env or {})})

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def signal(self, number):
        """Sends a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self):
        """kill -9, and waits for the end."""
        if self.running():
            self.signal(signal.SIGKILL)
        return self.process.wait()

    def stop(self, within=15.0):
        """SIGTERM, then SIGKILL when it has not ended in time. Returns the exit code."""
        if self.running():
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                return self.kill()
        return self.process.wait()

    def log_text(self):
        """Everything it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def tail(self, lines=15):
        """The last lines it wrote, indented."""
        return "\n".join("    " + line for line in self.log_text().splitlines()[-lines:])


class Children(contextlib.ExitStack):
    """Stops what was started through it, last first, whatever happens."""

    def start(self, name, argv, log, env=None):
        """Starts a process that ends with this stack."""
        child = Child(name, argv, log, env)
        self.callback(child.stop, 5.0)
        return child


def wait_until(condition, what, within=10.0, child=None, every=0.03):
    """Waits until `condition()` is true and returns what it gave; RuntimeError in time, or when `child` ends."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if child is not None and not child.running():
            raise RuntimeError(f"{child.name} ended with code {child.process.returncode} before {what}:\n{child.tail()}")
        if time.monotonic() >= deadline:
            raise RuntimeError(f"{what}: not within {within:g} s" + (f"\n{child.tail()}" if child is not None else ""))
        time.sleep(every)


_PORTS_GIVEN = set()


def free_port():
    """A port nobody listens on now. Below those the kernel gives to outgoing connections, so that it stays free while a
    server is down between kill() and start(), and at random, so that processes that ask at once rarely meet."""
    lowest_given_by_kernel = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    while True:
        port = random.randrange(10240, max(lowest_given_by_kernel, 20480))
        if port in _PORTS_GIVEN:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _PORTS_GIVEN.add(port)
        return port


class NatsServer:
    """A private nats-server with JetStream. Its port and store stay the same over kill() and start()."""

    def __init__(self, children, folder, port=None, binary="nats-server"):
        self._children = children
        self._folder = pathlib.Path(folder)
        self._binary = binary
        self.port = port or free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.child = None

    def arguments(self):
        """What it is started with."""
        return ["-a", "127.0.0.1", "-p", self.port, "-js", "-sd", self._folder / "jetstream"]

    def start(self):
        """Starts it and waits until JetStream answers."""
        self.child = self._children.start("nats-server", [self._binary, *self.arguments()], self._folder / "nats-server.log")
        wait_until(self._answers, "nats-server answers", 15.0, self.child)
        return self

    def _answers(self):
        try:
            with nats_wire.Connection(self.url, timeout=2.0) as connection:
                return nats_wire.JetStream(connection).wait_ready(2.0)
        except nats_wire.NatsError:
            return None

    def kill(self):
        """kill -9."""
        self.child.kill()

    def version(self):
        """As the server says it."""
        with nats_wire.Connection(self.url) as connection:
            return connection.info.get("version", "?")


def start_endpoint(children, script, folder, *options):
    """Starts an endpoint script that prints `listening on PORT`; returns (child, port)."""
    child = children.start("endpoint", [sys.executable, "-u", script, *options], pathlib.Path(folder) / "endpoint.log")

    def port():
        for line in child.log_text().splitlines():
            if line.startswith("listening on "):
                return int(line.rsplit(" ", 1)[1])
        return None

    return child, wait_until(port, "the endpoint listens", 10.0, child)


def compact(value):
    """JSON bytes without blanks."""
    return json.dumps(value, separators=(",", ":")).encode()
