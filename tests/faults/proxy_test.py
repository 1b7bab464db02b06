"""The proxy does to a connection what it says, and nothing else."""
import random
import socket
import threading
import time
import unittest

from proxy import Proxy


class ProxyTest(unittest.TestCase):
    """Between a client and a server that sends everything back and notes it."""

    def setUp(self):
        self.got = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        threading.Thread(target=self.serve, daemon=True).start()
        self.proxy = Proxy(self.listener.getsockname())
        self.addCleanup(self.proxy.close)

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(peer,), daemon=True).start()

    def echo(self, peer):
        with peer:
            try:
                while chunk := peer.recv(65536):
                    self.got += chunk
                    peer.sendall(chunk)
            except OSError:
                pass

    def client(self):
        client = socket.create_connection(("127.0.0.1", self.proxy.port), 5.0)
        self.addCleanup(client.close)
        return client

    def answer(self, client, wanted, within=5.0):
        """What comes back, until there is enough of it, the end, or no more time."""
        client.settimeout(within)
        found = b""
        try:
            while len(found) < wanted and (chunk := client.recv(65536)):
                found += chunk
        except TimeoutError:
            pass
        return found

    def said(self, client, content, within=5.0):
        client.sendall(content)
        return self.answer(client, len(content), within)

    def test_bytes_pass_unchanged(self):
        content = random.Random(1).randbytes(3_000_000)
        client = self.client()
        sender = threading.Thread(target=client.sendall, args=(content,))
        sender.start()
        self.assertEqual(self.answer(client, len(content)), content)
        sender.join()

    def test_delay_and_jitter_keep_the_order(self):
        self.proxy.rules("up", delay=0.2, jitter=0.2)
        client, begin = self.client(), time.monotonic()
        for number in range(50):
            client.sendall(b"%02d" % number)
            time.sleep(0.002)
        self.assertEqual(self.answer(client, 100), b"".join(b"%02d" % number for number in range(50)))
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_drip(self):
        self.proxy.rules("down", drip=1000)
        begin = time.monotonic()
        self.assertEqual(self.said(self.client(), b"d" * 500), b"d" * 500)
        self.assertGreaterEqual(time.monotonic() - begin, 0.4)

    def test_stall_keeps_what_deaf_leaves(self):
        for rule in ("stall", "deaf"):
            client = self.client()
            self.assertEqual(self.said(client, b"one"), b"one")
            self.proxy.rules("up", **{rule: True})
            self.assertEqual(self.said(client, b"two", 0.2), b"")
            self.proxy.rules("up", **{rule: None})
            self.assertEqual(self.answer(client, 3), b"two")

    def test_stall_at_a_text(self):
        self.proxy.rules("up", stall_at="STOP")
        client = self.client()
        self.assertEqual(self.said(client, b"abcSTOPdef", 0.3), b"abc")
        self.assertEqual(self.proxy.count("held"), 1)
        self.proxy.rules("up", stall_at=None)
        self.assertEqual(self.answer(client, 7), b"STOPdef")

    def test_silence_loses_and_resets_at_the_end(self):
        client = self.client()
        self.said(client, b"one")
        self.proxy.rules("up", silence=True)
        self.assertEqual(self.said(client, b"lost", 0.2), b"")
        self.proxy.rules("up", silence=None)
        with self.assertRaises(ConnectionResetError):
            self.said(client, b"more")
        self.assertNotIn(b"lost", self.got)

    def test_cut_reset_half_close(self):
        for rule, ends in (("cut_after", b""), ("half_close_after", b"")):
            self.proxy.rules("down", **{rule: 10})
            self.assertEqual(self.said(self.client(), b"0123456789abc"), b"0123456789" + ends)
            self.proxy.rules("down", **{rule: None})
        self.proxy.rules("down", reset_after=10)
        client = self.client()
        with self.assertRaises(ConnectionResetError):
            self.said(client, b"0123456789abc")
            self.answer(client, 1)
        self.assertEqual([self.proxy.count(name) for name in ("cut", "half_closed", "reset")], [1, 1, 1])

    def test_half_close_lets_the_other_way_go_on(self):
        self.proxy.rules("down", half_close_after=4)
        client = self.client()
        self.assertEqual(self.said(client, b"0123456789"), b"0123")
        client.sendall(b"still heard")
        time.sleep(0.2)
        self.assertIn(b"still heard", self.got)

    def test_corruption(self):
        self.proxy.rules("up", corrupt_every=1)
        content = b"c" * 1000
        found = self.said(self.client(), content)
        self.assertEqual(sum(a != b for a, b in zip(found, content)), self.proxy.count("corrupted"))
        self.assertGreaterEqual(self.proxy.count("corrupted"), 1)
        self.proxy.rules("up", corrupt_every=None, corrupt_at="MSG ", corrupt_nth=2)
        self.assertEqual(self.said(self.client(), b"MSG 1 MSG 2 MSG 3 MSG 4"), b"MSG 1 \x01SG 2 MSG 3 \x01SG 4")

    def test_duplicates(self):
        self.proxy.rules("up", duplicate_every=1)
        client = self.client()
        client.sendall(b"twice")
        self.assertEqual(self.answer(client, 10), b"twicetwice")

    def test_refuse_slam_and_breaking_what_is_open(self):
        client = self.client()
        self.said(client, b"one")
        self.proxy.refuse()
        with self.assertRaises(ConnectionResetError):
            self.said(client, b"two")
        with self.assertRaises(ConnectionRefusedError):
            self.client()
        self.proxy.heal()
        self.assertEqual(self.said(self.client(), b"three"), b"three")
        self.proxy.slam()
        with self.assertRaises(ConnectionResetError):
            self.said(self.client(), b"four")
        self.proxy.slam(False)
        client = self.client()
        self.said(client, b"five")
        self.proxy.close_all()
        self.assertEqual(self.answer(client, 1), b"")

    def test_a_rule_nobody_knows(self):
        with self.assertRaises(ValueError):
            self.proxy.rules("up", delays=1)


if __name__ == "__main__":
    unittest.main()
