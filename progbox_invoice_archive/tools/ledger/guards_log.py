"""Guards of what stands around the ledger, in the way of tools/ledger/guards_sql.py.

The seals of the access log, time stamps, notes of deletions, verifications, shares, and
what decides who may open a sealed file: each is born as the server makes it, and never
becomes what it was not. Whatever a row is, PostgreSQL itself deletes it with the row
that it belongs to.
"""

from .chain import not_the_next

# Days; see the constraint of res.company.
SHORTEST_LOG_RETENTION = 90

# Refusals of these guards, by the key that tells Odoo which sentence to show.
LOG_REFUSALS = {
    "finished": "%s is not born as if the work were done",
    "revived": "%s is not opened again",
    "author": "%s names somebody else than who did it",
    "between": "nothing is put between sealed lines of %s",
    "purge": "lines are not noted as removed while they are kept: %s",
}

# A seal of the access log is the next one.
NEXT_LOG_SEAL = f"""{not_the_next("progbox_access_log_seal").rstrip()}
        OR content ->> 'first' IS DISTINCT FROM NEW.first_ref::text
        OR content ->> 'last' IS DISTINCT FROM NEW.last_ref::text
    THEN
        PERFORM public.progbox_guard_refuse('next_line', TG_TABLE_NAME);
    END IF;
    IF NEW.kind = 'purged' AND (EXISTS (
        SELECT FROM public.progbox_access_log
            WHERE company_id = NEW.company_id
            AND id BETWEEN NEW.first_ref AND NEW.last_ref
    ) OR NEW.last_on > now() AT TIME ZONE 'UTC'
        - interval '{SHORTEST_LOG_RETENTION} days')
    THEN
        PERFORM public.progbox_guard_refuse('purge', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END
"""

# A time stamp is asked for, of a line that the ledger has; its answer comes later.
STAMP_BORN = """
BEGIN
    IF NEW.token IS NOT NULL OR NEW.stamped_on IS NOT NULL
        OR NEW.authority IS NOT NULL
        OR NEW.state IS DISTINCT FROM 'pending'
    THEN
        PERFORM public.progbox_guard_refuse('finished', TG_TABLE_NAME);
    ELSIF NOT EXISTS (
        SELECT FROM public.progbox_seal WHERE company_id = NEW.company_id
            AND sequence = NEW.sequence AND hash = NEW.hash
    ) THEN
        PERFORM public.progbox_guard_refuse('next_line', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END
"""

# Who deleted an invoice has the name of the user that Odoo has put in the row.
# PostgreSQL does not know who that is: whoever may run statements of his own can put
# another user in both. A name that no user here has blames nobody: that of a former
# server, which a rebuilt ledger repeats.
DELETION_BORN = """
BEGIN
    IF NEW.seal_id IS NOT NULL OR NEW.state IS DISTINCT FROM 'pending' THEN
        PERFORM public.progbox_guard_refuse('finished', TG_TABLE_NAME);
    ELSIF NEW.deleted_by IS DISTINCT FROM (
        SELECT partner.name FROM public.res_users account
            JOIN public.res_partner partner ON partner.id = account.partner_id
            WHERE account.id = NEW.create_uid
    ) AND EXISTS (
        SELECT FROM public.res_users account
            JOIN public.res_partner partner ON partner.id = account.partner_id
            WHERE partner.name = NEW.deleted_by
    ) THEN
        PERFORM public.progbox_guard_refuse('author', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END
"""

RUN_BORN = """
BEGIN
    IF NEW.state IN ('done', 'failed', 'cancelled') OR NEW.done_on IS NOT NULL THEN
        PERFORM public.progbox_guard_refuse('finished', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END
"""

# Who did it is a user there is, by the name that the user has; a visitor has the name
# of the share. What has a seal gets no line put in between. Asked once for all lines of
# a statement: a zip has thousands.
LOG_LINES = """
BEGIN
    IF EXISTS (
        SELECT FROM lines line
            LEFT JOIN public.res_users account ON account.id = line.user_ref
            LEFT JOIN public.res_partner partner ON partner.id = account.partner_id
            WHERE line.user_ref IS NOT NULL AND account.id IS NULL
            OR account.login IS DISTINCT FROM line.user_login
            OR line.user_ref IS NOT NULL AND line.share_ref IS NULL
                AND partner.name IS DISTINCT FROM line.user_name
    ) THEN
        PERFORM public.progbox_guard_refuse('author', TG_TABLE_NAME);
    ELSIF EXISTS (
        SELECT FROM (
            SELECT company_id, min(id) AS first FROM lines GROUP BY company_id
        ) own WHERE own.first <= coalesce((
            SELECT last_ref FROM public.progbox_access_log_seal seal
                WHERE seal.company_id = own.company_id AND seal.kind = 'lines'
                ORDER BY seal.sequence DESC LIMIT 1
        ), 0)
    ) THEN
        PERFORM public.progbox_guard_refuse('between', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END
"""

