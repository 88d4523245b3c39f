import hashlib
import logging

import psycopg2

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ..tools.ledger.guards_sql import FUNCTIONS
from ..tools.ledger.guards_triggers import TRIGGERS
from . import guards_lines

_logger = logging.getLogger(__name__)

# So that a session that replicates, or says that it does, is guarded like any other.
ENABLED = "ENABLE ALWAYS TRIGGER"
# Of the workers that load their registry together, one installs.
INSTALL_LOCK = 0x9706B0
# Others write attachments meanwhile; a start of the server does not hang on them.
INSTALL_PATIENCE = "10s"
NOT_INSTALLED = (
    "The guards of the archive could not be installed, the next start tries again: %s"
)


class ProgboxLedgerGuards(models.AbstractModel):
    """Installs, checks and removes the guards inside PostgreSQL.

    Their text is in ``tools/ledger/guards_sql.py``, their places in
    ``tools/ledger/guards_triggers.py``. They are looked at whenever a registry loads:
    after an install, an upgrade, a restore, and at each start of a worker. What is as
    it should be is not touched.
    """

    _name = "progbox.ledger.guards"
    _description = "Guards of the Ledger"

    def _register_hook(self):
        super()._register_hook()
        try:
            self._guards_ensure()
        except ConcurrencyError:
            # The ledger went on since this transaction began: a new one sees its end,
            # and waits for nothing that this one has locked once this one has ended.
            self.env.cr.postcommit.add(self._guards_ensure_anew)

    # ------------------------------------------------------------------
    # State
    # ------------------------------------------------------------------

    @api.model
    def _guards_state(self):
        """Return how each guard is: by name, one of

        - ``active``: as this version of the add-on has it
        - ``outdated``: as another version of the add-on had it
        - ``missing``, ``disabled``, ``changed``: somebody has been at it, or this
          version is the first one to have it
        """
        found = {
            (table, name): (enabled, definition, comment or "")
            for table, name, enabled, definition, comment in self._guards_found()
        }
        wanted = self._guards_wanted()
        version = self._version(wanted)
        return {
            name: self._guard_state(version, *found.get((table, name), ()))
            for table, name in wanted
        }

    @api.model
    def _guard_state(self, version, enabled="", definition="", comment=""):
        if not enabled:
            return "missing"
        installed_version, _blank, installed_definition = comment.partition(" ")
        if definition != installed_definition:
            return "changed"
        # Earlier versions let session_replication_role switch them off.
        if enabled not in ("A" if version == installed_version else "OA"):
            return "disabled"
        return "active" if version == installed_version else "outdated"

    @api.model
    def _guards_found(self):
        """Return what stands in PostgreSQL, whichever version it is of.

        :return: list of (table, name, enabled, digest of the definition, comment)
        """
        return self.env.execute_query(
            SQL(
                """WITH guard AS (
                    SELECT oid, proname FROM pg_proc WHERE proname ^@ 'progbox_guard_'
                    AND pronamespace = 'public'::regnamespace
                )
                SELECT '', proname, 'A', md5(pg_get_functiondef(oid)),
                    obj_description(oid, 'pg_proc')
                FROM guard
                UNION ALL
                SELECT relname, tgname, tgenabled, md5(pg_get_triggerdef(tg.oid)),
                    obj_description(tg.oid, 'pg_trigger')
                FROM guard JOIN pg_trigger tg ON tgfoid = guard.oid
                JOIN pg_class ON pg_class.oid = tgrelid"""
            )
        )

    @api.model
    def _guards_wanted(self):
        """Return the SQL of each guard, by table and name; functions come first.

        Nothing before the ledger is installed.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT relname FROM pg_class WHERE relname = ANY(%s)
                AND relnamespace = 'public'::regnamespace AND relkind = 'r'""",
                list({table for table, _event, _action in TRIGGERS.values()}),
            )
        )
        tables = {table for [table] in rows}
        if "progbox_seal" not in tables:
            return {}
        wanted = {
            ("", name): f"CREATE FUNCTION public.{name}({arguments})"
            f" RETURNS {result} LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp"
            f" AS $guard${body}$guard$"
            for name, (arguments, result, body) in FUNCTIONS.items()
        }
        for name, (table, event, action) in TRIGGERS.items():
            if table in tables:
                kind = "CONSTRAINT TRIGGER" if "DEFERRABLE" in action else "TRIGGER"
                wanted[table, name] = f"CREATE {kind} {name} {event} {action}"
        return wanted

    @api.model
    def _version(self, wanted):
        return hashlib.sha256("".join([*wanted.values(), ENABLED]).encode()).hexdigest()

    # ------------------------------------------------------------------
    # Refusals
    # ------------------------------------------------------------------

    @api.model
    def _refusal(self, diag):
        """Return what a guard refused, for the person at the screen.

        :param diag: of the error of psycopg2
        """
        subject = self._refused_subject(diag.message_detail or "")
        return self.env._(
            "%(refusal)s The archive is kept by the server alone, so that it can serve "
            "as evidence.",
            refusal=self._refusals()[diag.column_name] % {"subject": subject},
        )

    @api.model
    def _refusals(self):
        """Return the sentences for the keys of REFUSALS, in the user's language."""
        return {
            "deleted": self.env._("%(subject)s is not deleted."),
            "changed": self.env._("%(subject)s is not changed."),
            "emptied": self.env._("The table of %(subject)s is not emptied."),
            "next_line": self.env._(
                "A line that is not the next one does not enter the ledger."
            ),
            "born": self.env._("A new document has no seal yet."),
            "seal": self.env._("This seal was not made for %(subject)s."),
            "unsealed": self.env._("Nothing enters a locked folder without a seal."),
            "folder": self.env._("Nobody adds folders to the archive."),
            "file_deleted": self.env._("The file %(subject)s is not deleted."),
            "file_changed": self.env._("The file %(subject)s is not changed."),
            "file_second": self.env._("%(subject)s gets no second file."),
            "finished": self.env._("%(subject)s is not born as if the work were done."),
            "revived": self.env._("%(subject)s is not opened again."),
            "author": self.env._("%(subject)s names somebody else than who did it."),
            "between": self.env._(
                "Nothing is put between the sealed lines of %(subject)s."
            ),
            "purge": self.env._(
                "Lines are not noted as removed while they are kept: %(subject)s."
            ),
        }

    @api.model
    def _refused_subject(self, detail):
        """Return a row of ours with the names that people know: `table id column`."""
        table, id_, column, *_rest = (*detail.split(), "", "", "")
        model = self.env.get(table.replace("_", "."))
        if model is None or not table.startswith("progbox_"):
            return detail
        name = self.env["ir.model"]._get(model._name).name
        field = model._fields.get(column)
        subject = f"{name} {id_}".strip()
        return f"{subject}, {field._description_string(self.env)}" if field else subject

    # ------------------------------------------------------------------
    # Installing and removing
    # ------------------------------------------------------------------

    @api.model
    def _guards_ensure(self):
        """Put back what is not as it should be, and say so.

        A registry loads whatever becomes of it: the tables may be busy, or another
        worker may just have done the same.

        :raise ConcurrencyError: when the ledger went on since this transaction began
        """
        state = self._guards_state()
        if set(state.values()) <= {"active"}:
            return
        lock = SQL("SELECT pg_try_advisory_xact_lock(%s)", INSTALL_LOCK)
        try:
            # What fails gives the lock back, for whoever is next.
            with self.env.cr.savepoint():
                if self.env.execute_query(lock)[0][0]:
                    self._guards_install()
                    self._guards_report(state)
        except psycopg2.Error as error:
            _logger.error(NOT_INSTALLED, error)

    @api.model
    def _guards_ensure_anew(self):
        """Put back what is not as it should be, in a transaction of its own."""
        try:
            with self.env.registry.cursor() as cr:
                cr.execute(SQL("SET LOCAL lock_timeout TO %s", INSTALL_PATIENCE))
                guards = self.with_env(self.env(cr=cr))
                guards.env["progbox.seal"]._lock()
                guards._guards_ensure()
        except (psycopg2.Error, ConcurrencyError) as error:
            _logger.error(NOT_INSTALLED, error)

    @api.model
    def _guards_report(self, state):
        """Let the ledger say what somebody has been at, and that it was put back.

        The log may be gone when somebody looks into it.

        :param dict state: of the guards before they were put back
        """
        states = set(state.values())
        suspicious = {"disabled", "changed"}
        # An upgrade finds nothing of its own version, an install neither any guard
        # nor any line of the ledger.
        if "active" in states or states == {"missing"} and self._has_ledger():
            suspicious.add("missing")
        tampered = [f"{name} {how}" for name, how in state.items() if how in suspicious]
        if tampered:
            found = ", ".join(tampered)
            _logger.warning("Guards of the archive were not in place: %s", found)
            for company in guards_lines.companies(self.env):
                guards_lines.note_lifted(self.env, company, tampered)
                guards_lines.note_restored(self.env, company)
        elif "outdated" in states:
            self._guards_note_replaced(state)

    @api.model
    def _guards_note_replaced(self, state):
        """Put on record that guards of another version made room for those of today.

        Of which version they were, a comment alone says: whoever forges it, to take
        guards away as an update would, leaves a line of the ledger with that date.
        """
        missing = [name for name, how in state.items() if how == "missing"]
        found = [f"{name} {how}" for name, how in state.items() if how != "active"]
        try:
            with self.env.cr.savepoint():
                for company in guards_lines.companies(self.env):
                    guards_lines.note_replaced(self.env, company, found)
                self.env["progbox.access.log"]._log(
                    "verification",
                    company=guards_lines.companies(self.env),
                    note=self.env._(
                        "The guards of the database were of another version, and were "
                        "replaced. These are new in this version, or had been removed: "
                        "%(guards)s",
                        guards=", ".join(missing) or "–",
                    ),
                )
        except psycopg2.Error as error:
            _logger.error("That guards were replaced is not on record: %s", error)

    @api.model
    def _has_ledger(self):
        query = SQL("SELECT EXISTS (SELECT FROM progbox_seal)")
        return self.env.execute_query(query)[0][0]

    @api.model
    def _guards_install(self):
        """Create all guards anew, those of other versions removed."""
        cr = self.env.cr
        cr.execute(SQL("SET LOCAL lock_timeout TO %s", INSTALL_PATIENCE))
        wanted = self._guards_wanted()
        # In the order of a deposit, which locks the ledger first of all.
        tables = {table for table, _name in wanted if table}
        for table in sorted(tables, key=lambda table: (table != "progbox_seal", table)):
            cr.execute(
                SQL(
                    "LOCK TABLE public.%s IN ACCESS EXCLUSIVE MODE",
                    SQL.identifier(table),
                )
            )
        self._guards_drop()
        for text in wanted.values():
            # A constant of this add-on, without parameters.
            cr.execute(text)  # pylint: disable=sql-injection
        self._guards_enable()
        version = self._version(wanted)
        for table, name, _enabled, definition, _comment in self._guards_found():
            target = SQL("FUNCTION public.%s", SQL.identifier(name))
            if table:
                target = SQL("TRIGGER %s", self._on(table, name))
            cr.execute(SQL("COMMENT ON %s IS %s", target, f"{version} {definition}"))
        cr.execute(SQL("SET LOCAL lock_timeout TO DEFAULT"))

    @api.model
    def _guards_enable(self, tables=None):
        """Let the guards that are there stand in every session.

        :param tables: names of those whose guards are meant, None for all
        """
        by_table = {}
        for table, name, *_rest in self._guards_found():
            if table and (tables is None or table in tables):
                by_table.setdefault(table, []).append(name)
        for table, names in by_table.items():
            actions = SQL(", ").join(
                SQL("%s %s", SQL(ENABLED), SQL.identifier(name)) for name in names
            )
            self.env.cr.execute(
                SQL("ALTER TABLE public.%s %s", SQL.identifier(table), actions)
            )

    @api.model
    def _guards_drop(self):
        """Remove all guards, of whichever version.

        A function left behind by an uninstall would make every later change of our
        rows fail.
        """
        found = [(table, name) for table, name, *_rest in self._guards_found()]
        # Another worker's are there, although this transaction began before them.
        guards = dict.fromkeys([*found, *self._guards_wanted()])
        for table, name in guards:
            if table:
                self.env.cr.execute(
                    SQL("DROP TRIGGER IF EXISTS %s", self._on(table, name))
                )
        for table, name in guards:
            if not table:
                self.env.cr.execute(
                    SQL("DROP FUNCTION IF EXISTS public.%s", SQL.identifier(name))
                )

    @api.model
    def _on(self, table, name):
        return SQL("%s ON public.%s", SQL.identifier(name), SQL.identifier(table))
