"""The statements of a verification about what stands beside the ledger.

Plain SQL, as in verification_sql.py: a check of raw rows trusts no access rule and no
cache, and a page of thousands takes one look. What the rows mean is said in
verification_beside.py.
"""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

# Rows that are in memory at a time.
PAGE_SIZE = 5000
# The line of a verification is written as it ends.
NEAR = timedelta(minutes=5)
# Two clocks are never the same.
TOLERANCE = timedelta(hours=1)
# The note of a line that is written to see whether lines are written.
PROBE = "probe"

# What the attachment of a sealed document and its row must be, by the name of a value.
EXPECTED = {
    "access_token": ("file.access_token", "NULL"),
    "public": ("coalesce(file.public, FALSE)", "FALSE"),
    "type": ("file.type", "'binary'"),
    "url": ("nullif(file.url::text, '')", "NULL"),
    "file name": ("file.name", "document.name"),
    "file company": ("file.company_id", "seal.company_id"),
    "created by": (
        "coalesce(document.create_uid, log.user_ref, 0)",
        "coalesce(log.user_ref, document.create_uid, 0)",
    ),
}
NAME_AT = list(EXPECTED).index("file name")
# What a folder of the archive must be.
FOLDER_EXPECTED = {
    "locked": ("coalesce(folder.locked, FALSE)", "TRUE"),
    "company": ("folder.company_id", "coalesce(parent.company_id, folder.company_id)"),
    "path": (
        "folder.parent_path",
        "coalesce(parent.parent_path, '') || folder.id || '/'",
    ),
}


def companies_beside_sql(env):
    """Return what follows FROM: invoices whose company must have an archive.

    Whoever removes a whole archive leaves nothing else that would ask for it.
    """
    return SQL(
        """(
            SELECT move.company_id FROM account_move move
            JOIN res_company company ON company.id = move.company_id
            WHERE %s AND %s
        )""",
        env["account.move"]._progbox_to_archive_sql(SQL("move")),
        env["progbox.archive.catchup"]._expected_sql(),
    )


def companies_sql(rows):
    """Return the query of the companies that some rows are of.

    Row by row of the few companies, for a table of witnesses may be large.

    :param SQL rows: what follows FROM, with a column ``company_id``
    """
    return SQL(
        """SELECT id FROM res_company owner WHERE EXISTS (
            SELECT FROM %s AS witness WHERE witness.company_id = owner.id
        )""",
        rows,
    )


def _compared_sql(expected):
    """Return the values that are and that should be, as two arrays of text."""
    are, shall = zip(*expected.values(), strict=True)
    return SQL(
        "ARRAY[%s], ARRAY[%s]",
        SQL(", ".join(f"({value})::text" for value in are)),
        SQL(", ".join(f"({value})::text" for value in shall)),
    )


def _differ_sql(expected):
    """Return whether any value is not what it should be.

    Nearly all are, and are not handed over. As text, for which alone PostgreSQL has an
    equality of its own: somebody could have made another one of other types.
    """
    return SQL(
        " OR ".join(
            f"({are})::text IS DISTINCT FROM ({shall})::text"
            for are, shall in expected.values()
        )
    )


def last_of_page(env, company, after):
    """Return the id of the last document of a page of sealed ones, or None.

    :param int after: id of the document before the first
    """
    query = SQL(
        """SELECT max(id) FROM (
            SELECT id FROM progbox_document
            WHERE company_id = %s AND id > %s AND seal_id IS NOT NULL
            ORDER BY id LIMIT %s
        ) page""",
        company.id,
        after,
        PAGE_SIZE,
    )
    return env.execute_query(query)[0][0]


def differing_files(env, company, after, last):
    """Return the sealed files of a page that are not what they must be.

    The log says who deposited a file, for its row may be the one that lies; the line of
    the ledger is read only where the names differ.

    :param int after: id of the document before the first
    :param int last: id of the last document
    :return: list of (id, file name, number, payload or None, whether the document has
        another file, values that are, values that should be), the values in the order
        of ``EXPECTED``
    """
    return env.execute_query(
        SQL(
            """SELECT document.id, document.name, document.number,
                CASE WHEN file.name::text IS DISTINCT FROM document.name::text
                    THEN (
                        SELECT payload FROM progbox_seal
                        WHERE id = document.seal_id
                    ) END, EXISTS (
                    SELECT FROM ir_attachment twin WHERE twin.id != file.id
                    AND twin.res_model = file.res_model
                    AND twin.res_field = file.res_field AND twin.res_id = file.res_id
                ), %(compared)s
            FROM progbox_document document
            JOIN progbox_seal seal ON seal.id = document.seal_id
            JOIN ir_attachment file ON file.res_model = 'progbox.document'
                AND file.res_field = 'content' AND file.res_id = document.id
            LEFT JOIN LATERAL (
                SELECT user_ref FROM progbox_access_log
                WHERE document_ref = document.id AND kind = 'deposit'
                ORDER BY id LIMIT 1
            ) log ON TRUE
            WHERE document.company_id = %(company)s
            AND document.id > %(after)s AND document.id <= %(last)s AND (%(differ)s)
            ORDER BY document.id""",
            compared=_compared_sql(EXPECTED),
            differ=_differ_sql(EXPECTED),
            company=company.id,
            after=after,
            last=last,
        )
    )


