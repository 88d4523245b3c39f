import {Component, EventBus, useState, useSubEnv, xml} from "@odoo/owl";
import {FolderTree} from "@progbox_invoice_archive/folder_tree/folder_tree";

/** What the tree of the archive asks for: here, a folder narrows the tab. */
export class TabFolderChoice extends EventBus {
    constructor(folderTree, onSelect) {
        super();
        this.folderTree = folderTree;
        this.onSelect = onSelect;
    }

    selectFolder(id) {
        this.folderTree.select(id);
        this.trigger("update");
        return this.onSelect();
    }
}

/**
 * The folders on the left of a tab. Documents are dragged onto them; files that are
 * dropped here are the drop zone's, which lies over all of the tab.
 */
export class TabFolders extends Component {
    static template = xml`
        <div
            class="o_progbox_tab_folders"
            t-on-dragover="onDragover"
            t-on-dragleave="onDragleave"
            t-on-drop="onDrop"
        >
            <FolderTree />
        </div>`;
    static components = {FolderTree};
    static props = {
        choice: TabFolderChoice,
        // Whether what is dragged may be let go over a folder, and what happens then.
        accepts: Function,
        drop: Function,
    };

    setup() {
        this.tree = useState(this.props.choice.folderTree);
        useSubEnv({searchModel: this.props.choice});
    }

    /** @returns {Object|undefined} the folder under what is dragged, if it takes it */
    folderAt(ev) {
        const id = ev.target.closest?.("[data-folder-id]")?.dataset.folderId;
        const folder = this.tree.folders[id];
        return folder && this.props.accepts(folder) ? folder : undefined;
    }

    onDragover(ev) {
        const folder = this.folderAt(ev);
        this.tree.targetId = folder?.id;
        if (folder) {
            ev.preventDefault();
            ev.dataTransfer.dropEffect = "move";
        }
    }

    onDragleave() {
        this.tree.targetId = undefined;
    }

    onDrop(ev) {
        const folder = this.folderAt(ev);
        this.tree.targetId = undefined;
        if (folder) {
            ev.preventDefault();
            this.props.drop(folder);
        }
    }
}
