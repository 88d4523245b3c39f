"""A walk along the ledger that finds each line that is not the one that was sealed.

A line names its own place, its hash covers the line before. So one that was changed,
removed, exchanged or slipped in shows by itself; a ledger whose end was cut off or
written anew does not, and is compared with hashes that were noted earlier: anchors
(see compare_anchors() in tools/ledger/verify.py). Needs neither Odoo nor a database.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from . import chain
from .verify import Finding, listed

# Hosts that seal for one company never agree to the second.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Hashes of displaced lines that are remembered until their successor comes by.
MEMORY = 1000


class Line(NamedTuple):
    """A line of the ledger as the database holds it.

    :param sealed_on: naive UTC datetime
    """

    id: int
    sequence: int
    kind: str
    document: int | None
    payload: str
    previous_hash: str | None
    hash: str
    sealed_on: object


class Walk:
    """Goes along the ledger of one company, in the order of the numbers.

    :param int company: whose ledger
    :param dict state: what :meth:`state` returned, to go on from there
    """

    def __init__(self, company, state=None):
        state = state or {"sequence": 0, "hashes": {"0": [chain.GENESIS]}}
        self.company = company
        self.sequence = state["sequence"]
        # Hashes that the successor of a line may name, by the number it claims.
        self._hashes = {int(number): ok for number, ok in state["hashes"].items()}
        before = state.get("sealed_on")
        self._sealed_on = before and datetime.fromisoformat(before)
        self._doubt = state.get("doubt")
        self._last = state.get("last")

    @classmethod
    def after(cls, company, sequence, hash_):
        """Begin in the middle, trusting the line with this number and hash."""
        hashes = {str(sequence): [hash_]}
        return cls(company, {"sequence": sequence, "hashes": hashes})

    def state(self):
        """Return all that is needed to go on later, as JSON has it."""
        return {
            "sequence": self.sequence,
            "hashes": {str(number): ok for number, ok in self._hashes.items()},
            "sealed_on": self._sealed_on and self._sealed_on.isoformat(),
            "doubt": self._doubt,
            "last": self._last,
        }

    def step(self, line, content):
        """Look at the next line.

        :param Line line: with the same or a higher number than the one before
        :param dict content: its payload, read
        :return: list of findings, about this line and about earlier ones
        """
        if self._is_next(line, content):
            self.sequence = line.sequence
            self._last = [line.sequence, content]
            self._hashes = {line.sequence: [line.hash]}
            self._sealed_on = line.sealed_on
            return []
        findings = []
        if line.sequence > self.sequence + 1:
            findings.append(
                Finding(
                    "line_removed",
                    self.sequence + 1,
                    what=_range(self.sequence + 1, line.sequence - 1),
                )
            )
        computed = chain.link(line.previous_hash or chain.GENESIS, line.payload)
        wrong = self._wrong(line, content, computed)
        if wrong:
            findings.append(wrong)
            self._settle_doubt(findings)
        else:
            self._follow(line, content, findings)
        if clock := self._clock(line, content):
            findings.append(clock)
        self._remember(line, content, computed, wrong)
        return findings

    def finish(self):
        """Say what stays in doubt because nothing follows.

        :return: list of findings
        """
        if not self._doubt:
            return []
        # Either of the two may be the wrong one.
        return [_foreign(*side) for side in self._doubt if side]

    def _is_next(self, line, content):
        """Whether a line, and all before it, is as most are: nothing is to be said.

        The others are looked at closely, which takes twice the time.
        """
        sequence, previous = line.sequence, line.previous_hash or chain.GENESIS
        return (
            sequence == self.sequence + 1
            and not self._doubt
            and len(self._hashes) == 1
            and previous in self._hashes.get(self.sequence, ())
            and chain.link(previous, line.payload) == line.hash
            and content.get("company") == self.company
            and content.get("sequence") == sequence
            and content.get("kind") == line.kind
            and content.get("document", line.document) == line.document
            and content.get("sealed_on") == f"{line.sealed_on.isoformat()}Z"
            and line.kind in chain.KINDS
            and not (self._sealed_on and line.sealed_on < self._sealed_on)
        )

    def _wrong(self, line, content, computed):
        """Return what is wrong with a line, all by itself."""
        about = {"sequence": line.sequence, "content": content}
        if computed != line.hash:
            return Finding("line_changed", **about, expected=line.hash, actual=computed)
        if line.sequence <= self.sequence or content.get("company") != self.company:
            return _foreign(line.sequence, content)
        if content.get("sequence") != line.sequence:
            return Finding(
                "line_reordered",
                **about,
                expected=str(content.get("sequence")),
                actual=str(line.sequence),
            )
        copies = {"kind": line.kind, "sealed_on": f"{line.sealed_on.isoformat()}Z"}
        if "document" in content:
            copies["document"] = line.document
        differing = [key for key in copies if copies[key] != content.get(key)]
        if differing:
            return Finding(
                "line_changed",
                **about,
                what=", ".join(differing),
                expected=listed(content, differing),
                actual=listed(copies, differing),
            )
        if line.kind not in chain.KINDS:
            return _foreign(line.sequence, content)
        return None

    def _follow(self, line, content, findings):
        """Check that a line, good by itself, names the line before it.

        When it does not, the line after tells which of the two is wrong: the first,
        if the second has its successor; the second, if it has none.
        """
        possible = self._hashes.get(line.sequence - 1)
        if possible is None or (line.previous_hash or chain.GENESIS) in possible:
            if self._doubt and self._doubt[0]:
                findings.append(_foreign(*self._doubt[0]))
            elif self._doubt:
                findings.append(_foreign(*self._doubt[1]))
            self._doubt = None
        elif self._doubt:
            findings.append(_foreign(*self._doubt[1]))
            self._doubt = None
        else:
            self._doubt = [self._last, [line.sequence, content]]

    def _settle_doubt(self, findings):
        findings.extend(self.finish())
        self._doubt = None

    def _clock(self, line, content):
        before, self._sealed_on = self._sealed_on, line.sealed_on
        if before and line.sealed_on + CLOCK_TOLERANCE < before:
            return Finding(
                "clock",
                line.sequence,
                content,
                expected=before.isoformat(),
                actual=line.sealed_on.isoformat(),
            )
        return None

    def _remember(self, line, content, computed, wrong):
        self.sequence = line.sequence
        self._last = [line.sequence, content]
        claimed = line.sequence
        if wrong and wrong.kind == "line_reordered":
            claimed = content.get("sequence")
        self._hashes = {
            number: ok for number, ok in self._hashes.items() if number > line.sequence
        }
        # What follows a line that was changed may name its hash of before, which is
        # not there any more. It has been reported: nothing more is known.
        if isinstance(claimed, int) and len(self._hashes) < MEMORY:
            if not wrong or claimed != line.sequence:
                self._hashes[claimed] = [line.hash]


def _foreign(sequence, content):
    return Finding("line_foreign", sequence, content)


def _range(first, last):
    return str(first) if first == last else f"{first}-{last}"
