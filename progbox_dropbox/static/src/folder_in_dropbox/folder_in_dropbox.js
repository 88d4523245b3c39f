import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {managerAction} from "@progbox_invoice_archive/folder_tree/manager_action";

const folderActions = registry.category("progbox_folder_actions");

/** What a method of the folder opens: the server says so if it has no copies yet. */
const opening =
    (method) =>
    async ({id}, env) =>
        env.services.action.doAction(
            await env.services.orm.call("progbox.folder", method, [id])
        );
const isAvailable = ({id}) => Number.isInteger(id);

folderActions.add("dropbox_view", {
    label: _t("View in Dropbox"),
    icon: "fa-dropbox",
    sequence: 24,
    isAvailable,
    run: opening("action_view_in_dropbox"),
});
folderActions.add(
    "dropbox_share",
    managerAction({
        label: _t("Share in Dropbox"),
        icon: "fa-user-plus",
        sequence: 26,
        isAvailable,
        run: opening("action_share_in_dropbox"),
    })
);
