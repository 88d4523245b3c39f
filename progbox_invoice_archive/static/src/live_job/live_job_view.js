import {registry} from "@web/core/registry";
import {formView} from "@web/views/form/form_view";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {useRefresh} from "./refresh";

const {DateTime} = luxon;
const OPEN_STATES = ["pending", "running", "waiting"];

// What is no job itself, but shows jobs, says whether they are at work.
const isOpen = ({data}) => data.is_live ?? OPEN_STATES.includes(data.state);

/** Whether something may come of it at any moment, not only at its next try. */
function isAtWork({data}) {
    // The server's clock and this one differ; the first delay is a minute.
    const isPostponed = data.next_try > DateTime.now().plus({minutes: 2});
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
 * @param {boolean} isSlow of many jobs, none of which is watched
 * @returns {typeof Component}
 */
const liveController = (Controller, isSlow = false) =>
    class extends Controller {
        setup() {
            super.setup();
            useRefresh(() => this.refreshJobs(), {
                model: this.props.resModel,
                isAtWork: () => this.shownJobs.some(isAtWork),
                isOpen: () => this.shownJobs.some(isOpen),
                keyOf: () => this.model.root,
                isSlow,
            });
        }

        get shownJobs() {
            const {isReady, root} = this.model;
            return isReady ? root.records || [root] : [];
        }

        async refreshJobs() {
            const {isReady, root} = this.model;
            // Records that are read anew lose their ticks, and what somebody typed.
            if (!isReady || root.dirty || root.selection?.length) {
                return false;
            }
            const before = root.records || [];
            await root.load();
            await this.keepTicks(before, root);
        }

        /** A tick that was set meanwhile has waited, and is one of the old records. */
        async keepTicks(before, root) {
            await this.model.mutex.getUnlockedDef();
            for (const {resId} of before.filter(({selected}) => selected)) {
                const record = root.records.find((other) => other.resId === resId);
                record?.toggleSelection(true);
            }
        }
    };

export const liveJobListView = {
    ...listView,
    Controller: liveController(listView.Controller),
};
/** Of jobs that many are done of at once: nobody watches one. */
export const liveJobSlowListView = {
    ...listView,
    Controller: liveController(listView.Controller, true),
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
registry.category("views").add("progbox_live_job_slow_list", liveJobSlowListView);
registry.category("views").add("progbox_live_job_kanban", liveJobKanbanView);
registry.category("views").add("progbox_live_job_form", liveJobFormView);
