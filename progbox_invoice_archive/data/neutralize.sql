-- A neutralized database is a copy, and the archive in it says so. Odoo itself has
-- switched off the scheduled actions, ours among them.
INSERT INTO ir_config_parameter (key, value)
VALUES ('progbox_invoice_archive.copied_on', now()::date::text)
    ON CONFLICT (key) DO
       UPDATE SET value = now()::date::text;

-- Whoever has a link to the original has none to the copy.
UPDATE progbox_share
   SET token_hash = NULL;
