import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";

const MANAGER = "progbox_invoice_archive.group_archive_manager";
let isManager = false;

// Asked once: the menu of a folder opens without waiting for the server.
registry.category("services").add("progbox_share", {
    async start() {
        isManager = await user.hasGroup(MANAGER);
    },
});

registry.category("progbox_folder_actions").add("share", {
    label: _t("Share…"),
    icon: "fa-share-alt",
    sequence: 20,
    isAvailable: ({id}) => isManager && Number.isInteger(id),
    run: async ({id}, env) =>
        env.services.action.doAction(
            await env.services.orm.call("progbox.folder", "action_share", [id])
        ),
});
