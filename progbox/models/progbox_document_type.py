from odoo import api, fields, models

from ..tools import type_words

# What a file is that nothing else tells about, by model of its record.
DEFAULTS = {"purchase.order": "quotation", "sale.order": "signed_quotation"}
PICTURES = {"project.project": "site_photo"}
OTHER = "other"


class ProgboxDocumentType(models.Model):
    """Types are proposed by words of the file name and of the first page."""

    _inherit = "progbox.document.type"

    words = fields.Text(
        string="Recognised By",
        help="One phrase a line, in any language; accents and capitals do not matter. "
        "A file gets this type when its name has all words of a phrase, or when its "
        "first page begins with it. The longest phrase wins.",
    )
    employee_may_read = fields.Boolean(
        string="Employees Read Their Own",
        help="Employees read documents of this type that are filed on them. "
        "They find them on their public profiles.",
    )

    # ------------------------------------------------------------------
    # Proposals
    # ------------------------------------------------------------------

    @api.model
    def _proposed(self, record, name, mimetype):
        """Return the type to begin with: what the name says, or what is usual there.

        :param record: that the file is dropped on, or none
        :param str name: of the file
        :return: id
        """
        return self._of_name(name) or self._usual(record, mimetype).id

    @api.model
    def _of_name(self, name):
        """Return the id of the type that a file name speaks of, or None."""
        return type_words.of_name(name, self._phrases())

    @api.model
    def _of_page(self, text):
        """Return the id of the type that a first page speaks of, or None."""
        return type_words.of_page(text, self._phrases())

    @api.model
    def _usual(self, record, mimetype):
        """Return what a file is on a record, when its name does not tell.

        Add-ons extend it for their models.
        """
        is_paper = mimetype == "application/pdf" or mimetype.startswith("image/")
        code = DEFAULTS.get(record._name) if is_paper else OTHER
        if record._name == "account.move" and record.is_purchase_document():
            code = "vendor_invoice"
        if mimetype.startswith("image/"):
            code = PICTURES.get(record._name, code)
        return self._of_codes(code or OTHER) or self._of_codes(OTHER)

    @api.model
    def _closed(self):
        """Return a type whose documents no employee reads, by default "Other"."""
        other = self._of_codes(OTHER)
        if other and not other.sudo().employee_may_read:
            return other
        return self.sudo().search([("employee_may_read", "=", False)], limit=1)

    @api.model
    def _phrases(self):
        """Return the ids of the types by phrase; the first type has a phrase.

        :rtype: dict
        """
        types = self.sudo().search([("words", "!=", False)])
        return {
            phrase: type_.id
            for type_ in reversed(types)
            for phrase in type_words.phrases_of(type_.words)
        }
