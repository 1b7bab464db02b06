"""One measured run: a client goes through a stream that is there already, until nothing is pending or unacknowledged."""
import collections
import time

from world import Wrong, cpu_seconds

Run = collections.namedtuple("Run", "rate client server endpoint")  # events/s, then CPU in µs per event

_STALL = 30.0


class Clock:
    """Watches the durables of a stream and an output stream. It begins with the first pull request (of a client that does not
    pull, with its first result), so that start-up is not counted, and ends when all results are stored and all inputs acked: the
    server lags behind what a client believes it has acked.

    It does not ask for CONSUMER.INFO meanwhile. In the first half of a message block of several subjects that makes nats-server
    before 2.9.15 count what is pending anew with each message from then on: 250 µs each over 20,000 messages.
    """

    def __init__(self, jetstream, stream, consumers, output, count, each=True):
        self._jetstream, self._each = jetstream, each  # `each` result is a message of its own
        self._stream, self._consumers, self._output, self._count = stream, consumers, output, count
        self._pulls, self._connection = [], jetstream.connection
        self._pulls_sid = self._connection.subscribe(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.>", self._pulls.append)
        self._connection.sync()

    def begun(self):
        """Whether the first message was asked for, or has its result."""
        self._connection.pump()
        if not self._pulls and self.stored() == 0:
            return False
        self._connection.unsubscribe(self._pulls_sid)
        return True

    def stored(self):
        """How many results there are."""
        return self._jetstream.stream(self._output)["state"]["messages"]

    def settled(self):
        """Whether nothing is left."""
        states = (self._jetstream.consumer(self._stream, one) for one in self._consumers)
        return all(state["num_pending"] == 0 and state["num_ack_pending"] == 0 for state in states)

    def measure(self, client, server_pid, endpoint_pid):
        """Waits for both ends and returns the Run between them."""
        self._await(client, self.begun, 0.002)
        begin, used = time.monotonic(), self._used(client, server_pid, endpoint_pid)
        if self._each:
            self._await(client, lambda: self.stored() >= self._count, 0.02)
        self._await(client, self.settled, 0.003)
        seconds = time.monotonic() - begin
        spent = [after - before for after, before in zip(self._used(client, server_pid, endpoint_pid), used)]
        return Run(self._count / seconds, *(1e6 * each / self._count for each in spent))

    @staticmethod
    def _used(client, *pids):
        return [cpu_seconds(pid) for pid in (client.pid, *pids)]

    def _await(self, client, condition, every):
        # Does not ask whether the client still runs before time is up: asking would reap it, and its CPU time with it.
        before, moved = None, time.monotonic()
        while not condition():
            time.sleep(every)
            if time.monotonic() - moved > 1.0:
                now = self.stored()
                if now != before:
                    before, moved = now, time.monotonic()
                elif time.monotonic() - moved > _STALL or not client.running():
                    raise Wrong(f"{client.name}: {now} of {self._count} stored, and nothing moves\n{client.tail()}")
