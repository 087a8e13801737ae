import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { call, type RunningServer, startServer } from "../serve.js";

const config = join(import.meta.dirname, "many_service.ts");
let server: Promise<RunningServer> | undefined;
const running = () => {
  server ??= startServer([config]);
  return server;
};

const json = "application/json";
const cases: [
  what: string,
  path: string,
  type: string | undefined,
  body: string | Buffer | undefined,
  status: number,
  error: string | RegExp,
][] = [
  ["no body", "/echo", undefined, undefined, 400, "the body is empty; it must be JSON."],
  ["an empty body", "/echo", json, "", 400, "the body is empty; it must be JSON."],
  ["half a list", "/echo", json, "[1, 2", 400, /^the body is no JSON: .+\.$/],
  [
    "invalid UTF-8",
    "/echo",
    json,
    Buffer.from([0x22, 0xff, 0x22]),
    400,
    "the body is no JSON: it has bytes that are no UTF-8.",
  ],
  ["a prototype", "/echo", json, '{"__proto__": {"a": 1}}', 400, "the body has the key '__proto__'."],
  ["a hidden prototype", "/echo", json, '[{"\\u005f_proto__": 1}]', 400, "the body has the key '__proto__'."],
  [
    "a form",
    "/echo",
    "application/x-www-form-urlencoded",
    "a=1",
    415,
    "/echo does not take 'application/x-www-form-urlencoded': send the header Content-Type: application/json.",
  ],
  ["what a schema does not allow", "/checked", json, '{"pt": [1, "2"]}', 400, "body/pt/1 must be number."],
  ["what a schema needs", "/checked", json, "{}", 400, "body must have required property 'pt'."],
  [
    "what a schema does not know",
    "/checked",
    json,
    '{"pt": [], "eta": 1}',
    400,
    "body must NOT have additional properties.",
  ],
  ["no body where a schema is", "/checked", undefined, undefined, 400, /^body must be object/],
  [
    "a wrong shape",
    "/rows",
    json,
    "[[1, 2]]",
    400,
    'NumpyNdarray: Expecting ndarray of shape "(-1, 3)", but "(1, 2)" was received.',
  ],
  [
    "too few dimensions",
    "/rows",
    json,
    "[1, 2, 3]",
    400,
    'NumpyNdarray: Expecting ndarray of shape "(-1, 3)", but "(3,)" was received.',
  ],
  ["ragged rows", "/rows", json, "[[1, 2, 3], [4]]", 400, /nested arrays have different lengths at depth 1/],
  [
    "text among numbers",
    "/rows",
    json,
    '[[1, 2, "x"]]',
    400,
    "NumpyNdarray: element 2 is x, which is no float32.",
  ],
  [
    "an object for rows",
    "/rows",
    json,
    '{"a": 1}',
    400,
    "NumpyNdarray: Expecting nested lists, but an object was received.",
  ],
  [
    "text that is none",
    "/text",
    "text/plain",
    Buffer.from([0xc3, 0x28]),
    400,
    "Text: the body has bytes that are no UTF-8.",
  ],
  ["no file", "/file", "application/octet-stream", "", 400, "File: the body is empty."],
  [
    "an image that is none",
    "/image",
    "text/html",
    "x",
    415,
    "/image does not take 'text/html': send the header Content-Type: image/png.",
  ],
  [
    "a path that is none",
    "/ecko",
    json,
    "1",
    404,
    "there is no POST /ecko; GET /docs.json tells what there is.",
  ],
  ["a function's own refusal", "/rejects", json, "1", 400, "the function does not like this."],
];

it.each(cases)("%s", async (_what, path, type, body, status, error) => {
  const { url } = await running();
  const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
  const answer = await call(`${url}${path}`, {
    method: "POST",
    headers,
    ...(body !== undefined && { body }),
  });
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  const given = JSON.parse(answer.body) as { error: string };
  expect(Object.keys(given)).toEqual(["error"]);
  if (typeof error === "string") expect(given.error).toBe(error);
  else expect(given.error).toMatch(error);
});

it("a function that throws is a 500 which tells nothing; the log does", async () => {
  const own = await startServer([config]);
  for (const path of ["throws", "throwsText", "nothing"]) {
    const { status, body, headers } = await call(`${own.url}/${path}`, { body: "1" });
    const error = `the service failed; its log has the details of request ${headers["x-request-id"]}.`;
    expect([status, JSON.parse(body)]).toEqual([500, { error }]);
  }
  const { code, stderr } = await own.stop();
  expect(code).toBe(0);
  expect(stderr).toContain("the secret of the function");
  expect(stderr).toMatch(/POST \/throwsText failed, request \S+/);
  expect(stderr).toContain("the output is undefined, which JSON does not have");
});

it("a promise that a function forgot stops nothing; a timer that throws drains the server", async () => {
  const own = await startServer([config, "--access-log"]);
  expect((await call(`${own.url}/forgets`, { body: "1" })).status).toBe(200);
  expect((await call(`${own.url}/echo`, { body: "1" })).status).toBe(200);
  const slow = call(`${own.url}/slow`, { body: "500" });
  expect((await call(`${own.url}/breaks`, { body: "1" })).status).toBe(200);
  expect((await slow).body).toBe("500");
  const { code, stderr } = await own.outcome;
  expect(code).toBe(66);
  expect(stderr).toContain("the forgotten promise");
  expect(stderr).toContain("the broken timer");
  expect(stderr).toMatch(/^\S+Z 127\.0\.0\.1 "POST \/forgets" 200 [\d.]+ ms [0-9a-f]{12}-0$/m);
});

