import {Component, xml} from "@odoo/owl";
import {describe, expect, test} from "@odoo/hoot";
import {Deferred} from "@odoo/hoot-mock";
import {makeMockEnv, mountWithCleanup} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {useDocumentPreview} from "@progbox_invoice_archive/document_preview/document_preview_hook";

describe.current.tags("desktop");
defineMailModels();

/** A list of one document a page, with the first one open; a page takes its time. */
async function openFirst() {
    const turned = new Deferred();
    const root = {
        records: [{resId: 1}],
        isGrouped: false,
        offset: 0,
        limit: 1,
        count: 2,
        async load({offset}) {
            await turned;
            Object.assign(root, {offset, records: [{resId: 2}]});
        },
    };
    class Controller extends Component {
        static template = xml`<div/>`;
        static props = {};

        setup() {
            this.model = {root, whenReady: Promise.resolve()};
            this.preview = useDocumentPreview(this);
        }
    }
    const env = await makeMockEnv({searchModel: {hasTree: true}});
    const {preview} = await mountWithCleanup(Controller, {env});
    preview.open(root.records[0]);
    return {preview, turned};
}

test("after the last document of a page comes the first of the next", async () => {
    const {preview, turned} = await openFirst();
    const moved = preview.move(1);
    turned.resolve();
    await moved;
    expect(preview.record.resId).toBe(2);
});

test("what is closed while the page is turned stays closed", async () => {
    const {preview, turned} = await openFirst();
    const moved = preview.move(1);
    preview.close();
    turned.resolve();
    await moved;
    expect(preview.record).toBe(null);
});
