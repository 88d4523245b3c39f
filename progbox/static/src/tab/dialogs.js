import {Component, onWillStart, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {
    deserializeDate,
    deserializeDateTime,
    formatDate,
    formatDateTime,
} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {RecordSelector} from "@web/core/record_selectors/record_selector";
import {useService} from "@web/core/utils/hooks";
import {formatFileSize} from "@progbox_invoice_archive/file_size/file_size_field";
import {contentUrl} from "./file_kind";

/** All versions of a document: to open, to compare by date and size, to restore. */
export class VersionsDialog extends Component {
    static template = "progbox.VersionsDialog";
    static components = {Dialog};
    static props = {item: Object, restore: Function, close: Function};

    setup() {
        this.orm = useService("orm");
        this.state = useState({versions: [], isBusy: false});
        onWillStart(async () => {
            this.state.versions = await this.orm.call(
                "progbox.document",
                "progbox_versions",
                [[this.props.item.id]]
            );
        });
    }

    get title() {
        return _t("Versions of %(name)s", {name: this.props.item.name});
    }

    contentUrl(version) {
        return contentUrl(version);
    }

    size(version) {
        return formatFileSize(version.size);
    }

    /** @returns {string} how much larger or smaller it is than the one before */
    difference(index) {
        const {versions} = this.state;
        if (index + 1 >= versions.length) {
            return "";
        }
        const change = versions[index].size - versions[index + 1].size;
        return `${change < 0 ? "−" : "+"}${formatFileSize(Math.abs(change))}`;
    }

    date(version) {
        return formatDateTime(deserializeDateTime(version.createdOn));
    }

    async restore(version) {
        this.state.isBusy = true;
        try {
            await this.props.restore(version);
            this.props.close();
        } finally {
            this.state.isBusy = false;
        }
    }
}

/** What happened to a document, and by whom. */
export class HistoryDialog extends Component {
    static template = "progbox.HistoryDialog";
    static components = {Dialog};
    static props = {item: Object, close: Function};

    setup() {
        this.orm = useService("orm");
        onWillStart(async () => {
            this.events = await this.orm.call("progbox.document", "progbox_history", [
                [this.props.item.id],
            ]);
        });
    }

    get title() {
        return _t("History of %(name)s", {name: this.props.item.name});
    }

    date({date}) {
        const isDay = date.length === 10;
        return isDay
            ? formatDate(deserializeDate(date))
            : formatDateTime(deserializeDateTime(date));
    }
}

/** Asks for the record, and the folder under it, or for the general folder. */
export class MoveDialog extends Component {
    static template = "progbox.MoveDialog";
    static components = {Dialog, RecordSelector};
    static props = {items: Array, move: Function, close: Function};

    setup() {
        this.orm = useService("orm");
        const [{resModel, resId}] = this.props.items;
        this.state = useState({resModel, resId, folderId: false, isBusy: false});
        this.folders = useState([]);
        onWillStart(async () => {
            this.kinds = await this.orm.call("progbox.mixin", "progbox_kinds", []);
            if (!this.kinds.some(({model}) => model === resModel)) {
                this.state.resModel = this.kinds[0]?.model || false;
                this.state.resId = false;
            }
            await this.loadFolders();
        });
    }

    get title() {
        const {items} = this.props;
        return items.length === 1
            ? _t("Move %(name)s", {name: items[0].name})
            : _t("Move the selected documents");
    }

    get recordLabel() {
        return _t("Record");
    }

    /** @returns {string} what stands for no folder under the record, or for none yet */
    get noFolderLabel() {
        return this.state.resModel ? _t("The record's own") : _t("Choose a folder…");
    }

    get canMove() {
        const {resModel, resId, folderId, isBusy} = this.state;
        return !isBusy && Boolean(resModel ? resId : folderId);
    }

    async selectKind(ev) {
        Object.assign(this.state, {
            resModel: ev.target.value || false,
            resId: false,
            folderId: false,
        });
        await this.loadFolders();
    }

    async selectRecord(resId) {
        Object.assign(this.state, {resId, folderId: false});
        await this.loadFolders();
    }

    selectFolder(ev) {
        this.state.folderId = Number(ev.target.value) || false;
    }

    /** The folders of one's own under the record's, or the general ones. */
    async loadFolders() {
        const {resModel, resId} = this.state;
        this.folders.splice(0);
        if (resModel && !resId) {
            return;
        }
        const tops = await this.orm.search(
            "progbox.folder",
            resModel
                ? [
                      ["res_model", "=", resModel],
                      ["res_id", "=", resId],
                  ]
                : [
                      ["general", "=", true],
                      ["writable", "=", true],
                  ]
        );
        const inside = [["id", "child_of", tops]];
        const folders = await this.orm.searchRead(
            "progbox.folder",
            resModel ? [...inside, ["id", "not in", tops]] : inside,
            ["display_name"]
        );
        if (resModel === this.state.resModel && resId === this.state.resId) {
            // Another answer for the same place may have come before.
            this.folders.splice(0, Infinity, ...folders);
        }
    }

    async onMove() {
        const {resModel, resId, folderId} = this.state;
        this.state.isBusy = true;
        try {
            await this.props.move(resModel, resId, folderId);
            this.props.close();
        } finally {
            // A refusal is shown by Odoo; another place can be chosen here.
            this.state.isBusy = false;
        }
    }
}
