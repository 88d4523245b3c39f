import {onMounted, onWillUnmount} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {formView} from "@web/views/form/form_view";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";

const INTERVAL = 2000;
const ACTIVE_STATES = ["pending", "running"];

/**
 * A view of background jobs that shows how far they are, as long as there are some.
 *
 * @param {typeof Component} Controller
 * @returns {typeof Component}
 */
const liveController = (Controller) =>
    class extends Controller {
        setup() {
            super.setup();
            let timer = null;
            onMounted(() => {
                timer = browser.setInterval(() => this.refreshJobs(), INTERVAL);
            });
            onWillUnmount(() => browser.clearInterval(timer));
        }

        async refreshJobs() {
            const {isReady, root} = this.model;
            // What is no job itself, but shows jobs, says whether they are at work.
            const isActive = ({data}) =>
                data.is_live ?? ACTIVE_STATES.includes(data.state);
            if (
                isReady &&
                !document.hidden &&
                (root.records || [root]).some(isActive)
            ) {
                await root.load();
            }
        }
    };

export const liveJobListView = {
    ...listView,
    Controller: liveController(listView.Controller),
};
export const liveJobKanbanView = {
    ...kanbanView,
    Controller: liveController(kanbanView.Controller),
};
export const liveJobFormView = {
    ...formView,
    Controller: liveController(formView.Controller),
};

registry.category("views").add("progbox_live_job_list", liveJobListView);
registry.category("views").add("progbox_live_job_kanban", liveJobKanbanView);
registry.category("views").add("progbox_live_job_form", liveJobFormView);
