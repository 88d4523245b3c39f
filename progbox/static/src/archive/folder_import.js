import {Component, useEffect, useExternalListener, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useBus, useService} from "@web/core/utils/hooks";
import {patch} from "@web/core/utils/patch";
import {ArchiveKanbanController} from "@progbox_invoice_archive/archive_kanban/archive_kanban_view";
import {ArchiveListController} from "@progbox_invoice_archive/archive_list/archive_list_view";
import {coalesced} from "../tab/coalesced";
import {readDropped} from "../tab/dropped_files";
import {ENDED, ImportPanel} from "../tab/import_panel";

const takesFiles = (folder) => folder?.writable && !folder.virtual;

/**
 * How files come into folders in Documents > Archiving: chosen in the blue frame, or
 * dropped, on a folder of the tree or into the one that is chosen. What is dropped on a
 * folder of Odoo's is left to the archive, which refuses it.
 */
export class FolderImport extends Component {
    static template = "progbox.FolderImport";
    static components = {ImportPanel};
    static props = {};

    setup() {
        this.ui = useService("ui");
        this.notification = useService("notification");
        this.uploads = useService("progbox_upload");
        this.items = useState(this.uploads.uploads);
        this.searchModel = this.env.searchModel;
        this.tree = useState(this.searchModel.folderTree);
        this.preview = useState(this.env.documentPreview);
        this.state = useState({unfinished: []});
        // Nothing waits for a folder to be saved.
        this.nothing = [];
        this.hasNew = false;
        this.reload = coalesced(() => this.reloadAll());
        useBus(this.searchModel, "update", () => this.render());
        useBus(this.uploads.bus, "uploaded", ({detail}) => {
            this.hasNew = this.hasNew || this.isOurs(detail);
        });
        useEffect(
            () => {
                // Once for all files: it takes away what is ticked in the list.
                if (this.hasNew && !this.isBusy) {
                    this.hasNew = false;
                    this.reload();
                }
            },
            () => [this.isBusy]
        );
        useEffect(
            () => {
                this.loadUnfinished();
            },
            () => [this.chosen?.id]
        );
        const capture = {capture: true};
        useExternalListener(window, "dragover", (ev) => this.onDragover(ev), capture);
        useExternalListener(window, "dragleave", (ev) => this.onDragleave(ev), capture);
        useExternalListener(window, "drop", (ev) => this.onDrop(ev), capture);
    }

    /** @returns {Object|undefined} the chosen folder, if it takes files */
    get chosen() {
        const folder = this.tree.folders[this.searchModel.folderId];
        return takesFiles(folder) ? folder : undefined;
    }

    /** @returns {boolean} whether files are on their way to folders */
    get isBusy() {
        return this.items.some(
            (item) => this.isOurs(item) && !ENDED.includes(item.status)
        );
    }

    get targetName() {
        return this.chosen ? this.tree.path(this.chosen.id) : "";
    }

    get isNarrow() {
        return this.ui.isSmall;
    }

    /** @returns {boolean} whether an upload goes to a folder, and not to a tab's record */
    isOurs({resModel}) {
        return !resModel;
    }

    async loadUnfinished() {
        const {chosen} = this;
        const unfinished = chosen
            ? await this.uploads.unfinished(false, false, chosen.id)
            : [];
        // Another folder may be chosen by now.
        if (chosen?.id === this.chosen?.id) {
            this.state.unfinished = unfinished;
        }
    }

    /** Show the counts of the folders, and the documents, as they are now. */
    async reloadAll() {
        const {orm, selectedId, openIds} = this.tree;
        // What is looked for in the tree, and what is open, stays.
        const {pages} = await orm.call("progbox.folder", "tree_start", [
            selectedId,
            openIds,
        ]);
        pages.forEach((page) => this.tree.addPage(page));
        this.searchModel.selectFolder(this.tree.selectedId);
        await this.loadUnfinished();
    }

    async add(files, {id} = this.chosen) {
        await this.uploads.add(files, {resModel: false, resId: false, folderId: id});
        await this.loadUnfinished();
    }

    dropWaiting() {}

    // ------------------------------------------------------------------
    // Dropped
    // ------------------------------------------------------------------

    hasFiles({dataTransfer}) {
        const isFree = this.ui.activeElement === document;
        return isFree && dataTransfer?.types.includes("Files");
    }

    /** @returns {Object|undefined} the folder that is pointed at, else the chosen one */
    folderAt({target}) {
        const row = target.closest?.("[data-folder-id]");
        return row
            ? this.tree.rows.find(({key}) => key === row.dataset.folderId)?.folder
            : this.tree.folders[this.searchModel.folderId];
    }

    onDragover(ev) {
        const folder = this.hasFiles(ev) && this.folderAt(ev);
        const isTarget = takesFiles(folder);
        this.tree.targetId = isTarget ? folder.id : undefined;
        if (isTarget) {
            ev.preventDefault();
            ev.dataTransfer.dropEffect = "copy";
        }
    }

    onDragleave({relatedTarget}) {
        // Out of the window.
        if (!relatedTarget) {
            this.tree.targetId = undefined;
        }
    }

    async onDrop(ev) {
        this.tree.targetId = undefined;
        const folder = this.folderAt(ev);
        if (!this.hasFiles(ev) || folder?.locked) {
            return;
        }
        ev.preventDefault();
        if (takesFiles(folder)) {
            const files = await readDropped(ev.dataTransfer, this.notification);
            await this.add(files, folder);
        } else {
            this.notification.add(_t("Choose a folder that you may add files to."), {
                type: "warning",
            });
        }
    }
}

for (const Controller of [ArchiveListController, ArchiveKanbanController]) {
    patch(Controller.components, {FolderImport});
}
