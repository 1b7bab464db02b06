"""make accounts: tenants that share a stream, a model and a bridge, and cannot reach each other: an account for each.

Prints the accounts with `millrace permissions TENANT --account BRIDGE`, gives them to a private nats-server, and lets each
tenant publish trips and read its fares as a user of its own account. Then one of them tries what it should not. Exits 0
only when everybody has all of its own and nothing else. Leaves nothing behind: no process, no file.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import time

import nats_wire
from children import NatsServer, start_endpoint
from staging import WentWrong, check_claims, perform, run_to_end, write_config
from taxi.load import TENANTS, load

HERE = pathlib.Path(__file__).resolve().parent
PIPELINE, INPUT, BRIDGE = "trip-fares", "TRIPS", "BRIDGE"
PASSWORD = "for this machine alone"


class AccountServer(NatsServer):
    """A private nats-server with an account for the bridge and one for each tenant, a user in each."""

    def __init__(self, children, folder, accounts):
        super().__init__(children, folder)
        for name, account in accounts.items():
            account["users"] = [{"user": name.lower(), "password": PASSWORD}]
        accounts[BRIDGE]["jetstream"] = "enabled"
        (folder / "server.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{folder}/jetstream" }}\n'
            f"accounts: {json.dumps(accounts, indent=1)}\n", encoding="utf-8")

    def arguments(self):
        return ["-c", self._folder / "server.conf"]

    def _answers(self):
        try:
            with self.connect(BRIDGE) as connection:
                return nats_wire.JetStream(connection).wait_ready(2.0)
        except nats_wire.NatsError:
            return None

    def version(self):
        with self.connect(BRIDGE) as connection:
            return connection.info.get("version", "?")

    def connect(self, account):
        """As the user of an account."""
        return nats_wire.Connection(self.url, account, login={"user": account.lower(), "pass": PASSWORD})


class Tenant:
    """What one tenant does, and everything it can see."""

    def __init__(self, server, name):
        self.name = name
        self.connection = server.connect(name)
        self.publisher = nats_wire.AckedPublisher(self.connection)
        self.settled = collections.Counter()  # by subject
        self.strange = []                     # subjects that name somebody else
        self.tried = set()                    # what it publishes to on purpose, and sees itself
        self.connection.subscribe(">", self._see)

    def _see(self, message):
        if message.subject in (f"results.{self.name}.{PIPELINE}", f"dead.{self.name}.{PIPELINE}"):
            self.settled[message.subject] += 1
        elif message.subject not in self.tried and set(message.subject.split(".")) & set(TENANTS) - {self.name}:
            self.strange.append(message.subject)


class Accounts:
    """One run."""

    def __init__(self, screen, options):
        self._screen, self._options = screen, options

    def run(self, children, folder):
        """From nothing to a verdict; True when all is right."""
        show, options = self._screen, self._options
        show.line(f"Millrace demo: {options.trips:,} taxi trips of {len(TENANTS)} tenants, each in an account of its own")
        show.line()
        server = AccountServer(children, folder, self._accounts()).start()
        show.line(f"  nats-server {server.version():<8} {server.url}, accounts {BRIDGE}, {', '.join(TENANTS)}")
        _, port = start_endpoint(children, HERE / "taxi" / "endpoint.py", folder, "--port", "0")
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        login = f"  user: {BRIDGE.lower()}\n  password_file: {folder / 'password'}\nadmin:\n"
        config = write_config(HERE / "taxi" / "millrace.yaml", folder, server.url, ("127.0.0.1:5001", f"127.0.0.1:{port}"),
                              ("admin:\n", login))
        run_to_end(children, "millrace-setup", [options.millrace, "setup", "-c", config, "--apply"], folder)
        bridge = children.start("millrace", [options.millrace, "run", "-c", config], folder / "millrace.log")
        show.line(f"  millrace run         process {bridge.pid}, user of {BRIDGE}")
        tenants = {name: Tenant(server, name) for name in TENANTS}
        planned = self._publish(tenants)
        self._wait(tenants, planned, bridge)
        settled = {name: tenant.settled.copy() for name, tenant in tenants.items()}
        with server.connect(BRIDGE) as connection:
            jetstream = nats_wire.JetStream(connection)
            before = jetstream.stream(INPUT)["state"]["messages"]
            reached = self._trespass(tenants)
            stored = jetstream.stream(INPUT)["state"]["messages"] - before
            subjects = jetstream.stream(INPUT, ">")["state"]["subjects"]
        code = bridge.stop(30.0)
        return self._verdict(tenants, planned, settled, reached, stored, subjects, code)

    def _accounts(self):
        # What the program prints for each tenant, put together: all have the bridge's account in common.
        accounts = {BRIDGE: {"exports": []}}
        for tenant in TENANTS:
            command = [self._options.millrace, "permissions", tenant, "--account", BRIDGE, "--json", "-c", HERE / "taxi" / "millrace.yaml"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise WentWrong(f"millrace permissions: exit code {done.returncode}\n{done.stderr}")
            printed = json.loads(done.stdout)["accounts"]
            accounts[BRIDGE]["exports"] += printed[BRIDGE]["exports"]
            accounts[tenant] = printed[tenant]
        return accounts

    def _publish(self, tenants):
        planned = collections.Counter()
        for number, message in enumerate(load(self._options.trips)):
            tenants[message.tenant].publisher.send(message.subject, message.payload, f"trip-{number}")
            planned[message.tenant] += len(message.events)
        for tenant in tenants.values():
            tenant.publisher.drain()
        return planned

    def _wait(self, tenants, planned, bridge):
        deadline = time.monotonic() + self._options.patience
        while any(sum(tenant.settled.values()) < planned[tenant.name] for tenant in tenants.values()):
            if time.monotonic() > deadline or not bridge.running():
                raise WentWrong(f"not everything was settled\n{bridge.tail()}")
            for tenant in tenants.values():
                tenant.connection.pump(0.02)

    @staticmethod
    def _trespass(tenants):
        # What the first tries to do to the second; the attempts that anybody answered.
        one, other = tenants[TENANTS[0]].connection, TENANTS[1]
        attempts = [(subject, lambda subject: one.request(subject, b"{}", timeout=0.5))
                    for subject in (f"trips.{other}.finished", f"results.{other}.{PIPELINE}")]
        attempts += [(call, nats_wire.JetStream(one).api) for call in ("STREAM.NAMES", f"STREAM.PURGE.{INPUT}")]
        tenants[TENANTS[0]].tried = {subject for subject, _ in attempts}
        reached = []
        for what, attempt in attempts:
            try:
                attempt(what)
                reached.append(what)
            except nats_wire.NatsError:
                pass
        # An answer that the sender wants to have sent to somebody else.
        one.publish(f"trips.{TENANTS[0]}.finished", b"{}", f"trips.{other}.finished")
        one.publish(f"trips.{TENANTS[0]}.finished", b"{}", f"$JS.API.STREAM.PURGE.{INPUT}")
        one.sync()
        time.sleep(0.5)
        for tenant in tenants.values():
            tenant.connection.pump(0.1)
        return reached

    def _verdict(self, tenants, planned, settled, reached, stored, subjects, code):
        show = self._screen
        show.heading("Per tenant")
        show.table(["tenant", "published", "scored", "dead"],
                   [[name, f"{planned[name]:,}", f"{counts[f'results.{name}.{PIPELINE}']:,}",
                     f"{counts[f'dead.{name}.{PIPELINE}']:,}"] for name, counts in settled.items()])
        wrong = [f"{name}: {sum(counts.values())} of {planned[name]}" for name, counts in settled.items()
                 if sum(counts.values()) != planned[name]]
        claims = [
            ("each tenant has an answer to each of its trips, through subjects of its own account", wrong),
            ("no tenant saw anything but its own", [f"{name} saw {subject}" for name, tenant in tenants.items() for subject in tenant.strange]),
            (f"{TENANTS[0]} reaches neither {TENANTS[1]}'s trips and results nor JetStream", reached),
            ("an answer sent elsewhere arrives nowhere: both trips stored, and no other", [] if stored == 2 else [f"{stored} stored"]),
            (f"{INPUT} holds trips of the three tenants", [] if sorted(subjects) == sorted(f"trips.{t}.finished" for t in TENANTS) else [str(subjects)]),
            ("millrace drained and exited 0 on SIGTERM", [] if code == 0 else [f"exit code {code}"]),
        ]
        return check_claims(show, claims)


def main():
    parser = argparse.ArgumentParser(description="Scores taxi trips of tenants in accounts of their own.")
    parser.add_argument("millrace", help="the program")
    parser.add_argument("--trips", type=int, default=9000)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait for what was published")
    options = parser.parse_args()
    return perform(lambda screen, children, folder: Accounts(screen, options).run(children, folder))


if __name__ == "__main__":
    sys.exit(main())