def folders(env, company, after):
    """Return a page of the folders above sealed documents, up to the roots.

    :param int after: id of the folder before the first
    :return: list of (id, name, values that are, values that should be), the values in
        the order of ``FOLDER_EXPECTED``
    """
    return env.execute_query(
        SQL(
            """WITH RECURSIVE above AS (
                SELECT DISTINCT folder_id AS id FROM progbox_document
                WHERE company_id = %s AND seal_id IS NOT NULL
                UNION
                SELECT folder.parent_id FROM above
                JOIN progbox_folder folder ON folder.id = above.id
                WHERE folder.parent_id IS NOT NULL
            )
            SELECT folder.id, folder.name, %s
            FROM above JOIN progbox_folder folder ON folder.id = above.id
            LEFT JOIN progbox_folder parent ON parent.id = folder.parent_id
            WHERE folder.id > %s ORDER BY folder.id LIMIT %s""",
            company.id,
            _compared_sql(FOLDER_EXPECTED),
            after,
            PAGE_SIZE,
        )
    )


def first_work(env, company):
    """Return when the archive did its first work, and when it says that it started.

    The first line of the ledger or the first job, whichever is older: whoever puts the
    day off has to remove both.

    :return: two datetimes, or None
    """
    [row] = env.execute_query(
        SQL(
            """SELECT least((
                SELECT sealed_on FROM progbox_seal WHERE company_id = company.id
                ORDER BY sequence LIMIT 1
            ), (
                SELECT create_date FROM progbox_archive_job
                WHERE company_id = company.id ORDER BY id LIMIT 1
            )), progbox_archive_started
            FROM res_company company WHERE company.id = %s""",
            company.id,
        )
    )
    return row


def silent_runs(env, company, since):
    """Return verifications and shares that the log must know, and does not.

    :param datetime since: from when on the log is whole
    :return: list of (model, id)
    """
    return env.execute_query(
        SQL(
            """SELECT 'progbox.verification', run.id
            FROM progbox_verification run
            WHERE run.company_id = %(company)s AND run.state = 'done'
            AND run.done_on > %(since)s AND NOT EXISTS (
                SELECT FROM progbox_access_log log
                WHERE log.company_id = run.company_id AND log.kind = 'verification'
                AND log.accessed_on BETWEEN run.done_on - %(near)s
                    AND run.done_on + %(near)s
            )
            UNION ALL
            SELECT 'progbox.share', share.id FROM progbox_share share
            WHERE share.company_id = %(company)s AND share.create_date > %(since)s
            AND NOT EXISTS (
                SELECT FROM progbox_access_log log
                WHERE log.share_ref = share.id AND log.kind = 'share'
            )
            LIMIT %(limit)s""",
            company=company.id,
            since=since,
            near=NEAR,
            limit=PAGE_SIZE,
        )
    )


def silent_deposits(env, company, since):
    """Return sealed documents without a line of the log, and lines without a document.

    :param datetime since: from when on the log is whole
    :return: list of (id or None, file name, number)
    """
    return env.execute_query(
        SQL(
            """SELECT document.id, document.name, document.number
            FROM progbox_document document
            JOIN progbox_seal seal ON seal.id = document.seal_id
            WHERE document.company_id = %(company)s AND seal.sealed_on > %(since)s
            AND NOT EXISTS (
                SELECT FROM progbox_access_log log
                WHERE log.document_ref = document.id AND log.kind = 'deposit'
            )
            UNION ALL
            SELECT NULL, log.document_name, log.document_name
            FROM progbox_access_log log
            WHERE log.company_id = %(company)s AND log.kind = 'deposit'
            AND log.place = 'archive' AND NOT EXISTS (
                SELECT FROM progbox_document document
                WHERE document.id = log.document_ref
            ) AND NOT EXISTS (
                SELECT FROM progbox_seal seal
                WHERE seal.document_id = log.document_ref AND seal.kind = 'deposit'
            )
            LIMIT %(limit)s""",
            company=company.id,
            since=since,
            limit=PAGE_SIZE,
        )
    )


def probes(env, company):
    """Return how many probes are in the log, past the cache of the ORM."""
    [[count]] = env.execute_query(
        SQL(
            """SELECT count(*) FROM progbox_access_log
            WHERE company_id = %s AND kind = 'verification' AND note = %s
            AND accessed_on >= %s""",
            company.id,
            PROBE,
            fields.Datetime.now() - NEAR,
        )
    )
    return count


def acknowledged(company, findings):
    """Return whose acknowledgement the log has, or is too young to have.

    See progbox.verification.finding._on_record(), which says what is believed.

    :param progbox.verification.finding findings: of the company
    :return: list of ids
    """
    env = findings.env
    rows = env.execute_query(
        SQL(
            """WITH line AS (
                SELECT mark[1]::int AS finding, note, accessed_on
                FROM progbox_access_log,
                    regexp_matches(note, '#([0-9]{1,9}):', 'g') mark
                WHERE company_id = %(company)s AND kind = 'verification'
                AND user_ref IS NOT NULL
            )
            SELECT id FROM progbox_verification_finding
            WHERE id = ANY(%(ids)s) AND acknowledged_on < %(since)s
            UNION
            SELECT finding.id FROM line
            JOIN progbox_verification_finding finding
                ON finding.id = line.finding
            WHERE finding.id = ANY(%(ids)s)
            AND finding.acknowledged_by <> ''
            AND position(finding.acknowledged_by IN line.note) > 0
            AND line.accessed_on > finding.create_date - %(tolerance)s""",
            tolerance=TOLERANCE,
            ids=findings.ids,
            company=company.id,
            since=env["progbox.access.log.seal"]._kept_since(company),
        )
    )
    return [id_ for [id_] in rows]
