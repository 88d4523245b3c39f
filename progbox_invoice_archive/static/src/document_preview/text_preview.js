import {Component, onMounted, status, useState} from "@odoo/owl";
import {readableText} from "./readable_text";

const MAX_BYTES = 1024 * 1024;

/** The text of a file, never interpreted: an e-invoice comes from outside. */
export class TextPreview extends Component {
    static template = "progbox_invoice_archive.TextPreview";
    static props = {url: String};

    setup() {
        this.state = useState({text: null, failed: false});
        onMounted(() => this.load());
    }

    async load() {
        try {
            const response = await fetch(this.props.url);
            const blob = await response.blob();
            const text = readableText(await blob.slice(0, MAX_BYTES).text());
            if (status(this) !== "destroyed") {
                Object.assign(this.state, {text, failed: !response.ok});
            }
        } catch {
            this.state.failed = true;
        }
    }
}
