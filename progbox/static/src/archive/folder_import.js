import {Component, useEffect, useExternalListener, useState} from "@odoo/owl";
import {useBus, useService} from "@web/core/utils/hooks";
import {patch} from "@web/core/utils/patch";
import {ArchiveKanbanController} from "@progbox_invoice_archive/archive_kanban/archive_kanban_view";
import {ArchiveListController} from "@progbox_invoice_archive/archive_list/archive_list_view";
import {coalesced} from "../tab/coalesced";
import {readDropped} from "../tab/dropped_files";
import {ImportPanel} from "../tab/import_panel";

/**
 * How files come into folders in Documents > Archiving: chosen in the blue frame, or
 * dropped, on a folder of the tree or into the one that is chosen. What is dropped
 * elsewhere is left to the archive, which refuses it.
 */
export class FolderImport extends Component {
    static template = "progbox.FolderImport";
    static components = {ImportPanel};
    static props = {};

    setup() {
        this.ui = useService("ui");
        this.notification = useService("notification");
        this.uploads = useService("progbox_upload");
        this.searchModel = this.env.searchModel;
        this.tree = useState(this.searchModel.folderTree);
        this.preview = useState(this.env.documentPreview);
        this.state = useState({unfinished: []});
        // Nothing waits for a folder to be saved.
        this.nothing = [];
        this.reload = coalesced(() => this.reloadAll());
        useBus(this.searchModel, "update", () => this.render());
        useBus(this.uploads.bus, "uploaded", ({detail}) => {
            if (this.isOurs(detail)) {
                this.reload();
            }
        });
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
        return this.open(this.searchModel.folderId);
    }

    open(id) {
        const folder = this.tree.folders[id];
        return folder?.writable && !folder.virtual ? folder : undefined;
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
        if (!this.tree.found) {
            await this.tree.reveal(this.tree.selectedId);
        }
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

    /** @returns {Object|undefined} the folder that takes files which are let go there */
    targetOf({target, dataTransfer}) {
        const hasFiles = dataTransfer?.types.includes("Files");
        if (!hasFiles || this.ui.activeElement !== document) {
            return undefined;
        }
        const row = target.closest?.("[data-folder-id]");
        return row ? this.open(row.dataset.folderId) : this.chosen;
    }

    onDragover(ev) {
        const folder = this.targetOf(ev);
        this.tree.targetId = folder?.id;
        if (folder) {
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
        const folder = this.targetOf(ev);
        this.tree.targetId = undefined;
        if (folder) {
            ev.preventDefault();
            const files = await readDropped(ev.dataTransfer, this.notification);
            await this.add(files, folder);
        }
    }
}

for (const Controller of [ArchiveListController, ArchiveKanbanController]) {
    patch(Controller.components, {FolderImport});
}
