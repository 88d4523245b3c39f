from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

PAGE_SIZE = 80
# Counting further would read a whole archive to draw three rows.
COUNT_LIMIT = 10000


class ProgboxFolder(models.Model):
    """What the folder tree of the browser asks for."""

    _inherit = "progbox.folder"

    @api.model
    def tree_start(self, folder_id=False, open_ids=()):
        """Return the tree as it opens: the chosen folder and the pages above it.

        :param folder_id: folder chosen before; else the archive's newest month
        :param open_ids: folders that were open before
        :return: dictionary of ``selected`` (id or False), ``open`` (ids) and
            ``pages`` (see :meth:`tree_page`)
        """
        known = set(self.search(Domain("id", "in", [folder_id, *open_ids])).ids)
        selected = self.browse(folder_id) if folder_id in known else self._tree_newest()
        path = [int(id_) for id_ in selected._ancestor_ids()]
        open_ids = list(dict.fromkeys([*path[:-1], *known.intersection(open_ids)]))
        return {
            "selected": selected.id,
            "open": open_ids,
            "pages": [
                self.tree_page(parent_id, including_ids=path)
                for parent_id in (False, *open_ids)
            ],
        }

    @api.model
    def tree_page(self, parent_id, offset=0, including_ids=()):
        """Return a page of the sub-folders of a folder.

        :param parent_id: the folder, or False for the topmost folders
        :param including_ids: folders to show even if they come on a later page
        :return: dictionary of ``parentId``, ``folders``, ``size`` (how far the offset
            moves on) and ``more`` (whether there is another page)
        """
        parent = self.browse(parent_id or ())
        siblings = Domain("parent_id", "=", parent.id)
        order = "name desc" if parent.locked else "locked desc, company_id, name, id"
        found = self.search(siblings, offset=offset, limit=PAGE_SIZE + 1, order=order)
        page = found[:PAGE_SIZE]
        if len(found) > PAGE_SIZE and including_ids:
            page |= self.search(siblings & Domain("id", "in", list(including_ids)))
        return {
            "parentId": parent.id,
            "folders": page._tree_values(),
            "size": min(len(found), PAGE_SIZE),
            "more": len(found) > PAGE_SIZE,
        }

    @api.model
    def _tree_newest(self):
        """Return the archive's folder of the newest document of the company."""
        archived = Domain("folder_id.locked", "=", True)
        document = self.env["progbox.document"].search(
            archived & Domain("company_id", "=", self.env.company.id), limit=1
        )
        return document.folder_id

    def _tree_values(self):
        counts = self._tree_counts()
        show_company = len(self.env.companies) > 1
        return [
            {
                "id": folder.id,
                "parentId": folder.parent_id.id,
                "name": folder.name,
                "company": show_company
                and not folder.parent_id
                and folder.company_id.display_name,
                "locked": folder.locked,
                "count": min(counts[folder.id][0], COUNT_LIMIT),
                "counted": counts[folder.id][0] <= COUNT_LIMIT,
                "hasChildren": counts[folder.id][1],
            }
            for folder in self
        ]

    def _tree_counts(self):
        """Return the documents in and under each folder, and whether it has folders.

        In SQL for the sake of the limit, with the access rules of the ORM. The
        lateral sub-queries keep PostgreSQL from reading all documents per folder, and
        compiling the query would take longer than running it.

        :return: dictionary of (count, has children) by id
        """
        self.env["progbox.folder"].flush_model(["parent_id"])
        readable = self.env["progbox.document"]._search(Domain.TRUE)
        children = self._search(Domain.TRUE)
        self.env.execute_query(SQL("SET LOCAL jit = off"))
        query = SQL(
            """SELECT folder.id, counted.documents, (
                SELECT progbox_folder.id FROM %(children)s
                WHERE progbox_folder.parent_id = folder.id AND %(readable_child)s
                ORDER BY progbox_folder.name LIMIT 1
            ) IS NOT NULL
            FROM progbox_folder folder
            CROSS JOIN LATERAL (
                SELECT count(*) AS documents FROM (
                    WITH RECURSIVE under AS (
                        SELECT folder.id
                        UNION ALL
                        SELECT child.id FROM under CROSS JOIN LATERAL (
                            SELECT id FROM progbox_folder
                            WHERE parent_id = under.id OFFSET 0
                        ) AS child
                    )
                    SELECT FROM under CROSS JOIN LATERAL (
                        SELECT FROM %(documents)s
                        WHERE progbox_document.folder_id = under.id AND %(readable)s
                        LIMIT %(limit)s
                    ) AS document LIMIT %(limit)s
                ) AS counting
            ) AS counted
            WHERE folder.id = ANY(%(ids)s)""",
            documents=readable.from_clause,
            readable=readable.where_clause or SQL("TRUE"),
            children=children.from_clause,
            readable_child=children.where_clause or SQL("TRUE"),
            limit=COUNT_LIMIT + 1,
            ids=self.ids,
        )
        return {
            id_: (count, more) for id_, count, more in self.env.execute_query(query)
        }
