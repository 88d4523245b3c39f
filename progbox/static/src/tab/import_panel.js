import {Component, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";
import {formatFileSize} from "@progbox_invoice_archive/file_size/file_size_field";

export const ENDED = ["done", "failed", "cancelled"];

/** @returns {number} of a hundred, never a hundred before the end */
export function percent(sent, size) {
    return size ? Math.min(Math.floor((100 * sent) / size), 100) : 0;
}

/** The blue frame: files are chosen here or dropped, and seen on their way. */
export class ImportPanel extends Component {
    static template = "progbox.ImportPanel";
    static props = {
        canAdd: Boolean,
        // Of the chosen folder, where files go; empty for the record itself.
        targetName: String,
        // Whether an upload goes to a record whose documents are shown.
        isOurs: Function,
        waiting: Array,
        unfinished: Array,
        add: Function,
        dropWaiting: Function,
        isNarrow: Boolean,
    };

    setup() {
        this.service = useService("progbox_upload");
        this.uploads = useState(this.service.uploads);
        this.files = useRef("files");
        this.camera = useRef("camera");
    }

    get items() {
        return this.uploads.filter(this.props.isOurs);
    }

    get active() {
        return this.items.filter(({status}) => !ENDED.includes(status));
    }

    get total() {
        const sum = (key) => this.active.reduce((all, item) => all + item[key], 0);
        return percent(sum("sent"), sum("size"));
    }

    get totalText() {
        return _t("Files on their way: %(number)s, %(percent)s", {
            number: this.active.length,
            percent: `${this.total} %`,
        });
    }

    percent({sent, size}) {
        return percent(sent, size);
    }

    statusText({status, message, sent, size}) {
        const texts = {
            waiting: _t("Waiting"),
            sending: _t("%(percent)s of %(size)s", {
                percent: `${percent(sent, size)} %`,
                size: formatFileSize(size),
            }),
            checking: _t("Being checked…"),
            done: _t("Added"),
            failed: _t("Not added"),
            cancelled: _t("Cancelled"),
        };
        return message || texts[status];
    }

    unfinishedText({name, size, offset}) {
        return _t("%(name)s, %(percent)s: drop it again to go on", {
            name,
            percent: `${percent(offset, size)} %`,
        });
    }

    isEnded({status}) {
        return ENDED.includes(status);
    }

    canRetry({status}) {
        return ["failed", "cancelled"].includes(status);
    }

    nameOf(given) {
        return (given.file || given).name;
    }

    onChosen(ev) {
        const files = [...ev.target.files];
        // The same file can be chosen again.
        ev.target.value = "";
        if (files.length) {
            this.props.add(files);
        }
    }

    forgetEnded() {
        for (const {key} of this.items.filter(this.isEnded)) {
            this.service.forget(key);
        }
    }
}
