import {onWillDestroy, useExternalListener} from "@odoo/owl";
import {Dropzone} from "@web/core/dropzone/dropzone";

/** Odoo's drop zone, which says where the files go. */
export class TabDropzone extends Dropzone {
    static template = "progbox.TabDropzone";
    static props = {
        ...Dropzone.props,
        label: Function,
        targetOf: Function,
        showTarget: Function,
    };

    setup() {
        super.setup();
        this.state.target = {};
        useExternalListener(document, "dragover", (ev) => this.onDragover(ev), {
            capture: true,
        });
        onWillDestroy(() => this.props.showTarget({}));
    }

    /** A single file over a document can become its new version. */
    onDragover(ev) {
        const {item, folder} = this.props.targetOf(ev);
        const before = this.state.target;
        if (item?.id !== before.item?.id || folder?.id !== before.folder?.id) {
            this.state.target = {item, folder};
            this.props.showTarget({folder});
        }
    }
}
