#!/usr/bin/env python3
"""Carries out fault plans and prints what came of them.

    run.py [--jobs N] [--smoke] [--list] [--matrix] [--table FILE] [PLAN...]       every plan, or those named

Each plan runs in a process of its own with its own network, mounts and processes (unshare), so plans may break what they like
and several can run at once. Exits with 1 when one failed. Needs the binary (MILLRACE), nats-server, nft and openssl; plans
with `server = "current"` need `.ci/go install`. FAULTS_SERVER=current in the environment puts every plan on that one.
"""
import argparse
import concurrent.futures
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

import world  # noqa: F401  (first: it knows where the rest of the tests is)
from actions import ACTIONS
from plan import Wrong, all_plans, matrix_page
from trial import try_plan

LONGEST = 300.0  # seconds for one plan, against hanging
COLUMNS = ("plan", "ok", "events", "lost", "doubled", "on wire", "misattributed", "cross-tenant", "recovery s", "drained s",
           "during", "peak MiB", "fds")


def raise_loopback():
    """Brings up the loopback interface of a fresh network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def inside(name, out):
    """The process inside the namespaces: one plan, its findings as JSON."""
    raise_loopback()
    plan = all_plans(ACTIONS)[name]
    plan.server = os.environ.get("FAULTS_SERVER", plan.server)
    pathlib.Path(out).write_text(json.dumps(try_plan(plan)), encoding="utf-8")


def outside(name, folder):
    """Runs one plan inside namespaces of its own; its findings, with `log` and `seconds`."""
    out, log, begin = folder / f"{name}.json", folder / f"{name}.log", time.monotonic()
    own = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        own += ["--user", "--map-root-user"]
    with open(log, "wb") as words:
        process = subprocess.Popen([*own, sys.executable, __file__, "--inside", name, str(out)], stdout=words, stderr=words,
                                   env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    found = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"plan": name, "wrong": ["the trial died"]}
    return {**found, "log": log.read_text(encoding="utf-8", errors="replace"), "seconds": time.monotonic() - begin}


def row(found):
    """The table's cells for one plan."""
    def number(name, form="{:.1f}"):
        return "-" if found.get(name) is None else form.format(found[name])
    return (found["plan"], "no" if found["wrong"] else "yes", *(str(found.get(name, "-")) for name in
            ("events", "lost", "doubled", "on_wire", "misattributed", "cross_tenant")), number("recovery"), number("drained"),
            number("during", "{}"), number("peak", "{:.0f}"), number("leaked", "{:+d}"))


def line(cells, widths, bar=" "):
    """A line of the table."""
    return bar.join(cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(cells, widths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--matrix", action="store_true", help="print the fault matrix and the plans for each row, as Markdown")
    parser.add_argument("--table", type=pathlib.Path, help="write the table there, as Markdown")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("plans", nargs="*")
    options = parser.parse_args()
    if options.inside:
        return inside(*options.inside)
    try:
        plans = all_plans(ACTIONS)
    except Wrong as error:
        sys.exit(str(error))
    if unknown := set(options.plans) - set(plans):
        sys.exit(f"no such plan: {', '.join(sorted(unknown))} (run.py --list names them)")
    chosen = options.plans or [name for name, plan in plans.items() if plan.smoke or not options.smoke]
    if options.matrix:
        return print(matrix_page(plans), end="")
    if options.list:
        for name in chosen:
            print(f"{name:28} {','.join(map(str, plans[name].rows)) or '-':8} {plans[name].title}")
        return None
    return carry_out(chosen, options)


def carry_out(chosen, options):
    """Runs the plans and prints the table; exits with 1 when one failed."""
    widths = [max(len(COLUMNS[0]), *map(len, chosen)), *(len(name) for name in COLUMNS[1:])]
    print(line(COLUMNS, widths), flush=True)
    rows, failed = {}, 0
    with tempfile.TemporaryDirectory(prefix="millrace-faults-") as folder, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tasks = [pool.submit(outside, name, pathlib.Path(folder)) for name in chosen]
        for task in concurrent.futures.as_completed(tasks):
            found = task.result()
            rows[found["plan"]] = row(found)
            print(line(rows[found["plan"]], widths), flush=True)
            if found["wrong"]:
                failed += 1
                print(*(f"    {text}" for text in found["wrong"]), found["log"], sep="\n", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} plans hold")
    if options.table:
        lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
        lines += ["| " + " | ".join(rows[name]) + " |" for name in chosen]
        options.table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