# Work that is done was done by the server: it begins as a job to do.
# Without IN, which a dump writes in other words: the restored trigger would be another.
FINISHED = (
    "NEW.state = 'done' OR NEW.state = 'failed' OR NEW.state = 'cancelled'"
    " OR NEW.done_on IS NOT NULL"
)

# A run writes down what it finds; once it is over, nothing comes to it.
FINDING_BORN = """
BEGIN
    IF NEW.acknowledged_on IS NOT NULL OR NEW.acknowledged_by IS NOT NULL
        OR EXISTS (
            SELECT FROM public.progbox_verification
                WHERE id = NEW.verification_id
                AND state IN ('done', 'failed', 'cancelled'))
    THEN
        PERFORM public.progbox_guard_refuse('finished', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END
"""

# Somebody looks into what a run that is over has found, and does so now.
FINDING_JUDGED = """
BEGIN
    IF abs(extract(epoch FROM
            NEW.acknowledged_on - clock_timestamp() AT TIME ZONE 'UTC')) > 3600
        OR NOT EXISTS (
            SELECT FROM public.progbox_verification
                WHERE id = NEW.verification_id
                AND state IN ('done', 'failed', 'cancelled'))
    THEN
        PERFORM public.progbox_guard_refuse(
            'changed', format('%s %s acknowledged_on', TG_TABLE_NAME, OLD.id));
    END IF;
    RETURN NEW;
END
"""

# What belongs to a company goes with it: the trigger that deletes it is around ours.
STAYS = """
BEGIN
    IF pg_trigger_depth() < 2 THEN
        PERFORM public.progbox_guard_refuse(
            'deleted', format('%s %s', TG_TABLE_NAME, OLD.id));
    END IF;
    RETURN OLD;
END
"""

# What is closed stays closed; a folder, a contact or a user may be deleted meanwhile.
SHARE = """
BEGIN
    IF OLD.revoked_on IS NOT NULL
            AND NEW.revoked_on IS DISTINCT FROM OLD.revoked_on
        OR OLD.expires_on IS NOT NULL
            AND (NEW.expires_on IS NULL OR NEW.expires_on > OLD.expires_on)
        OR NEW.token_hash IS NOT NULL
            AND NEW.token_hash IS DISTINCT FROM OLD.token_hash
        OR NEW.folder_id IS NOT NULL
            AND NEW.folder_id IS DISTINCT FROM OLD.folder_id
        OR NEW.partner_id IS NOT NULL
            AND NEW.partner_id IS DISTINCT FROM OLD.partner_id
        OR NEW.include_future IS TRUE AND OLD.include_future IS NOT TRUE
        OR ROW(NEW.id, NEW.company_id, NEW.kind)
            IS DISTINCT FROM ROW(OLD.id, OLD.company_id, OLD.kind)
    THEN
        PERFORM public.progbox_guard_refuse(
            'revived', format('%s %s', TG_TABLE_NAME, OLD.id));
    END IF;
    RETURN NEW;
END
"""

# Which documents a share opens is written with the share itself.
CHOICE = """
BEGIN
    IF TG_OP = 'UPDATE' OR NOT EXISTS (
        SELECT FROM public.progbox_share
            WHERE id = NEW.share_id AND revoked_on IS NULL
            AND create_date >= now() AT TIME ZONE 'UTC' - interval '1 hour'
    ) THEN
        PERFORM public.progbox_guard_refuse(
            'changed', format('progbox_share %s', NEW.share_id));
    END IF;
    RETURN NEW;
END
"""

# A key to the file of a sealed document is nothing that Odoo would ever need.
TOKEN = """
BEGIN
    IF EXISTS (SELECT FROM public.progbox_document
        WHERE id = NEW.res_id AND seal_id IS NOT NULL)
    THEN
        PERFORM public.progbox_guard_refuse('file_changed', OLD.name);
    END IF;
    RETURN NEW;
END
"""

# The day from which each invoice must be in the archive: back, but not put off.
STARTED = """
BEGIN
    IF EXISTS (SELECT FROM public.progbox_seal WHERE company_id = OLD.id)
        OR EXISTS (SELECT FROM public.progbox_archive_job WHERE company_id = OLD.id)
    THEN
        PERFORM public.progbox_guard_refuse(
            'changed', format('res_company %s progbox_archive_started', OLD.id));
    END IF;
    RETURN NEW;
END
"""

LOG_FUNCTIONS = {
    f"progbox_guard_{name}": ("", "trigger", body)
    for name, body in {
        "log_next": NEXT_LOG_SEAL,
        "stamp_born": STAMP_BORN,
        "deletion_born": DELETION_BORN,
        "run_born": RUN_BORN,
        "log_lines": LOG_LINES,
        "finding_born": FINDING_BORN,
        "finding_judged": FINDING_JUDGED,
        "stays": STAYS,
        "share": SHARE,
        "choice": CHOICE,
        "token": TOKEN,
        "started": STARTED,
    }.items()
}

