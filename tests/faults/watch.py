"""What is measured while a plan runs: results stored so far, and what the processes use."""
import os
import pathlib
import threading
import time

import nats_wire


class ResultCounter(threading.Thread):
    """Follows the number of messages the result stream has taken; survives servers that are gone and streams made anew."""

    def __init__(self, url, stream):
        super().__init__(daemon=True)
        self._url, self._stream = url, stream
        self._over = threading.Event()
        self.count = 0
        self.grown_at = []  # (monotonic seconds, count) at each growth

    def run(self):
        last, connection = 0, None
        while not self._over.wait(0.1):
            try:
                if connection is None:
                    connection = nats_wire.Connection(self._url, "fault-watch", timeout=1.0)
                sequence = nats_wire.JetStream(connection).stream(self._stream)["state"]["last_seq"]
            except nats_wire.ApiError:
                last = 0
                continue
            except (nats_wire.NatsError, OSError):
                if connection is not None:
                    connection.close()
                connection = None
                continue
            self.count += sequence - last if sequence > last else 0
            if sequence > last:
                self.grown_at.append((time.monotonic(), self.count))
            last = sequence
        if connection is not None:
            connection.close()

    def first_after(self, moment):
        """Seconds from `moment` until something was stored; None where nothing was."""
        return next((at - moment for at, _ in self.grown_at if at > moment), None)

    def stop(self):
        """Ends the thread."""
        self._over.set()
        self.join(5.0)


def peak_mib(pid):
    """VmHWM of a process, 0 when it is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def descriptors(pid):
    """How many files and sockets a process has open; None when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


def connected_to(pid, port):
    """The descriptors of a process that are TCP connections to a port of this machine."""
    sockets = set()
    for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[2].partition(":")[2], 16) == port:
            sockets.add(f"socket:[{fields[9]}]")
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{name}") in sockets:
                found.add(int(name))
        except OSError:
            pass  # closed meanwhile
    return found
