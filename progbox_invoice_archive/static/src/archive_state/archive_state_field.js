import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useRefresh} from "../live_job/refresh";

const JOBS = "progbox.archive.job";
const FIELDS = ["progbox_archive_state", "progbox_archive_version"];
const STATES = {
    archived: {label: _t("Archived"), color: "text-success"},
    progress: {label: _t("Being Archived"), color: ""},
    waiting: {label: _t("Waiting for the Authority"), color: "text-warning"},
    fix: {label: _t("Archive: To Fix"), color: "text-danger"},
};

/**
 * How far the archive is with an invoice. While it is at work, only this is read anew:
 * what somebody types on the invoice stays as it is.
 */
export class ArchiveStateField extends Component {
    static template = "progbox_invoice_archive.ArchiveStateField";
    static props = standardFieldProps;

    setup() {
        this.orm = useService("orm");
        this.state = useState({progbox_archive_state: false});
        useRecordObserver(({data}) => {
            for (const name of FIELDS) {
                this.state[name] = data[name];
            }
        });
        const isOpen = () => this.shown && this.shown !== STATES.archived;
        useRefresh(() => (isOpen() ? this.refresh() : null), {
            model: JOBS,
            isAtWork: () => this.shown === STATES.progress,
            isOpen,
            keyOf: () => this.props.record.resId,
        });
    }

    get shown() {
        return STATES[this.state.progbox_archive_state];
    }

    async refresh() {
        const {resId, resModel} = this.props.record;
        const [values] = await this.orm.silent.read(resModel, [resId], FIELDS);
        if (resId === this.props.record.resId) {
            Object.assign(this.state, values);
        }
    }
}

registry.category("fields").add("progbox_archive_state", {
    component: ArchiveStateField,
    supportedTypes: ["selection"],
    fieldDependencies: [{name: "progbox_archive_version", type: "integer"}],
});
