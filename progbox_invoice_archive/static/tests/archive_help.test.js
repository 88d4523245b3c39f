import {describe, expect, test} from "@odoo/hoot";
import {advanceTime} from "@odoo/hoot-mock";
import {makeMockEnv, mountWithCleanup} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {ArchiveHelp} from "@progbox_invoice_archive/archive_help/archive_help";

describe.current.tags("desktop");
defineMailModels();

async function mountHelp(isEmpty) {
    const searchModel = {
        hasTree: true,
        folderId: 4,
        folderTree: {isEmpty},
        refreshEmptyTree: () => expect.step("look again"),
    };
    const env = await makeMockEnv({searchModel});
    await mountWithCleanup(ArchiveHelp, {env});
}

test("an empty archive looks whether its first document has come", async () => {
    await mountHelp(true);
    expect(".o_nocontent_help").toHaveText(/Nothing is archived yet/);
    expect.verifySteps([]);
    await advanceTime(10000);
    expect.verifySteps(["look again", "look again"]);
});

test("an empty folder offers to search everywhere", async () => {
    await mountHelp(false);
    expect(".o_nocontent_help button").toHaveText("Search in all folders");
    await advanceTime(10000);
    expect.verifySteps([]);
});
