/**
 * The client of tus that the add-on ships, without a browser around it.
 *
 * node tus_client.cjs LIBRARY FILE URL COOKIE
 */
const fs = require("node:fs");
const http = require("node:http");

const [library, path, uploadUrl, cookie] = process.argv.slice(2);
const tus = require(library);

/** What a browser's XMLHttpRequest is for the client. */
class Request {
    constructor(method, url) {
        Object.assign(this, {method, url, headers: {Cookie: cookie}});
    }

    getMethod() {
        return this.method;
    }

    getURL() {
        return this.url;
    }

    setHeader(name, value) {
        this.headers[name] = value;
    }

    getHeader(name) {
        return this.headers[name];
    }

    setProgressHandler() {}

    async send(body) {
        const bytes = body ? Buffer.from(await body.arrayBuffer()) : Buffer.alloc(0);
        const {method} = this;
        const headers = {...this.headers, "Content-Length": bytes.length};
        return new Promise((resolve, reject) => {
            this.request = http.request(this.url, {method, headers}, (answer) => {
                let text = "";
                answer.on("data", (block) => (text += block));
                answer.on("error", reject);
                answer.on("end", () =>
                    resolve({
                        getStatus: () => answer.statusCode,
                        getHeader: (name) => answer.headers[name.toLowerCase()],
                        getBody: () => text,
                    })
                );
            });
            this.request.on("error", reject);
            this.request.end(bytes);
        });
    }

    async abort() {
        this.request?.destroy();
    }
}

fs.openAsBlob(path).then((file) => {
    const upload = new tus.Upload(file, {
        uploadUrl,
        chunkSize: 8 * 1024 * 1024,
        retryDelays: Array(30).fill(200),
        httpStack: {createRequest: (method, url) => new Request(method, url)},
        onShouldRetry: () => true,
        onError: (error) => {
            console.error(String(error));
            process.exitCode = 1;
        },
        onSuccess: () => console.log("sent"),
    });
    upload.start();
});
