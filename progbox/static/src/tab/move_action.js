import {registry} from "@web/core/registry";
import {TabActions} from "./tab_actions";

/** What the button "Move to…" of the form and of the trash does. */
registry.category("actions").add("progbox_move", (env, {params}) => {
    const reload = () =>
        env.services.action.doAction({type: "ir.actions.client", tag: "soft_reload"});
    new TabActions(env, reload).move(params.items);
});
