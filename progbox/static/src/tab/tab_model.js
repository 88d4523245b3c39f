const PAGE = 20;
// What the server gives at once.
const LARGEST_PAGE = 50;
/** The group that a chosen folder is shown as. */
const FOLDER = "folder";

/**
 * The documents of a record and of its relatives, as they have been loaded, and which
 * of them are selected. It knows nothing of the screen: a component makes it reactive.
 */
export class TabModel {
    constructor(orm, {resModel, resId}) {
        this.orm = orm;
        this.resModel = resModel;
        this.resId = resId;
        this.text = "";
        // Column and direction, as the server knows them; nothing: the newest first.
        this.sortedBy = "";
        // Of the tree of folders: what it is narrowed to, a group or a folder.
        this.chosen = undefined;
        this.isLoaded = false;
        this.writable = true;
        // Whether what is attached to messages can be seen as well.
        this.attachments = false;
        this.groups = [];
        // In the order of their selection.
        this.selectedIds = [];
        this.loads = 0;
    }

    /** @returns {Promise<{writable: boolean, groups: Object[]}>} what is to be shown */
    async fetch() {
        const {chosen, text} = this;
        if (!chosen || chosen.group) {
            const tab = await this.call("progbox_tab", text);
            const isWanted = ({key}) => !chosen || key === chosen.group;
            return {...tab, groups: tab.groups.filter(isWanted)};
        }
        const found = await this.documentsIn(chosen, text);
        const {writable, title, place} = chosen;
        const group = {key: FOLDER, place, title, records: 1, asRecords: false};
        return {writable, groups: [{...group, ...found, model: place.resModel}]};
    }

    async documentsIn({place}, text, offset = 0, limit = PAGE) {
        if (!place.folderId) {
            // It is made with the first document.
            return {documents: 0, capped: false, items: [], more: false};
        }
        const args = [[place.folderId], text, offset, limit];
        return this.orm.call("progbox.folder", "progbox_documents", args, this.order);
    }

    /** Of what the group was loaded for: by now, something else may be chosen. */
    fetchMore(group, offset, limit) {
        const {key, text} = group;
        return key === FOLDER
            ? this.documentsIn(group, text, offset, limit)
            : this.call("progbox_tab_page", key, offset, limit, text);
    }

    call(method, ...args) {
        return this.orm.call(
            this.resModel,
            method,
            [[this.resId], ...args],
            this.order
        );
    }

    get order() {
        return {sorted_by: this.sortedBy};
    }

    /** @returns {Promise} resolved when what was asked for last is shown */
    load() {
        this.loading = this.loadAll();
        return this.loading;
    }

    async loadAll() {
        if (!this.resId) {
            Object.assign(this, {isLoaded: true, writable: true, groups: []});
            return;
        }
        const {text} = this;
        const load = ++this.loads;
        const tab = await this.fetch();
        const groups = tab.groups.map((group) => ({...group, text, list: []}));
        if (load === this.loads) {
            // All of it is shown at once: what is selected, or has the focus, stays.
            await Promise.all(groups.map((group) => this.reopen(group)));
        }
        if (load !== this.loads) {
            // Something else is looked for by now.
            return this.loading;
        }
        this.writable = tab.writable;
        this.attachments = Boolean(tab.attachments);
        this.groups = groups;
        this.loadedText = text;
        this.isLoaded = true;
        const ids = new Set(this.items.map(({id}) => id));
        this.selectedIds = this.selectedIds.filter((id) => ids.has(id));
    }

    /** Show as much of a group as before it was loaded anew. */
    async reopen(group) {
        const before = this.groups.find((other) => this.isSame(group, other));
        const known = this.loadedOf(group);
        // Its records come in pages from the first one on.
        const first = group.asRecords ? PAGE : 0;
        const wanted = Math.max((before && this.loadedOf(before).length) || 0, first);
        let found = true;
        while (found && group.more && known.length < wanted) {
            const missing = wanted - known.length;
            found = await this.loadMore(group, Math.min(missing, LARGEST_PAGE));
        }
    }

    isSame(group, other) {
        const idOf = ({key, text, place}) => [key, text, place?.folderId].join();
        return idOf(group) === idOf(other);
    }

    /** @returns {Object[]} what of a group has been loaded: documents or records */
    loadedOf({asRecords, items, list}) {
        return asRecords ? list : items;
    }

    /** @returns {Promise<boolean>} whether there was more */
    async loadMore(group, limit = PAGE) {
        const known = this.loadedOf(group);
        const page = await this.fetchMore(group, known.length, limit);
        const ids = new Set(known.map(({id}) => id));
        const more = (page.items || page.records).filter(({id}) => !ids.has(id));
        known.push(...more);
        group.more = page.more;
        return more.length > 0;
    }

    search(text) {
        this.text = text;
        return this.load();
    }

    /** @param {string} sortedBy see `progbox_tab` of the server */
    async sort(sortedBy) {
        if (sortedBy !== this.sortedBy) {
            this.sortedBy = sortedBy;
            await this.load();
        }
    }

    /**
     * Show one folder, or one group.
     *
     * @param {{group: ?string, place: ?Object, label: string, title: string,
     *     writable: boolean}} [chosen] nothing for all documents
     */
    choose(chosen) {
        this.chosen = chosen;
        this.selectedIds = [];
        return this.load();
    }

    // ------------------------------------------------------------------
    // What is shown
    // ------------------------------------------------------------------

    /** @returns {Object[]} all documents that are shown, in their order */
    get items() {
        return this.groups.flatMap(({items}) => items);
    }

    /** @returns {boolean} whether a group has more documents than the server sorts */
    get hasTooMany() {
        return this.groups.some(({capped, asRecords}) => capped && !asRecords);
    }

    get isEmpty() {
        return this.groups.every(({documents}) => !documents);
    }

    item(id) {
        return this.items.find((item) => item.id === id);
    }

    /** @returns {Object|undefined} the document some steps away, if there is one */
    neighbour(id, step) {
        const {items} = this;
        return items[items.findIndex((item) => item.id === id) + step];
    }

    // ------------------------------------------------------------------
    // What is selected
    // ------------------------------------------------------------------

    get selection() {
        return this.items.filter(({id}) => this.selectedIds.includes(id));
    }

    get canChangeSelection() {
        const {selection} = this;
        return selection.length > 0 && selection.every(({writable}) => writable);
    }

    isSelected(id) {
        return this.selectedIds.includes(id);
    }

    toggle(id) {
        this.selectedIds = this.isSelected(id)
            ? this.selectedIds.filter((other) => other !== id)
            : [...this.selectedIds, id];
    }

    /** Select all from the one that was selected last to this one. */
    extendTo(id) {
        const ids = this.items.map((item) => item.id);
        const from = Math.max(ids.indexOf(this.selectedIds.at(-1)), 0);
        const to = ids.indexOf(id);
        const range = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
        this.selectedIds = [
            ...this.selectedIds.filter((other) => !range.includes(other)),
            ...range,
        ];
    }

    get isAllSelected() {
        return this.items.every(({id}) => this.isSelected(id));
    }

    /** Select all that is shown, or nothing if all of it is selected. */
    toggleAll() {
        this.selectedIds = this.isAllSelected ? [] : this.items.map(({id}) => id);
    }

    unselect(items) {
        const ids = items.map(({id}) => id);
        this.selectedIds = this.selectedIds.filter((id) => !ids.includes(id));
    }

    clearSelection() {
        this.selectedIds = [];
    }
}
