from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

from .dropbox_connection import SCOPES
from .dropbox_sharing import SHARING_SCOPES

SETTINGS = (
    "app_key",
    "app_folder",
    "base_folder",
    "type_ids",
    "without_company",
    "frequency",
    "run_at",
    "weekday",
    "quiet_from",
    "quiet_to",
    "on_delete",
    "notify",
    "check_interval",
    "check_repair",
)


def choices(name):
    """Return the choices of a field of the account."""
    return lambda self: self.env["progbox.dropbox.account"]._choices(name)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dropbox_account_id = fields.Many2one(
        "progbox.dropbox.account", compute="_compute_dropbox_account_id"
    )
    dropbox_app_key = fields.Char(
        string="App Key",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
    )
    dropbox_app_secret = fields.Char(
        string="App Secret",
        compute="_compute_dropbox_app_secret",
        inverse="_inverse_dropbox_app_secret",
        help="It is stored, and never shown again.",
    )
    dropbox_has_secret = fields.Boolean(compute="_compute_dropbox_account_id")
    dropbox_app_folder = fields.Char(
        string="App Folder",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
        help="For an app with an App folder: its name under Apps in Dropbox. Empty for "
        "an app with Full Dropbox.",
    )
    dropbox_base_folder = fields.Char(
        string="Base Folder",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
        help="Everything is copied under this folder.",
    )
    dropbox_type_ids = fields.Many2many(
        "progbox.document.type",
        string="Types to Copy",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
        help="Without any, the archive is copied and nothing else. With some, all "
        "documents of these types are, those outside of the archive included.",
    )
    dropbox_without_company = fields.Boolean(
        string="Documents without a Company",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
        help="Documents of the chosen types that belong to no company are copied to "
        "this Dropbox, too. One company's Dropbox can have them.",
    )
    dropbox_frequency = fields.Selection(
        selection=choices("frequency"),
        string="When to Copy",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
    )
    dropbox_run_at = fields.Float(
        string="At", compute="_compute_dropbox_settings", readonly=False, store=True
    )
    dropbox_weekday = fields.Selection(
        selection=choices("weekday"),
        string="On",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
    )
    dropbox_quiet_from = fields.Float(
        string="From",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
    )
    dropbox_quiet_to = fields.Float(
        string="to", compute="_compute_dropbox_settings", readonly=False, store=True
    )
    dropbox_on_delete = fields.Selection(
        selection=choices("on_delete"),
        string="When a Document Is Deleted",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
    )
    dropbox_notify = fields.Selection(
        selection=choices("notify"),
        string="E-mails about",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
    )
    dropbox_paused = fields.Boolean(related="dropbox_account_id.paused")
    dropbox_offers_count = fields.Integer(related="dropbox_account_id.offers_count")
    dropbox_check_interval = fields.Selection(
        selection=choices("check_interval"),
        string="Check the Copies",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
        help="Dropbox is asked for the hash of every copy. Nothing is downloaded.",
    )
    dropbox_check_repair = fields.Selection(
        selection=choices("check_repair"),
        string="What a Check Finds",
        compute="_compute_dropbox_settings",
        readonly=False,
        store=True,
        help="A copy that is missing or was changed is sent again, and one that was "
        "moved is followed: by itself, or when you say so. Files of people are left "
        "alone.",
    )
    dropbox_redirect_address = fields.Char(
        string="Redirect Address", compute="_compute_dropbox_account_id"
    )
    dropbox_scopes = fields.Char(
        string="Permissions", compute="_compute_dropbox_account_id"
    )
    dropbox_state = fields.Char(compute="_compute_dropbox_account_id")
    dropbox_problem = fields.Text(related="dropbox_account_id.problem")
    dropbox_name = fields.Char(related="dropbox_account_id.name")
    dropbox_email = fields.Char(related="dropbox_account_id.email")
    dropbox_space = fields.Char(related="dropbox_account_id.space")
    dropbox_granted = fields.Char(related="dropbox_account_id.scopes")

    @api.depends("company_id")
    def _compute_dropbox_account_id(self):
        accounts = self.env["progbox.dropbox.account"]
        for settings in self:
            account = settings._dropbox_account().sudo()
            settings.dropbox_account_id = account.sudo(False)
            settings.dropbox_state = account.state or "disconnected"
            settings.dropbox_has_secret = bool(account.app_secret)
            settings.dropbox_redirect_address = accounts._redirect_address()
            settings.dropbox_scopes = ", ".join([*SCOPES, *SHARING_SCOPES])

    @api.depends("dropbox_account_id")
    def _compute_dropbox_settings(self):
        # pylint: disable-next=context-overridden
        clean = self.with_context(clean_context(self.env.context)).env
        # What a company has that has no account yet.
        defaults = clean["progbox.dropbox.account"].default_get(list(SETTINGS))
        for settings in self:
            account = settings.dropbox_account_id.sudo()
            for name in SETTINGS:
                settings[f"dropbox_{name}"] = (
                    account[name] if account else defaults.get(name, False)
                )

    def _compute_dropbox_app_secret(self):
        self.dropbox_app_secret = False

    def _inverse_dropbox_app_secret(self):
        # Straight to the account: no other table holds it, not even for a moment.
        for settings in self:
            if secret := (settings.dropbox_app_secret or "").strip():
                account = settings._dropbox_account(make=True)
                account._write_settings({"app_secret": secret})

    def set_values(self):
        result = super().set_values()
        for settings in self:
            values = {name: settings[f"dropbox_{name}"] for name in SETTINGS}
            if account := settings._dropbox_account(make=bool(values["app_key"])):
                account._write_settings(values)
        return result

    def _dropbox_account(self, make=False):
        """Return the account of the company, in the environment of the user."""
        accounts = self.env["progbox.dropbox.account"]
        account = accounts._of_company(self.company_id)
        if not account and make:
            account = accounts._make(self.company_id)
        return account.sudo(False)

    def action_dropbox_connect(self):
        """Save, then open Dropbox's page that asks for consent."""
        self.set_values()
        account = self._dropbox_account()
        if not account:
            raise UserError(
                self.env._("Fill in the app key and the app secret first, and save.")
            )
        return account.action_connect()

    def action_dropbox_test(self):
        """Ask Dropbox who we are."""
        return self.dropbox_account_id.action_test()

    def action_dropbox_disconnect(self):
        """Give the tokens back."""
        return self.dropbox_account_id.action_disconnect()

    def action_dropbox_forget(self):
        """Forget what was copied where."""
        return self.dropbox_account_id.action_forget()

    def action_dropbox_rules(self):
        """Save, then show the folders and names of all types."""
        self.set_values()
        account = self._dropbox_account()
        if not account:
            raise UserError(self.env._("Fill in the app key first, and save."))
        return account.action_open_rules()

    def action_dropbox_pause(self):
        """Send nothing for the time being, or go on."""
        if self.dropbox_paused:
            return self.dropbox_account_id.action_resume()
        return self.dropbox_account_id.action_pause()

    def action_dropbox_sync(self):
        """Queue what Dropbox lacks."""
        return self.dropbox_account_id.action_sync()
