from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from ..tools.naming import FIELDS, split_template, template_of, unknown_placeholders

TEMPLATES = {"folder_template", "name_template"}


class ProgboxDropboxRule(models.Model):
    """Whether the documents of one type are copied, and where to."""

    _name = "progbox.dropbox.rule"
    _inherit = "progbox.words.mixin"
    _description = "Dropbox Folder"
    _order = "account_id, type_id, id"
    _rec_name = "type_id"
    _words = ("type_name", "folder_template", "name_template")

    account_id = fields.Many2one(
        "progbox.dropbox.account", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    type_id = fields.Many2one(
        "progbox.document.type", required=True, readonly=True, ondelete="cascade"
    )
    type_name = fields.Char(related="type_id.name", string="Name of the Type")
    copied = fields.Boolean(
        string="Copy",
        compute="_compute_copied",
        inverse="_inverse_copied",
        help="As long as no type is chosen, the archive is copied and nothing else.",
    )
    folder_template = fields.Char(
        string="Folder", help="Under the base folder. Empty for the base folder itself."
    )
    name_template = fields.Char(
        string="File Name",
        required=True,
        help="The extension is always that of the document's own file.",
    )
    preview = fields.Char(compute="_compute_preview")
    moves_offered = fields.Boolean(
        readonly=True, help="Copies lie where the template was before its change."
    )

    _type_unique = models.UniqueIndex(
        "(account_id, type_id)", "A type of documents has one folder."
    )

    @api.depends("account_id.type_ids", "type_id")
    def _compute_copied(self):
        for rule in self:
            rule.copied = rule.type_id in rule.account_id.type_ids

    def _inverse_copied(self):
        for rule in self:
            rule.account_id._check_administrator()
            link = Command.link if rule.copied else Command.unlink
            rule.account_id.sudo().type_ids = [link(rule.type_id.id)]

    @api.depends("folder_template", "name_template", "account_id", "type_id")
    def _compute_preview(self):
        for rule in self:
            if problem := rule._problem():
                rule.preview = problem
                continue
            account = rule.account_id.sudo()
            document = account._in_words(rule._newest_document())
            rule.preview = (
                account._path(document, rule._template())
                if document
                else account._example_path(rule.type_id, rule._template())
            )

    @api.constrains(*TEMPLATES)
    def _check_templates(self):
        for rule in self:
            if problem := rule._problem():
                raise ValidationError(problem)

    def write(self, vals):
        before = {rule: rule._template() for rule in self}
        result = super().write(vals)
        if TEMPLATES & vals.keys():
            for rule in self:
                if rule._template() != before[rule]:
                    rule.account_id._check_administrator()
                    rule.sudo()._offer_moves()
        return result

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_move(self):
        """Move the copies to where the template says: Dropbox does it itself."""
        for rule in self:
            rule.account_id._check_administrator()
            self.env["progbox.dropbox.transfer"].sudo()._queue_moves(
                rule.account_id, rule.type_id
            )
        self.sudo().moves_offered = False

    def action_leave(self):
        """Leave the copies where they are: the template is for new ones."""
        for rule in self:
            rule.account_id._check_administrator()
        self.sudo().moves_offered = False

    def action_default(self):
        """Take the templates that come with the add-on."""
        for rule in self:
            rule.write(rule._defaults(rule.account_id, rule.type_id))

    # ------------------------------------------------------------------
    # Templates
    # ------------------------------------------------------------------

    @api.model
    def _defaults(self, account, kind):
        folder, name = split_template(template_of(account.language, kind.code))
        return {"folder_template": folder, "name_template": name}

    @api.model
    def _make_missing(self, account):
        """Give each type of documents its rule."""
        types = self.env["progbox.document.type"].sudo()
        rules = self.sudo().search(Domain("account_id", "=", account.id))
        # pylint: disable-next=context-overridden
        server = self.sudo().with_context(clean_context(self.env.context))
        server.create(
            [
                {
                    "account_id": account.id,
                    "type_id": kind.id,
                    **self._defaults(account, kind),
                }
                for kind in types.search([]) - rules.type_id
            ]
        )

    def _template(self):
        """Return folder and name as one template."""
        folder = "/".join(filter(None, (self.folder_template or "").split("/")))
        return f"{folder}/{self.name_template}" if folder else self.name_template

    def _problem(self):
        """Return what is wrong with the templates, None when nothing is."""
        template = f"{self.folder_template or ''}{self.name_template or ''}"
        if unknown := unknown_placeholders(template):
            return self.env._(
                "%(type)s: %(unknown)s is no placeholder. These are: %(known)s",
                type=self.type_id.display_name,
                unknown=" ".join(unknown),
                known=" ".join(f"{{{name}}}" for name in FIELDS),
            )
        if "/" in (self.name_template or ""):
            return self.env._(
                "%(type)s: a file name has no “/”. Folders go into the field Folder.",
                type=self.type_id.display_name,
            )
        if not (self.name_template or "").strip():
            return self.env._(
                "%(type)s: fill in a file name.", type=self.type_id.display_name
            )
        return None

    def _newest_document(self):
        """Return a document to show the path of, one that the user may read."""
        documents = self.env["progbox.document"]
        if not documents.has_access("read"):
            return documents
        of_type = Domain("type_id", "=", self.type_id.id)
        company = Domain("company_id", "=", self.company_id.id)
        return documents.search(of_type & company, order="id desc", limit=1)

    def _offer_moves(self):
        """Offer to move what has been copied, if something has."""
        for rule in self:
            rule.moves_offered = bool(
                self.env["progbox.dropbox.transfer"].search_count(
                    Domain("account_id", "=", rule.account_id.id)
                    & Domain("state", "=", "done")
                    & Domain("document_id.type_id", "=", rule.type_id.id),
                    limit=1,
                )
            )
