import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exceptionBlock, temporaryFolder } from "../run.js";
import { edmServe } from "../serve.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
writeFileSync(path("not.pem"), "no certificate\n");
writeFileSync(path("two words"), "two words\n");
writeFileSync(path("nothing"), "");
mkdirSync(path("empty"));
const config = (name: string, text: string) => {
  writeFileSync(path(name), `import { io, Service, createRunner } from "#framework";\n${text}\n`);
  return path(name);
};
const good = 'const service = new Service({ name: "a" });\nexport default service;';
const service = config("service.ts", good);
const api = (more: string) => `const service = new Service({ name: "a" });\n${more}\nexport default service;`;
const runner =
  'createRunner({ path: "nowhere", signatures: { __call__: { batchable: false, batchDim: [0, 0] } } }, { name: "one" })';

const mistakes: [what: string, args: string[], code: number, message: string | RegExp][] = [
  ["nothing", [], 88, "it takes a SERVICE.ts, models as NAME=MODEL, or a --model-repository."],
  ["an unknown option", [service, "--prot", "1"], 88, "Unknown argument: prot"],
  ["workers", [service, "--workers", "2"], 88, "one process serves; start several behind a load balancer"],
  ["a port that is none", [service, "--port", "70000"], 88, "--port takes a whole number from 0 to 65535."],
  ["an option twice", [service, "--port", "1", "--port", "2"], 88, "--port is given more than once."],
  ["a name without a model", ["model"], 88, "'model' is neither a SERVICE.ts nor NAME=MODEL."],
  ["two models of one name", ["a=b", "a=c"], 88, "there are two models 'a'; rename one."],
  ["a batch size for a service", [service, "--max-batch-size", "8"], 88, "--max-batch-size is for models"],
  ["half of TLS", [service, "--ssl-certfile", "a"], 88, "--ssl-keyfile is missing"],
  [
    "no certificate",
    [service, "--ssl-certfile", path("a.pem"), "--ssl-keyfile", path("b.pem")],
    84,
    "the TLS certificate '",
  ],
  [
    "a certificate that is none",
    [service, "--ssl-certfile", path("not.pem"), "--ssl-keyfile", path("not.pem")],
    73,
    "both must be PEM files that belong together",
  ],
  ["no token", [service, "--token-file", path("none")], 84, "the token cannot be read"],
  ["a token that is none", [service, "--token-file", path("two words")], 88, "has no token"],
  ["an empty token", [service, "--token-file", path("nothing")], 88, "has no token"],
  ["no config", [path("none.ts")], 89, "edmServe: configuration file '"],
  [
    "a config that is no service",
    ["configs/tensorflow_aot_cfg.ts"],
    90,
    "no service in configs/tensorflow_aot_cfg.ts, please add one",
  ],
  ["no model", [`a=${path("none")}`], 65, /none/],
  [
    "an ONNX model",
    [`a=${path("a.onnx")}`],
    65,
    "ONNX models are not read; convert it to a SavedModel, as onnx2tf does.",
  ],
  ["no repository", ["--model-repository", path("none")], 73, /none/],
  [
    "an address that this machine does not have",
    [service, "--host", "192.0.2.1"],
    73,
    "HTTP cannot listen on 192.0.2.1:0: this machine does not have that address.",
  ],
  ["a host that is none", [service, "--host", "no.such.host.invalid"], 73, /there is no such host|EAI_AGAIN/],
  [
    "a service's option that is none",
    [config("option.ts", 'export default new Service({ name: "a", dco: "b" } as never);')],
    73,
    "service 'a': unknown option 'dco'; did you mean 'doc'? (",
  ],
  ["a check of a model", ["a=b", "--check"], 88, "--check takes a SERVICE.ts"],
  [
    "an API twice",
    [
      config(
        "twice.ts",
        api('for (const n of [1, 2]) service.api("f", { input: JSON, output: JSON }, () => n);'),
      ),
    ],
    73,
    "service 'a', API 'f': there is one already; name one of them otherwise.",
  ],
  [
    "an API with a server's own name",
    [config("own.ts", api('service.api("metrics", { input: JSON, output: JSON }, () => 1);'))],
    73,
    "every server has a path of its own with this name.",
  ],
  [
    "a descriptor that is none",
    [config("descriptor.ts", api('service.api("f", { input: io.Text as never, output: JSON }, () => 1);'))],
    73,
    "service 'a', API 'f': its input must be JSON, io.JSON({…}), io.NumpyNdarray({…}), io.Text(), io.File() or io.Image(); call it: io.NAME().",
  ],
  [
    "a schema that is none",
    [
      config(
        "schema.ts",
        api('service.api("f", { input: io.JSON({ schema: { type: "nonsense" } }), output: JSON }, () => 1);'),
      ),
    ],
    73,
    "an API's JSON schema is none",
  ],
  [
    "a misspelt word in a schema",
    [
      config(
        "keyword.ts",
        api(
          'service.api("f", { input: io.JSON({ schema: { type: "array", minItem: 2 } }), output: JSON }, () => 1);',
        ),
      ),
    ],
    73,
    /an API's JSON schema is none: .*unknown keyword: "minItem"/,
  ],
  [
    "two runners of one name",
    [config("runners.ts", `export default new Service({ name: "a", runners: [${runner}, ${runner}] });`)],
    73,
    "service 'a': two of its runners are named 'one'",
  ],
  [
    "a runner without a model",
    [config("runner.ts", `export default new Service({ name: "a", runners: [${runner}] });`)],
    65,
    "nowhere",
  ],
];

