import {Component} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

const folderActions = registry.category("progbox_folder_actions");

/** @returns {Object[]} what can be done with a folder, in the order of the menu */
export function actionsOf(folder, env) {
    // What stands for many folders is none itself.
    return folderActions
        .getEntries()
        .filter(([, {isAvailable}]) => !folder.virtual && isAvailable(folder, env))
        .map(([name, action]) => ({name, ...action}))
        .sort((one, other) => one.sequence - other.sequence);
}

/**
 * The menu of what can be done with a folder of the tree.
 *
 * Its items come from the registry "progbox_folder_actions":
 * {label, icon, sequence, isAvailable(folder, env), run(folder, env)}; for the keyboard,
 * the key that does the same where the folder has the focus; hasButton for those that
 * also stand above the documents of the chosen folder.
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
        return actionsOf(this.props.folder, this.env);
    }

    get title() {
        return _t("Actions for %(folder)s", {folder: this.props.label});
    }

    isMuted(action) {
        return Boolean(action.isMuted?.());
    }

    run(action) {
        return action.run(this.props.folder, this.env);
    }
}
