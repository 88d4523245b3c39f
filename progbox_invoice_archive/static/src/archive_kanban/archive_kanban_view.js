import {registry} from "@web/core/registry";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {ArchiveHelp} from "../archive_help/archive_help";
import {ArchiveSearchModel} from "../archive_list/archive_search_model";
import {DocumentPreview} from "../document_preview/document_preview";
import {useDocumentPreview} from "../document_preview/document_preview_hook";
import {FolderTree} from "../folder_tree/folder_tree";

export class ArchiveKanbanController extends KanbanController {
    static template = "progbox_invoice_archive.ArchiveKanbanView";
    static components = {...KanbanController.components, DocumentPreview};

    setup() {
        super.setup();
        this.preview = useDocumentPreview(this);
    }

    async openRecord(record, options) {
        if (options?.newWindow) {
            return super.openRecord(record, options);
        }
        this.preview.open(record);
    }
}

export class ArchiveKanbanRenderer extends KanbanRenderer {
    static components = {...KanbanRenderer.components, ActionHelper: ArchiveHelp};
}

export const archiveKanbanView = {
    ...kanbanView,
    Controller: ArchiveKanbanController,
    Renderer: ArchiveKanbanRenderer,
    SearchModel: ArchiveSearchModel,
    SearchPanel: FolderTree,
};

registry.category("views").add("progbox_document_kanban", archiveKanbanView);
