"""The folders of a record and of its relatives, which stand beside its documents."""

from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.progbox_invoice_archive.tools.planning import without_compiling

from ..tools import access
from ..tools.tab_order import NEWEST, order_of
from ..tools.tab_query import MOST, RECORDS
from . import document_values
from .place import record_of

# Folders of one kind of relatives that are loaded at once.
PAGE_SIZE = 20
# Among so many newest folders, a page is looked for one by one.
NEAR = 2000
# How the ids of nodes begin that stand for all relatives of a kind.
RELATION = "relation:"


def tree_of(record, open_ids=()):
    """Return the tree beside the documents of a record.

    :param record: of a model with the ProGBox tab
    :param open_ids: folders whose sub-folders are shown
    :return: see :meth:`progbox.folder.progbox_tree_of`
    """
    folders = record.env["progbox.folder"]
    own = folders._progbox_known(record)
    readable = own._filtered_access("read") if own else own
    groups = _relatives(record)
    found = readable.browse(
        dict.fromkeys([*readable.ids, *(id_ for _r, ids in groups for id_ in ids)])
    )
    nodes = {node["id"]: node for node in found._tree_values()}
    for folder in found.sudo():
        nodes[folder.id] |= {"resModel": folder.res_model, "resId": folder.res_id}
    top = [{**nodes[id_], "parentId": False} for id_ in readable.ids]
    if not own:
        top.append(_future(record))
    pages = []
    shown = set(readable.ids)
    for relation, ids in groups:
        # A relative may be one in several ways.
        ours = [id_ for id_ in ids[:PAGE_SIZE] if id_ not in shown]
        shown.update(ours)
        if len(ours) == 1:
            [id_] = ours
            top.append({**nodes[id_], "parentId": False, "subtitle": relation.title})
        elif ours:
            top.append(_relation_node(relation))
            pages.append(_page(relation.key, [nodes[id_] for id_ in ours], ids))
    known = set(folders._tree_known([id_ for id_ in open_ids if isinstance(id_, int)]))
    opened = [*readable.ids, *(id_ for id_ in open_ids if id_ in known - {own.id})]
    return {
        "selected": False,
        "open": opened,
        "domain": list(folders._tree_documents()),
        "pages": [
            {
                "parentId": False,
                "folders": top,
                "size": len(top),
                "more": False,
                "next": 0,
            },
            *pages,
            *(folders.tree_page(id_) for id_ in opened),
        ],
    }


def page_of(record, key, before=0):
    """Return a page of the folders of one kind of relatives, newest first.

    :param str key: of the relation
    :param before: what the page before calls ``next``
    :return: see :meth:`progbox.folder.tree_page`
    """
    for relation, ids in _relatives(record, key, before):
        found = record.env["progbox.folder"].browse(ids[:PAGE_SIZE])
        nodes = found._tree_values()
        for node, folder in zip(nodes, found.sudo(), strict=True):
            node |= {"resModel": folder.res_model, "resId": folder.res_id}
        return _page(relation.key, nodes, ids)
    return _page(key, [], [])


def newest_of(folders, model, before, limit):
    """Return the ids of the newest folders of records of a model that the caller reads.

    Mostly they are among the newest of all. Whoever reads only records of long ago
    would have to ask all newer ones first: their folders are taken from their records.
    The companies are those of the folders: some clients are read in other companies,
    too, and what is left out afterwards would end a page early.

    :param before: only folders with a smaller id, 0 for all
    """
    env = folders.env
    query = env[model]._progbox_readable()
    if query is None or query.is_empty():
        return []
    env.flush_all()
    without_compiling(env)
    inside = SQL(
        "folder.res_model = %s AND folder.res_id IS NOT NULL"
        " AND (%s = 0 OR folder.id < %s)"
        " AND (%s OR folder.company_id IS NULL OR folder.company_id = ANY(%s))",
        model,
        before,
        before,
        env.su,
        env.companies.ids,
    )
    rows = env.execute_query(
        SQL(
            """WITH near AS MATERIALIZED (
                SELECT folder.id FROM (
                    SELECT folder.id, folder.res_id FROM progbox_folder folder
                    WHERE %(inside)s ORDER BY folder.id DESC LIMIT %(near)s
                ) folder WHERE %(readable)s ORDER BY folder.id DESC LIMIT %(limit)s
            )
            SELECT id FROM near
            UNION (
                SELECT folder.id FROM progbox_folder folder
                WHERE %(inside)s AND folder.res_id = ANY(ARRAY(%(records)s))
                AND (SELECT count(*) FROM near) < %(limit)s
                ORDER BY folder.id DESC LIMIT %(limit)s
            )
            ORDER BY id DESC LIMIT %(limit)s""",
            inside=inside,
            near=NEAR,
            readable=access.exists(query, SQL("folder")),
            records=query.select(),
            limit=limit,
        )
    )
    return [id_ for (id_,) in rows]


