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
    async onKeydown(ev) {
        const value = this.wanted || this.values[0];
        if (!value || !(ev.key in MOVES)) {
            return;
        }
        ev.preventDefault();
        // The picker would give back the one before, of a key that was pressed while the
        // form was still busy with it.
        const wanted = markRaw(value.plus({[this.unit]: MOVES[ev.key]}));
        this.wanted = wanted;
        try {
            await this.props.record.update({[this.props.name]: wanted});
        } finally {
            if (this.wanted === wanted) {
                this.wanted = undefined;
            }
        }
    }
}

registry.category("fields").add("progbox_month", {
    ...dateField,
    component: MonthField,
});
