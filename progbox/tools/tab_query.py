"""The one statement that fills a tab, whatever number of groups it has."""

from typing import NamedTuple

from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tools.planning import without_compiling

from .tab_order import NEWEST

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
    documents. The other way round, each document would ask for its record. Records are
    read for as long as somebody asks for more: enough of 5,000 orders are soon found.

    :param SQL shown: which rows of ``document`` the tab shows, versions apart
    :param SQL superseded: whether there is a later version of a row of ``document``
    :param Order order: of the documents of a group; of more than ``MOST``, the newest
        come first whatever it is, for all of them would be read to sort them
    """

    def __init__(self, shown, superseded, order=NEWEST):
        self.shown = shown
        self.superseded = superseded
        self.order = order
        self.all = []

    def add(self, key, model, title, records, documents=EVERY):
        """Add a group.

        :param SQL records: query of the ids of the records that the caller may read
        :param SQL documents: which rows of their ``document`` the caller may read
        """
        self.all.append(Group(key, model, title, records, documents))

    def has(self, key):
        return any(group.key == key for group in self.all)

    def model_of(self, key):
        return self._group(key).model

    def groups(self, env):
        """Return each group with what was found for it.

        :return: list of tuples of Group and Found
        """
        rows = self._rows(
            env,
            SQL(
                """WITH %(recs)s, %(filled)s, kind AS MATERIALIZED (
                    SELECT every.position, count(filled.id) AS records,
                        count(filled.id) > %(most)s AS is_long
                    FROM generate_series(0, %(last)s) AS every(position)
                    LEFT JOIN filled ON filled.position = every.position
                    GROUP BY every.position
                )
                SELECT kind.position, kind.records, counted.number, kind.is_long,
                    page.id
                FROM kind
                CROSS JOIN LATERAL (%(counted)s) counted
                LEFT JOIN LATERAL (%(page)s) page ON NOT kind.is_long
                ORDER BY kind.position, page.place""",
                recs=self._recs(self.all),
                filled=self._filled(self.all),
                most=RECORDS,
                last=len(self.all) - 1,
                counted=self._counted(),
                page=self._documents(
                    SQL("filled.position = kind.position AND NOT kind.is_long"),
                    0,
                    PAGE + 1,
                ),
            ),
        )
        result = []
        for position, group in enumerate(self.all):
            mine = [row for row in rows if row[0] == position]
            records, documents, as_records = mine[0][1:4]
            ids = [row[4] for row in mine if row[4]]
            found = Found(records, documents, as_records, ids)
            result.append((group, self._sorted(env, group.key, found)))
        return result

    def count(self, env, key=None):
        """Return the number of documents, one more than MOST at most.

        :param str key: of a group; of all groups without it
        """
        groups = [self._group(key)] if key else self.all
        [[count]] = self._rows(
            env,
            SQL(
                "WITH %s SELECT count(*) FROM (SELECT FROM (%s) recs"
                " CROSS JOIN LATERAL (%s) found LIMIT %s) counted",
                self._recs(groups),
                self._everything(groups),
                self._number_of(SQL("recs")),
                MOST + 1,
            ),
        )
        return count

    def places(self):
        """Return the query of model and id of the records of all groups."""
        return SQL(
            "WITH %s SELECT recs.model, recs.id FROM (%s) recs",
            self._recs(self.all),
            self._everything(self.all),
        )

    def page(self, env, key, offset, limit):
        """Return a page of a group, and one row more if there is another page.

        :return: tuple of whether it is one of records, and the rows: id and, of a
            record, its number of documents
        """
        groups = [self._group(key)]
        is_sorted = self.order is not NEWEST and self.count(env, key) <= MOST
        rows = self._rows(
            env,
            SQL(
                """WITH %(recs)s, %(filled)s, long AS MATERIALIZED (
                    SELECT count(*) > %(most)s AS yes FROM filled
                )
                SELECT * FROM (
                    SELECT recs.id, 0::bigint AS place, TRUE AS is_record, (
                        SELECT count(*) FROM (%(number)s LIMIT %(count)s) counting
                    ) AS number
                    FROM %(records)s recs
                    WHERE (SELECT yes FROM long) AND EXISTS (%(documents)s OFFSET 0)
                    ORDER BY recs.id DESC OFFSET %(offset)s LIMIT %(limit)s
                ) page
                UNION ALL SELECT page.*, FALSE, NULL FROM (%(page)s) page
                ORDER BY place, id DESC""",
                recs=self._recs(groups),
                records=_name(0),
                filled=self._filled(groups),
                most=RECORDS,
                documents=self._of_record(SQL("recs")),
                number=self._number_of(SQL("recs")),
                count=MOST + 1,
                offset=offset,
                limit=limit + 1,
                page=self._documents(
                    SQL("NOT (SELECT yes FROM long)"),
                    offset,
                    limit + 1,
                    self.order if is_sorted else NEWEST,
                ),
            ),
        )
        return any(row[2] for row in rows), [(row[0], row[3]) for row in rows]

    # ------------------------------------------------------------------
    # Parts
    # ------------------------------------------------------------------

    def _group(self, key):
        return next(group for group in self.all if group.key == key)

    def _rows(self, env, query):
        without_compiling(env)
        return env.execute_query(query)

    def _recs(self, groups):
        """Return the records of each group, as tables read as far as needed."""
        return SQL(", ").join(
            SQL(
                "%s AS MATERIALIZED (SELECT %s AS position, %s AS model, found.id,"
                " %s AS own FROM (%s) found)",
                _name(position),
                position,
                group.model,
                group.documents is not EVERY,
                group.records,
            )
            for position, group in enumerate(groups)
        )

    def _everything(self, groups):
        """Return the query of the records of some groups."""
        return SQL(" UNION ALL ").join(
            SQL("SELECT * FROM %s", _name(position)) for position in range(len(groups))
        )

    def _of_group(self, groups, position):
        """Return the query of the records of one group.

        :param SQL position: of the group; the tables of all others are not read
        """
        return SQL(" UNION ALL ").join(
            SQL("SELECT * FROM %s WHERE %s = %s", _name(number), position, number)
            for number in range(len(groups))
        )

    def _of_record(self, record, columns=NOTHING):
        """Return the query of the shown documents of a record, for some of them.

        :param SQL record: a row of records
        """
        # Not NOT: PostgreSQL would join the later versions of all documents first.
        return SQL(
            "SELECT %s FROM progbox_document document"
            " WHERE document.res_model = %s.model AND document.res_id = %s.id"
            " AND %s IS NOT TRUE AND %s",
            columns,
            record,
            record,
            self.superseded,
            self._conditions(record),
        )

    def _number_of(self, record):
        """Return a row for each shown document of a record, for many of them.

        Only where the record has later versions at all, they are looked for document by
        document. A window over the versions would sort all documents of the record,
        when PostgreSQL takes them for few, and some are enough to count.

        :param SQL record: a row of records
        """
        return SQL(
            """SELECT FROM (SELECT EXISTS (
                SELECT FROM progbox_document newer
                WHERE newer.res_model = %(record)s.model
                AND newer.res_id = %(record)s.id AND newer.version > 1
            ) AS later OFFSET 0) versions
            CROSS JOIN progbox_document document
            WHERE document.res_model = %(record)s.model
            AND document.res_id = %(record)s.id
            AND (versions.later AND %(superseded)s) IS NOT TRUE
            AND %(conditions)s OFFSET 0""",
            record=record,
            superseded=self.superseded,
            conditions=self._conditions(record),
        )

    def _conditions(self, record):
        own = [
            SQL("(NOT %s.own OR %s)", record, group.documents)
            for group in self.all
            if group.documents is not EVERY
        ]
        return SQL(" AND ").join([self.shown, *own])

    def _filled(self, groups):
        """Return as many records with documents as tell what to show of each group."""
        return SQL(
            """filled AS MATERIALIZED (
                SELECT held.* FROM generate_series(0, %s) AS every(position)
                CROSS JOIN LATERAL (
                    SELECT recs.* FROM (%s) recs WHERE EXISTS (%s OFFSET 0) LIMIT %s
                ) held
            )""",
            len(groups) - 1,
            self._of_group(groups, SQL("every.position")),
            self._of_record(SQL("recs")),
            RECORDS + 1,
        )

    def _counted(self):
        # One of the two halves is not run at all.
        return SQL(
            """SELECT count(*) AS number FROM (SELECT FROM (
                SELECT * FROM (%s) recs WHERE kind.is_long
                UNION ALL
                SELECT * FROM filled
                WHERE filled.position = kind.position AND NOT kind.is_long
            ) record CROSS JOIN LATERAL (%s) found
            LIMIT %s) counting""",
            self._of_group(self.all, SQL("kind.position")),
            self._number_of(SQL("record")),
            MOST + 1,
        )

    def _sorted(self, env, key, found):
        """Return what was found of a group, its first documents in the chosen order."""
        if self.order is NEWEST or found.as_records or found.documents > MOST:
            return found
        _as_records, rows = self.page(env, key, 0, PAGE)
        return found._replace(ids=[id_ for id_, _count in rows])

    def _documents(self, condition, offset, limit, order=NEWEST):
        """Return the query of a page of documents, of a group that shows documents.

        With the ``place`` of each, as the statement around it has an order of its own.
        """
        return SQL(
            """SELECT found.id, row_number() OVER (ORDER BY %(of_all)s) AS place
            FROM filled CROSS JOIN LATERAL (
                SELECT * FROM (%(documents)s) document
                ORDER BY %(of_record)s LIMIT %(until)s
            ) found
            WHERE %(condition)s
            ORDER BY place OFFSET %(offset)s LIMIT %(limit)s""",
            of_all=order.by(SQL("found")),
            of_record=order.by(SQL("document")),
            documents=self._of_record(SQL("filled"), order.columns),
            condition=condition,
            offset=offset,
            limit=limit,
            until=offset + limit,
        )


def _name(position):
    """Return the name of the table of the records of a group."""
    return SQL.identifier(f"recs_{position}")
