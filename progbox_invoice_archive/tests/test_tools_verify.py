import errno
import hashlib
import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..models.verification_sql import Entry, File
from ..tools.ledger import chain, digests
from ..tools.ledger.copy import BadCopy, read_copy
from ..tools.ledger.digest_program import BLOCK_SIZE
from ..tools.ledger.digests import (
    AHEAD,
    FEW,
    Digest,
    Reader,
    digest_files,
    read_ahead,
)
from ..tools.ledger.verify import (
    COMPARED,
    SEALED,
    compare_anchors,
    compare_document,
    is_as_sealed,
    judge_file,
    read_payload,
)
from ..tools.ledger.walk import Line, Walk

NOON = datetime(2026, 11, 2, 12)


def ledger(count, company=1):
    """Return the lines of an intact ledger."""
    lines, previous = [], chain.GENESIS
    for sequence in range(1, count + 1):
        sealed_on = NOON + timedelta(minutes=sequence)
        payload = chain.canonical(
            {
                "company": company,
                "document": 100 + sequence,
                "kind": "deposit",
                "number": f"INV/{sequence}",
                "sealed_on": f"{sealed_on.isoformat()}Z",
                "sequence": sequence,
            }
        )
        hash_ = chain.link(previous, payload)
        lines.append(
            Line(
                1000 + sequence,
                sequence,
                "deposit",
                100 + sequence,
                payload,
                previous,
                hash_,
                sealed_on,
            )
        )
        previous = hash_
    return lines


def found(lines, stop_at=None):
    """Walk along the lines; what was found as (kind, sequence)."""
    walk, findings = Walk(1), []
    for position, line in enumerate(lines):
        if position == stop_at:
            walk = Walk(1, walk.state())
        findings += walk.step(line, read_payload(line.payload))
    return [(f.kind, f.sequence) for f in findings + walk.finish()]


@tagged("-at_install", "post_install")
class TestWalk(BaseCase):
    """A ledger that is not what it was shows where."""

    def test_an_intact_ledger(self):
        self.assertEqual(found(ledger(20)), [])

    def test_the_empty_ledger(self):
        self.assertEqual(found([]), [])

    def test_every_damage_is_the_same_after_an_interruption(self):
        intact = ledger(9)
        rewritten = list(intact)
        payload = rewritten[4].payload.replace("INV/5", "INV/X")
        rewritten[4] = rewritten[4]._replace(
            payload=payload, hash=chain.link(rewritten[4].previous_hash, payload)
        )
        swapped = list(intact)
        swapped[2] = intact[6]._replace(sequence=3)
        swapped[6] = intact[2]._replace(sequence=7)
        cases = {
            "rewritten": (rewritten, [("line_foreign", 5)]),
            "swapped": (swapped, [("line_reordered", 3), ("line_reordered", 7)]),
            "removed": (intact[:3] + intact[5:], [("line_removed", 4)]),
        }
        for name, (lines, expected) in cases.items():
            for stop_at in range(len(lines) + 1):
                with self.subTest(name, stop_at=stop_at):
                    self.assertEqual(found(lines, stop_at), expected)

    def test_a_displaced_line_is_not_forgotten_before_its_successor(self):
        lines = ledger(8)
        # The seventh stands in the place of the third, and the eighth names another.
        lines[2] = lines.pop(6)._replace(sequence=3)
        last = lines[-1]._replace(previous_hash="$1$other")
        lines[-1] = last._replace(hash=chain.link("$1$other", last.payload))
        self.assertEqual(
            found(lines),
            [
                ("line_reordered", 3),
                ("line_removed", 7),
                ("line_foreign", 6),
                ("line_foreign", 8),
            ],
        )

    def test_each_value_of_a_line_counts(self):
        *before, last = ledger(3)

        def lying(line, **values):
            """Seal other values, with the hash that belongs to them."""
            payload = chain.canonical({**read_payload(line.payload), **values})
            hash_ = chain.link(line.previous_hash, payload)
            return line._replace(payload=payload, hash=hash_)

        other = last._replace(kind="other")
        for name, line, kind in (
            ("hash", last._replace(payload=f"{last.payload} "), "line_changed"),
            ("company", lying(last, company=2), "line_foreign"),
            ("number", lying(last, sequence=4), "line_reordered"),
            ("kind", lying(last, kind="closing"), "line_changed"),
            ("kind of the row", last._replace(kind="closing"), "line_changed"),
            ("document", lying(last, document=7), "line_changed"),
            ("document of the row", last._replace(document=7), "line_changed"),
            ("time", lying(last, sealed_on="2026-11-02T12:00:00Z"), "line_changed"),
            ("time of the row", last._replace(sealed_on=NOON), "line_changed"),
            ("no kind of ours", lying(other, kind="other"), "line_foreign"),
        ):
            with self.subTest(name):
                self.assertEqual(found([*before, line]), [(kind, 3)])

    def test_a_copy_of_a_line_with_the_same_number(self):
        lines = ledger(5)
        lines.insert(3, lines[2])
        self.assertEqual(found(lines), [("line_foreign", 3)])

    def test_a_payload_that_is_no_json(self):
        lines = ledger(3)
        lines[1] = lines[1]._replace(
            payload="x", hash=chain.link(lines[1].previous_hash, "x")
        )
        self.assertIn(("line_foreign", 2), found(lines))

    def test_a_payload_that_is_gone(self):
        lines = ledger(3)
        lines[1] = lines[1]._replace(payload=None)
        self.assertEqual(found(lines), [("line_changed", 2)])

    def test_of_the_last_two_lines_either_may_be_wrong(self):
        lines = ledger(4)
        payload = lines[2].payload.replace("INV/3", "INV/X")
        lines[2] = lines[2]._replace(
            payload=payload, hash=chain.link(lines[2].previous_hash, payload)
        )
        self.assertEqual(found(lines), [("line_foreign", 3), ("line_foreign", 4)])

    def test_beginning_in_the_middle_trusts_the_line_before(self):
        lines = ledger(6)
        walk = Walk.after(1, 3, lines[2].hash)
        for line in lines[3:]:
            self.assertEqual(walk.step(line, read_payload(line.payload)), [])
        walk = Walk.after(1, 3, "$1$other")
        findings = []
        for line in lines[3:]:
            findings += walk.step(line, read_payload(line.payload))
        self.assertEqual(
            [(f.kind, f.sequence) for f in findings], [("line_foreign", 4)]
        )

    def test_a_small_difference_of_clocks_is_none(self):
        for minutes, kinds in ((3, []), (30, ["clock"])):
            lines, previous = [], chain.GENESIS
            for line in ledger(3):
                sealed_on = line.sealed_on
                if line.sequence == 2:
                    sealed_on -= timedelta(minutes=minutes)
                payload = line.payload.replace(
                    line.sealed_on.isoformat(), sealed_on.isoformat()
                )
                hash_ = chain.link(previous, payload)
                lines.append(
                    line._replace(
                        payload=payload,
                        previous_hash=previous,
                        hash=hash_,
                        sealed_on=sealed_on,
                    )
                )
                previous = hash_
            self.assertEqual([kind for kind, _sequence in found(lines)], kinds)

    def test_memory_does_not_grow_with_displaced_lines(self):
        lines = ledger(5000)
        shuffled = [
            line._replace(sequence=position + 1)
            for position, line in enumerate(reversed(lines))
        ]
        walk = Walk(1)
        for line in shuffled[:2400]:
            walk.step(line, read_payload(line.payload))
        self.assertLessEqual(len(walk.state()["hashes"]), 1001)


