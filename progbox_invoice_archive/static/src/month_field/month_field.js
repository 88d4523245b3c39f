import {registry} from "@web/core/registry";
import {DateTimeField, dateField} from "@web/views/fields/datetime/datetime_field";

const FORMATS = {months: "LLLL yyyy", years: "yyyy"};

/** A date that stands for its month or year: no day is shown. */
export class MonthField extends DateTimeField {
    getFormattedValue(valueIndex) {
        const format = FORMATS[this.props.minPrecision] || FORMATS.months;
        return this.values[valueIndex]?.toFormat(format) || "";
    }
}

registry.category("fields").add("progbox_month", {
    ...dateField,
    component: MonthField,
});
