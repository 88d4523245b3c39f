"""The text of the guards inside PostgreSQL; ``progbox.ledger.guards`` installs them.

They refuse what comes past the ORM: psql, a module's own SQL, the raw UPDATE of a
merge. Whoever owns the tables can still remove them; that is seen at the next start
and by the verification, which trusts nothing of this.

How they are written, and why:

- Names are qualified and each function sets its own search_path: pg_restore runs
  with an empty one, and a temporary table may not stand in for ours.
- What is sealed is compared column by column: deleting a user or upgrading a module
  updates other columns of the same rows, and must go on working.
- OLD and NEW are both looked at: a foreign attachment moved onto a sealed document
  is as bad as a sealed one changed.
- Triggers on ir_attachment have a WHEN clause, evaluated without calling anything:
  other attachments pay nothing.
- The error is an integrity error, the one kind that Odoo shows as a sentence.
- Data comes before triggers in a dump, so that a restore passes the INSERT guards.
"""

from .chain import GUARDS_LIFTED, GUARDS_RESTORED, not_the_next
from .guards_log import LOG_FUNCTIONS, LOG_REFUSALS, SHORTEST_LOG_RETENTION

# A purge of the access log sets this for its transaction.
PURGE_SETTING = "progbox.purge"

# What is refused, by the key that tells Odoo which sentence to show.
REFUSALS = {
    "deleted": "%s is not deleted",
    "changed": "%s is not changed",
    "emptied": "%s is not emptied",
    "next_line": "a line that is not the next one does not enter the ledger",
    "born": "a new document has no seal yet",
    "seal": "this seal was not made for %s",
    "unsealed": "nothing enters a locked folder without a seal",
    "folder": "no folder is added to it by hand",
    "file_deleted": "file %s is not deleted",
    "file_changed": "file %s is not changed",
    "file_second": "%s gets no second file",
    **LOG_REFUSALS,
}
_SENTENCES = " ".join(
    f"WHEN '{refusal}' THEN '{text}'" for refusal, text in REFUSALS.items()
)
# The subject is a table, the id of its row, and a column; or the name of a file.
REFUSE = f"""
BEGIN
    RAISE EXCEPTION 'The archive is kept as evidence: %.',
        format(CASE refusal {_SENTENCES} END, subject)
        USING ERRCODE = 'restrict_violation', TABLE = 'progbox_seal',
        CONSTRAINT = 'progbox_guard', COLUMN = refusal,
        DETAIL = coalesce(subject, '');
END
"""

# Arguments: the columns that stay as they are, whatever else changes.
KEEP = """
DECLARE
    before_ jsonb := to_jsonb(OLD);
    after_ jsonb;
    kept text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM public.progbox_guard_refuse(
            'deleted', format('%s %s', TG_TABLE_NAME, OLD.id));
    END IF;
    after_ := to_jsonb(NEW);
    FOREACH kept IN ARRAY TG_ARGV LOOP
        IF before_ -> kept IS DISTINCT FROM after_ -> kept THEN
            PERFORM public.progbox_guard_refuse(
                'changed', format('%s %s %s', TG_TABLE_NAME, OLD.id, kept));
        END IF;
    END LOOP;
    RETURN NEW;
END
"""

TRUNCATE = """
BEGIN
    IF EXISTS (SELECT FROM public.progbox_seal) THEN
        PERFORM public.progbox_guard_refuse('emptied', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END
"""

# What the line speaks of must be there: its document, or the note of a deletion that
# has no line yet.
NEXT_LINE = f"""{not_the_next("progbox_seal").rstrip()}
        OR (CASE NEW.kind
            WHEN 'deposit' THEN
                (content ->> 'document' = NEW.document_id::text) IS NOT TRUE
            WHEN 'source_deleted' THEN NOT EXISTS (
                SELECT FROM public.progbox_source_deletion
                    WHERE company_id = NEW.company_id AND seal_id IS NULL
                    AND res_model = content ->> 'model'
                    AND res_id::text = content ->> 'record')
            ELSE NEW.kind <> ALL (
                ARRAY['closing', '{GUARDS_LIFTED}', '{GUARDS_RESTORED}'])
        END)
    THEN
        PERFORM public.progbox_guard_refuse('next_line', 'progbox_seal');
    END IF;
    RETURN NEW;
END
"""

# A document is born without a seal, and gets the one that was made for it, once.
SEALING = """
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.progbox_guard_refuse('born', 'progbox_document');
    ELSIF NOT EXISTS (
        SELECT FROM public.progbox_seal WHERE id = NEW.seal_id
            AND kind = 'deposit' AND document_id = NEW.id
            AND company_id = NEW.company_id
            AND payload::jsonb ->> 'sha256' IS NOT DISTINCT FROM NEW.sha256
    ) THEN
        PERFORM public.progbox_guard_refuse(
            'seal', format('progbox_document %s', NEW.id));
    END IF;
    RETURN NEW;
END
"""

