"""Adds up an exported ledger again, and links its lines again, with nothing but this file.

Usage: recheck.py LEDGER.tsv... HEAD      (the files in the order in which they were exported, where counts went on from each other)
Exit code 0: the lines end in HEAD and every unit is conserved; 1: they do not.
"""
import hashlib, sys
from collections import defaultdict

START, MASK, MOVEMENTS = "0" * 64, 2**64 - 1, ("issued", "spent", "expired", "reversed", "transferred")

def link(before, line):
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()

def bucket(customer):
    bits = (int(customer, 16) ^ int(customer, 16) >> 64) & MASK
    for shift, factor in (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB):
        bits = (bits ^ bits >> shift) * factor & MASK
    return (bits ^ bits >> 31) % 1024

def main(paths, expected):
    chains, moves, lots = {}, defaultdict(lambda: defaultdict(lambda: defaultdict(int))), defaultdict(int)
    for raw in (raw for path in paths for raw in open(path, encoding="utf-8", newline="")):
        line = raw.rstrip("\n")
        customer, program, unit, lot, amount, movement = line.split("\t")[:6]
        before, entries = chains.get(customer, (START, 0))
        chains[customer] = link(before, line), entries + 1
        moves[customer][f"{program}/{unit}"][movement] += int(amount) if movement in ("issued", "offset") else -int(amount)
        lots[customer, f"{program}/{unit}", lot] += int(amount)
    totals, held = defaultdict(lambda: defaultdict(int)), defaultdict(str)
    for (customer, account, lot), amount in sorted(item for item in lots.items() if item[1]):
        held[customer, account] += f"\tlot {lot} {amount}"
        kind = "debt" if amount < 0 else "reserved" if lot == "reserved" else "pending" if lot.startswith(("pending:", "held:")) else "available"
        totals[account][kind] += abs(amount)
    head, faults = START, []
    for customer in sorted(chains, key=lambda one: (bucket(one), one)):
        said = f"{customer}\t{chains[customer][1]}\t{chains[customer][0]}"
        for account, moved in sorted(moves[customer].items()):
            said += f"\taccount {account} " + " ".join(str(moved[name]) for name in MOVEMENTS) + held[customer, account]
            for name in (*MOVEMENTS, "offset"):
                totals[account][name] += moved[name]
        head = link(head, said)
    for account, sums in sorted(totals.items()):
        print(account, *(f"{name}={sums[name]}" for name in (*MOVEMENTS, "available", "pending", "reserved", "debt")))
        if sums["issued"] - sum(sums[name] for name in MOVEMENTS[1:]) != sums["available"] + sums["pending"] + sums["reserved"] - sums["debt"] or sums["offset"]:
            faults.append(f"{account}: what is there is not what should be left")
    faults += [] if head == expected else [f"the chain ends in {head}, and {expected} was certified"]
    print("".join(f"fault: {fault}\n" for fault in faults) + f"{sum(entries for _, entries in chains.values())} entries, head {head}")
    return 1 if faults else 0

sys.exit(main(sys.argv[1:-1], sys.argv[-1]))