@tagged("-at_install", "post_install")
class TestComparisons(BaseCase):
    def test_a_row_as_it_was_sealed_is_known_at_once(self):
        content = {key: f"some {key}" for key in COMPARED} | {"amount": "12.50"}
        row = {**content, "amount": 12.5, "folder": 7}
        values = tuple(row[key] for key in COMPARED)
        folder = content["folder"]
        self.assertTrue(is_as_sealed(content, values, folder))
        self.assertFalse(is_as_sealed(content, values, "another"))
        for key in COMPARED:
            less = {other: content[other] for other in COMPARED if other != key}
            none = tuple(None if key == other else row[other] for other in COMPARED)
            with self.subTest(key):
                self.assertFalse(is_as_sealed({**content, key: "x"}, values, folder))
                self.assertFalse(is_as_sealed(less, values, folder))
                # The row names its folder by the id, which says nothing here.
                same = is_as_sealed(content, none, folder)
                self.assertEqual(same, key == "folder")
                # Only a series need not be in the line.
                same = is_as_sealed(less, none, folder)
                self.assertEqual(same, key == "series")

    def test_a_document_is_in_order_when_all_is(self):
        content = {key: f"some {key}" for key in COMPARED} | {"amount": "12.50"}
        row = {**content, "amount": 12.5}
        file = File(5, "ab/abc", "application/pdf")
        right = Entry(
            ledger(1)[0],
            content,
            101,
            1001,
            "application/pdf",
            tuple(row[key] for key in COMPARED),
            content["folder"],
            [file],
            [],
        )
        self.assertTrue(right.is_in_order())
        for wrong in (
            {"seal": 1002},
            {"files": []},
            {"files": [file, file]},
            {"others": [6]},
            {"folder": "another"},
            {"mimetype": "text/html"},
        ):
            with self.subTest(wrong):
                self.assertFalse(right._replace(**wrong).is_in_order())

    def test_anchors(self):
        hashes = {3: "c", 5: "e"}
        self.assertEqual(compare_anchors([(3, "c", "x"), (5, "e", "x")], hashes, 5), [])
        [changed] = compare_anchors([(3, "C", "x")], hashes, 5)
        self.assertEqual((changed.kind, changed.sequence), ("line_foreign", 3))
        [cut] = compare_anchors([(7, "g", "near"), (9, "i", "far")], hashes, 5)
        self.assertEqual((cut.kind, cut.sequence, cut.what), ("ledger_cut", 6, "far"))

    def test_a_line_without_a_series_is_of_the_archived_set(self):
        row = {**dict.fromkeys(SEALED), "name": "a.pdf"}
        for sealed, value, differing in (
            ({}, None, []),
            ({}, "scans", ["series"]),
            ({"series": "scans"}, "scans", []),
            ({"series": "scans"}, "photos", ["series"]),
            ({"series": "scans"}, None, ["series"]),
        ):
            with self.subTest(sealed=sealed, value=value):
                content = {"amount": "0.00", "name": "a.pdf", **sealed}
                values = {**row, "amount": 0.0, "series": value}
                self.assertEqual(compare_document(content, values), differing)

    def test_amounts_are_compared_as_they_were_rounded(self):
        row = dict.fromkeys(SEALED)
        for sealed, value, differing in (
            ("240.00", 240.0, []),
            ("-0.00", 0.0, []),
            ("0.00", None, []),
            ("240.00", 240.004, []),
            ("240.000", 240.004, ["amount"]),
            ("240.00", 240.01, ["amount"]),
            (None, 240.0, ["amount"]),
        ):
            with self.subTest(sealed=sealed, value=value):
                values = {**row, "amount": value}
                self.assertEqual(
                    compare_document({"amount": sealed}, values), differing
                )

    def test_nothing_read_is_missing_and_never_an_empty_file(self):
        empty = hashlib.sha256(b"").hexdigest()
        content = {"sha256": empty, "size": 5}
        self.assertEqual(judge_file(content, Digest(empty, 0)).kind, "file_missing")
        self.assertEqual(judge_file(content, Digest(None, 0)).kind, "file_missing")
        unreadable = judge_file(content, Digest(None, 0, "Input/output error"))
        self.assertEqual(unreadable.kind, "file_unreadable")
        self.assertIsNone(judge_file({"sha256": "x", "size": 1}, Digest("x", 1)))


