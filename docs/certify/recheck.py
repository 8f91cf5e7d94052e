"""Adds up an exported ledger again, and links its lines again, with nothing but this file.

Usage: recheck.py LEDGER.tsv HEAD
Exit code 0: the lines end in HEAD and every unit is conserved; 1: they do not.
"""
import hashlib
import sys
from collections import defaultdict


def main(path, expected):
    head, entries = "0" * 64, 0
    sums = defaultdict(lambda: defaultdict(int))
    lots = defaultdict(int)
    with open(path, encoding="utf-8", newline="") as lines:
        for raw in lines:
            line = raw.rstrip("\n")
            head = hashlib.sha256(f"{head}\n{line}".encode()).hexdigest()
            entries += 1
            customer, program, unit, lot, amount, movement = line.split("\t")[:6]
            account = f"{program}/{unit}"
            sums[account][movement] += int(amount)
            lots[customer, account, lot] += int(amount)

    faults = [] if head == expected else [f"the chain ends in {head}, and {expected} was certified"]
    held = defaultdict(lambda: defaultdict(int))
    for (customer, account, lot), amount in lots.items():
        if amount < 0:
            held[account]["debt"] -= amount
        elif lot == "reserved":
            held[account]["reserved"] += amount
        elif lot.startswith(("pending:", "held:")):
            held[account]["pending"] += amount
        else:
            held[account]["available"] += amount
    for account in sorted(sums):
        moved, here = sums[account], held[account]
        left = sum(moved[name] for name in ("issued", "spent", "expired", "reversed", "transferred"))
        there = here["available"] + here["pending"] + here["reserved"] - here["debt"]
        print(account, *(f"{name}={abs(moved[name])}" for name in ("issued", "spent", "expired", "reversed", "transferred")),
              *(f"{name}={here[name]}" for name in ("available", "pending", "reserved", "debt")))
        if left != there or moved["offset"] != 0:
            faults.append(f"{account}: {left} should be there and {there} is")
    for fault in faults:
        print("fault:", fault, file=sys.stderr)
    print(f"{entries} entries, head {head}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
