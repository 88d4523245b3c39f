import {registry} from "@web/core/registry";
import {formView} from "@web/views/form/form_view";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {useRefresh} from "./refresh";

const {DateTime} = luxon;
const INTERVAL = 2000;
// For what only waits: one round in so many.
const SLOW_ROUNDS = 15;
const OPEN_STATES = ["pending", "running", "waiting"];

// What is no job itself, but shows jobs, says whether they are at work.
const isOpen = ({data}) => data.is_live ?? OPEN_STATES.includes(data.state);

/** Whether something may come of it at any moment, not only at its next try. */
function isAtWork({data}) {
    const isPostponed = data.next_try && data.next_try > DateTime.now();
    return (
        data.is_live ||
        data.state === "running" ||
        (data.state === "pending" && !isPostponed)
    );
}

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
            this.round = 0;
            useRefresh(() => this.refreshJobs(), INTERVAL);
        }

        async refreshJobs() {
            this.round += 1;
            const {isReady, root} = this.model;
            // Records that are read anew lose their ticks, and what somebody typed.
            const isInUse = root.dirty || root.selection?.length;
            if (isReady && !isInUse && this.isDue(root)) {
                await root.load();
            }
        }

        isDue(root) {
            const records = root.records || [root];
            const isSlowRound = this.round % SLOW_ROUNDS === 0;
            return records.some(isSlowRound ? isOpen : isAtWork);
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
