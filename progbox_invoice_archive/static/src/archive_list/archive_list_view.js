import {useEffect, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {ListController} from "@web/views/list/list_controller";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {ArchiveHelp} from "../archive_help/archive_help";
import {DocumentPreview} from "../document_preview/document_preview";
import {useDocumentPreview} from "../document_preview/document_preview_hook";
import {FolderTree} from "../folder_tree/folder_tree";
import {ArchiveSearchModel} from "./archive_search_model";

// What is left of the list when a preview stands beside it.
const NARROW_COLUMNS = ["number", "partner_name", "document_date", "amount_total"];

export class ArchiveListController extends ListController {
    static template = "progbox_invoice_archive.ArchiveListView";
    static components = {...ListController.components, DocumentPreview};

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

export class ArchiveListRenderer extends ListRenderer {
    static components = {...ListRenderer.components, ActionHelper: ArchiveHelp};

    setup() {
        super.setup();
        this.preview = useState(this.env.documentPreview);
        useEffect(
            (resId) => {
                if (resId) {
                    const row = this.rootRef.el.querySelector(".o_progbox_previewed");
                    row?.scrollIntoView({block: "nearest"});
                }
            },
            () => [this.preview.record?.resId]
        );
    }

    getActiveColumns() {
        const columns = super.getActiveColumns();
        const isNarrow = this.preview.record && this.preview.isBeside;
        return isNarrow
            ? columns.filter(({name}) => NARROW_COLUMNS.includes(name))
            : columns;
    }

    getRowClass(record) {
        const isPreviewed = record.resId === this.preview.record?.resId;
        return `${super.getRowClass(record)} ${isPreviewed ? "o_progbox_previewed table-info" : ""}`;
    }
}

export const archiveListView = {
    ...listView,
    Controller: ArchiveListController,
    Renderer: ArchiveListRenderer,
    SearchModel: ArchiveSearchModel,
    SearchPanel: FolderTree,
};

registry.category("views").add("progbox_document_list", archiveListView);
