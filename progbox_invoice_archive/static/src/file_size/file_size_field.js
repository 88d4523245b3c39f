import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {formatFloat} from "@web/views/fields/formatters";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

// Whole texts: Odoo does not translate a single letter.
const SIZES = [
    (size) => _t("%s B", size),
    (size) => _t("%s kB", size),
    (size) => _t("%s MB", size),
    (size) => _t("%s GB", size),
    (size) => _t("%s TB", size),
];

/**
 * @param {number|false} bytes
 * @returns {string} "284 B", "61.3 kB", "1.2 MB"
 */
export function formatFileSize(bytes) {
    let size = bytes || 0;
    let power = 0;
    while (size >= 1000 && power < SIZES.length - 1) {
        size /= 1000;
        power++;
    }
    const digits = [16, power && size < 100 ? 1 : 0];
    return SIZES[power](formatFloat(size, {digits}));
}

export class FileSizeField extends Component {
    static template = "progbox_invoice_archive.FileSizeField";
    static props = standardFieldProps;

    get size() {
        return formatFileSize(this.props.record.data[this.props.name]);
    }
}

registry.category("fields").add("progbox_file_size", {
    component: FileSizeField,
    displayName: _t("File Size"),
    supportedTypes: ["integer", "float"],
});
registry.category("formatters").add("progbox_file_size", formatFileSize);
