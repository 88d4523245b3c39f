import {Component, onMounted, onWillUnmount} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const INTERVAL = 1500;
const OPEN_STATES = ["pending", "running", "waiting"];

/**
 * How far a job is: it asks the server anew until the job has come to its end.
 *
 * The record has the fields `state` and, if it tells what it is at, `step`.
 */
export class LiveProgressField extends Component {
    static template = "progbox_invoice_archive.LiveProgressField";
    static props = standardFieldProps;

    setup() {
        onMounted(() => this.wait());
        onWillUnmount(() => clearTimeout(this.timer));
    }

    wait() {
        this.timer = setTimeout(() => this.refresh(), INTERVAL);
    }

    async refresh() {
        try {
            await this.props.record.load();
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
        if (this.isOpen) {
            this.wait();
        }
    }

    get isOpen() {
        return OPEN_STATES.includes(this.props.record.data.state);
    }

    get percent() {
        return Math.round(this.props.record.data[this.props.name] || 0);
    }

    get label() {
        const {data, fields} = this.props.record;
        if (data.state !== "running") {
            return _t("In the queue");
        }
        const step = fields.step?.selection.find(([key]) => key === data.step);
        return step ? step[1] : "";
    }
}

registry.category("fields").add("progbox_live_progress", {
    component: LiveProgressField,
    displayName: _t("Live Progress"),
    supportedTypes: ["float", "integer"],
    fieldDependencies: [
        {name: "state", type: "selection"},
        {name: "step", type: "selection"},
    ],
});
