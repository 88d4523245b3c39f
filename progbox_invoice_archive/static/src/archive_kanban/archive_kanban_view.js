import {registry} from "@web/core/registry";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {ArchiveHelp} from "../archive_help/archive_help";
import {archiveController} from "../archive_view/archive_view";
import {ArchiveSearchModel} from "../archive_list/archive_search_model";
import {FolderTree} from "../folder_tree/folder_tree";

export class ArchiveKanbanController extends archiveController(KanbanController) {
    static template = "progbox_invoice_archive.ArchiveKanbanView";
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
    buttonTemplate: "progbox_invoice_archive.ArchiveButtons",
};

registry.category("views").add("progbox_document_kanban", archiveKanbanView);
