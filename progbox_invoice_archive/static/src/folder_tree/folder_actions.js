import {Component} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

const folderActions = registry.category("progbox_folder_actions");

/**
 * The menu of what can be done with a folder of the tree.
 *
 * Its items come from the registry "progbox_folder_actions":
 * {label, icon, sequence, isAvailable(folder, env), run(folder, env)}
 */
export class FolderActions extends Component {
    static template = "progbox_invoice_archive.FolderActions";
    static components = {Dropdown, DropdownItem};
    static props = {
        folder: Object,
        label: String,
        isTabStop: Boolean,
    };

    get items() {
        return folderActions
            .getEntries()
            .map(([key, action]) => ({key, ...action}))
            .filter(({isAvailable}) => isAvailable(this.props.folder, this.env))
            .sort((one, other) => one.sequence - other.sequence);
    }

    get title() {
        return _t("Actions for %(folder)s", {folder: this.props.label});
    }

    run(action) {
        return action.run(this.props.folder, this.env);
    }
}
