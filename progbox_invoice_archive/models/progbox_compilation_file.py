from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.filenames import clean_filename
from .compilation_papers import PDF, is_elsewhere
from .compilation_signed import Paper, is_filed_by_people, is_the_invoice
from .compilation_texts import note_text, reason_texts

# What is said of a signed file, instead of why it is left out: whether it is the
# invoice is seen when all files have been tried.
UNCOMPARED = "uncompared"
# What a bill begins with only if there is no paper beside it.
NO_PAPERS = ("no_paper", "not_a_pdf")
KINDS = [
    ("invoice", "Invoice"),
    ("signed", "Signed copy"),
    ("einvoice", "E-invoice"),
    ("attachment", "Attachment"),
    ("image", "Picture"),
]


class ProgboxCompilationFile(models.Model):
    """One file of an invoice, and whether it is in the backup, or why not.

    The job goes from line to line, so that another worker can go on where one died.
    """

    _name = "progbox.compilation.file"
    _description = "File of an Invoice Backup"
    _order = "sequence, position, id"
    _rec_name = "name"

    compilation_id = fields.Many2one(
        "progbox.compilation",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    sequence = fields.Integer(readonly=True, help="Place of the invoice.")
    position = fields.Integer(readonly=True, help="Place of the file in the invoice.")
    # The line of the main file; the column keeps the name that databases know.
    is_head = fields.Boolean(readonly=True, help="It stands for the invoice itself.")
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    number = fields.Char(string="Invoice", readonly=True)
    partner_name = fields.Char(string="Client or Vendor", readonly=True)
    date = fields.Date(readonly=True)
    contract = fields.Char(readonly=True)
    group_key = fields.Char(readonly=True)
    group_name = fields.Char(readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    name = fields.Char(string="File", readonly=True)
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="set null")
    document_id = fields.Many2one(
        "progbox.document", readonly=True, ondelete="set null"
    )
    state = fields.Selection(
        [
            ("new", "To Look For"),
            ("found", "To Check"),
            ("render", "To Render"),
            ("in", "In"),
            ("left_out", "Left Out"),
        ],
        default="new",
        required=True,
        readonly=True,
    )
    pages = fields.Integer(readonly=True)
    size = fields.Float(string="Size (bytes)", digits=(20, 0), readonly=True)
    is_signed = fields.Boolean(
        string="Signed",
        readonly=True,
        help="It carries a digital signature; the original is attached to the backup.",
    )
    is_the_invoice = fields.Boolean(
        readonly=True,
        groups="base.group_system",
        help="It is signed, and by its content it is the invoice.",
    )
    code = fields.Char(readonly=True)
    reason = fields.Char(readonly=True)
    advice = fields.Char(string="How to Get It", readonly=True)
    note = fields.Char(readonly=True, help="What to know about a file that is in.")
    is_told = fields.Boolean(
        readonly=True, help="The last page of the backup says the note, too."
    )
    container_id = fields.Many2one(
        "progbox.compilation.file",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The file that this one is inside of.",
    )
    note_codes = fields.Json(readonly=True, groups="base.group_system")
    parts = fields.Json(readonly=True, groups="base.group_system")
    embedded = fields.Json(readonly=True, groups="base.group_system")
    detail = fields.Text(
        string="Technical Detail", readonly=True, groups="base.group_system"
    )

    _job_idx = models.Index("(compilation_id, state, sequence, position, id)")

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open_record(self):
        """Open the invoice."""
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            raise UserError(self.env._("There is no invoice behind this file."))
        record = self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise UserError(
                self.env._("%(number)s has been deleted.", number=self.number)
            )
        return record._get_records_action()

    def action_download(self):
        """Download the file as it is, with the rights of the user."""
        self.ensure_one()
        if not self.attachment_id.exists():
            raise UserError(self.env._("There is no file to download here."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=1",
            "target": "download",
        }

    # ------------------------------------------------------------------
    # For the job
    # ------------------------------------------------------------------

    def _leave_out(self, code, detail=False, reason=None):
        """Say why these files are not in.

        :param str code: see compilation_texts.REASONS
        :param str reason: instead of the sentence of the code
        """
        sentence, advice = reason_texts(self.env, code)
        self.write(
            {
                "state": "left_out",
                "code": code,
                "reason": reason or sentence,
                "advice": advice,
                "note": False,
                "is_told": False,
                "detail": detail,
                "pages": 0,
                "parts": False,
            }
        )

    def _note_values(self, codes):
        """Return what is written on a line of which there is something to know.

        :param codes: see compilation_texts.NOTES
        """
        if not codes:
            return {}
        note, is_told = note_text(self.env, codes)
        return {"note_codes": sorted(codes), "note": note, "is_told": is_told}

    def _unit_values(self):
        """Return what all lines of one invoice have in common."""
        self.ensure_one()
        return {
            "compilation_id": self.compilation_id.id,
            "sequence": self.sequence,
            "res_model": self.res_model,
            "res_id": self.res_id,
            "number": self.number,
            "partner_name": self.partner_name,
            "date": self.date,
            "contract": self.contract,
            "group_key": self.group_key,
            "group_name": self.group_name,
        }

    @api.model
    def _is_pageable(self, mimetype, name):
        """Whether a file may have pages, going by what people call it."""
        return (
            mimetype in ("application/pdf", "application/octet-stream")
            or (mimetype or "").startswith("image/")
            or (name or "").lower().endswith((".pdf", ".eml"))
        )

    # ------------------------------------------------------------------
    # Trying the file
    # ------------------------------------------------------------------

    def _has_pages(self):
        attachment = self.attachment_id
        return self._is_pageable(attachment.mimetype, attachment.name)

    def _path(self):
        """Return where the bytes are: the file store, or a copy in the folder."""
        return self.attachment_id._progbox_local_path(self._copy_path())

    def _copy_path(self):
        return self.compilation_id._folder() / f"original-{self.id}"

    def _apply_inspection(self, inspection):
        """Write down what trying the file has shown."""
        leaves = list(inspection.leaves())
        good = [leaf for leaf in leaves if not leaf.refusal]
        for leaf in leaves:
            if leaf.refusal and leaf is not inspection:
                self._inner_line(leaf.name)._leave_out(leaf.refusal, leaf.detail)
        if not good:
            refusal = inspection.refusal or "portfolio_empty"
            self._refuse(refusal, inspection.detail)
            return
        embedded = [(file, leaf) for leaf in good for file in leaf.embedded]
        self._leave_out_embedded([file for file, _leaf in embedded if not file.path])
        changes = {change for each in (inspection, *good) for change in each.changes}
        self.write(
            {
                "state": "in",
                "pages": sum(leaf.pages for leaf in good),
                "is_signed": inspection.signed,
                "code": UNCOMPARED if self._may_be_the_invoice(inspection) else False,
                "parts": [
                    [str(leaf.ready), leaf.pages, leaf.name, leaf.checksum]
                    for leaf in good
                ],
                "embedded": [
                    *self._signed_members(inspection, good),
                    *(
                        [str(file.path), file.name, file.mimetype, str(leaf.ready)]
                        for file, leaf in embedded
                        if file.path
                    ),
                ],
                **self._note_values(changes | set(self.note_codes or ())),
            }
        )

    def _leave_out_papers(self, codes):
        """Leave out papers inside of this file that are in already, and what they hold.

        :param dict codes: see compilation_texts.REASONS, by the place of the paper
        """
        kept, dropped = [], set()
        for place, part in enumerate(self.parts):
            if place in codes:
                self._inner_line(part[2])._leave_out(codes[place])
                dropped.add(part[0])
            else:
                kept.append(part)
        self.write(
            {
                "parts": kept,
                "pages": sum(part[1] for part in kept),
                "embedded": [
                    file for file in self.embedded or () if dropped.isdisjoint(file[3:])
                ],
            }
        )

    def _may_be_the_invoice(self, inspection):
        is_of_invoice = self.res_model == "account.move"
        return inspection.signed and is_of_invoice and not self.is_head

    def _compare(self):
        """See whether a signed file is the invoice, which takes its time."""
        move = self.env[self.res_model].browse(self.res_id)
        folder = self.compilation_id._folder()
        main_file = self._main_file_line()
        original = main_file.attachment_id and Paper(main_file._path(), main_file.pages)
        papers = Paper(self._path(), self.pages), original
        same = is_the_invoice(move, self.attachment_id, *papers, folder)
        self.write({"is_the_invoice": same, "code": False})

    def _main_file_line(self):
        """Return the line that stands for the invoice of this file."""
        return self.search(
            Domain("compilation_id", "=", self.compilation_id.id)
            & Domain("sequence", "=", self.sequence)
            & Domain("is_head", "=", True),
            limit=1,
        )

    def _leave_out_embedded(self, files):
        """Write lines for what is inside of this file and does not come along."""
        for file in files:
            line = self._inner_line(file.name, kind="einvoice", size=file.size)
            line._leave_out(file.refusal or "unasked")

    def _signed_members(self, inspection, leaves):
        """Return the files of a portfolio that carry a signature, to be embedded."""
        return [
            [str(leaf.path), leaf.name, "application/pdf", str(leaf.ready)]
            for leaf in leaves
            if leaf.signed and leaf is not inspection
        ]

    def _refuse(self, refusal, detail):
        """Leave a file out; Odoo makes new pages for an invoice that is broken."""
        if not (self.is_head and self.attachment_id):
            self._leave_out(refusal, detail)
            return
        is_other = refusal in NO_PAPERS and not self._is_paper()
        if is_other and (paper := self._paper_beside()):
            self._give_way_to(paper)
            self._leave_out(refusal, detail)
            return
        state = self._move_state()
        if state != "posted" and refusal != "no_paper":
            self._leave_out(refusal, detail)
            return
        self._other_line(self.name)._leave_out(refusal, detail)
        name = clean_filename(self.number, ".pdf")
        self.write({"attachment_id": False, "name": name})
        if state == "posted":
            note = "made_by_odoo" if refusal == "no_paper" else "made_in_place"
            self.write({"state": "render", **self._note_values([note])})
        else:
            # An XML is no paper of the vendor: it is as if nothing had been received.
            self._leave_out({"cancel": "cancelled"}.get(state, state))

    def _paper_beside(self):
        """Return the line of the paper that came beside what holds none.

        A PDF that was received, or the only one there is: a photo, or what people have
        filed beside the bill, may be of anything.
        """
        waiting = Domain("state", "in", ("found", "in"))
        excluded = self.compilation_id.excluded or []
        unasked = Domain("code", "=", "unasked") & Domain(
            "attachment_id", "not in", excluded
        )
        lines = self.search(
            Domain("compilation_id", "=", self.compilation_id.id)
            & Domain("sequence", "=", self.sequence)
            & Domain("kind", "=", "attachment")
            & Domain("container_id", "=", False)
            & (waiting | unasked)
        )
        pdfs = lines.filtered(
            lambda line: (
                line.attachment_id.mimetype == PDF
                and not is_elsewhere(line.attachment_id)
            )
        )
        received = pdfs.filtered(
            lambda line: not is_filed_by_people(line.attachment_id)
        )
        return received[:1] or (pdfs if len(pdfs) == 1 else pdfs.browse())

    def _is_paper(self):
        """Whether it is called a PDF or a picture, and not what may hold one."""
        mimetype = self.attachment_id.mimetype or ""
        return mimetype == PDF or mimetype.startswith("image/")

    def _give_way_to(self, paper):
        """Let another line stand for the invoice."""
        position = paper.position
        paper.write({"is_head": True, "position": self.position, "kind": self.kind})
        if paper.state == "left_out":
            paper.write(
                {"state": "found", "code": False, "reason": False, "advice": False}
            )
        self.write({"is_head": False, "position": position, "kind": "attachment"})

    def _move_state(self):
        if self.res_model == "account.move":
            return self.env["account.move"].browse(self.res_id).state
        return False

    def _inner_line(self, name, **values):
        """Return a new line for a file that is inside of this one."""
        return self._other_line(name, container_id=self.id, **values)

    def _other_line(self, name, **values):
        """Return a new line for a file that came with this one."""
        return self.create(
            {
                **self._unit_values(),
                "kind": self.kind,
                "name": name,
                "position": self.position,
                "attachment_id": self.attachment_id.id,
                **values,
            }
        )
