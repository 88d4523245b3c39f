"""What stands in the way of the words that a verification asks PostgreSQL in.

Whoever owns the database makes functions, operators, views and rules of access of his
own. An operator for the very types of our columns is taken before the one that
PostgreSQL has for similar types, and may look at who asks: the rest of Odoo sees
nothing of it. Asked from guards_proof.py, with nothing else in sight.
"""

from odoo.tools import SQL

OWN = "pg_catalog"
PUBLIC = "public"
# What the statements of a verification call; more would be nobody's business.
CALLED = (
    "bool_and",
    "btrim",
    "convert_to",
    "count",
    "date_trunc",
    "encode",
    "generate_series",
    "jsonb_array_elements",
    "jsonb_build_array",
    "lag",
    "length",
    "lower",
    "make_interval",
    "max",
    "min",
    "now",
    "position",
    "regexp_matches",
    "row_number",
    "sha256",
    "string_agg",
    "string_to_array",
    "sum",
    "to_char",
    "unnest",
)
# What extensions have for types of PostgreSQL's own does not stand for these.
COMPARING = ("=", "<>", "<", ">", "<=", ">=", "||", "~", "!~", "^@", "->", "->>")
# Of Odoo's own, what a verification reads beside the archive's tables.
READ = ("account_move", "ir_attachment", "ir_cron", "res_company")
OURS = "progbox_"


def search_path(env):
    """Return the schemas in which names are looked up now, in their order.

    :return: list of names, those of temporary tables left out
    """
    # Nothing here is looked up: an operator of somebody else's might answer.
    env.cr.execute("SELECT pg_catalog.unnest(pg_catalog.current_schemas(TRUE))")
    return [name for [name] in env.cr.fetchall() if not name.startswith("pg_temp")]


def problems(env, path):
    """Return what would answer a verification in the place of what it means.

    :param list path: see :func:`search_path`
    :return: list of texts, technical
    """
    first = [f"search_path: {path[0]} stands before {OWN}"] if path[0] != OWN else []
    others = [name for name in path if name != OWN]
    before = others[: others.index(PUBLIC)] if PUBLIC in others else others
    return [
        *first,
        *_words(env, others),
        *_tables(env, before),
        *_hidden_rows(env),
    ]


def _words(env, schemas):
    """Return functions and operators that are taken before PostgreSQL's own.

    One for the very same types is not, as long as PostgreSQL comes first. Extensions
    have their own for their own types. Whoever owns the database may add to these, but
    what an extension has brought along belongs to a superuser. Where Odoo's own role is
    one, the two cannot be told apart: it could change PostgreSQL's own words as well.
    """
    rows = env.execute_query(
        SQL(
            """WITH word AS (
                SELECT 'pg_operator'::regclass AS kind, oid, oprnamespace AS space,
                    oprname AS name, oprowner AS owner,
                    ARRAY[oprleft, oprright] AS types
                FROM pg_operator
                WHERE oprname IN (
                    SELECT oprname FROM pg_operator
                    WHERE oprnamespace = 'pg_catalog'::regnamespace
                )
                UNION ALL
                SELECT 'pg_proc'::regclass, oid, pronamespace, proname,
                    proowner, proargtypes::oid[]
                FROM pg_proc WHERE proname = ANY(%(called)s)
            )
            SELECT format('%%s stands before that of PostgreSQL', CASE
                WHEN kind = 'pg_proc'::regclass THEN word.oid::regprocedure::text
                ELSE word.oid::regoperator::text END)
            FROM word JOIN pg_namespace ON pg_namespace.oid = space
            WHERE nspname = ANY(%(schemas)s)
            AND NOT EXISTS (
                SELECT FROM word own WHERE own.kind = word.kind
                AND own.space = 'pg_catalog'::regnamespace
                AND own.name = word.name AND own.types = word.types
            )
            AND NOT (EXISTS (
                SELECT FROM pg_depend
                WHERE classid = word.kind AND objid = word.oid AND deptype = 'e'
            ) AND (
                kind = 'pg_operator'::regclass AND name <> ALL(%(comparing)s)
                OR EXISTS (
                    SELECT FROM pg_type WHERE pg_type.oid = ANY(word.types)
                    AND typnamespace <> 'pg_catalog'::regnamespace
                ) AND EXISTS (
                    SELECT FROM pg_roles WHERE pg_roles.oid = owner AND rolsuper
                )
            ))
            ORDER BY 1""",
            called=list(CALLED),
            comparing=list(COMPARING),
            schemas=schemas,
        )
    )
    return [text for [text] in rows]


def _tables(env, schemas):
    """Return what is read in the place of a table of Odoo's.

    Temporary tables and views are, whatever the order of the schemas says.
    """
    rows = env.execute_query(
        SQL(
            """SELECT format('%%s.%%s: stands before the table', nspname, relname)
            FROM pg_class shadow JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE (nspname = ANY(%s) OR relnamespace = pg_my_temp_schema())
            AND relkind IN ('r', 'v', 'm', 'f', 'p')
            AND EXISTS (
                SELECT FROM pg_class WHERE relname = shadow.relname
                AND relnamespace = 'public'::regnamespace
            )
            ORDER BY 1""",
            schemas,
        )
    )
    return [text for [text] in rows]


def _hidden_rows(env):
    """Return the tables of which not all rows may be there for who asks.

    Those of evidence have no such rules at all, see guards_proof.py.
    """
    rows = env.execute_query(
        SQL(
            """SELECT format(CASE
                WHEN row_security_active(oid) THEN '%%s: row security'
                ELSE '%%s: no table of its own' END, relname)
            FROM pg_class WHERE relnamespace = 'public'::regnamespace
            AND (relname = ANY(%(read)s) OR relname ^@ %(ours)s)
            AND relkind IN ('r', 'v', 'm', 'f', 'p')
            AND (row_security_active(oid) OR relkind NOT IN ('r', 'p'))
            ORDER BY 1""",
            read=list(READ),
            ours=OURS,
        )
    )
    return [text for [text] in rows]
