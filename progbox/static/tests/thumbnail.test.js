import {describe, expect, test} from "@odoo/hoot";
import {animationFrame} from "@odoo/hoot-mock";
import {mountWithCleanup, patchWithCleanup} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {assets} from "@web/core/assets";
import {Thumbnail} from "@progbox/tab/thumbnail";

describe.current.tags("desktop");
defineMailModels();

test("without what draws it, a first page is an icon", async () => {
    patchWithCleanup(assets, {loadJS: () => Promise.reject(new Error("cut"))});
    const item = {id: 1, name: "a.pdf", mimetype: "application/pdf", size: 1};
    const thumbnail = await mountWithCleanup(Thumbnail, {props: {item}});
    await thumbnail.load();
    await animationFrame();
    expect("i.fa-file-pdf-o").toHaveCount(1);
});
