import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** Two lines of a text: a row of a list stays a row. The pointer shows the rest. */
export class ShortTextField extends Component {
    static template = "progbox_invoice_archive.ShortTextField";
    static props = standardFieldProps;

    get text() {
        return this.props.record.data[this.props.name] || "";
    }
}

registry.category("fields").add("progbox_short_text", {
    component: ShortTextField,
    supportedTypes: ["text", "char"],
});