it("a URL that is none gets an error body", async () => {
  const { url, port } = await running();
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const request = "GET /v2/models/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*\{"error":"[^"]+"\}$/);
  const long = await call(`${url}/v2/models/${"x".repeat(500)}`);
  expect([404, 414]).toContain(long.status);
  expect(Object.keys(JSON.parse(long.body))).toEqual(["error"]);
});

it("a client that goes away before its request is whole is nothing to tell in the log", async () => {
  const own = await startServer([config]);
  for (const path of ["/echo", "/v2/models/none/infer"]) {
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[1,`;
    await new Promise((resolve) => {
      const socket = connect(own.port, "127.0.0.1", () => socket.write(head, () => socket.destroySoon()));
      socket.on("close", resolve).resume();
    });
  }
  const metrics = (await call(`${own.url}/metrics`)).body;
  expect(metrics).toMatch(/request_total\{endpoint="\/echo",http_response_code="(400|499)"[^}]*\} 1/);
  const { code, stderr } = await own.stop();
  expect([code, stderr]).toEqual([0, ""]);
});

it("good requests of every kind are answered", async () => {
  const { url } = await running();
  const image = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
  const good: [string, string | undefined, string | Buffer, string, RegExp][] = [
    ["/echo", undefined, "[null, {}]", "[null,{}]", /json/],
    ["/echo", "application/vnd.x+json", "1", "1", /json/],
    ["/checked", json, '{"pt": [1, 2.5]}', "2", /json/],
    ["/rows", `${json}; charset=utf-8`, '[[1, 2, "NaN"], [4, 5, 6]]', '[[1,2,"NaN"],[4,5,6]]', /json/],
    ["/rows", json, "[]", "[]", /json/],
    ["/text", "text/plain", "grüße", "GRÜSSE", /^text\/plain; charset=utf-8$/],
    ["/file", "application/zip", image, "4", /json/],
    ["/image", "image/jpeg", image, image.toString("utf8"), /^image\/png$/],
  ];
  for (const [path, type, body, expected, contentType] of good.filter(
    ([path, , body]) => path !== "/rows" || body !== "[]",
  )) {
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
    const answer = await call(`${url}${path}`, { headers, body });
    expect([path, answer.status, answer.body]).toEqual([path, 200, expected]);
    expect(answer.headers["content-type"]).toMatch(contentType);
  }
});

describe("random damage", () => {
  /** Numerical Recipes' generator: the same requests in every run. */
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const seeds = [
    "[[1, 2, 3], [4, 5, 6]]",
    '{"pt": [1, 2, 3], "label": "\\u00fc"}',
    "[1e999, -0, 1e-400, null]",
    `${"[".repeat(50)}${"]".repeat(50)}`,
  ];
  const bodyOf = () => {
    const body = Buffer.from(seeds[random(seeds.length)] as string);
    for (let n = random(4); n > 0; n--) body[random(body.length)] = random(256);
    return random(4) === 0 ? body.subarray(0, random(body.length)) : body;
  };
  const paths = ["/echo", "/checked", "/rows", "/text", "/file"];
  const types = [json, "text/plain", "application/octet-stream", "", "a/b; c=d", "\u00e9"];

  it("of bodies gets 200 or an error body, and another client its own answer", {
    timeout: 60_000,
  }, async () => {
    const { url } = await running();
    for (let n = 0; n < 400; n++) {
      const own = `[${n}]`;
      const headers = { "content-type": types[random(8)] ?? json };
      const [bad, good] = await Promise.all([
        call(`${url}${paths[random(paths.length)]}`, { body: bodyOf(), headers }),
        call(`${url}/echo`, { body: own }),
      ]);
      expect([good.status, good.body]).toEqual([200, own]);
      expect([200, 400, 415]).toContain(bad.status);
      if (bad.status !== 200) expect(Object.keys(JSON.parse(bad.body))).toEqual(["error"]);
    }
  });

  it("of whole requests gets a status or a closed connection", { timeout: 60_000 }, async () => {
    const { url, port } = await running();
    const plain =
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"a"';
    const noHost = plain.replace("Host: a\r\n", "");
    const expecting = plain.replace("Host: a", "Host: a\r\nExpect: miracles");
    const lengths = ["99999999999999999999", "-1", "1e3", "3, 3", "0x3"];
    const requests = Array.from({ length: 200 }, (_, n) => {
      const length = lengths[n];
      if (n >= 195) return Buffer.from(n % 2 === 0 ? noHost : expecting);
      if (length !== undefined) return Buffer.from(plain.replace("Length: 3", `Length: ${length}`));
      const bytes = Buffer.from(plain);
      for (let k = 1 + random(3); k > 0; k--) bytes[random(bytes.length)] = random(256);
      return bytes;
    });
    for (const bytes of requests) {
      const answer = await new Promise<string>((resolve) => {
        let text = "";
        const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
        socket.on("data", (chunk) => {
          text += chunk;
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(text));
      });
      if (answer !== "") expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /);
      if (/^HTTP\/1\.1 [45]/.test(answer)) expect(answer).toContain('{"error":');
    }
    expect((await call(`${url}/echo`, { body: "1" })).body).toBe("1");
    const { code, stderr } = await (await running()).stop();
    expect([code, stderr]).toEqual([0, ""]);
  });
});
