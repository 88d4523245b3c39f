import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";

const MANAGER = "progbox_invoice_archive.group_archive_manager";
let isManager = false;
let asked = null;

/** The menu is drawn at once; the answer is there by the time it is opened. */
function mayCompile() {
    asked ??= user.hasGroup(MANAGER).then((answer) => {
        isManager = answer;
    });
    return isManager;
}

registry.category("progbox_folder_actions").add("compile", {
    label: _t("Compile invoice backup"),
    icon: "fa-file-pdf-o",
    sequence: 30,
    isAvailable: (folder) => mayCompile() && folder.count > 0,
    async run(folder, env) {
        const action = await env.services.orm.call("progbox.folder", "action_compile", [
            [folder.id],
        ]);
        return env.services.action.doAction(action);
    },
});
