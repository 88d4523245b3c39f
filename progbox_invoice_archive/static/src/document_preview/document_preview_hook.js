import {onMounted, reactive, useState, useSubEnv} from "@odoo/owl";
import {SIZES} from "@web/core/ui/ui_service";
import {useBus, useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";

/**
 * The document that a controller of a multi-record view shows beside its records.
 *
 * @param {Component} controller
 */
export function useDocumentPreview(controller) {
    const ui = useService("ui");
    const action = useService("action");
    let opener = null;

    const list = () => controller.model.root;
    const records = () => list().records;
    const preview = reactive({
        record: null,

        get isBeside() {
            return ui.size >= SIZES.XL;
        },
        get index() {
            return records().findIndex(({resId}) => resId === preview.record?.resId);
        },
        get hasPrevious() {
            return preview.index > 0 || (!list().isGrouped && list().offset > 0);
        },
        get hasNext() {
            const {isGrouped, offset, count} = list();
            const isLast = preview.index >= records().length - 1;
            return !isLast || (!isGrouped && offset + records().length < count);
        },
        open(record) {
            opener = preview.record ? opener : document.activeElement;
            preview.record = record;
        },
        close() {
            preview.record = null;
            opener?.focus();
        },
        async move(step) {
            if (step < 0 ? !preview.hasPrevious : !preview.hasNext) {
                return;
            }
            const shownId = preview.record?.resId;
            const next = records()[preview.index + step] || (await turnPage(step));
            // While the page was turned, it may have been closed, or another opened.
            if (preview.record && preview.record.resId === shownId) {
                preview.open(next);
            }
        },
        openDetails() {
            const {resModel, resId} = preview.record;
            const details = {
                type: "ir.actions.act_window",
                res_model: resModel,
                res_id: resId,
                views: [[false, "form"]],
            };
            // The pager goes on through what was found.
            const resIds = records().map((record) => record.resId);
            return action.doAction(details, {props: {resIds}});
        },
        openSource() {
            return action.doActionButton({
                type: "object",
                name: "action_open_record",
                resModel: preview.record.resModel,
                resId: preview.record.resId,
            });
        },
    });

    async function turnPage(step) {
        const {offset, limit} = list();
        await list().load({offset: Math.max(offset + step * limit, 0)});
        return records().at(step > 0 ? 0 : -1);
    }

    useBus(ui.bus, "resize", () => controller.render());
    useSubEnv({documentPreview: preview});
    useSetupAction({getLocalState: () => ({previewedId: preview.record?.resId})});
    onMounted(async () => {
        await controller.model.whenReady;
        const {previewedId} = controller.props.state || {};
        const wanted = records().find(({resId}) => resId === previewedId);
        const isChosen = !controller.env.searchModel.hasTree && preview.isBeside;
        if (wanted || isChosen) {
            preview.record = wanted || records()[0] || null;
        }
    });
    return useState(preview);
}
