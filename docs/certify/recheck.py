"""Adds up an exported ledger again, and hashes it again: recheck.py LEDGER.tsv... HEAD, the files in the order of their export.
Exit code 0: the lines come to HEAD, every unit is conserved and no lot gave more than it had; 1: something is otherwise."""
import hashlib, itertools, os, re, sys
from collections import Counter, namedtuple
MOVED, HELD = ("issued", "spent", "expired", "reversed", "transferred"), ("available", "pending", "reserved", "debt")
Branch = namedtuple("Branch", "place hash entries sums")

def digest(*parts):
    return hashlib.sha256("\t".join(map(str, parts)).encode()).hexdigest()

def told(sums, names):
    return {account: f"account {account} " + " ".join(str(sums[account, name]) for name in names) for account, _ in sorted(sums)}

def place(customer):
    bits = (int(customer, 16) ^ int(customer, 16) >> 64) % 2**64
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB % 2**64
    return f"{(bits ^ bits >> 31) % 1024:03x}{customer}"

def statement(customer, link, entries, sums, lots):
    said = told(sums, MOVED)
    for (account, lot), amount in sorted(item for item in lots.items() if item[1]):
        said[account] += f"\tlot {lot} {amount}"
        sums[account, "debt" if amount < 0 else "reserved" if lot == "reserved" else "pending" if lot.startswith(("pending:", "held:")) else "available"] += abs(amount)
        if amount > 0 if lot == "debt" else amount < 0 and not re.fullmatch("(forever|idle|[^:@]*T[^@]*Z)(@.*)?", lot):
            faults.append(f"{account}: the lot '{lot}' of customer {customer} comes to {amount}")
    return Branch(place(customer), digest(customer, entries, link, *said.values()), entries, sums)

def knot(at, people):
    alike = [list(some) for _, some in itertools.groupby(people, lambda one: one.place[len(at)])]
    below = [some[0] if len(some) == 1 else knot(os.path.commonprefix([one.place for one in some]), some) for some in alike]
    entries, sums = sum(one.entries for one in below), Counter()
    for one in below: sums.update(one.sums)
    return Branch(at, digest(at, len(people), entries, *told(sums, MOVED + HELD).values(), *(f"{one.place} {one.hash}" for one in below)), entries, sums)

customers, faults, certified = {}, [], sys.argv[-1]
for line in (line.rstrip("\n") for file in sys.argv[1:-1] for line in open(file, encoding="utf-8", newline="\n")):
    customer, program, unit, lot, amount, movement = line.split("\t")[:6]
    link, entries, sums, lots = customers.get(customer, ("0" * 64, 0, Counter(), Counter()))
    sums[f"{program}/{unit}", movement] += int(amount) if movement == "issued" else -int(amount)
    lots[f"{program}/{unit}", lot] += int(amount)
    customers[customer] = digest(f"{link}\n{line}"), entries + 1, sums, lots
root = knot("", sorted(statement(customer, *counted) for customer, counted in customers.items()))
for account, text in told(root.sums, MOVED + HELD).items():
    issued, *gone, available, pending, reserved, debt = map(int, text.split()[2:])
    print(account, *(f"{name}={root.sums[account, name]}" for name in MOVED + HELD))
    faults += [] if issued - sum(gone) == available + pending + reserved - debt else [f"{account}: what is there is not what should be left"]
faults += [] if root.hash == certified else [f"the head is {root.hash}, and {certified} was certified"]
print(f"{root.entries} entries, head {root.hash}")
sys.exit("\n".join(faults) or 0)
