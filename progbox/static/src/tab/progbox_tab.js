import {Component, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {RecordDocuments} from "./record_documents";

/**
 * What stands in the page "ProGBox" of a form: `<widget name="progbox_tab"/>`.
 *
 * Its option `model` names the model whose documents are shown, where it is not that of
 * the form; the id is the same.
 */
export class ProgboxTab extends Component {
    // Another record is another tab: nothing of the one before may stay.
    static template = xml`
        <RecordDocuments t-key="props.record.resId or 'new'" t-props="props"/>`;
    static components = {RecordDocuments};
    static props = RecordDocuments.props;
}

registry.category("view_widgets").add("progbox_tab", {
    component: ProgboxTab,
    extractProps: ({options}) => ({model: options.model}),
    additionalClasses: ["d-block", "w-100"],
});
