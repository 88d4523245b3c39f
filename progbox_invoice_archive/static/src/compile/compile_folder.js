import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {managerAction} from "../folder_tree/manager_action";

registry.category("progbox_folder_actions").add(
    "compile",
    managerAction({
        label: _t("Compile invoice backup"),
        icon: "fa-file-pdf-o",
        sequence: 30,
        isAvailable: (folder) => folder.count > 0,
        run: async ({id}, env) =>
            env.services.action.doAction(
                await env.services.orm.call("progbox.folder", "action_compile", [[id]])
            ),
    })
);
