import {Deferred, animationFrame} from "@odoo/hoot-mock";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {
    makeMockEnv,
    makeServerError,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {DocumentPreview} from "@progbox_invoice_archive/document_preview/document_preview";

describe.current.tags("desktop");
defineMailModels();

const CONTENT = ".o_progbox_preview_content";
const record = {resId: 7, data: {name: "INV_1.zip", mimetype: "application/zip"}};
let answer = null;

beforeEach(async () => {
    answer = new Deferred();
    onRpc("file_problem", () => answer);
    const env = await makeMockEnv({documentPreview: {}});
    await mountWithCleanup(DocumentPreview, {env, props: {record, isBeside: true}});
});

test("nothing asks for a file before it is known to be there", async () => {
    expect(CONTENT).toHaveText("");
    answer.resolve(false);
    await animationFrame();
    expect(CONTENT).toHaveText(/cannot be shown here/);
});

test("without an answer the file itself is asked for", async () => {
    expect.errors(1);
    answer.reject(makeServerError({message: "The worker was killed"}));
    await animationFrame();
    await animationFrame();
    expect(CONTENT).toHaveText(/cannot be shown here/);
    expect.verifyErrors(["The worker was killed"]);
});

test("what is wrong with a file is said in its place", async () => {
    answer.resolve({text: "INV_1.zip is missing.", verify: true});
    await animationFrame();
    expect(`${CONTENT} p`).toHaveText("INV_1.zip is missing.");
    expect(`${CONTENT} button`).toHaveText("Open Integrity");
});
