import {useEffect, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {ListController} from "@web/views/list/list_controller";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {ArchiveHelp} from "../archive_help/archive_help";
import {archiveController} from "../archive_view/archive_view";
import {FolderTree} from "../folder_tree/folder_tree";
import {ArchiveSearchModel} from "./archive_search_model";

// What is left of the list when a preview stands beside it.
const NARROW_COLUMNS = ["number", "partner_name", "document_date", "amount_total"];

// Columns that say nothing of most documents, and when they do.
const SAYS_SOMETHING = {
    notice: ({notice}) => notice,
    version: ({version}) => version > 1,
};

export class ArchiveListController extends archiveController(ListController) {
    static template = "progbox_invoice_archive.ArchiveListView";
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
        if (this.preview.record && this.preview.isBeside) {
            return columns.filter(({name}) => NARROW_COLUMNS.includes(name));
        }
        const {records} = this.props.list;
        return columns.filter(({name}) => {
            const says = SAYS_SOMETHING[name];
            return !says || records.some(({data}) => says(data));
        });
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
    buttonTemplate: "progbox_invoice_archive.ArchiveButtons",
};

registry.category("views").add("progbox_document_list", archiveListView);
