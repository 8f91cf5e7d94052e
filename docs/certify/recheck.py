"""Adds up an exported ledger again, and hashes its lines again, with nothing but this file.

Usage: recheck.py LEDGER.tsv... HEAD      (the files in the order in which they were exported, where counts went on from each other)
Exit code 0: the lines come to HEAD and every unit is conserved; 1: they do not.
"""
import hashlib, itertools, os, sys
from collections import defaultdict

MASK, MOVEMENTS, KINDS = 2**64 - 1, ("issued", "spent", "expired", "reversed", "transferred"), ("available", "pending", "reserved", "debt")

def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()

def place(customer):
    bits = (int(customer, 16) ^ int(customer, 16) >> 64) & MASK
    for shift, factor in (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB):
        bits = (bits ^ bits >> shift) * factor & MASK
    return f"{(bits ^ bits >> 31) % 1024:03x}{customer}"

def branch(leaves, places, at=None):
    """Place and hash of what stands for some customers, their number and entries, and the sums of their accounts."""
    if len(places) == 1 and at is None:
        return places[0], *leaves[places[0]]
    at = os.path.commonprefix(places) if at is None else at
    below = [branch(leaves, list(some)) for _, some in itertools.groupby(places, lambda one: one[len(at)])]
    sums = defaultdict(lambda: defaultdict(int))
    for account, name, amount in ((account, name, amount) for one in below for account, names in one[4].items() for name, amount in names.items()):
        sums[account][name] += amount
    customers, entries = sum(one[2] for one in below), sum(one[3] for one in below)
    said = [f"account {account} " + " ".join(str(names[name]) for name in MOVEMENTS + KINDS) for account, names in sorted(sums.items())]
    return at, digest("\t".join([at, str(customers), str(entries), *said, *(f"{one[0]} {one[1]}" for one in below)])), customers, entries, sums

def main(paths, expected):
    chains, sums, lots = {}, defaultdict(lambda: defaultdict(lambda: defaultdict(int))), defaultdict(int)
    for line in (raw.rstrip("\n") for path in paths for raw in open(path, encoding="utf-8", newline="")):
        customer, program, unit, lot, amount, movement = line.split("\t")[:6]
        before, entries = chains.get(customer, ("0" * 64, 0))
        chains[customer] = digest(f"{before}\n{line}"), entries + 1
        sums[customer][f"{program}/{unit}"][movement] += int(amount) if movement in ("issued", "offset") else -int(amount)
        lots[customer, f"{program}/{unit}", lot] += int(amount)
    held = defaultdict(str)
    for (customer, account, lot), amount in sorted(item for item in lots.items() if item[1]):
        held[customer, account] += f"\tlot {lot} {amount}"
        kind = "debt" if amount < 0 else "reserved" if lot == "reserved" else "pending" if lot.startswith(("pending:", "held:")) else "available"
        sums[customer][account][kind] += abs(amount)
    leaves = {}
    for customer, (link, entries) in chains.items():
        said = (f"\taccount {account} " + " ".join(str(names[name]) for name in MOVEMENTS) + held[customer, account] for account, names in sorted(sums[customer].items()))
        leaves[place(customer)] = digest(f"{customer}\t{entries}\t{link}" + "".join(said)), 1, entries, sums[customer]
    _, head, _, entries, totals = branch(leaves, sorted(leaves), "")
    faults = [] if head == expected else [f"the head is {head}, and {expected} was certified"]
    for account, names in sorted(totals.items()):
        print(account, *(f"{name}={names[name]}" for name in MOVEMENTS + KINDS))
        if names["issued"] - sum(names[name] for name in MOVEMENTS[1:]) != names["available"] + names["pending"] + names["reserved"] - names["debt"] or names["offset"]:
            faults.append(f"{account}: what is there is not what should be left")
    print("".join(f"fault: {fault}\n" for fault in faults) + f"{entries} entries, head {head}")
    return 1 if faults else 0

sys.exit(main(sys.argv[1:-1], sys.argv[-1]))
