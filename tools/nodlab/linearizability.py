"""Whether a history of reads and writes of one register can have happened one after the other.

The search of Wing and Gong (1993) with Lowe's memory of visited configurations (2017): an operation may take
effect at any moment between its call and its return; an operation without a known outcome, at any moment
after its call, or never. Histories are short, so nothing cleverer is needed.
"""
from collections import namedtuple
from math import inf

# `returned` is inf when nobody knows the outcome. `value` is what was written, or what a read gave.
Operation = namedtuple("Operation", "kind value called returned")


def first_impossible_key(histories):
    """The first key whose history has no order, or None: registers are independent of each other."""
    for key in sorted(histories):
        if not is_linearizable(histories[key]):
            return key
    return None


def is_linearizable(history, initial=None):
    operations = sorted(history, key=lambda operation: operation.called)
    must = 0
    for position, operation in enumerate(operations):
        if operation.returned != inf:
            must |= 1 << position
    visited = set()
    pending = [(0, initial)]
    while pending:
        done, value = pending.pop()
        if done & must == must:
            return True
        if (done, value) in visited:
            continue
        visited.add((done, value))
        # What returned first bounds which operations may come next: those called before that.
        horizon = min(operation.returned for position, operation in enumerate(operations)
                      if not done >> position & 1)
        for position, operation in enumerate(operations):
            if operation.called > horizon:
                break
            if done >> position & 1:
                continue
            if operation.kind == "write":
                pending.append((done | 1 << position, operation.value))
            elif operation.value == value:
                pending.append((done | 1 << position, value))
    return False
