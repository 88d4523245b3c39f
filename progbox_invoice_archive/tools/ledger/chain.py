"""The hash chain of the ledger, as anybody can recompute it.

A line is a canonical JSON text: keys sorted, no blanks, UTF-8. Its hash is

    "$1$" + SHA-256(previous hash + text), in lower-case hexadecimal

where the first line of a company has the empty text as its previous hash. The
prefix names the version of the format; another one means another rule.
"""

import hashlib
import json

PREFIX = "$1$"
# What a line can be about; a line of another kind was not written by the archive.
GUARDS_LIFTED, GUARDS_RESTORED = "guards_lifted", "guards_restored"
KINDS = ("deposit", "source_deleted", "closing", GUARDS_LIFTED, GUARDS_RESTORED)
GENESIS = ""


def canonical(payload):
    """Return the text that is hashed and kept.

    >>> canonical({"b": "é", "a": 1})
    '{"a":1,"b":"é"}'
    """
    return json.dumps(
        payload,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def link(previous_hash, text):
    """Return the hash of a line.

    >>> link(GENESIS, '{"a":1}')
    '$1$015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862'
    """
    digest = hashlib.sha256(f"{previous_hash}{text}".encode())
    return f"{PREFIX}{digest.hexdigest()}"


def not_the_next(table):
    """Return the beginning of a guard: whether a new row goes on with its chain.

    PostgreSQL asks what is computed above; the guard adds to the condition.

    :param str table: of the chain
    """
    return f"""
DECLARE
    last_sequence integer := 0;
    last_hash text := '';
    content jsonb := NEW.payload::jsonb;
BEGIN
    SELECT sequence, hash INTO last_sequence, last_hash FROM public.{table}
        WHERE company_id = NEW.company_id ORDER BY sequence DESC LIMIT 1;
    last_sequence := coalesce(last_sequence, 0);
    last_hash := coalesce(last_hash, '');
    IF NEW.sequence IS DISTINCT FROM last_sequence + 1
        OR coalesce(NEW.previous_hash, '') <> last_hash
        OR NEW.hash IS DISTINCT FROM '$1$' || encode(
            sha256(convert_to(last_hash || NEW.payload, 'UTF8')), 'hex')
        OR content ->> 'company' IS DISTINCT FROM NEW.company_id::text
        OR content ->> 'sequence' IS DISTINCT FROM NEW.sequence::text
        OR content ->> 'kind' IS DISTINCT FROM NEW.kind
"""
