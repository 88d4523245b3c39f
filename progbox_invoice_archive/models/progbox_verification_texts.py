# The table of messages takes `_` from the environment of the reader.
# pylint: disable=prefer-env-translation
import re

from odoo import api, models

LISTED = re.compile(r"^(\w+): ", re.MULTILINE)
# Per kind of finding, the fields that the sealed keys are shown as.
SEALED_FIELDS = {
    "document_changed": (
        "progbox.document",
        {
            "amount": "amount_total",
            "company": "company_id",
            "currency": "currency_name",
            "date": "document_date",
            "folder": "folder_id",
            "made_with": "made_with",
            "mimetype": "mimetype",
            "model": "res_model",
            "name": "name",
            "number": "number",
            "origin": "origin",
            "partner": "partner_name",
            "record": "res_id",
            "seal": "seal_id",
            "sha256": "sha256",
            "size": "size",
            "type": "type_id",
            "version": "version",
        },
    ),
    "closing_changed": (
        "progbox.closing",
        {
            "closed_by": "closed_by",
            "documents": "document_count",
            "last_hash": "last_hash",
            "last_sequence": "last_sequence",
            "month": "month",
            "new_documents": "new_document_count",
            "number": "number",
            "sealed_on": "closed_on",
            "totals": "totals_text",
        },
    ),
    "line_changed": (
        "progbox.seal",
        {"document": "document_id", "kind": "kind", "sealed_on": "sealed_on"},
    ),
    "line_foreign": (
        "progbox.source.deletion",
        {
            "deleted_by": "deleted_by",
            "deleted_on": "deleted_on",
            "documents": "document_ids",
            "model": "res_model",
            "number": "number",
            "record": "res_id",
        },
    ),
}


