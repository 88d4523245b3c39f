import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {formatFloat} from "@web/views/fields/formatters";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/**
 * @param {number|false} bytes
 * @returns {string} "284 B", "61.3 kB", "1.2 MB"
 */
export function formatFileSize(bytes) {
    const units = [_t("B"), _t("kB"), _t("MB"), _t("GB"), _t("TB")];
    let size = bytes || 0;
    let power = 0;
    while (size >= 1000 && power < units.length - 1) {
        size /= 1000;
        power++;
    }
    const digits = [16, power && size < 100 ? 1 : 0];
    return `${formatFloat(size, {digits})} ${units[power]}`;
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
