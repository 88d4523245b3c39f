from odoo import fields, models
from odoo.fields import Domain

from ..exceptions import JobError
from ..tools.filenames import clean_filename

# Odoo keeps the sizes of attachments in 32 bits.
LARGEST = 2**31 - 1
# What a name of a file says of the client or the period, and of the contract.
LONGEST_WORD = 35


class ProgboxCompilation(models.Model):
    """The finished files: what they are called, and where they are kept."""

    _inherit = "progbox.compilation"

    def _file_title(self, chapter):
        """Return "Invoice backup - [client or period] - [reference] - [date, time]"."""
        requester = self._as_requester()
        now = fields.Datetime.context_timestamp(requester, fields.Datetime.now())
        return self.env._(
            "Invoice backup - %(subject)s - %(reference)s - %(date)s - %(time)s",
            subject=self._subject(chapter)[:LONGEST_WORD].strip(),
            reference=self._reference(chapter)[:LONGEST_WORD].strip(),
            date=now.date().isoformat(),
            time=f"{now:%Hh%M}",
        )

    def _subject(self, chapter):
        """Return the client when there is one only, else the period, else many."""
        heads = chapter.lines.filtered("is_head")
        if chapter.name:
            return chapter.name
        partners = set(heads.mapped("partner_name"))
        if len(partners) == 1 and any(partners):
            return partners.pop()
        days = [day for day in heads.mapped("date") if day]
        if days:
            periods = self.env["progbox.billing.period"].sudo()
            period = periods._of_day(self.company_id, min(days))
            if period and max(days) <= period.date_to:
                return period.display_name
        if self._is_of_vendors():
            return self.env._("several vendors")
        return self.env._("several clients")

    def _is_of_vendors(self):
        moves = self.env["account.move"].sudo()
        sale = moves.get_sale_types(include_receipts=True)
        domain = Domain("id", "in", self._selected_move_ids())
        return not self.document_ids and not moves.search_count(
            domain & Domain("move_type", "in", sale), limit=1
        )

    def _reference(self, chapter):
        """Return the contract or the invoice when there is one only."""
        heads = chapter.lines.filtered("is_head")
        contracts = set(heads.mapped("contract"))
        if len(heads) == 1:
            return heads.number
        if len(contracts) == 1 and any(contracts):
            return contracts.pop()
        return self.env._("%(count)s invoices", count=len(heads))

    def _keep(self, chapter, title, file):
        """Make a document of a finished file.

        :raise JobError: when it is too large
        """
        if file.size > LARGEST:
            raise JobError(
                self.env._(
                    "The backup would be larger than 2 GB, which is more than Odoo "
                    "keeps. Choose one file per client or vendor, one per period, "
                    "or fewer invoices."
                )
            )
        documents = self._as_requester().env["progbox.document"].sudo()
        partners = set(chapter.lines.mapped("partner_name"))
        documents._create_with_file(
            {
                "name": clean_filename(title, ".pdf"),
                "folder_id": self._result_folder().id,
                "company_id": self.company_id.id,
                "type_id": self.env.ref(
                    "progbox_invoice_archive.document_type_invoice_backup"
                ).id,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
                "number": chapter.name or self.name,
                "partner_name": partners.pop() if len(partners) == 1 else False,
                "document_date": fields.Date.context_today(documents),
            },
            file,
        )

    def _result_folder(self):
        """Return the folder of the backups, which is not locked."""
        folders = self.env["progbox.folder"].sudo()
        name = folders.with_context(
            lang=self.company_id.partner_id.lang or self.env.lang
        ).env._("Invoice backups")
        # The model tells it from a folder that somebody else keeps: managers read it
        # by that. Without one it is of a version that did not set it.
        mine = Domain("res_model", "=", self._name)
        older = (
            Domain("res_model", "=", False)
            & Domain("name", "=", name)
            & Domain("locked", "=", False)
        )
        folder = folders.search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("parent_id", "=", False)
            & (mine | older),
            order="res_model, id",
            limit=1,
        ) or folders.create({"name": name, "company_id": self.company_id.id})
        if not folder.res_model:
            folder.res_model = self._name
        return folder