# Columns that stay, by table: of seals and stamps all that counts.
LOG_KEPT = {
    "progbox_access_log_seal": (
        "id, company_id, sequence, kind, first_ref, last_ref, last_on, payload,"
        " previous_hash, hash, sealed_on"
    ),
    "progbox_time_stamp": (
        "id, company_id, closing_id, sequence, hash, log_sequence, log_hash"
    ),
}
RUN_COLUMNS = (
    "id, company_id, door, since, anchors, started_on, done_on, state, position, files,"
    " last_sequence, last_hash, finding_counts, acknowledged_count, log_sealed_until"
)
FINDING_COLUMNS = (
    "id, verification_id, kind, level, sequence, number, res_model, res_id, path,"
    " what, expected, actual"
)


def log_triggers(each_row, keep, truncate, call):
    """Return the triggers, given the helpers of tools/ledger/guards_triggers.py.

    :return: dictionary of (table, event, what happens) by name
    """

    def born(table, function, condition=""):
        return each_row("BEFORE INSERT", table, condition, call(function))

    def stays(table):
        return each_row("BEFORE DELETE", table, "", call("stays"))

    def kept(table, condition, columns):
        return each_row("BEFORE UPDATE", table, condition, call("keep", columns))

    return {
        **{f"{table}_keep": keep(table, names) for table, names in LOG_KEPT.items()},
        **{f"{table}_truncate": truncate(table) for table in LOG_KEPT},
        "progbox_access_log_seal_next": born("progbox_access_log_seal", "log_next"),
        "progbox_time_stamp_born": born("progbox_time_stamp", "stamp_born"),
        "progbox_time_stamp_token": kept(
            "progbox_time_stamp",
            "OLD.token IS NOT NULL",
            "token, stamped_on, authority",
        ),
        "progbox_source_deletion_born": born(
            "progbox_source_deletion", "deletion_born"
        ),
        "progbox_verification_born": born("progbox_verification", "run_born"),
        "progbox_verification_stays": stays("progbox_verification"),
        # A part that becomes the whole, or a day on which it was not asked for.
        "progbox_verification_keep": kept(
            "progbox_verification", "", "id, company_id, door, since, create_date"
        ),
        "progbox_verification_done": kept(
            "progbox_verification", "OLD.state = 'done'", RUN_COLUMNS
        ),
        "progbox_verification_truncate": truncate("progbox_verification"),
        "progbox_finding_born": born("progbox_verification_finding", "finding_born"),
        "progbox_finding_judged": each_row(
            "BEFORE UPDATE",
            "progbox_verification_finding",
            "NEW.acknowledged_on IS NOT NULL AND OLD.acknowledged_on IS NULL",
            call("finding_judged"),
        ),
        "progbox_finding_stays": stays("progbox_verification_finding"),
        "progbox_finding_keep": kept(
            "progbox_verification_finding", "", FINDING_COLUMNS
        ),
        "progbox_finding_acknowledged": kept(
            "progbox_verification_finding",
            "OLD.acknowledged_on IS NOT NULL",
            "acknowledged_on, acknowledged_by",
        ),
        "progbox_access_log_lines": (
            "progbox_access_log",
            "AFTER INSERT ON public.progbox_access_log",
            f"REFERENCING NEW TABLE AS lines FOR EACH STATEMENT {call('log_lines')}",
        ),
        "progbox_archive_job_born": born("progbox_archive_job", "run_born", FINISHED),
        # Since when an invoice waits: the watch asks for it.
        "progbox_archive_job_keep": kept(
            "progbox_archive_job", "", "id, move_id, company_id, create_date"
        ),
        "progbox_archive_job_stays": stays("progbox_archive_job"),
        "progbox_archive_job_truncate": truncate("progbox_archive_job"),
        "progbox_share_closed": each_row(
            "BEFORE UPDATE", "progbox_share", "", call("share")
        ),
        "progbox_share_stays": stays("progbox_share"),
        "progbox_share_choice_made": each_row(
            "BEFORE INSERT OR UPDATE", "progbox_share_choice", "", call("choice")
        ),
        "progbox_attachment_token": each_row(
            "BEFORE UPDATE",
            "ir_attachment",
            "OLD.res_model = 'progbox.document' AND NEW.access_token IS NOT NULL"
            " AND NEW.access_token IS DISTINCT FROM OLD.access_token",
            call("token"),
        ),
        "progbox_document_came": kept(
            "progbox_document",
            "OLD.seal_id IS NOT NULL AND (NEW.create_uid IS NOT NULL OR"
            " NEW.create_date IS DISTINCT FROM OLD.create_date)",
            "create_date, create_uid",
        ),
        "progbox_company_started": each_row(
            "BEFORE UPDATE",
            "res_company",
            "OLD.progbox_archive_started IS NOT NULL"
            " AND (NEW.progbox_archive_started IS NULL"
            " OR NEW.progbox_archive_started > OLD.progbox_archive_started)",
            call("started"),
        ),
    }