it.each(mistakes)("%s", { timeout: 60_000 }, async (_what, args, code, message) => {
  const withPort = args.includes("--port") ? args : [...args, "--port", "0"];
  const outcome = await edmServe(withPort);
  const block = exceptionBlock(outcome);
  if (typeof message === "string") expect(block).toContain(message);
  else expect(block).toMatch(message);
  expect(block).not.toMatch(/^ {4}at /m);
  expect(outcome.code).toBe(code);
  expect(outcome.stdout).toBe("");
});

it.each(["--port", "--grpc-port"])("a %s that is in use", async (option) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const args =
    option === "--port" ? [service, option, String(port)] : [service, "--port", "0", option, String(port)];
  const outcome = await edmServe(args);
  other.close();
  const what = option === "--port" ? "HTTP" : "gRPC";
  expect(exceptionBlock(outcome)).toContain(
    `${what} cannot listen on 127.0.0.1:${port}: it is in use; choose another`,
  );
  expect(outcome.code).toBe(73);
});

it("--help teaches", async () => {
  const { code, stdout } = await edmServe(["--help"]);
  expect(code).toBe(0);
  for (const text of ["SERVICE.ts", "NAME=MODEL", "curl", "--drain-ms", "/readyz"])
    expect(stdout).toContain(text);
});

it("the word help behind a config shows the config's options", async () => {
  const { code, stdout } = await edmServe(["configs/test_service.ts", "help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Options, as name=value after the config:\n/);
  expect(stdout).toContain("or a model of the store, by its tag");
});

describe("--check", () => {
  it("type-checks a service, loads its models and serves nothing", { timeout: 60_000 }, async () => {
    const outcome = await edmServe(["--check", "configs/test_service.ts"]);
    expect(outcome.stdout).toMatch(
      /^OK: configs\/test_service\.ts: types \(TypeScript [\d.]+\), 1 function, 1 runner\n$/,
    );
    expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
  });

  it("tells what is wrong with it as a server and in its types", { timeout: 60_000 }, async () => {
    const wrong = config(
      "wrong.ts",
      api(
        'service.api("f", { input: io.JSON({ schema: { type: "nonsense" } }), output: JSON }, (o: number) => o);',
      ),
    );
    const { code, stdout, stderr } = await edmServe(["--check", wrong]);
    expect(stderr).toContain("an API's JSON schema is none");
    expect(stderr).toMatch(/wrong\.ts:3: Argument of type .* \(TS2345\)/);
    expect([code, stdout]).toEqual([73, ""]);
  });
});
