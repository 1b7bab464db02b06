"""make bench-memory: what the bridge holds and does while idle, with 100,000 events in hand, and over minutes of steady work.

- Idle: bound to its streams, nothing comes. Memory, CPU, and how often each of its threads wakes.
- In hand: an endpoint that does not answer, and as many events delivered and not acked. Beside it 1.5 times their bytes and
  64 MiB, which is what it may take.
- Flat: --minutes of trips at a steady rate. Memory in the first, the middle and the last fifth.

Exits 1 when something did not come to be; never for what it took.
"""
import argparse
import collections
import os
import pathlib
import statistics
import sys
import time

from world import Wrong, cpu_seconds, in_private_folder, memory, say_versions, start_endpoint, trip_payloads

import nats_wire
from children import NatsServer, free_port, wait_until
from show import Screen

MIB = 1 << 20
IN_HAND = 100_000
NEVER_MS = 1_800_000
CONFIG = """\
version: 1
drain_timeout: 1s
nats: {{urls: ["{url}"]}}
admin: {{listen: "{admin}"}}
pipelines:
  - name: {name}
    input: {{stream: {name}-in, subject: "{name}-in.{{tenant}}.trips", max_ack_pending: {pending}, max_pending_bytes: 2GiB}}
    event: {{features: [trip, vendorid, weekday, pickuphour, passenger, distance]}}
    endpoint:
      url: http://127.0.0.1:{endpoint}/score
      protocol: azureml
      max_batch_count: 500
      parallel_requests_per_partition: 4
      timeout: 30m
    results: {{subject: "{name}-out.{{tenant}}.results"}}
    dead_letter: {{subject: "{name}-out.{{tenant}}.dead", unroutable_subject: {name}-out.unroutable}}
"""


def wakes(pid):
    """How often each thread of a process has given up a core by itself: thread -> times."""
    return {task.name: int((task / "status").read_text().partition("\nvoluntary_ctxt_switches:")[2].split()[0])
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}


