"""Three nats-servers that are one cluster on loopback, and a stage whose streams have three replicas there.

MILLRACE_NATS_SERVER in the environment names another program than the nats-server on the PATH, so that the same tests run on both
generations. A member keeps its ports and its store over kill() and start().
"""
import os
import pathlib
import signal
import sys
import time

from harness import Stage, free_port, nats_wire, wait_until

PROGRAM = os.environ.get("MILLRACE_NATS_SERVER", "nats-server")
REPLICAS = 3

# A server asked to go by lame duck mode hands its leaders over at once and its clients after the grace period.
CONFIG = """\
server_name: {name}
listen: "127.0.0.1:{port}"
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
jetstream {{ store_dir: "{store}" }}
cluster {{
  name: millrace
  listen: "127.0.0.1:{route_port}"
  routes: [{routes}]
}}
{more}
"""


class Member:
    """One server of the cluster."""

    def __init__(self, children, folder, name):
        self._children = children
        self._folder = pathlib.Path(folder)
        self.name = name
        self.port, self.route_port = free_port(), free_port()
        self.child = None

    def configure(self, routes, more):
        """Writes its configuration file."""
        (self._folder / f"{self.name}.conf").write_text(
            CONFIG.format(name=self.name, port=self.port, route_port=self.route_port, store=self._folder / self.name,
                          routes=", ".join(routes), more=more), encoding="utf-8")

    def start(self):
        """Starts it; it joins the others by itself."""
        self.child = self._children.start(self.name, [PROGRAM, "-c", self._folder / f"{self.name}.conf"],
                                          self._folder / f"{self.name}.log")

    def running(self):
        """Whether its process is there."""
        return self.child is not None and self.child.running()

    def kill(self):
        """kill -9."""
        self.child.kill()

    def stop(self):
        """SIGTERM, and waits for the end."""
        self.child.stop(20.0)

    def lame_duck(self):
        """Asks it to go as an operator would; it ends by itself."""
        self.child.signal(signal.SIGUSR2)


class Cluster:
    """The members together. `url` lists them all, for those who try one after the other."""

    def __init__(self, children, folder, more=""):
        self.members = [Member(children, folder, f"s{number}") for number in range(REPLICAS)]
        self.urls = [f"nats://127.0.0.1:{member.port}" for member in self.members]
        self.url = ",".join(self.urls)
        routes = [f'"nats://127.0.0.1:{member.route_port}"' for member in self.members]
        for member in self.members:
            member.configure(routes, more)

    def start(self):
        """Starts all and waits until they have a leader that places streams."""
        for member in self.members:
            member.start()
        wait_until(self._answers, "the cluster answers", 60.0, self.members[0].child, 0.2)
        return self

    def _answers(self):
        try:
            with nats_wire.Connection(self.url, timeout=2.0) as connection:
                jetstream = nats_wire.JetStream(connection)
                jetstream.add_stream("READY", ["ready"], num_replicas=REPLICAS)
                jetstream.api("STREAM.DELETE.READY")
                return True
        except nats_wire.NatsError:
            return False

    def member(self, name):
        """The member of that name."""
        return next(member for member in self.members if member.name == name)

    def version(self):
        """As the servers say it."""
        with nats_wire.Connection(self.url) as connection:
            return connection.info.get("version", "?")


class ClusterStage(Stage):
    """A Stage on a cluster: the server is three of them, every stream and consumer has three replicas."""

    REPLICAS = REPLICAS

    def __init__(self, more="", **options):
        self._more = more
        super().__init__(**options)
        self.settings["url"] = '", "'.join(self.server.urls)  # each of them quoted in the template
        self._faults = []
        print(f"nats-server {self.server.version()} x {REPLICAS}", file=sys.stderr)

    def make_server(self):
        return Cluster(self._children, self.folder, self._more)

    # who leads

    def ask(self, question, within=30.0):
        """What `question(jetstream)` answers; asked again, on another server if need be, while nobody answers."""
        def answer():
            try:
                return question(self.jetstream)
            except nats_wire.Disconnected:
                self.connection.reconnect()
            except nats_wire.NatsError:
                pass  # an election
            return None
        return wait_until(answer, "the cluster answers", within, every=0.2)

    def leader(self, stream, consumer=None):
        """The member that leads a stream, or a consumer of it."""
        name = self.ask(lambda js: (js.consumer(stream, consumer) if consumer else js.stream(stream))["cluster"].get("leader"))
        return self.server.member(name)

    def whole(self, jetstream):
        """Whether every stream has a leader and two followers that have caught up, and every consumer a majority: on 2.9 the
        third member of one that was made while servers were down is sometimes behind for ever."""
        def current(group, wanted):
            followers = group["cluster"].get("replicas") or []
            return group["cluster"].get("leader") and sum(bool(follower.get("current")) for follower in followers) >= wanted
        return all(current(jetstream.stream(stream), REPLICAS - 1)
                   and all(current(jetstream.consumer(stream, name), REPLICAS // 2) for name in jetstream.consumers(stream))
                   for stream in jetstream.streams())

    def wait_whole(self, within=60.0):
        """Waits until nothing of the cluster is missing or behind."""
        self.ask(self.whole, within)

    def pending(self):
        return self.ask(lambda js: [super(ClusterStage, self).pending()])[0]

    # faults

    def fault(self, name, act, *arguments):
        """Does something to the cluster and notes when, for the report."""
        self._faults.append((name, time.time()))
        act(*arguments)

    def verify(self, test, wire_doubles_allowed=False):
        self.wait_whole()
        report = super().verify(test, wire_doubles_allowed)
        self._tell_recovery()
        return report

    def _tell_recovery(self):
        """For each fault the longest time within half a minute of it in which no result was stored. Told, not judged."""
        stored = sorted(message.stored_ns / 1e9 for message in self.jetstream.read("RESULTS"))
        for name, when in self._faults:
            near = [moment for moment in stored if when - 1 <= moment <= when + 30]
            gaps = [after - before for before, after in zip(near, near[1:]) if after > when]
            print(f"{name}: results stood still for {max(gaps, default=0.0):.1f} s", file=sys.stderr)

