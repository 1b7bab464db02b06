"""What both sides of a comparison share: the server, the trips, the streams, and the check of what came out."""
import collections
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples"))

import nats_wire  # noqa: E402
from children import Children, wait_until  # noqa: E402
from taxi.trips import FEATURES, trips  # noqa: E402

TRIP_BYTES = 200
FIRST = 1_000_001  # number of the first trip: all have seven digits, so that all results have one size
TENANTS = ("acme", "borealis", "cabrio", "dorado", "eastside", "fjord", "gotham", "harbor")
BATCH, PARALLEL = 500, 4
_TICK = os.sysconf("SC_CLK_TCK")

CONFIG = """\
version: 1
nats: {{urls: ["{url}"]}}
admin: {{listen: ""}}
pipelines:
  - name: {pipeline}
    input: {{stream: {stream}, subject: "{stream}.{{tenant}}.trips"}}
    event: {{features: [trip, {features}]}}
    endpoint:
      url: http://127.0.0.1:{endpoint}/score
      protocol: azureml
      max_batch_count: {batch}
      parallel_requests_per_partition: {parallel}
    ordered: {ordered}
    results: {{subject: "{output}.{{tenant}}.results", as: {results_as}}}
    dead_letter: {{subject: "{output}.{{tenant}}.dead", unroutable_subject: {output}.unroutable}}
"""


class Wrong(Exception):
    """A run that does not count, and why."""


def trip_payloads(count):
    """`count` trips as JSON of TRIP_BYTES bytes each, numbered from FIRST on."""

    for number, (trip, _) in enumerate(trips("bench", count)):
        trip["trip"] = FIRST + number
        text = json.dumps({**trip, "note": ""}, separators=(",", ":"))
        yield (text[:-2] + "." * (TRIP_BYTES - len(text)) + '"}').encode()


def fill(jetstream, stream, count, tenants=1):
    """A stream that holds trips 1 to `count`, their numbers following their sequences, the tenants taking turns."""
    jetstream.add_stream(stream, [stream + ".>"])
    publisher = nats_wire.AckedPublisher(jetstream.connection)
    for number, payload in enumerate(trip_payloads(count)):
        publisher.send(f"{stream}.{TENANTS[number % tenants]}.trips", payload, f"{stream}-{number}")
        if number % 256 == 255:
            jetstream.connection.pump()
    publisher.drain()
    if jetstream.stream(stream)["state"]["last_seq"] != count:
        raise Wrong(f"stream {stream} does not hold {count} trips")


def write_config(folder, url, endpoint_port, pipeline, stream, output, results_as=None):
    """The bridge's configuration for one run; `results_as` (event, batch) of an ordered pipeline."""
    path = pathlib.Path(folder) / f"{pipeline}.yaml"
    ordered = "true" if results_as else "false"
    path.write_text(CONFIG.format(url=url, ordered=ordered, results_as=results_as or "event", pipeline=pipeline, stream=stream,
                                  features=", ".join(FEATURES), output=output, endpoint=endpoint_port, batch=BATCH,
                                  parallel=PARALLEL), encoding="utf-8")
    return path


def check_results(jetstream, output, count, scored):
    """Wrong unless `output` holds exactly one result of each trip, each with its own identity and its own score.

    Returns the commonest (header bytes, payload bytes). `scored` is False for the loop, which has no scores.
    """
    identities, sequences, sizes = set(), set(), collections.Counter()
    expected = count
    for stored in jetstream.read(output):
        headers = stored.headers
        identities.add(headers["Nats-Msg-Id"])
        sizes[len(stored.head), len(stored.payload)] += 1
        if not scored:
            continue
        if headers.get("Millrace-Kind") == "results":
            expected -= _check_batch(stored, sequences) - 1
            continue
        sequence = int(headers.get("Millrace-Input-Sequence") or headers["Nats-Msg-Id"].rpartition(":")[2])  # a peer's
        sequences.add(sequence)
        if not stored.subject.endswith(".results") or stored.payload != b'{"score":%d}' % (FIRST - 1 + sequence):
            raise Wrong(f"input {sequence} came out as {stored.subject} {stored.payload[:80]!r}")
    messages = jetstream.stream(output)["state"]["messages"]
    if messages != expected or len(identities) != expected or (scored and sequences != set(range(1, count + 1))):
        raise Wrong(f"{output}: {messages} messages, {len(identities)} identities, {len(sequences)} inputs of {count}")
    return sizes.most_common(1)[0][0]


def _check_batch(stored, sequences):
    """Adds the inputs whose results a batch holds to `sequences`; returns how many they are."""
    body = json.loads(stored.payload)
    for sequence, result in zip(body["sequences"], body["results"], strict=True):
        if result != {"score": FIRST - 1 + sequence} or sequence in sequences:
            raise Wrong(f"input {sequence} came out as {result}, in the batch at {stored.sequence}")
        sequences.add(sequence)
    return body["count"]


def memory(pid):
    """Bytes a process has in memory now, and at most so far."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [1024 * int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1]) for name in ("VmRSS", "VmHWM")]


def say_versions(screen, server, programs, names=("millrace",)):
    """What is measured, and how busy the machine is."""
    said = [subprocess.run([programs / name, "--version"], capture_output=True, text=True, check=True).stdout.strip()
            for name in names]
    screen.line(f"  {', '.join(said)}, nats-server {server.version()}, Linux {platform.release()}, {os.cpu_count()} CPUs")
    load = os.getloadavg()[0]
    if load > 0.5:
        screen.line(f"  The machine has other work (load average {load:.1f}): trust CPU per event more than rates.")


def in_private_folder(screen, bench):
    """Calls bench(children, folder), and stops and removes all that it started and wrote. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder, Children() as children:
            bench(children, pathlib.Path(folder))
    except KeyboardInterrupt:
        return 130
    except (Wrong, RuntimeError, OSError, subprocess.SubprocessError, nats_wire.NatsError) as error:
        screen.line(f"\nThe bench failed: {error}")
        return 1
    return 0


def start_endpoint(children, programs, folder, delay_ms):
    """The bench's endpoint; returns (child, port)."""
    child = children.start("endpoint", [programs / "bench_endpoint", "--delay-ms", delay_ms], folder / f"endpoint-{delay_ms}.log")
    wait_until(lambda: child.log_text().startswith("listening on ") and child.log_text().endswith("\n"),
               "the endpoint listens", 10.0, child)
    return child, int(child.log_text().split()[2])


def cpu_seconds(pid):
    """What a process has used so far, threads that ended included; works until it is waited for."""
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICK
