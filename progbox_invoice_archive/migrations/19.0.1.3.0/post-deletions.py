def migrate(cr, version):
    """Tell the notes of deleted invoices which line of the ledger speaks of them."""
    cr.execute(
        """UPDATE progbox_source_deletion deletion SET seal_id = seal.id
        FROM progbox_seal seal
        WHERE seal.kind = 'source_deleted' AND deletion.seal_id IS NULL
        AND seal.company_id = deletion.company_id AND deletion.state = 'done'
        AND seal.payload::jsonb ->> 'model' = deletion.res_model
        AND seal.payload::jsonb ->> 'record' = deletion.res_id::text"""
    )
