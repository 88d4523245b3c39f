import {registry} from "@web/core/registry";
import {user} from "@web/core/user";

const MANAGER = "progbox_invoice_archive.group_archive_manager";
let isManager = false;

// Asked once: the menu of a folder opens without waiting for the server.
registry.category("services").add("progbox_archive_manager", {
    async start() {
        isManager = await user.hasGroup(MANAGER);
    },
});

/**
 * What only an archive manager does with a folder: others are told whom to ask.
 *
 * @param {Object} action for the registry "progbox_folder_actions"
 * @returns {Object}
 */
export const managerAction = (action) => ({
    ...action,
    isMuted: () => !isManager,
    async run(folder, env) {
        if (isManager) {
            return action.run(folder, env);
        }
        const {orm, notification} = env.services;
        const answer = await orm.call("progbox.folder", "whom_to_ask", []);
        notification.add(answer, {type: "info"});
    },
});
