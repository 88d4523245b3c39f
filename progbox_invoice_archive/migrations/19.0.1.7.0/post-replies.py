def migrate(cr, version):
    """Have replies of authorities looked for that came before they were archived."""
    cr.execute(
        "DELETE FROM ir_config_parameter"
        " WHERE key = 'progbox_invoice_archive.legal_documents_seen_until'"
    )
