def migrate(cr, version):
    """Try what has been given up once more, where nothing is archived of the invoice.

    Invoices whose authority did not answer were given up after a week; now they are
    archived without the answer.
    """
    cr.execute(
        """UPDATE progbox_archive_job job
        SET state = 'pending', attempts = 0, next_try = now() AT TIME ZONE 'UTC'
        WHERE job.state = 'failed' AND job.pdf_archived IS NOT TRUE
        AND NOT EXISTS (
            SELECT FROM progbox_document document
            WHERE document.res_model = 'account.move'
            AND document.res_id = job.move_id AND document.seal_id IS NOT NULL
        )"""
    )
