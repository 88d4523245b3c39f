import {browser} from "@web/core/browser/browser";
import {user} from "@web/core/user";
import {folderLabel} from "./folder_label";

/**
 * The folders that have been loaded, page by page, and which of them are open.
 *
 * What is open and chosen is kept for the session of the browser.
 */
export class FolderTreeModel {
    constructor(orm) {
        this.orm = orm;
        this.folders = {};
        this.pages = {};
        this.openIds = [];
        this.selectedId = false;
        this.domain = [];
        this.warnings = [];
        // Folders that were looked for by their name, instead of all of them.
        this.isSearchable = true;
        this.found = null;
        this.searches = 0;
        this.starts = 0;
        this.shownStart = 0;
        // What something is dragged over.
        this.targetId = undefined;
    }

    get storageKey() {
        const companyIds = user.activeCompanies.map((company) => company.id);
        return `progbox.folder_tree,${user.userId},${companyIds.join("-")}`;
    }

    async start() {
        const start = ++this.starts;
        const kept = JSON.parse(
            browser.sessionStorage.getItem(this.storageKey) || "{}"
        );
        const tree = await this.orm.call("progbox.folder", "tree_start", [
            kept.selectedId || false,
            kept.openIds || [],
        ]);
        if (start < this.shownStart) {
            // An answer that was asked for later has what this one has not.
            return;
        }
        this.shownStart = start;
        tree.pages.forEach((page) => this.addPage(page));
        this.selectedId = tree.selected;
        this.openIds = tree.open;
        this.domain = tree.domain;
        this.warnings = tree.warnings || [];
    }

    get isEmpty() {
        return !this.pages[false]?.ids.length;
    }

    /** @returns {Object[]} what is visible: folders, and buttons for the next page */
    get rows() {
        return this.found ? this.foundRows : this.rowsUnder(false, 1);
    }

    get foundRows() {
        return this.found.folders.map((folder) => ({
            key: `${folder.id}`,
            folder: {...folder, hasChildren: false},
            level: 1,
            isOpen: false,
            label: folder.name,
        }));
    }

    /** Show the folders whose name has a text; without a text, all of them again. */
    async search(text) {
        const search = ++this.searches;
        const found = text.trim()
            ? await this.orm.call("progbox.folder", "tree_search", [text])
            : null;
        // Something else may be looked for by now.
        if (search === this.searches) {
            this.found = found;
        }
    }

    /**
     * Show a folder that was found at its place in the tree.
     *
     * @returns {Promise<boolean>} false when something else is looked for by now
     */
    async reveal(id) {
        const search = ++this.searches;
        const tree = await this.orm.call("progbox.folder", "tree_start", [
            id,
            this.openIds,
        ]);
        if (search !== this.searches) {
            return false;
        }
        tree.pages.forEach((page) => this.addPage(page));
        this.openIds = tree.open;
        this.found = null;
        return true;
    }

    rowsUnder(parentId, level) {
        const {ids = [], more = false} = this.pages[parentId] || {};
        const rows = ids.flatMap((id) => {
            const folder = this.folders[id];
            const isOpen = this.isOpen(id);
            const row = {key: `${id}`, folder, level, isOpen, label: this.label(id)};
            return isOpen ? [row, ...this.rowsUnder(id, level + 1)] : [row];
        });
        return more ? [...rows, {key: `more-${parentId}`, parentId, level}] : rows;
    }

    isOpen(id) {
        return this.openIds.includes(id);
    }

    label(id) {
        const folder = this.folders[id];
        return folderLabel(folder, this.folders[folder.parentId]);
    }

    /** @returns {string} the labels from the top down to the folder */
    path(id) {
        const {parentId} = this.folders[id];
        const label = this.label(id);
        return parentId ? `${this.path(parentId)} / ${label}` : label;
    }

    /** @returns {Array} the domain of the documents that a folder shows */
    domainOf(id) {
        return this.folders[id]?.domain || [["folder_id", "child_of", id]];
    }

    select(id) {
        this.selectedId = id;
        this.keep();
    }

    async open(id) {
        if (!this.pages[id]) {
            this.addPage(await this.orm.call("progbox.folder", "tree_page", [id]));
        }
        if (!this.isOpen(id)) {
            this.openIds.push(id);
        }
        this.keep();
    }

    close(id) {
        this.openIds = this.openIds.filter((openId) => openId !== id);
        this.keep();
    }

    async loadMore(parentId) {
        const offset = this.pages[parentId].offset;
        this.addPage(
            await this.orm.call("progbox.folder", "tree_page", [parentId, offset]),
            offset
        );
    }

    /** Load what is in a folder again, after it has been changed. */
    async reload(parentId) {
        const page = await this.orm.call("progbox.folder", "tree_page", [parentId]);
        this.addPage(page);
        if (this.folders[parentId]) {
            this.folders[parentId].hasChildren = page.folders.length > 0;
        }
    }

    addPage({parentId, folders, more, next}, offset = 0) {
        const known = offset ? this.pages[parentId].ids : [];
        folders.forEach((folder) => (this.folders[folder.id] = folder));
        const ids = new Set([...known, ...folders.map((folder) => folder.id)]);
        this.pages[parentId] = {ids: [...ids], more, offset: next};
    }

    keep() {
        const {selectedId, openIds} = this;
        browser.sessionStorage.setItem(
            this.storageKey,
            JSON.stringify({selectedId, openIds})
        );
    }
}
