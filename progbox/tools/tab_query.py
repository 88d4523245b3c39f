"""The one statement that fills a tab, whatever number of groups it has."""

from typing import NamedTuple

from odoo.tools import SQL

# Documents of a group that the tab shows at first.
PAGE = 20
# Above, a group is a list of its records.
RECORDS = 50
# Counting further would take longer than reading.
MOST = 1000


EVERY = SQL("TRUE")
NOTHING = SQL("")


class Relation(NamedTuple):
    """Relatives of a record: a group of its tab.

    :param str key: name of the group
    :param str model: of the relatives
    :param str title: of the group, translated
    :param SQL ids: sub-query of the ids of the relatives
    """

    key: str
    model: str
    title: str
    ids: SQL


class Group(NamedTuple):
    key: str
    model: str
    title: str
    records: SQL
    documents: SQL


class Found(NamedTuple):
    records: int
    documents: int
    as_records: bool
    ids: list


class TabQuery:
    """Asks for the documents of groups of records.

    The records come first, with the rules of their model and no limit, then their
    documents. The other way round, each document would ask for its record.

    :param SQL shown: which rows of ``document`` the tab shows
    """

    def __init__(self, shown):
        self.shown = shown
        self.all = []

    def add(self, key, model, title, records, documents=EVERY):
        """Add a group.

        :param SQL records: query of the ids of the records that the caller may read
        :param SQL documents: which rows of their ``document`` he may read
        """
        self.all.append(Group(key, model, title, records, documents))

    def model_of(self, key):
        return self._group(key).model

    def groups(self, env):
        """Return each group with what was found for it.

        :return: list of tuples of Group and Found
        """
        rows = self._rows(
            env,
            [
                SQL(
                    "(WITH %s SELECT %s AS position, (SELECT count(*) FROM recs),"
                    " counted.n, (SELECT count(*) FROM filled) > %s, page.*"
                    " FROM counted LEFT JOIN LATERAL (%s) page ON TRUE)",
                    SQL(", ").join([*self._filled(group), self._counted(group)]),
                    position,
                    RECORDS,
                    self._documents(group, 0, PAGE + 1),
                )
                for position, group in enumerate(self.all)
            ],
            SQL("ORDER BY position, document_date DESC, id DESC"),
        )
        result = []
        for position, group in enumerate(self.all):
            mine = [row for row in rows if row[0] == position]
            records, documents, as_records = mine[0][1:4]
            ids = [row[4] for row in mine if row[4]]
            result.append((group, Found(records, documents, as_records, ids)))
        return result

    def count(self, env):
        """Return the number of documents in all groups, one more than MOST at most."""
        documents = [
            SQL(
                "(WITH %s SELECT FROM recs CROSS JOIN LATERAL (%s OFFSET 0) found)",
                self._recs(group),
                self._of_record(group, SQL("recs"), NOTHING),
            )
            for group in self.all
        ]
        [[count]] = self._rows(
            env,
            [
                SQL(
                    "SELECT count(*) FROM (SELECT FROM (%s) every LIMIT %s) counted",
                    SQL(" UNION ALL ").join(documents),
                    MOST + 1,
                )
            ],
        )
        return count

    def page(self, env, key, offset, limit):
        """Return a page of a group, and one row more if there is another page.

        :return: tuple of whether it is one of records, and the rows: id and, of a
            record, its number of documents
        """
        group = self._group(key)
        with_ = SQL(", ").join(self._filled(group))
        records = SQL(
            """SELECT recs.id, NULL::date AS document_date,
                (SELECT count(*) FROM (%s LIMIT %s) counted)
            FROM recs WHERE (SELECT count(*) FROM filled) > %s AND EXISTS (%s OFFSET 0)
            ORDER BY recs.id DESC OFFSET %s LIMIT %s""",
            self._of_record(group, SQL("recs"), NOTHING),
            MOST + 1,
            RECORDS,
            self._of_record(group, SQL("recs"), NOTHING),
            offset,
            limit + 1,
        )
        rows = self._rows(
            env,
            [
                SQL(
                    "WITH %s SELECT TRUE, page.* FROM (%s) page"
                    " UNION ALL SELECT FALSE, page.*, NULL FROM (%s) page",
                    with_,
                    records,
                    self._documents(group, offset, limit + 1),
                )
            ],
            SQL("ORDER BY document_date DESC, id DESC"),
        )
        return (
            any(row[0] for row in rows),
            [(id_, count) for _as_records, id_, _date, count in rows],
        )

    # ------------------------------------------------------------------
    # Parts
    # ------------------------------------------------------------------

    def _group(self, key):
        for group in self.all:
            if group.key == key:
                return group
        raise KeyError(key)

    def _rows(self, env, parts, order=NOTHING):
        # Compiling the statement would take longer than running it.
        env.execute_query(SQL("SET LOCAL jit = off"))
        return env.execute_query(SQL("%s %s", SQL(" UNION ALL ").join(parts), order))

    def _recs(self, group):
        return SQL("recs AS MATERIALIZED (%s)", group.records)

    def _of_record(self, group, record, columns):
        """Return the query of the shown documents of a record."""
        return SQL(
            "SELECT %s FROM progbox_document document WHERE document.res_model = %s"
            " AND document.res_id = %s.id AND %s AND %s",
            columns,
            group.model,
            record,
            self.shown,
            group.documents,
        )

    def _filled(self, group):
        """Return the records, and as many with documents as tell what to show."""
        return [
            self._recs(group),
            SQL(
                "filled AS MATERIALIZED (SELECT recs.id FROM recs"
                " WHERE EXISTS (%s OFFSET 0) LIMIT %s)",
                self._of_record(group, SQL("recs"), NOTHING),
                RECORDS + 1,
            ),
        ]

    def _counted(self, group):
        # One of the two halves is not run at all.
        return SQL(
            """counted AS (SELECT count(*) AS n FROM (SELECT FROM (
                SELECT id FROM recs WHERE (SELECT count(*) FROM filled) > %(records)s
                UNION ALL
                SELECT id FROM filled WHERE (SELECT count(*) FROM filled) <= %(records)s
            ) record CROSS JOIN LATERAL (%(documents)s OFFSET 0) found
            LIMIT %(limit)s) counting)""",
            records=RECORDS,
            documents=self._of_record(group, SQL("record"), NOTHING),
            limit=MOST + 1,
        )

    def _documents(self, group, offset, limit):
        """Return the query of a page of documents, of a group that shows documents."""
        order = SQL("ORDER BY document_date DESC, id DESC")
        return SQL(
            """SELECT page.id, page.document_date FROM (
                SELECT found.* FROM filled CROSS JOIN LATERAL (
                    %(documents)s %(order)s LIMIT %(until)s
                ) found
                WHERE (SELECT count(*) FROM filled) <= %(records)s
                %(order)s OFFSET %(offset)s LIMIT %(limit)s
            ) page""",
            documents=self._of_record(
                group, SQL("filled"), SQL("document.id, document.document_date")
            ),
            order=order,
            records=RECORDS,
            offset=offset,
            limit=limit,
            until=offset + limit,
        )
