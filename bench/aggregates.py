"""Aggregate-only throughput: the bridge counts per widget, beside a loop that consumes and counts in a hash table.

All events of a run lie in one window, which stays open, so that a run has as many open groups as there are widgets. What
is measured ends when everything is applied, committed and acked. One event of a later time then closes the window, and
each widget has to come out once with its count.
"""
import collections
import datetime
import json
import pathlib
import time

from world import Wrong, cpu_seconds, memory

import nats_wire

EVENT_BYTES = 200
OPEN_GROUPS = (1, 1_000, 100_000)
_STALL = 300.0

CONFIG = """\
version: 1
nats: {{urls: ["{url}"]}}
admin: {{listen: ""}}
pipelines:
  - name: {name}
    input: {{stream: {stream}, subject: "{stream}.{{tenant}}.made", max_ack_pending: 20000}}
    event: {{timestamp: at, late_arrival_tolerance: 504h}}
    aggregates:
      - {{name: made, window: {{tumbling: 1h}}, group_by: [widget], select: {{made: count()}}, subject: "{name}.{{tenant}}.made"}}
    dead_letter: {{subject: "{name}.{{tenant}}.dead", unroutable_subject: {name}.unroutable}}
"""

# events/s; CPU in µs an event of client and server; bytes of a commit, and how many; seconds from the event that closes the
# window to the last aggregate; bytes in memory at most
Counted = collections.namedtuple("Counted", "rate client server commit_bytes commits closing peak", defaults=(0, 0, 0, 0))


def at(hours_ago):
    """Half past an hour, so that all events of a run lie in one window."""
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours_ago)
    return now.replace(minute=30, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def fill_widgets(jetstream, stream, count, groups):
    """A stream of `count` events, the widgets taking turns."""
    jetstream.add_stream(stream, [stream + ".>"])
    publisher, when = nats_wire.AckedPublisher(jetstream.connection), at(3)
    for number in range(count):
        text = b'{"widget":%d,"at":"%s","note":"' % (number % groups, when.encode())
        publisher.send(f"{stream}.acme.made", text + b"." * (EVENT_BYTES - len(text) - 2) + b'"}', f"{stream}-{number}")
        if number % 256 == 255:
            jetstream.connection.pump()
    publisher.drain()


class Heads:
    """What is stored as state, seen by a subscriber."""

    def __init__(self, url, name):
        self._connection = nats_wire.Connection(url, "bench-state")
        self._words = len(f"millrace.state.{name}.0".split("."))
        self.sizes = []  # bytes of each commit, its parts included
        self._parts = 0
        self._connection.subscribe(f"millrace.state.{name}.>", self._seen)
        self._connection.sync()

    def _seen(self, message):
        self._parts += len(message.payload)
        if len(message.subject.split(".")) == self._words:
            self.sizes.append(self._parts)
            self._parts = 0

    def pump(self):
        """Takes what has come."""
        while self._connection.pump():
            pass

    def catch_up(self):
        """Waits for all that was stored before."""
        self._connection.sync()

    def close(self):
        """No more."""
        self._connection.close()


class Counting:
    """Runs of both sides over one stream of widgets."""

    def __init__(self, children, folder, server, programs):
        self._children, self._folder, self._server, self._programs = children, pathlib.Path(folder), server, programs
        self._jetstream = nats_wire.JetStream(nats_wire.Connection(server.url))

    def bridge(self, stream, name, count, groups):
        """The bridge's run."""
        jetstream = self._jetstream
        jetstream.add_stream(name, [name + ".>"])
        if "STATE" not in jetstream.streams():
            jetstream.add_stream("STATE", ["millrace.state.>"], discard="new")
        config = self._folder / f"{name}.yaml"
        config.write_text(CONFIG.format(url=self._server.url, name=name, stream=stream), encoding="utf-8")
        heads = Heads(self._server.url, name)
        client = self._children.start(name, [self._programs / "millrace", "run", "-c", config], self._folder / f"{name}.log")
        consumer = self._await(client, lambda: next((one for one in jetstream.consumers(stream) if one.startswith(name)), None), heads)
        run = self._measure(client, stream, consumer, count, heads)
        jetstream.publish(f"{stream}.acme.made", b'{"widget":-1,"at":"%s"}' % at(1).encode())
        began = time.monotonic()
        self._await(client, lambda: jetstream.stream(name)["state"]["messages"] >= groups, heads)
        took = time.monotonic() - began
        peak = memory(client.pid)[1]
        if client.stop() != 0:
            raise Wrong(f"{name}: exit code {client.process.returncode}\n{client.tail()}")
        self._check(name, count, groups)
        heads.close()
        jetstream.api(f"STREAM.DELETE.{name}")
        jetstream.api("STREAM.PURGE.STATE")
        return run._replace(commit_bytes=sum(heads.sizes) // max(1, len(heads.sizes)), commits=len(heads.sizes), closing=took,
                            peak=peak)

    def loop(self, stream, name, count):
        """The loop's run."""
        self._jetstream.api(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", {"stream_name": stream, "config": {
            "durable_name": name, "name": name, "ack_policy": "all", "ack_wait": 3_600_000_000_000, "max_ack_pending": 20_000}})
        client = self._children.start(name, [self._programs / "bench_loop", "--url", self._server.url, "--stream", stream,
                                             "--consumer", name, "--count", count, "--count-per", "widget"],
                                      self._folder / f"{name}.log")
        run = self._measure(client, stream, name, count)
        if client.process.wait(10.0) != 0:
            raise Wrong(f"{name}: exit code {client.process.returncode}\n{client.tail()}")
        self._jetstream.api(f"CONSUMER.DELETE.{stream}.{name}")
        return run

    def _measure(self, client, stream, consumer, count, heads=None):
        def state():
            return self._jetstream.consumer(stream, consumer)

        self._await(client, lambda: state()["delivered"]["stream_seq"] > 0, heads, 0.002)
        began, used = time.monotonic(), self._used(client)
        self._await(client, lambda: state()["ack_floor"]["stream_seq"] >= count, heads)
        seconds = time.monotonic() - began
        spent = [1e6 * (after - before) / count for after, before in zip(self._used(client), used)]
        return Counted(count / seconds, *spent)

    def _used(self, client):
        return [cpu_seconds(client.pid), cpu_seconds(self._server.child.pid)]

    @staticmethod
    def _await(client, condition, heads=None, every=0.01):
        # Does not ask whether the client still runs before time is up: asking would reap it, and its CPU time with it.
        deadline = time.monotonic() + _STALL
        while True:
            value = condition()
            if heads is not None:
                heads.pump()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Wrong(f"{client.name}: not within {_STALL:g} s\n{client.tail()}")
            time.sleep(every)

    def _check(self, name, count, groups):
        counts = {}
        for stored in self._jetstream.read(name):
            body = json.loads(stored.payload)
            counts[body["widget"]] = counts.get(body["widget"], 0) + body["made"]
        wanted = {widget: len(range(widget, count, groups)) for widget in range(groups)}
        if counts != wanted or self._jetstream.stream(name)["state"]["messages"] != groups:
            raise Wrong(f"{name}: {len(counts)} groups that count {sum(counts.values())} of {count} events in {groups}")