class Memory:
    """The server and the programs."""

    def __init__(self, screen, options, children, folder):
        self._screen, self._options, self._children, self._folder = screen, options, children, folder
        self._server = NatsServer(children, folder).start()
        self._jetstream = nats_wire.JetStream(nats_wire.Connection(self._server.url))

    def run(self):
        """Everything."""
        say_versions(self._screen, self._server, self._options.programs)
        self._idle()
        self._in_hand()
        if self._options.minutes > 0:
            self._flat()

    def _start(self, name, delay_ms, pending=0, admin="", **limits):
        for way in ("in", "out"):
            self._jetstream.add_stream(f"{name}-{way}", [f"{name}-{way}.>"], **limits)
        _, port = start_endpoint(self._children, self._options.programs, self._folder, delay_ms)
        config = self._folder / f"{name}.yaml"
        config.write_text(CONFIG.format(url=self._server.url, name=name, endpoint=port, pending=pending, admin=admin),
                          encoding="utf-8")
        client = self._children.start(name, [self._options.programs / "millrace", "run", "-c", config], self._folder / f"{name}.log")
        wait_until(lambda: f"{name}-p0" in self._jetstream.consumers(f"{name}-in"), "the bridge has its consumer", 20.0, client)
        return client

    def _idle(self):
        seconds = self._options.idle_seconds
        client = self._start("idle", 0, admin=f"127.0.0.1:{free_port()}")
        time.sleep(3.0)  # settles
        used, woken = cpu_seconds(client.pid), wakes(client.pid)
        time.sleep(seconds)
        cpu = (cpu_seconds(client.pid) - used) / seconds
        each = sorted(((count - woken.get(thread, 0)) / seconds for thread, count in wakes(client.pid).items()), reverse=True)
        self._screen.heading(f"Idle for {seconds:g} s")
        self._screen.table(["memory", "CPU of a core", "threads", "wake-ups a second", "of the busiest thread"],
                           [[f"{memory(client.pid)[0] / MIB:.1f} MiB", f"{cpu:.2%}", len(each), f"{sum(each):.1f}", f"{each[0]:.1f}"]],
                           left=0)
        client.stop()

    def _in_hand(self):
        rows = []
        for size in (200, 1000, 2000):
            name, count = f"held{size}", self._options.events
            client = self._start(name, NEVER_MS, pending=count)
            before = memory(client.pid)[0]
            publisher = nats_wire.AckedPublisher(self._jetstream.connection)
            for number, payload in enumerate(trip_payloads(count)):
                publisher.send(f"{name}-in.acme.trips", payload[:-2] + b"." * (size - len(payload)) + payload[-2:], f"{name}-{number}")
            publisher.drain()
            wait_until(lambda name=name, count=count: self._jetstream.consumer(f"{name}-in", f"{name}-p0")["num_ack_pending"] >= count,
                       f"{count} events are in hand", 60.0, client, every=0.2)
            time.sleep(1.0)
            peak, limit = memory(client.pid)[1], 1.5 * count * size + 64 * MIB
            rows.append([f"{size} B", f"{count * size / MIB:.1f} MiB", f"{peak / MIB:.1f} MiB", f"{limit / MIB:.1f} MiB",
                         f"{(peak - before) / count:,.0f} B"])
            client.kill()
            self._jetstream.api(f"STREAM.DELETE.{name}-in")
        self._screen.heading(f"{self._options.events:,} events in hand, none answered")
        self._screen.table(["events of", "together", "peak", "1.5 times and 64 MiB", "each takes"], rows)

    def _flat(self):
        rate, seconds = self._options.rate, self._options.minutes * 60
        client = self._start("flat", 1, max_msgs=50_000)
        payloads, samples = collections.deque(trip_payloads(10_000)), []
        publisher = nats_wire.AckedPublisher(self._jetstream.connection)
        begin = next_sample = time.monotonic()
        number = 0
        while (now := time.monotonic()) < begin + seconds:
            for number in range(number, int((now - begin) * rate)):
                publisher.send("flat-in.acme.trips", payloads[0], f"flat-{number}")
                payloads.rotate(-1)
            number = max(number, int((now - begin) * rate))
            self._jetstream.connection.pump(0.02)
            if now >= next_sample:
                samples.append(memory(client.pid)[0] / MIB)
                next_sample += seconds / 100
        publisher.drain()
        wait_until(lambda: self._jetstream.stream("flat-out")["state"]["last_seq"] >= publisher.stored, "all is scored", 30.0, client)
        stored = self._jetstream.stream("flat-out")["state"]["last_seq"]
        fifth = max(1, len(samples) // 5)
        middle = len(samples) // 2 - fifth // 2
        self._screen.heading(f"{stored:,} events at {rate:,}/s over {self._options.minutes:g} minutes (load average {os.getloadavg()[0]:.1f})")
        self._screen.table(["", "MiB"], [[what, f"{statistics.median(some):.1f}"] for what, some in (
            ("first fifth", samples[:fifth]), ("middle", samples[middle:middle + fifth]), ("last fifth", samples[-fifth:]))])
        if client.stop() != 0 or stored != publisher.stored:
            raise Wrong(f"{stored} results of {publisher.stored} events\n{client.tail()}")


def main():
    parser = argparse.ArgumentParser(description="What the bridge holds: idle, with much in hand, over minutes.")
    parser.add_argument("programs", type=pathlib.Path, help="the folder with millrace and bench_endpoint")
    parser.add_argument("--events", type=int, default=IN_HAND, help=f"in hand ({IN_HAND})")
    parser.add_argument("--minutes", type=float, default=1.0, help="of steady work; 0 leaves it out (1)")
    parser.add_argument("--rate", type=int, default=2000, help="events a second meanwhile (2000)")
    parser.add_argument("--idle-seconds", type=float, default=20.0, help="how long it is watched idle (20)")
    parser.add_argument("--smoke", action="store_true", help="as short as it goes")
    options, screen = parser.parse_args(), Screen()
    options.programs = options.programs.resolve()
    if options.smoke:
        options.events, options.minutes, options.idle_seconds = 2000, 0.1, 2.0
    return in_private_folder(screen, lambda children, folder: Memory(screen, options, children, folder).run())


if __name__ == "__main__":
    sys.exit(main())
