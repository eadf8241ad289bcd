"""How results are told: progress on standard error, tables and percentiles, the load beside them."""
import math
import os
import sys
import time

STARTED = time.monotonic()


def say(text):
    """One line of progress, with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:7.1f}] {text}" if text else "", file=sys.stderr, flush=True)


def percentile(values, share):
    """Nearest rank: the smallest value that `share` of all values do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values):
    return percentile(values, 0.5)


def mean(values):
    return sum(values) / len(values) if values else None


def load():
    """The machine's load of the last minute: no figure means anything without it."""
    return round(os.getloadavg()[0], 2)


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def table(rows, columns):
    """Rows (dictionaries) under headings; a column is a key, or (key, heading)."""
    pairs = [(column, column) if isinstance(column, str) else column for column in columns]
    cells = [[heading for _, heading in pairs]]
    cells += [[shown(row.get(key)) for key, _ in pairs] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(pairs))]
    for line in cells:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths)), flush=True)
