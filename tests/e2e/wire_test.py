"""The test client itself, against a real nats-server: what it reads is what is stored."""
import pathlib
import tempfile
import unittest

from harness import SECOND, Children, NatsServer, nats_wire


class WireTest(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="millrace-wire-")))
        self.server = NatsServer(self.enterContext(Children()), folder).start()
        self.connection = self.enterContext(nats_wire.Connection(self.server.url))
        self.jetstream = nats_wire.JetStream(self.connection)
        self.jetstream.add_stream("S", ["s.>"], duplicate_window=60 * SECOND)

    def publish(self, count, first=0):
        stored = {}
        publisher = nats_wire.AckedPublisher(self.connection, lambda token, sequence, _: stored.__setitem__(token, sequence))
        for number in range(first, first + count):
            publisher.send("s.x", f"{number}\r\n{'.' * (number % 300)}".encode(), f"id-{number}", number, [("A", f"v {number}")])
        publisher.drain()
        return stored

    def test_a_stream_is_read_whole_and_in_order(self):
        stored = self.publish(30000)
        self.assertEqual(sorted(stored.values()), list(range(1, 30001)))
        read = list(self.jetstream.read("S"))
        self.assertEqual([message.sequence for message in read], list(range(1, 30001)))
        for number, message in enumerate(read):
            self.assertEqual(message.payload, f"{number}\r\n{'.' * (number % 300)}".encode())
            self.assertEqual(message.headers["A"], f"v {number}")
        self.assertEqual(sum(1 for _ in self.jetstream.read("S", first=29998)), 3)
        self.assertEqual(self.jetstream.consumers("S"), [])

    def test_reading_jumps_over_what_was_deleted(self):
        self.publish(100)
        for sequence in (1, 50, 51, 100):
            self.jetstream.api("STREAM.MSG.DELETE.S", {"seq": sequence})
        self.assertEqual([m.sequence for m in self.jetstream.read("S")], [n for n in range(2, 100) if n not in (50, 51)])

    def test_an_empty_stream(self):
        self.assertEqual(list(self.jetstream.read("S")), [])

    def test_large_messages(self):
        payload = bytes(range(256)) * 3900
        self.jetstream.publish("s.big", payload)
        self.assertEqual(next(self.jetstream.read("S")).payload, payload)

    def test_nothing_is_doubled_over_a_killed_server(self):
        self.publish(100)
        publisher = nats_wire.AckedPublisher(self.connection)
        for number in range(5000):
            publisher.send("s.x", b"y", f"k-{number}")
        self.server.kill()
        with self.assertRaises(nats_wire.Disconnected):
            publisher.drain()
        self.server.start()
        self.connection.reconnect()
        publisher.resend()
        publisher.drain()
        self.assertEqual(sum(1 for _ in self.jetstream.read("S")), 5100)

    def test_errors_are_told_apart(self):
        with self.assertRaises(nats_wire.NoResponders):
            self.connection.request("nobody")
        with self.assertRaises(nats_wire.ApiError) as caught:
            self.jetstream.stream("NONE")
        self.assertEqual(caught.exception.err_code, 10059)
        self.connection.subscribe("mute", lambda message: None)
        with self.assertRaises(nats_wire.TimedOut):
            self.connection.request("mute", timeout=0.2)
        self.assertTrue(self.jetstream.publish("s.x", b"1", "same")["seq"])
        self.assertTrue(self.jetstream.publish("s.x", b"1", "same")["duplicate"])

    def test_subjects_with_odd_bytes(self):
        got = []
        self.connection.subscribe("odd.*", lambda message: got.append(message.subject))
        for token in ("a\x0bb", "ä", "$SYS"):
            self.connection.publish(f"odd.{token}", b"")
        self.connection.sync()
        self.assertEqual(got, ["odd.a\x0bb", "odd.ä", "odd.$SYS"])


if __name__ == "__main__":
    unittest.main()
