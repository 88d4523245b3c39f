from datetime import timedelta

from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.progbox_invoice_archive.tools.sentinels import SERVER

# Several files that arrive together are one line in the record's chatter.
TOLD = ("added", "replaced", "deleted")
CRON = "progbox.ir_cron_chatter"
TOGETHER = timedelta(minutes=1)
# Names that a line of the chatter gives before it counts the rest.
MOST_NAMES = 10
TELL_BATCH = 1000


class ProgboxDocumentEvent(models.Model):
    """What happened to a document outside of the archive, and by whom.

    Append-only. The sentence is made when it is read, in the reader's language.
    """

    _name = "progbox.document.event"
    _inherit = "progbox.append.only"
    _description = "History of a Document"
    _order = "id desc"
    _rec_name = "text"
    # That a line of the chatter speaks of it.
    _server_fields = frozenset({"told"})

    document_id = fields.Many2one(
        "progbox.document", required=True, index=True, ondelete="cascade", readonly=True
    )
    kind = fields.Selection(
        [
            ("added", "Added"),
            ("replaced", "New version"),
            ("renamed", "Renamed"),
            ("typed", "Type changed"),
            ("moved", "Moved"),
            ("deleted", "Moved to the trash"),
            ("restored", "Restored"),
            ("version_restored", "Version restored"),
            ("record_deleted", "Record deleted"),
        ],
        string="What",
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    # Stays when the user is deleted.
    user_name = fields.Char(string="Who", readonly=True)
    # Where it happened: the document may have moved since.
    res_model = fields.Char(string="Record Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    name = fields.Char(
        string="File Name", readonly=True, help="As it was called at that time."
    )
    # The sentence leaves names out that its reader may not know.
    detail = fields.Json(
        readonly=True, groups=fields.NO_ACCESS, help="What the sentence names."
    )
    text = fields.Char(string="What Happened", compute="_compute_text")
    told = fields.Boolean(readonly=True, help="A line of the chatter speaks of it.")

    _untold_idx = models.Index("(id) WHERE told IS NOT TRUE")

    @api.depends("kind", "name", "detail")
    @api.depends_context("lang", "uid")
    def _compute_text(self):
        for event in self:
            event.text = event._sentence(**(event.sudo().detail or {}))

    def _refusal(self):
        return self.env._(
            "The history of a document is written by the server alone: nobody changes "
            "it or removes lines."
        )

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model
    def _note(self, documents, kind, **detail):
        """Write down what the current user has just done to documents.

        :param documents: progbox.document
        :param str kind: a key of the field ``kind``
        :param detail: what the sentence names, see :meth:`_sentence`
        """
        server = self.sudo().with_context(progbox_server=SERVER)
        told = kind not in TOLD
        server.create(
            [
                {
                    "document_id": document.id,
                    "kind": kind,
                    "user_id": self.env.uid,
                    "user_name": self.env.user.name,
                    "res_model": document.res_model,
                    "res_id": document.res_id,
                    "name": document.name,
                    "detail": detail or False,
                    "told": told or not document.res_id,
                }
                for document in documents.sudo()
            ]
        )
        if not told and (cron := self.env.ref(CRON, raise_if_not_found=False)):
            # What arrives within this time is told together.
            cron.sudo()._trigger(fields.Datetime.now() + TOGETHER)

    # ------------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------------

    def _sentence(self, old="", new="", version=0, records=()):
        """Return what happened, as a sentence in the reader's language.

        :param str old: what it was called before
        :param str new: what it is called now
        :param int version: the number of the version that came of it
        :param records: models and ids of the records that `old` and `new` name: who
            may not read one of them does not learn its name either
        """
        if records:
            old, new = map(self._readable_name, (old, new), records)
        name = self.name
        match self.kind:
            case "added":
                return self.env._("%(name)s was added.", name=name)
            case "replaced":
                return self.env._(
                    "%(name)s was added as version %(version)s.",
                    name=name,
                    version=version,
                )
            case "renamed":
                return self.env._("%(old)s was renamed to %(new)s.", old=old, new=new)
            case "typed":
                return self.env._(
                    "The type was changed from %(old)s to %(new)s.", old=old, new=new
                )
            case "moved":
                return self.env._(
                    "%(name)s was moved from %(old)s to %(new)s.",
                    name=name,
                    old=old,
                    new=new,
                )
            case "deleted":
                return self.env._("%(name)s was moved to the trash.", name=name)
            case "restored":
                return self.env._("%(name)s was restored from the trash.", name=name)
            case "version_restored":
                return self.env._(
                    "Version %(old)s was restored as version %(version)s.",
                    old=old,
                    version=version,
                )
            case "record_deleted":
                return self.env._(
                    "%(record)s was deleted: its documents are in the trash.",
                    record=old,
                )
        return ""

    def _readable_name(self, name, reference):
        """Return the name of a record, or of none if the reader may not know it."""
        model, id_ = reference
        if model in self.env:
            record = self.env[model].sudo(False).browse(id_)
            if record.exists() and record.has_access("read"):
                return name
        return self.env._("another record")

    # ------------------------------------------------------------------
    # The chatter
    # ------------------------------------------------------------------

    @api.model
    def _tell(self):
        """Cron: one line in the chatter of each record for what one person did."""
        untold = self.sudo().with_context(progbox_server=SERVER)
        while events := untold.search(
            Domain("told", "!=", True), order="id", limit=TELL_BATCH
        ):
            groups = events.grouped(lambda e: (e.res_model, e.res_id, e.user_id))
            for same in groups.values():
                same._tell_record()
            events.write({"told": True})
            more = int(len(events) == TELL_BATCH)
            if not self.env["ir.cron"]._commit_progress(len(events), remaining=more):
                return

    def _tell_record(self):
        """Write one line about these events of one person into one record's chatter."""
        model = self.env.get(self[0].res_model)
        if model is None or not hasattr(model, "_message_log"):
            return
        # More people read the chatter of an employee than the documents.
        if model._progbox_alone:
            return
        record = model.browse(self[0].res_id).exists()
        if not record:
            return
        author = self[0].user_id
        speaking = self.with_context(lang=author.lang or self.env.lang)
        record.with_context(lang=speaking.env.lang)._message_log(
            body=speaking._chatter_body(), author_id=author.partner_id.id
        )

    def _chatter_body(self):
        """Return what the chatter says of these events."""
        added = self.filtered(lambda event: event.kind != "deleted")
        deleted = self - added
        lines = []
        if added:
            lines.append(
                self.env._("ProGBox: added %(names)s", names=added._names_text())
            )
        if deleted:
            lines.append(
                self.env._(
                    "ProGBox: moved to the trash %(names)s",
                    names=deleted._names_text(),
                )
            )
        return Markup("<br/>").join(map(escape, lines))

    def _names_text(self):
        names = list(dict.fromkeys(self.mapped("name")))
        text = ", ".join(names[:MOST_NAMES])
        if len(names) <= MOST_NAMES:
            return text
        return self.env._("%(names)s… (%(count)s in all)", names=text, count=len(names))
