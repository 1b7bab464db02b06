"""A name server of ours on UDP port 53, and the resolver made to ask it: for a world with a network and mounts of its own.

What it answers is `answers`: a name → an IPv4 address, or "fail" (SERVFAIL), "none" (NXDOMAIN), "mute". Unknown names are
NXDOMAIN; for other types than A there is nothing.
"""
import collections
import contextlib
import socket
import struct
import subprocess
import threading

_CODES = {"fail": 2, "none": 3}


class NameServer(contextlib.ExitStack):
    """Answers while it is open; `counters` has the questions for each name, by answer."""

    def __init__(self, folder):
        super().__init__()
        self.answers = {"model.test": "127.0.0.1"}
        self.counters = collections.Counter()
        for path, text in (("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
                           ("/etc/nsswitch.conf", "hosts: dns\n"), ("/etc/hosts", "")):
            ours = folder / path.replace("/", "_")
            ours.write_text(text, encoding="ascii")
            subprocess.run(["mount", "--bind", ours, path], check=True)
        self._socket = self.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, sender = self._socket.recvfrom(512)
                answer = self._answer(question)
                if answer:
                    self._socket.sendto(answer, sender)
            except OSError:
                return
            except (IndexError, struct.error):
                self.counters["unreadable"] += 1

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode("ascii", "replace"))
            at += 1 + question[at]
        kind, = struct.unpack_from(">H", question, at + 1)
        asked, known = question[12:at + 5], self.answers.get(".".join(labels).lower(), "none")
        self.counters[known.replace(".", "_")] += 1
        if known == "mute":
            return b""
        found = known not in _CODES and kind == 1
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | _CODES.get(known, 0), 1, int(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(known) if found else b""
        return head + asked + record
