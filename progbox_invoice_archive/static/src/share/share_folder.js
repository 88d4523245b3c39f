import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {managerAction} from "../folder_tree/manager_action";

registry.category("progbox_folder_actions").add(
    "share",
    managerAction({
        label: _t("Share…"),
        icon: "fa-share-alt",
        sequence: 20,
        hasButton: true,
        isAvailable: ({id}) => Number.isInteger(id),
        run: async ({id}, env) =>
            env.services.action.doAction(
                await env.services.orm.call("progbox.folder", "action_share", [id])
            ),
    })
);
