import {markRaw} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {DateTimeField, dateField} from "@web/views/fields/datetime/datetime_field";

const FORMATS = {months: "LLLL yyyy", years: "yyyy"};
const MOVES = {ArrowDown: -1, ArrowUp: 1};

/** A date that stands for its month or year: no day is shown, or typed. */
export class MonthField extends DateTimeField {
    static template = "progbox_invoice_archive.MonthField";

    get unit() {
        return this.props.minPrecision in FORMATS ? this.props.minPrecision : "months";
    }

    getFormattedValue(valueIndex) {
        return this.values[valueIndex]?.toFormat(FORMATS[this.unit]) || "";
    }

    /** Without a mouse: up and down are the next and the one before. */
    onKeydown(ev) {
        const [value] = this.values;
        if (value && ev.key in MOVES) {
            ev.preventDefault();
            this.state.value = markRaw(value.plus({[this.unit]: MOVES[ev.key]}));
        }
    }
}

registry.category("fields").add("progbox_month", {
    ...dateField,
    component: MonthField,
});
