import {useExternalListener} from "@odoo/owl";
import {Dropzone} from "@web/core/dropzone/dropzone";

/** Odoo's drop zone, which says where the files go. */
export class TabDropzone extends Dropzone {
    static template = "progbox.TabDropzone";
    static props = {...Dropzone.props, label: Function, targetOf: Function};

    setup() {
        super.setup();
        this.state.target = false;
        useExternalListener(document, "dragover", (ev) => this.onDragover(ev), {
            capture: true,
        });
    }

    /** A single file over a document can become its new version. */
    onDragover(ev) {
        const target = this.props.targetOf(ev);
        if (target?.id !== this.state.target?.id) {
            this.state.target = target || false;
        }
    }
}