# Deferred to the end of the transaction, which deposits and seals.
COMPLETE = """
BEGIN
    IF EXISTS (
        SELECT FROM public.progbox_document document
            JOIN public.progbox_folder folder ON folder.id = document.folder_id
            WHERE document.id = NEW.id AND document.seal_id IS NULL AND folder.locked
    ) THEN
        PERFORM public.progbox_guard_refuse('unsealed', 'progbox_document');
    END IF;
    RETURN NULL;
END
"""

FOLDER = """
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.locked AND OLD.locked IS NOT TRUE
        OR NEW.locked IS NOT TRUE AND EXISTS (
            SELECT FROM public.progbox_folder WHERE id = NEW.parent_id AND locked)
    THEN
        PERFORM public.progbox_guard_refuse('folder', 'progbox_folder');
    END IF;
    RETURN NEW;
END
"""

# Moving the bytes is allowed where they stay the same (force_storage): in the
# database their digest is the sealed one; in a store, whose bytes cannot be seen
# from here, the file is named after the SHA-1 that the row has always had, or, where
# fs_attachment of the OCA keeps it (code://name-id-version.pdf), after the row's id.
ATTACHMENT = """
DECLARE
    sealed text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF OLD.res_model = 'progbox.document' AND OLD.res_field = 'content' THEN
            SELECT sha256 INTO sealed FROM public.progbox_document
                WHERE id = OLD.res_id AND seal_id IS NOT NULL;
            IF FOUND THEN
                IF TG_OP = 'DELETE' THEN
                    PERFORM public.progbox_guard_refuse('file_deleted', OLD.name);
                END IF;
                IF ROW(NEW.id, NEW.name, NEW.type, NEW.url, NEW.public,
                        NEW.company_id, NEW.res_model, NEW.res_id, NEW.res_field,
                        NEW.mimetype, NEW.checksum, NEW.file_size)
                    IS DISTINCT FROM
                    ROW(OLD.id, OLD.name, OLD.type, OLD.url, OLD.public,
                        OLD.company_id, OLD.res_model, OLD.res_id, OLD.res_field,
                        OLD.mimetype, OLD.checksum, OLD.file_size)
                    OR ROW(NEW.store_fname, NEW.db_datas)
                        IS DISTINCT FROM ROW(OLD.store_fname, OLD.db_datas)
                    AND (CASE WHEN NEW.store_fname IS NULL
                        THEN encode(sha256(NEW.db_datas), 'hex') IS DISTINCT FROM sealed
                        ELSE right(NEW.store_fname, 40) IS DISTINCT FROM NEW.checksum
                            AND NEW.store_fname !~ format(
                                '://(.*/)?[^/]*-%s-[0-9]+([.][^/]*)?$', NEW.id)
                    END)
                THEN
                    PERFORM public.progbox_guard_refuse('file_changed', OLD.name);
                END IF;
                RETURN NEW;
            END IF;
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
    END IF;
    IF NEW.res_model = 'progbox.document' AND (TG_OP = 'INSERT' OR
            ROW(NEW.res_model, NEW.res_id, NEW.res_field)
            IS DISTINCT FROM ROW(OLD.res_model, OLD.res_id, OLD.res_field))
        AND EXISTS (SELECT FROM public.progbox_document
            WHERE id = NEW.res_id AND seal_id IS NOT NULL)
    THEN
        PERFORM public.progbox_guard_refuse(
            'file_second', format('progbox_document %s', NEW.res_id));
    END IF;
    RETURN NEW;
END
"""

# The server's own purge says so, for its transaction; a line of these days is younger
# than the shortest retention that can be set, and stays whoever asks.
PURGE = f"""
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM public.progbox_guard_refuse(
            'changed', format('%s %s', TG_TABLE_NAME, OLD.id));
    ELSIF current_setting('{PURGE_SETTING}', true) IS DISTINCT FROM 'on'
        OR OLD.accessed_on > now() AT TIME ZONE 'UTC'
            - interval '{SHORTEST_LOG_RETENTION} days'
    THEN
        PERFORM public.progbox_guard_refuse(
            'deleted', format('%s %s', TG_TABLE_NAME, OLD.id));
    END IF;
    RETURN OLD;
END
"""

# Name: (arguments, result, body). The helper first: a trigger may fire at once.
FUNCTIONS = {
    "progbox_guard_refuse": ("refusal text, subject text", "void", REFUSE),
    "progbox_guard_keep": ("", "trigger", KEEP),
    "progbox_guard_truncate": ("", "trigger", TRUNCATE),
    "progbox_guard_next_line": ("", "trigger", NEXT_LINE),
    "progbox_guard_sealing": ("", "trigger", SEALING),
    "progbox_guard_complete": ("", "trigger", COMPLETE),
    "progbox_guard_folder": ("", "trigger", FOLDER),
    "progbox_guard_attachment": ("", "trigger", ATTACHMENT),
    "progbox_guard_purge": ("", "trigger", PURGE),
    **LOG_FUNCTIONS,
}
