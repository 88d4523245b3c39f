from odoo import fields, models

SORTS = [
    ("contract", "Contract, then position"),
    ("date", "Date"),
    ("partner", "Client or vendor"),
    ("manual", "As arranged"),
]
SPLITS = [
    ("none", "One file"),
    ("partner", "One file per client or vendor"),
    ("period", "One file per period"),
]
# What a person decides; the wizard has the same fields.
CHOICES = (
    "sort_by",
    "split_by",
    "with_attachments",
    "with_images",
    "with_einvoices",
    "with_detached",
    "with_cover",
    "with_bookmarks",
    "with_numbers",
)


def wanted_kinds(choices):
    """Return whether files go in, by what they are.

    :param choices: of ``with_…``: a dictionary, or a record that has the fields
    """
    return {
        "invoice": True,
        "signed": True,
        "attachment": choices["with_attachments"],
        "image": choices["with_images"],
        "einvoice": choices["with_einvoices"],
        "detached": choices["with_detached"] and choices["with_attachments"],
    }


class ProgboxCompilationChoices(models.AbstractModel):
    """What goes into an invoice backup, and how.

    The fields that the backup and the wizard share. Another add-on that has something
    more to choose adds its field here.
    """

    _name = "progbox.compilation.choices"
    _description = "Choices of an Invoice Backup"

    sort_by = fields.Selection(
        SORTS,
        string="Order",
        default="contract",
        required=True,
        help="A contract is the order that an invoice comes from, or else the "
        "reference of the client. Without one, invoices come last, by client or "
        "vendor.",
    )
    split_by = fields.Selection(SPLITS, string="As", default="none", required=True)
    with_attachments = fields.Boolean(string="PDF attachments", default=True)
    with_images = fields.Boolean(string="Pictures, as pages", default=True)
    with_einvoices = fields.Boolean(
        string="E-invoices",
        default=True,
        help="PDFs as pages; XML files as attachments of the PDF, also those that "
        "were inside of an invoice.",
    )
    with_detached = fields.Boolean(
        string="Detached older PDFs",
        default=False,
        help="What was the invoice before it went back to draft.",
    )
    with_cover = fields.Boolean(string="Cover page with the list", default=True)
    with_bookmarks = fields.Boolean(string="Bookmarks", default=True)
    with_numbers = fields.Boolean(string="Page numbers", default=True)

    def _choices(self):
        return {name: self[name] for name in CHOICES}
