import {useEffect, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {KeepLast} from "@web/core/utils/concurrency";
import {useService} from "@web/core/utils/hooks";
import {ListController} from "@web/views/list/list_controller";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {ArchiveHelp} from "../archive_help/archive_help";
import {archiveController} from "../archive_view/archive_view";
import {FolderTree} from "../folder_tree/folder_tree";
import {ArchiveSearchModel} from "./archive_search_model";

// What is left of the list when a preview stands beside it.
const NARROW_COLUMNS = ["number", "partner_name", "document_date", "amount_total"];

// There, the client matters more than the end of a very long number.
const NARROW_NUMBER = "125px";

// What a column says only in some documents; any other value says something. A file
// that has a number is named after it.
const SAYS_SOMETHING = {
    name: ({name, number}, isAskedFor) => name && (isAskedFor || !number),
    version: ({version}) => version > 1,
};

const narrowColumn = (column) =>
    column.name === "number"
        ? {...column, attrs: {...column.attrs, width: NARROW_NUMBER}}
        : column;

/** @returns {Array[]} the domains of the groups that are shown, of sub-groups too */
const domainsOfGroups = ({isGrouped, groups}) =>
    isGrouped
        ? groups.flatMap(({list}) => [list.domain, ...domainsOfGroups(list)])
        : [];

export class ArchiveListController extends archiveController(ListController) {
    static template = "progbox_invoice_archive.ArchiveListView";
}

export class ArchiveListRenderer extends ListRenderer {
    static components = {...ListRenderer.components, ActionHelper: ArchiveHelp};

    setup() {
        super.setup();
        this.preview = useState(this.env.documentPreview);
        this.orm = useService("orm");
        this.totals = useState({});
        this.lastTotals = new KeepLast();
        useEffect(
            () => {
                this.loadTotals();
            },
            () => [JSON.stringify(this.totalDomains)]
        );
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

    /** Of what is chosen, else of all that is found. */
    get totalDomain() {
        const {domain, isDomainSelected, selection} = this.props.list;
        return selection.length && !isDomainSelected
            ? [["id", "in", selection.map(({resId}) => resId)]]
            : domain;
    }

    get totalDomains() {
        return [this.totalDomain, ...domainsOfGroups(this.props.list)];
    }

    /**
     * The server adds up: an invoice counts once, though it has several files and
     * versions, and each currency has a total of its own.
     */
    async loadTotals() {
        const domains = this.totalDomains;
        const texts = await this.lastTotals.add(
            this.orm.silent.call("progbox.document", "amount_totals", [domains])
        );
        domains.forEach((domain, index) => {
            this.totals[JSON.stringify(domain)] = texts[index];
        });
    }

    totalOf(domain) {
        return this.totals[JSON.stringify(domain)] || "";
    }

    computeAggregates() {
        const value = this.totalOf(this.totalDomain);
        const help = _t("Each invoice once, in its current version");
        return {
            ...super.computeAggregates(),
            ...(value && {amount_total: {value, help}}),
        };
    }

    formatGroupAggregate(group, column) {
        if (column.name === "amount_total") {
            return {value: this.totalOf(group.list.domain)};
        }
        return super.formatGroupAggregate(group, column);
    }

    getActiveColumns() {
        const columns = super.getActiveColumns();
        if (this.preview.record && this.preview.isBeside) {
            return columns
                .filter(({name}) => NARROW_COLUMNS.includes(name))
                .map(narrowColumn);
        }
        const {records} = this.props.list;
        const isEmpty = ({name, optional}) => {
            const says = SAYS_SOMETHING[name] || ((data) => data[name]);
            const isAskedFor = optional === "hide";
            return records.length && !records.some(({data}) => says(data, isAskedFor));
        };
        return columns.filter((column) => !column.optional || !isEmpty(column));
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
