"""Actions on streams, consumers and the disk under them: what an operator, or another program, does to us."""
import os
import signal
import time

from registry import lasting, once


def _input_config(world):
    return world.jetstream.stream("EVENTS")["config"]


@lasting(("max_msgs", "max_bytes"))
def limit(world, stream: str, discard: str, **limits):
    """A stream is full at so many messages or bytes beyond what it holds now: max_msgs, max_bytes."""
    found = world.jetstream.stream(stream)
    state = {"max_msgs": found["state"]["messages"], "max_bytes": found["state"]["bytes"]}
    beyond = {name: state[name] + value for name, value in limits.items()}
    world.jetstream.api(f"STREAM.UPDATE.{stream}", {**found["config"], "discard": discard, **beyond})
    yield
    now = world.jetstream.stream(stream)["config"]
    world.jetstream.api(f"STREAM.UPDATE.{stream}", {**now, "discard": "old", **dict.fromkeys(limits, -1)})


@once
def purge_input(world):
    """Everything is purged out of EVENTS."""
    world.counted["purged"] = world.counted.get("purged", 0) + world.jetstream.api("STREAM.PURGE.EVENTS")["purged"]


@lasting
def delete_input(world):
    """EVENTS is deleted, consumers and all, and made anew."""
    config = _input_config(world)
    world.jetstream.api("STREAM.DELETE.EVENTS")
    yield
    world.jetstream.api("STREAM.CREATE.EVENTS", config)


def _outputs_aside(world):
    """Reads RESULTS while the bridges stand still, so that the oracle knows what is about to be thrown away."""
    for bridge in world.bridges:
        os.kill(bridge.pid, signal.SIGSTOP)
    time.sleep(0.5)  # what they sent is stored
    kept = list(world.jetstream.read("RESULTS"))
    world.counted.setdefault("kept_outputs", []).append(("RESULTS, before", kept))
    world.counted["set_aside"] = len(kept)


def _go_on(world):
    for bridge in world.bridges:
        os.kill(bridge.pid, signal.SIGCONT)


@once
def purge_results(world):
    """RESULTS is purged, after the oracle has seen it."""
    _outputs_aside(world)
    world.jetstream.api("STREAM.PURGE.RESULTS")
    _go_on(world)


@lasting
def delete_results(world):
    """RESULTS is deleted, after the oracle has seen it, and made anew."""
    _outputs_aside(world)
    config = world.jetstream.stream("RESULTS")["config"]
    world.jetstream.api("STREAM.DELETE.RESULTS")
    _go_on(world)
    yield
    world.jetstream.api("STREAM.CREATE.RESULTS", config)


@once
def delete_consumers(world):
    """Every consumer of EVENTS is deleted."""
    for name in world.jetstream.consumers("EVENTS"):
        world.jetstream.api(f"CONSUMER.DELETE.EVENTS.{name}")
        world.counted["deleted"] = world.counted.get("deleted", 0) + 1


@once(("ack_wait", "max_ack_pending", "max_deliver", "filter_subject"))
def change_consumers(world, **changes):
    """Every consumer of EVENTS gets another configuration."""
    for name in world.jetstream.consumers("EVENTS"):
        config = {**world.jetstream.consumer("EVENTS", name)["config"], **changes}
        world.jetstream.api(f"CONSUMER.DURABLE.CREATE.EVENTS.{name}", {"stream_name": "EVENTS", "config": config})


def _fill(folder, spare):
    """Writes a file until `spare` bytes are left."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as out:
        left = os.statvfs(folder)
        size = left.f_bavail * left.f_frsize - spare
        try:
            while size > 0:
                size -= out.write(b"\0" * min(size, 1 << 20))
        except OSError:
            pass
    return path


@lasting
def full_disk(world, spare: int = 0):
    """The disk under the server's store has only `spare` bytes left."""
    filler = _fill(world.folder / "jetstream", spare)
    yield
    filler.unlink()


@lasting
def full_log_disk(world):
    """The disk under the bridge's log has nothing left."""
    filler = _fill(world.folder / "logs", 0)
    yield
    filler.unlink()
