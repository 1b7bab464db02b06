"""What the demo prints: headings, tables, and progress that is drawn in place on a terminal and in plain lines elsewhere."""
import os
import shutil
import sys
import time


class Screen:
    """Writes to standard output. Colour and in-place drawing only on a terminal, and no colour under NO_COLOR."""

    def __init__(self, out=sys.stdout):
        self._out = out
        self.terminal = out.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self.terminal and "NO_COLOR" not in os.environ
        try:
            "█✓·─²".encode(out.encoding or "ascii")
            self.marks = {"full": "█", "rest": "·", "good": "✓", "bad": "✗", "rule": "─"}
        except UnicodeEncodeError:
            self.marks = {"full": "#", "rest": ".", "good": "ok", "bad": "NOT OK", "rule": "-"}
        self._drawn = 0
        self._last = 0.0

    def _paint(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def line(self, text=""):
        """One line."""
        self._out.write(text + "\n")
        self._out.flush()

    def heading(self, text):
        """A heading with room above."""
        self.line()
        self.line(self._paint("1", text))

    def check(self, good, text):
        """One checked claim."""
        mark = self._paint("32", self.marks["good"]) if good else self._paint("1;31", self.marks["bad"])
        self.line(f"  {mark} {text}")

    def table(self, names, rows, left=1):
        """A table; the first `left` columns are set left, the others right."""
        cells = [[str(cell) for cell in row] for row in (names, *rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
        for number, row in enumerate(cells):
            text = "  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                             for i, (cell, width) in enumerate(zip(row, widths)))
            self.line("  " + (self._paint("2", text.rstrip()) if number == 0 else text.rstrip()))

    def progress(self, bars, note, final=False):
        """`bars` are (name, done, total, text). In place on a terminal; else one line every two seconds."""
        now = time.monotonic()
        if not self.terminal:
            if final or now - self._last >= 2.0:
                self._last = now
                self.line("  " + "   ".join(f"{name} {done * 100 // max(1, total):3d} %" for name, done, total, _ in bars)
                          + f"   {note}")
            return
        width = max(10, min(40, shutil.get_terminal_size().columns - 60))
        lines = []
        for name, done, total, text in bars:
            full = width * done // max(1, total)
            bar = self._paint("36", self.marks["full"] * full) + self._paint("2", self.marks["rest"] * (width - full))
            lines.append(f"  {name:<9} {bar} {done * 100 // max(1, total):3d} %  {text}")
        lines.append("  " + self._paint("2", note))
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        self._out.write(up + "".join(f"\r\x1b[K{line}\n" for line in lines))
        self._out.flush()
        self._drawn = 0 if final else len(lines)


def milliseconds(ns):
    """A duration for people, from nanoseconds."""
    return f"{ns / 1e6:.1f} ms" if ns < 1e9 else f"{ns / 1e9:.2f} s"


def percentile(ordered, share):
    """The value below which `share` of an ordered list lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0