class ProgboxVerificationFinding(models.Model):
    """What a finding says to a person, in his language."""

    _inherit = "progbox.verification.finding"

    @api.depends("kind", "sequence", "number", "path", "what", "expected", "actual")
    @api.depends_context("lang")
    def _compute_message(self):
        texts = self._texts()
        for finding in self:
            message, advice = texts[finding.kind]
            finding.message = message % {
                "name": finding.path or finding.number or "?",
                "what": finding._labelled_keys() or finding.sequence,
                "line": finding.sequence,
                "number": finding.number or "?",
                "actual": finding.actual or "?",
            }
            finding.advice = advice
            finding.expected_text = finding._labelled_values(finding.expected)
            finding.actual_text = finding._labelled_values(finding.actual)

    def _labelled_keys(self):
        """Return what differs, under the names that the screens have for it."""
        labels = self._labels()
        return ", ".join(labels.get(key, key) for key in (self.what or "").split(", "))

    def _labelled_values(self, text):
        """Return lines of ``key: value`` with the names of the screens as keys."""
        labels = self._labels()
        return LISTED.sub(
            lambda match: f"{labels.get(match[1], match[1])}: ", text or ""
        )

    def _labels(self):
        """Return the translated labels of the sealed keys, by the key."""
        model, names = SEALED_FIELDS.get(self.kind, ("progbox.document", {}))
        model_fields = self.env[model]._fields
        return {
            key: model_fields[name]._description_string(self.env)
            for key, name in names.items()
        }

    @api.model
    def _texts(self):
        """Return per kind what happened and what to do, in the user's language."""
        restore = self.env._("Restore the file from a backup, then verify again.")
        ledger = self.env._(
            "Find out who worked in the database, and compare with a backup: Odoo "
            "itself never changes the ledger. Keep this report."
        )
        values = self.env._(
            "Restore the values of the ledger line: they are shown here."
        )
        return {
            "file_missing": (
                self.env._("The file of %(name)s is not in the file store any more."),
                restore,
            ),
            "file_unreadable": (
                self.env._("The file of %(name)s cannot be read: %(actual)s"),
                self.env._(
                    "Correct the rights or the disk on the server, then verify again."
                ),
            ),
            "file_changed": (
                self.env._("The file of %(name)s is not the one that was archived."),
                self.env._(
                    "Keep the changed file as evidence, restore the one that was "
                    "archived from a backup, then verify again."
                ),
            ),
            "file_second": (
                self.env._(
                    "A second file (attachments %(actual)s) has been put beside the "
                    "file of %(name)s. Odoo may serve it instead."
                ),
                self.env._("Have the administrator remove the newer attachment."),
            ),
            "line_changed": (
                self.env._(
                    "Line %(line)s of the ledger has been changed (%(number)s)."
                ),
                ledger,
            ),
            "line_removed": (
                self.env._("These lines of the ledger have been removed: %(what)s."),
                ledger,
            ),
            "line_reordered": (
                self.env._(
                    "Line %(line)s of the ledger (%(number)s) stands at the place of "
                    "another line."
                ),
                ledger,
            ),
            "line_foreign": (
                self.env._(
                    "Line %(line)s of the ledger (%(number)s) does not belong there: "
                    "other evidence vouches for another line. %(what)s"
                ),
                ledger,
            ),
            "line_replaced": (
                self.env._(
                    "Line %(line)s of the ledger is another one than in the exported "
                    "ledger, where it stands for %(name)s."
                ),
                ledger,
            ),
            "ledger_cut": (
                self.env._(
                    "The end of the ledger has been cut off: line %(line)s and what "
                    "follows are gone. Compared with: %(what)s."
                ),
                self.env._(
                    "Compare with the newest backup. If an older backup has been "
                    "restored, what was archived since then is missing here."
                ),
            ),
            "document_unsealed": (
                self.env._("No line of the ledger vouches for %(name)s."),
                self.env._(
                    "It did not come into the archive through Odoo, or its line has "
                    "been removed: compare with a backup."
                ),
            ),
            "document_missing": (
                self.env._(
                    "%(name)s has been archived, and is not in the archive any more."
                ),
                self.env._("Restore the document and its file from a backup."),
            ),
            "document_changed": (
                self.env._("%(name)s has been changed in the database: %(what)s."),
                values,
            ),
            "closing_changed": (
                self.env._(
                    "The closing %(name)s has been changed in the database: %(what)s."
                ),
                values,
            ),
            "closing_unsealed": (
                self.env._("No line of the ledger vouches for the closing %(name)s."),
                ledger,
            ),
            "closing_missing": (
                self.env._(
                    "The closing %(name)s is in the ledger, and not among the closings "
                    "any more."
                ),
                ledger,
            ),
            "invoice_missing": (
                self.env._("%(number)s is posted and has not been archived."),
                self.env._("Open Archiving > To Fix, or wait for the next catch-up."),
            ),
            "source_gone": (
                self.env._(
                    "Invoice %(number)s is not in Odoo any more, and no line of the "
                    "ledger says who deleted it. Its document is kept."
                ),
                self.env._(
                    "Open Archiving > Deleted Invoices and retry it there. If it is "
                    "not there, it was deleted in the database itself: find out who "
                    "did it, and restore the invoice from a backup or acknowledge "
                    "this."
                ),
            ),
            "guard_missing": (
                self.env._(
                    "The database does not protect the archive as it should: %(actual)s"
                ),
                self.env._(
                    "Update the module ProGBox Invoice Archive, then verify again."
                ),
            ),
            "guard_lifted": (
                self.env._(
                    "The database did not protect the archive until Odoo put its "
                    "guards back: %(actual)s"
                ),
                self.env._(
                    "Find out who worked in the database then. The other findings "
                    "say whether the archive has suffered. Then acknowledge this."
                ),
            ),
            "clock": (
                self.env._(
                    "The server's clock was set back before line %(line)s of the "
                    "ledger (%(number)s) was written."
                ),
                self.env._(
                    "Nothing is lost, but the times of these lines prove less. See "
                    "that the server keeps its time with NTP, then acknowledge this."
                ),
            ),
        }
