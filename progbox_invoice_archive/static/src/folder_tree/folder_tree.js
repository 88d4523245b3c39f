import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {formatInteger} from "@web/views/fields/formatters";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {actionsOf, FolderActions} from "./folder_actions";

const SEARCH_DELAY = 300;

/** The folders beside the documents: what is chosen here narrows the list. */
export class FolderTree extends Component {
    static template = "progbox_invoice_archive.FolderTree";
    static props = {};
    static components = {FolderActions};

    setup() {
        this.ui = useService("ui");
        this.searchModel = this.env.searchModel;
        this.tree = useState(this.searchModel.folderTree);
        this.state = useState({
            focusedKey: `${this.tree.selectedId}`,
            isUnfolded: false,
            text: "",
        });
        this.search = useDebounced((text) => this.tree.search(text), SEARCH_DELAY);
        this.root = useRef("root");
        this.moveFocus = false;
        useBus(this.searchModel, "update", () => this.render());
        useEffect(() => {
            if (this.moveFocus) {
                this.moveFocus = false;
                this.focusedElement?.focus();
            }
        });
    }

    get focusedElement() {
        return this.root.el?.querySelector("[role=treeitem][tabindex='0']");
    }

    /** @returns {boolean} whether nobody has gone on elsewhere, as to write there */
    get hasFocus() {
        const {activeElement} = document;
        const row = activeElement.closest("[role=treeitem]");
        return activeElement === document.body || this.root.el?.contains(row);
    }

    get rows() {
        return this.tree.rows;
    }

    get focusedIndex() {
        const index = this.rows.findIndex(({key}) => key === this.state.focusedKey);
        return Math.max(index, 0);
    }

    /** The one row that the Tab key reaches; the arrow keys reach the others. */
    get tabKey() {
        return this.rows[this.focusedIndex]?.key;
    }

    get selectedPath() {
        return this.tree.selectedId ? this.tree.path(this.tree.selectedId) : false;
    }

    isSelected({folder}) {
        return Boolean(folder) && folder.id === this.tree.selectedId;
    }

    isTarget({folder}) {
        return Boolean(folder) && folder.id === this.tree.targetId;
    }

    ariaExpanded({folder, isOpen}) {
        return folder?.hasChildren ? String(isOpen) : undefined;
    }

    indents({level}) {
        return [...Array(level - 1).keys()];
    }

    count({count, counted}) {
        return formatInteger(count) + (counted ? "" : "+");
    }

    select(folder) {
        this.state.focusedKey = `${folder.id}`;
        this.state.isUnfolded = false;
        this.searchModel.selectFolder(folder.id);
    }

    async onClickRow(row) {
        if (!row.folder) {
            return this.loadMore(row);
        }
        if (this.tree.found) {
            this.search.cancel();
            const isWanted = await this.tree.reveal(row.folder.id);
            if (!isWanted) {
                return;
            }
            this.state.text = "";
            this.moveFocus = this.hasFocus;
        }
        this.select(row.folder);
        if (row.folder.hasChildren) {
            await this.tree.open(row.folder.id);
        }
    }

    async toggle({folder, isOpen}) {
        this.state.focusedKey = `${folder.id}`;
        if (isOpen) {
            this.tree.close(folder.id);
        } else {
            await this.tree.open(folder.id);
        }
    }

    async loadMore({parentId}) {
        const index = this.focusedIndex;
        const {focusedKey} = this.state;
        await this.tree.loadMore(parentId);
        if (this.hasFocus && focusedKey === this.state.focusedKey) {
            this.focusRow(index);
        }
    }

    focusRow(index) {
        const row = this.rows[Math.min(Math.max(index, 0), this.rows.length - 1)];
        this.state.focusedKey = row.key;
        this.moveFocus = true;
    }

    onSearch(ev) {
        this.state.text = ev.target.value;
        this.search(this.state.text);
    }

    onSearchKeydown(ev) {
        if (ev.key === "Escape" && this.state.text) {
            ev.preventDefault();
            ev.stopPropagation();
            this.state.text = "";
            this.search.cancel();
            this.tree.search("");
        } else if (ev.key === "ArrowDown" && this.rows.length) {
            ev.preventDefault();
            this.focusRow(0);
        }
    }

    onKeydown(ev) {
        if (ev.target.closest(".o_progbox_folder_actions")) {
            return;
        }
        const index = this.focusedIndex;
        const row = this.rows[index] || {};
        const moves = {
            ArrowDown: () => this.focusRow(index + 1),
            ArrowUp: () => this.focusRow(index - 1),
            Home: () => this.focusRow(0),
            End: () => this.focusRow(this.rows.length - 1),
            ArrowRight: () => this.onArrowRight(row, index),
            ArrowLeft: () => this.onArrowLeft(row),
            Enter: () => this.onClickRow(row),
            " ": () => this.onClickRow(row),
        };
        const move = moves[ev.key] || this.actionOf(row, ev.key);
        if (row.key && move && !ev.ctrlKey && !ev.altKey && !ev.metaKey) {
            ev.preventDefault();
            ev.stopPropagation();
            move();
        }
    }

    actionOf({folder}, key) {
        const action = folder && actionsOf(folder, this.env).find((a) => a.key === key);
        return action && (() => action.run(folder, this.env));
    }

    onArrowRight(row, index) {
        if (row.isOpen) {
            this.focusRow(index + 1);
        } else if (row.folder?.hasChildren) {
            this.toggle(row);
        }
    }

    onArrowLeft(row) {
        if (row.isOpen) {
            return this.toggle(row);
        }
        const parentId = row.folder ? row.folder.parentId : row.parentId;
        const index = this.rows.findIndex(({folder}) => folder?.id === parentId);
        if (index >= 0) {
            this.focusRow(index);
        }
    }
}
