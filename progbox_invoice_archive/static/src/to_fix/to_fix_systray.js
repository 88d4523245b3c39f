import {Component, onMounted, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";
import {useRefresh} from "../live_job/refresh";

const ACTION = "progbox_invoice_archive.progbox_archive_job_action";
const MANAGER = "progbox_invoice_archive.group_archive_manager";
const INTERVAL = 60000;
const LIMIT = 99;

/** How many invoices cannot be archived. Managers see it wherever they are. */
export class ToFixSystray extends Component {
    static template = "progbox_invoice_archive.ToFixSystray";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({count: 0});
        onMounted(() => this.look());
        useRefresh(() => this.look(), INTERVAL);
    }

    get number() {
        return this.state.count > LIMIT ? `${LIMIT}+` : `${this.state.count}`;
    }

    get label() {
        return _t("Invoices to fix in the archive: %s", this.number);
    }

    async look() {
        if (await user.hasGroup(MANAGER)) {
            this.state.count = await this.orm.silent.searchCount(
                "progbox.archive.job",
                [["to_fix", "=", true]],
                {limit: LIMIT + 1}
            );
        }
    }

    open() {
        return this.action.doAction(ACTION, {clearBreadcrumbs: true});
    }
}

registry
    .category("systray")
    .add("progbox_to_fix", {Component: ToFixSystray}, {sequence: 30});
