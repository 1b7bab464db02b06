"""What the state of an owned partition costs as it grows: bytes and time of a commit, and how long it takes to have it back.

A stream has as many open groups as there are widgets. Each round publishes events of some widgets, all different, and one
that is no JSON: its dead letter goes out once the commit it is in is stored, so the time from one to the other is that of
applying, writing and storing. Then the process is ended, once politely and once by kill -9, with such an event waiting: its dead
letter says that the next process has the state and works. In the end each widget has to come out once with its count.
"""
import collections
import json
import pathlib
import statistics
import time

from aggregates import CONFIG, Heads, at, fill_widgets
from world import Wrong

import nats_wire

OPEN_GROUPS = (1_000, 10_000, 100_000)
CHANGED = 500  # groups a round
LEASE = 3.0
_STALL = 60.0

# Bytes of the largest commit and of one in the middle; seconds of a commit in the middle and at most; seconds from the start of a
# process to its first commit, where the one before it left and where it was killed
Grown = collections.namedtuple("Grown", "largest middle commit slowest left killed")


class State:
    """One bridge, one partition, and its state."""

    def __init__(self, children, folder, server, programs):
        self._children, self._folder, self._server, self._programs = children, pathlib.Path(folder), server, programs
        self._connection = nats_wire.Connection(server.url, "bench-grown")
        self._jetstream = nats_wire.JetStream(self._connection)
        self._stored = collections.deque()  # when dead letters came

    def measure(self, groups, rounds):
        """A Grown for so many open groups."""
        name, stream = f"grown-{groups}", f"G{groups}"
        fill_widgets(self._jetstream, stream, groups, groups)
        self._jetstream.add_stream(name, [name + ".>"])
        if "STATE" not in self._jetstream.streams():
            self._jetstream.add_stream("STATE", ["millrace.state.>"], discard="new")
        config = self._folder / f"{name}.yaml"
        config.write_text(CONFIG.format(url=self._server.url, name=name, stream=stream) + f"    state: {{lease: {LEASE:g}s}}\n",
                          encoding="utf-8")
        heads = Heads(self._server.url, name)
        self._connection.subscribe(f"{name}.acme.dead", lambda _: self._stored.append(time.monotonic()))
        self._connection.sync()
        counts = collections.Counter(range(groups))
        client = self._start(name, config)
        self._commit(client, stream)  # everything before it is applied

        heads.catch_up()
        del heads.sizes[:]
        took = [self._round(client, stream, groups, number, counts) for number in range(rounds)]
        heads.catch_up()
        sizes = sorted(heads.sizes)
        if client.stop() != 0:
            raise Wrong(f"{name}: exit code {client.process.returncode}\n{client.tail()}")
        client, left = self._again(name, config, stream)
        client.kill()
        client, killed = self._again(name, config, stream)

        self._jetstream.publish(f"{stream}.acme.made", b'{"widget":-1,"at":"%s"}' % at(1).encode())
        self._wait(client, lambda: self._jetstream.stream(name)["state"]["messages"] >= groups + rounds + 3)
        self._check(name, counts)
        client.stop()
        heads.close()
        for gone in (name, stream):
            self._jetstream.api(f"STREAM.DELETE.{gone}")
        self._jetstream.api("STREAM.PURGE.STATE")
        return Grown(sizes[-1], statistics.median(sizes), statistics.median(took), max(took), left, killed)

    def _start(self, name, config):
        return self._children.start(name, [self._programs / "millrace", "run", "-c", config], self._folder / f"{name}.log")

    def _round(self, client, stream, groups, number, counts):
        publisher, when = nats_wire.AckedPublisher(self._connection), at(3).encode()
        for changed in range(CHANGED):
            widget = (number * CHANGED + changed) * 7919 % groups  # a prime: all over the table
            counts[widget] += 1
            publisher.send(f"{stream}.acme.made", b'{"widget":%d,"at":"%s"}' % (widget, when), f"{stream}-{number}-{changed}")
        publisher.drain()
        return self._commit(client, stream)

    def _commit(self, client, stream):
        began = time.monotonic()
        self._jetstream.publish(f"{stream}.acme.made", b"no json")
        return self._dead_letter(client) - began

    def _again(self, name, config, stream):
        self._jetstream.publish(f"{stream}.acme.made", b"no json")
        began = time.monotonic()
        client = self._start(name, config)
        return client, self._dead_letter(client) - began

    def _dead_letter(self, client):
        self._wait(client, lambda: self._stored)
        return self._stored.popleft()

    def _wait(self, client, condition):
        deadline = time.monotonic() + _STALL
        while not condition():
            if time.monotonic() > deadline:
                raise Wrong(f"{client.name}: not within {_STALL:g} s\n{client.tail()}")
            self._connection.pump(0.01)

    def _check(self, name, wanted):
        found = collections.Counter()
        for stored in self._jetstream.read(name, subject=f"{name}.acme.made"):
            body = json.loads(stored.payload)
            if body["widget"] in found:
                raise Wrong(f"{name}: widget {body['widget']} is out twice")
            found[body["widget"]] = body["made"]
        if found != wanted:
            raise Wrong(f"{name}: {len(found)} groups of {len(wanted)}, {sum(found.values())} events of {sum(wanted.values())}")
