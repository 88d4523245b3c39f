import {_t} from "@web/core/l10n/translation";
import {FolderTreeModel} from "@progbox_invoice_archive/folder_tree/folder_tree_model";

/** All documents of the tab, in whatever folder. */
export const ALL = "all";
/** The record's own folder, before there is one. */
export const FUTURE = "future";

/** The folders of a record and of its relatives, in the tree of the archive. */
export class TabTreeModel extends FolderTreeModel {
    constructor(orm, {resModel, resId}) {
        super(orm);
        this.resModel = resModel;
        this.resId = resId;
        this.selectedId = ALL;
        this.isSearchable = false;
    }

    /** @returns {Promise<boolean>} whether another folder is chosen by it */
    async start() {
        const {resModel, resId} = this;
        const openedBefore = [...this.openIds];
        const start = ++this.starts;
        const tree = await this.orm.call("progbox.folder", "progbox_tree_of", [
            resModel,
            resId,
            openedBefore.filter((id) => this.isFolder(id)),
        ]);
        if (start !== this.starts) {
            // An answer that was asked for later has what this one has not.
            return false;
        }
        tree.pages.forEach((page) => this.addPage(page));
        // What has been closed meanwhile stays closed.
        const closed = openedBefore.filter((id) => !this.isOpen(id));
        const open = [...tree.open, ...this.openIds.filter((id) => this.pages[id])];
        this.openIds = [...new Set(open)].filter((id) => !closed.includes(id));
        if (this.selectedId !== FUTURE || this.pages[false].ids.includes(FUTURE)) {
            return false;
        }
        // It is there by now.
        this.selectedId = tree.open[0] || ALL;
        return true;
    }

    addPage({parentId, folders, ...page}, offset = 0) {
        const known = folders.map((folder) => ({...folder, id: folder.id || FUTURE}));
        const all = {
            id: ALL,
            parentId: false,
            name: _t("All documents"),
            count: false,
            virtual: true,
        };
        const nodes = parentId === false ? [all, ...known] : known;
        super.addPage({parentId, folders: nodes, ...page}, offset);
    }

    /** @returns {boolean} whether there is anything to choose, or to make */
    get hasChoice() {
        const {ids = []} = this.pages[false] || {};
        return ids.length > 2 || ids.some((id) => this.isFolder(id) || this.canAdd(id));
    }

    isFolder(id) {
        return typeof id === "number";
    }

    canAdd(id) {
        return Boolean(this.folders[id]?.writable);
    }

    /** Files may have come from elsewhere: counts and names are asked for as well. */
    reload() {
        return this.start();
    }

    async open(id) {
        const isThere = this.pages[id];
        if (isThere || this.isFolder(id)) {
            await super.open(id);
        }
    }

    async loadMore(parentId) {
        const {group} = this.folders[parentId];
        if (!group) {
            return super.loadMore(parentId);
        }
        const {offset} = this.pages[parentId];
        const args = [this.resModel, this.resId, group, offset];
        const page = await this.orm.call(
            "progbox.folder",
            "progbox_tree_of_group",
            args
        );
        this.addPage(page, offset);
    }

    /** @returns {Object|undefined} the chosen node, unless it is that of all documents */
    get chosen() {
        return this.selectedId === ALL ? undefined : this.folders[this.selectedId];
    }

    /** @returns {Object} the folder of a record that a folder is in, or itself */
    topOf(folder) {
        const above = this.folders[folder.parentId];
        return folder.resModel || !above ? folder : this.topOf(above);
    }

    /** @returns {{resModel: string, resId: number, folderId: number|false}} */
    placeOf(folder) {
        const {resModel, resId} = this.topOf(folder);
        return {resModel, resId, folderId: this.isFolder(folder.id) && folder.id};
    }

    /** @returns {string} what stands above its documents, beside the record's name */
    titleOf(folder) {
        const top = this.topOf(folder);
        if (folder !== top) {
            return this.path(folder.id).slice(this.path(top.id).length + 3);
        }
        const above = this.folders[top.parentId];
        return top.subtitle || above?.name || _t("This record");
    }

    /** @returns {string} "Project X / Plans" */
    path(id) {
        const folder = this.folders[id];
        const above = this.folders[folder.parentId];
        return above && !above.virtual
            ? `${this.path(above.id)} / ${folder.name}`
            : folder.name;
    }

    /** Nothing is kept: another record has other folders. */
    keep() {}
}
