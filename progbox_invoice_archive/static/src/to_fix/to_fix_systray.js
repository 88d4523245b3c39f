import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {rpcBus} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {KeepLast} from "@web/core/utils/concurrency";
import {useBus, useService} from "@web/core/utils/hooks";

const ACTION = "progbox_invoice_archive.progbox_archive_job_action";
const MANAGER = "progbox_invoice_archive.group_archive_manager";
const MODEL = "progbox.archive.job";
const LIMIT = 99;

/** How many invoices cannot be archived. Managers see it wherever they are. */
export class ToFixSystray extends Component {
    static template = "progbox_invoice_archive.ToFixSystray";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({count: 0});
        this.lastCount = new KeepLast();
        // By no timer: an unattended page shall not keep its session alive.
        useBus(this.env.bus, "ACTION_MANAGER:UI-UPDATED", () => this.look());
        useBus(rpcBus, "RPC:RESPONSE", ({detail}) => this.onResponse(detail));
    }

    get number() {
        return this.state.count > LIMIT ? `${LIMIT}+` : `${this.state.count}`;
    }

    get label() {
        return _t("Invoices to fix in the archive: %s", this.number);
    }

    /** A button of the jobs may have mended some. */
    onResponse({data: {params}}) {
        if (params?.model === MODEL && params.method?.startsWith("action_")) {
            this.look();
        }
    }

    async look() {
        try {
            this.state.count = await this.lastCount.add(this.count());
        } catch {
            // The page itself says what is wrong, with the rights or the session.
            this.state.count = 0;
        }
    }

    async count() {
        if (!(await user.hasGroup(MANAGER))) {
            return 0;
        }
        const toFix = [["to_fix", "=", true]];
        return this.orm.silent.searchCount(MODEL, toFix, {limit: LIMIT + 1});
    }

    open() {
        return this.action.doAction(ACTION, {clearBreadcrumbs: true});
    }
}

registry
    .category("systray")
    .add("progbox_to_fix", {Component: ToFixSystray}, {sequence: 30});
