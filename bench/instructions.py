"""make bench-instructions: how many instructions each step of an event's way takes, counted by callgrind.

A count does not depend on what else the machine does, so it tells a regression without a clock. Prints the table that
docs/performance.md holds. With --check it fails where a step takes more than is documented: a tenth more instructions, or a
tenth of a heap allocation. (Counts depend on the compiler, on the libraries, and on which vector instructions the processor has
that callgrind knows: those of Debian 12 with AVX2.)
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "performance.md"
NAMES = ("step", "for each", "instructions", "allocations")
MORE = 1.10  # times what is documented
MEASURED = "*measured*"  # the function of instructions.cc whose instructions count

Cost = collections.namedtuple("Cost", "unit instructions allocations")


def steps(program):
    """(name, unit, count) of each step there is."""
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        name, unit, count = line.split("\t")
        yield name, unit, int(count)


def count_step(program, name, unit, count, profile):
    """The Cost of one step; callgrind's profile of it is left at `profile`."""
    allocations = subprocess.run(
        ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={profile}", f"--toggle-collect={MEASURED}",
         program, name, str(count)], capture_output=True, text=True, check=True).stdout
    total = int(re.search(r"^totals: (\d+)$", profile.read_text(), re.MULTILINE)[1])
    return Cost(unit, total / count, float(allocations))


def as_row(name, cost):
    """A line of the page's table."""
    return f"| {name} | {cost.unit} | {cost.instructions:,.0f} | {cost.allocations:.1f} |"


def documented(page):
    """What the page says: step -> Cost."""
    costs, inside = {}, False
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if cells == NAMES:
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not set(line) <= set("|-: "):
            costs[cells[0]] = Cost(cells[1], float(cells[2].replace(",", "")), float(cells[3]))
    return costs


def complaints(found, known):
    """What became dearer, step by step, and what one of the two does not have."""
    for name in sorted(found.keys() ^ known.keys()):
        yield f"{name}: " + ("not in the table" if name in found else "in the table, and there is no such step")
    for name in found.keys() & known.keys():
        now, before = found[name], known[name]
        if now.instructions > MORE * before.instructions:
            yield f"{name}: {now.instructions:,.0f} instructions, documented are {before.instructions:,.0f}"
        if now.allocations > before.allocations + 0.1:
            yield f"{name}: {now.allocations:.1f} allocations, documented are {before.allocations:.1f}"


def main():
    parser = argparse.ArgumentParser(description="Instructions of each step of an event's way.")
    parser.add_argument("program", type=pathlib.Path, help="bench_instructions")
    parser.add_argument("--check", action="store_true", help=f"compare with {PAGE.name}, and fail where it became dearer")
    parser.add_argument("--only", metavar="STEP", help="this step alone")
    parser.add_argument("--profiles", type=pathlib.Path, help="leave callgrind's profiles here, for callgrind_annotate")
    options = parser.parse_args()
    if options.profiles:
        options.profiles.mkdir(parents=True, exist_ok=True)
    found = {}
    print("| " + " | ".join(NAMES) + " |\n|---|---|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        for name, unit, count in steps(options.program):
            if options.only in (None, name):
                profile = (options.profiles or pathlib.Path(folder)) / (re.sub(r"\W+", "-", name) + ".out")
                found[name] = count_step(options.program, name, unit, count, profile)
                print(as_row(name, found[name]), flush=True)
    if not found:
        parser.error(f"there is no step {options.only!r}")
    if not options.check:
        return 0
    known = documented(PAGE)
    wrong = list(complaints(found, {name: cost for name, cost in known.items() if options.only in (None, name)}))
    print("\n" + ("\n".join(wrong) or f"nothing became dearer than {PAGE.name} has it"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
