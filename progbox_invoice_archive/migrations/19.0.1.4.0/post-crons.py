def migrate(cr, version):
    """Let exports go before the backlog of the archiver, unless somebody chose else."""
    cr.execute(
        """UPDATE ir_cron SET priority = 2
        FROM ir_model_data data
        WHERE data.module = 'progbox_invoice_archive'
        AND data.name = 'ir_cron_export' AND data.model = 'ir.cron'
        AND ir_cron.id = data.res_id AND ir_cron.priority = 5"""
    )
