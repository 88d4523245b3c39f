from unittest.mock import patch

from odoo.fields import Domain
from odoo.tests import tagged

from ..models import progbox_long_job_mixin, verification_sql
from ..tools.ledger.verify import Finding
from .verification_common import VerificationCommon

MODEL = "res.partner.category"


@tagged("post_install", "-at_install")
class TestVerificationAddOns(VerificationCommon):
    """What another add-on archives is verified as invoices are."""

    INVOICES = 1

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(verification_sql, "PAGE_SIZE", 2))
        self.startPatcher(patch.object(progbox_long_job_mixin, "COMMIT_INTERVAL", 0))

    def interrupted(self):
        """Verify with a pause after every step; return the run and its findings."""
        run = self.runs._start_here(self.company, {"door": "command"})
        while run._job_process(lambda: 0) or run.state != "done":
            run._job_begin_attempt()
        self.assertEqual(run.state, "done", run.error_detail)
        return run, sorted((f.kind, f.number) for f in run.finding_ids)

    # ------------------------------------------------------------------
    # Records of a second model
    # ------------------------------------------------------------------

    def archive_tags_too(self):
        """Let tags of partners be archived, as an add-on does with the mixin."""
        type_ = self.env.ref("progbox_invoice_archive.document_type_customer_invoice")
        self.startPatcher(
            patch.object(
                self.registry[MODEL],
                "_progbox_archived_types",
                lambda model: type_.with_env(model.env),
                create=True,
            )
        )
        names = [f"Tag {number}" for number in range(6)]
        tags = self.env[MODEL].create([{"name": name} for name in names])
        for tag in tags:
            self.archive(tag, type_)
        return tags

    def archive(self, tag, type_):
        documents = self.server["progbox.document"]
        folder = self.server["progbox.folder"]._archive_folder(
            self.company, self.moves.invoice_date
        )
        return documents._deposit(
            {
                "name": f"{tag.name}.pdf",
                "folder_id": folder.id,
                "company_id": self.company.id,
                "type_id": type_.id,
                "mimetype": "application/pdf",
                "number": tag.name,
                "document_date": self.moves.invoice_date,
                "res_model": tag._name,
                "res_id": tag.id,
            },
            self.server["ir.attachment"]._progbox_stage([tag.name.encode()]),
        )

    def lose(self, tags):
        """Delete records where no hook hears of it."""
        self.env.cr.execute(
            "DELETE FROM res_partner_category WHERE id = ANY(%s)", [tags.ids]
        )
        self.env.invalidate_all()

    def test_records_that_are_there(self):
        self.archive_tags_too()
        self.assertFound()

    def test_records_that_are_gone(self):
        tags = self.archive_tags_too()
        gone = tags[:3] | tags[4]
        names = gone.mapped("name")
        self.lose(gone)
        run, found = self.interrupted()
        self.assertEqual(found, [("source_gone", name) for name in names])
        self.assertEqual(set(run.finding_ids.mapped("res_model")), {MODEL})

    def test_an_invoice_of_the_same_id_is_no_witness(self):
        tags = self.archive_tags_too()
        name = tags[1].name
        self.tamper(
            "UPDATE progbox_document SET res_id = %s"
            " WHERE res_model = %s AND res_id = %s",
            self.moves.id,
            MODEL,
            tags[1].id,
        )
        self.lose(self.env[MODEL].browse(self.moves.id))
        found = self.verify().finding_ids.filtered_domain(Domain("number", "=", name))
        self.assertIn("source_gone", found.mapped("kind"))

    def test_a_deletion_that_the_ledger_knows(self):
        tags = self.archive_tags_too()
        documents = self.server["progbox.document"].search(
            Domain("res_model", "=", MODEL) & Domain("res_id", "=", tags[0].id)
        )
        values = {
            "company_id": self.company.id,
            "res_model": MODEL,
            "res_id": tags[0].id,
            "number": tags[0].name,
            "document_ids": documents.ids,
        }
        self.lose(tags[0])
        self.server["progbox.source.deletion"]._note_deletions([values])
        self.assertFound()

    # ------------------------------------------------------------------
    # A part of its own
    # ------------------------------------------------------------------

    def check_more(self):
        """Let an add-on look at four things of its own; return what it is asked."""
        asked = []
        parts = type(self.runs)._parts_of_check

        def page(after):
            asked.append(after)
            found = [number for number in range(1, 5) if number > after][:2]
            return found and (
                found[-1],
                [
                    Finding(
                        "invoice_missing",
                        content={
                            "number": f"BILL/{number}",
                            "model": "account.move",
                            "record": self.moves.id,
                        },
                    )
                    for number in found
                    if number != 3
                ],
            )

        self.startPatcher(
            patch.object(
                type(self.runs),
                "_parts_of_check",
                lambda run: {**parts(run), "bills": page},
            )
        )
        return asked

    def test_another_part_is_asked_page_by_page(self):
        asked = self.check_more()
        self.assertFound(*(("invoice_missing", f"BILL/{n}") for n in (1, 2, 4)))
        self.assertEqual(asked, [0, 2, 4])

    def test_another_part_goes_on_where_the_time_was_up(self):
        asked = self.check_more()
        _run, found = self.interrupted()
        self.assertEqual(found, [("invoice_missing", f"BILL/{n}") for n in (1, 2, 4)])
        self.assertEqual(sorted(set(asked)), [0, 2, 4])
        self.assertEqual(asked[0], 0)
        # Nothing that was looked at is looked at again.
        self.assertEqual(asked, sorted(asked))

    def test_another_part_comes_after_the_archive_s_own(self):
        self.check_more()
        run = self.runs._start_here(self.company, {"door": "command"})
        parts = []
        for values in run._job_steps():
            parts.append((values.get("checkpoint") or {}).get("part"))
            run._job_write(values)
        self.assertLess(parts.index("certificates"), parts.index("bills"))