def documents_in(folder, text, offset, limit, sorted_by):
    """Return the documents in a folder of a record, and in those under it.

    :return: see :meth:`progbox.folder.progbox_documents`
    """
    env = folder.env
    folder.check_access("read")
    if not (record := record_of(folder)):
        return {"documents": 0, "capped": False, "items": [], "more": False}
    record._progbox_check_tab()
    env.flush_all()
    documents = env["progbox.document"]
    alias = SQL("document")
    # Whoever reads the record reads its documents: no document is asked for its own.
    found = SQL(
        """FROM progbox_document document
        WHERE document.folder_id = ANY(%s)
        AND document.res_model = %s AND document.res_id = %s
        AND %s AND %s AND NOT %s""",
        folder.sudo().search(Domain("id", "child_of", folder.id)).ids,
        record._name,
        record.id,
        record._progbox_own_documents_sql(alias),
        documents._progbox_shown_sql(alias, text),
        documents._superseded_sql(alias),
    )
    [[count]] = env.execute_query(
        SQL("SELECT count(*) FROM (SELECT %s LIMIT %s) counting", found, MOST + 1)
    )
    # To sort more, all of them would have to be read.
    order = order_of(env, sorted_by) if count <= MOST else NEWEST
    limit = max(1, min(int(limit), RECORDS))
    rows = env.execute_query(
        SQL(
            "SELECT found.id FROM (SELECT %s %s) found ORDER BY %s OFFSET %s LIMIT %s",
            order.columns,
            found,
            order.by(SQL("found")),
            max(0, int(offset)),
            limit + 1,
        )
    )
    ids = [id_ for (id_,) in rows[:limit]]
    values = document_values.listed(documents.browse(ids))
    return {
        "documents": min(count, MOST),
        "capped": count > MOST,
        "items": [values[id_] for id_ in ids],
        "more": len(rows) > limit,
    }


def named(folders, text):
    """Return the folders of records whose name has a text, the newest of each model.

    One statement for all models, with the rights on the records as part of it.
    """
    env = folders.env
    parts = []
    for name in folders._progbox_models_read():
        records = env[name].sudo(False).with_context(active_test=False)
        query = records._search(Domain("display_name", "ilike", text))
        if not query.is_empty():
            parts.append(
                SQL(
                    "(SELECT folder.id FROM progbox_folder folder"
                    " WHERE folder.res_model = %s AND folder.res_id IN %s"
                    " ORDER BY folder.id DESC LIMIT %s)",
                    name,
                    query.subselect(),
                    PAGE_SIZE,
                )
            )
    if not parts:
        return folders.browse()
    env.flush_all()
    without_compiling(env)
    rows = env.execute_query(SQL(" UNION ALL ").join(parts))
    return folders.search(Domain("id", "in", [id_ for (id_,) in rows]))


def _relatives(record, key=None, before=0):
    """Return the newest folders of relatives that the caller may read.

    One statement for all kinds. The rights on the records are part of it: the name of
    a folder says whose it is.

    :param key: of the one relation that is asked for
    :return: list of tuples of Relation and ids, one more than a page
    """
    relations = [
        relation
        for relation in record._progbox_relatives()
        if key is None or relation.key == key
    ]
    parts, readable = [], []
    for relation in relations:
        records = record._progbox_readable_of(relation)
        if records is None:
            continue
        parts.append(
            SQL(
                "(SELECT %s AS position, folder.id FROM progbox_folder folder"
                " WHERE folder.res_model = %s AND folder.res_id = ANY(ARRAY(%s))"
                " AND (%s = 0 OR folder.id < %s) ORDER BY folder.id DESC LIMIT %s)",
                len(readable),
                relation.model,
                records,
                int(before),
                int(before),
                PAGE_SIZE + 1,
            )
        )
        readable.append((relation, []))
    if parts:
        record.env.flush_all()
        without_compiling(record.env)
        rows = record.env.execute_query(SQL(" UNION ALL ").join(parts))
        for position, id_ in sorted(rows, key=lambda row: (row[0], -row[1])):
            readable[position][1].append(id_)
    return readable


def _page(key, nodes, ids):
    node = f"{RELATION}{key}"
    return {
        "parentId": node,
        "folders": [{**folder, "parentId": node} for folder in nodes],
        "size": len(nodes),
        "more": len(ids) > PAGE_SIZE,
        "next": min(ids[:PAGE_SIZE], default=0),
    }


def _node(id_, name):
    return {
        "id": id_,
        "parentId": False,
        "name": name,
        "subtitle": False,
        "locked": False,
        "count": False,
        "counted": True,
        "hasChildren": False,
        "writable": False,
        "own": False,
    }


def _relation_node(relation):
    """Return the node of a group of relatives, which is no folder itself."""
    node = _node(f"{RELATION}{relation.key}", relation.title)
    return {**node, "hasChildren": True, "virtual": True, "group": relation.key}


def _future(record):
    """Return the node of a folder that is made with the first document."""
    return {
        **_node(False, record.display_name),
        "count": 0,
        "writable": record._progbox_may("write"),
        "resModel": record._name,
        "resId": record.id,
    }