@tagged("-at_install", "post_install")
class TestNonsense(BaseCase):
    """What is no ledger is said to be none, however it is made."""

    def test_what_no_reader_can_take_says_nothing(self):
        self.assertEqual(read_payload("[" * 100_000), {})

    def test_half_a_character_is_no_line(self):
        line = {"payload": "\ud800", "previous_hash": chain.GENESIS, "sequence": 1}
        with self.assertRaises(BadCopy):
            list(read_copy([json.dumps(line).encode()], 1))


class TestDigests(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def test_files_of_every_size(self):
        for size in (0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE):
            data = b"x" * size
            [digest] = digest_files([self.file(str(size), data)])
            self.assertEqual(digest, (hashlib.sha256(data).hexdigest(), size, None))

    def test_missing_and_unreadable(self):
        missing = str(self.folder / "missing")
        beneath_a_file = f"{self.file('file', b'x')}/name"
        for path in (missing, beneath_a_file):
            self.assertEqual(digest_files([path]), [Digest(None, 0)])
        [folder] = digest_files([str(self.folder)])
        self.assertIn("directory", folder.error)
        broken = OSError(errno.EIO, "Input/output error")
        with patch("os.open", side_effect=broken):
            [digest] = digest_files(["any"])
        self.assertIn("Input/output error", digest.error)

    def test_pages_keep_their_order(self):
        names = [str(number) for number in range(60)]
        paths = [self.file(name, name.encode()) for name in names]
        pages = [paths[:25], [], paths[25:26], paths[26:]]
        result = list(read_ahead(iter(pages), lambda page: page))
        self.assertEqual([page for page, _digests in result], pages)
        self.assertEqual(
            [digest.sha256 for _page, digests in result for digest in digests],
            [hashlib.sha256(name.encode()).hexdigest() for name in names],
        )

    def test_a_reader_is_a_process_and_may_be_killed(self):
        paths = [self.file(str(number), b"%d" % number) for number in range(FEW + 1)]
        paths.append(str(self.folder / "missing"))
        expected = digest_files(paths)
        with Reader() as reader:
            with patch.object(digests, "digest_files", side_effect=AssertionError):
                self.assertEqual(reader.submit(paths)(), expected)
            asked = [reader.submit(paths) for _time in range(9)]
            reader._process.kill()
            asked.append(reader.submit(paths))
            for answer in asked:
                self.assertEqual(answer(), expected)
            self.assertEqual(reader.submit(paths[:1])(), expected[:1])

    def test_nobody_waits_for_a_reader_that_is_not_asked_any_more(self):
        paths = [self.file(str(number), b"x") for number in range(FEW + 1)] * 20
        with Reader() as reader:
            # More than pipes hold: the process waits for the caller, and he for it.
            for _time in range(9):
                reader.submit(paths)

    def test_few_pages_are_read_ahead_and_no_more(self):
        read = []

        def pages():
            for number in range(10):
                read.append(number)
                yield [number]

        ahead = read_ahead(pages(), lambda page: [])
        next(ahead)
        self.assertEqual(read, list(range(AHEAD + 1)))
        ahead.close()
