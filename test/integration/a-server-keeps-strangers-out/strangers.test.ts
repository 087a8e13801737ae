import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, makeClientConstructor, Metadata, type ServiceError } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../run.js";
import { call, curl, startServer } from "../serve.js";

const service = "configs/test_service.ts";
const json = ["-H", "Content-Type: application/json"];
const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe", cwd: folder });

/** An authority, and what it has signed: a server and a client. */
function certificates(): void {
  const key = ["-newkey", "rsa:2048", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=authority",
    "-days",
    "2",
  );
  for (const [name, extension] of [
    ["server", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    ["client", "subjectAltName=DNS:client"],
  ] as const) {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(path(`${name}.ext`), extension);
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${name}.ext`];
    openssl("x509", "-req", "-in", `${name}.csr`, ...signer, "-out", `${name}.pem`, "-days", "2");
  }
}
certificates();

/** Calls of the gRPC service without any message's fields. */
const Client = makeClientConstructor(
  Object.fromEntries(
    ["ServerLive", "ServerMetadata"].map((name) => [
      name,
      {
        path: `/inference.GRPCInferenceService/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: () => Buffer.alloc(0),
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    ]),
  ),
  "inference.GRPCInferenceService",
);

/** Gives the status' code: 0 is OK. */
function grpcCode(
  address: string,
  method: string,
  options: { token?: string; tls?: boolean } = {},
): Promise<number> {
  const tls = options.tls
    ? credentials.createSsl(readFileSync(path("ca.pem")))
    : credentials.createInsecure();
  const client = new Client(address, tls) as unknown as Record<string, (...args: unknown[]) => void> & {
    close(): void;
  };
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set("authorization", `Bearer ${options.token}`);
  return new Promise((resolve) => {
    client[method]?.({}, metadata, { deadline: Date.now() + 5000 }, (error: ServiceError | null) => {
      client.close();
      resolve(error?.code ?? 0);
    });
  });
}

describe("TLS", () => {
  const tls = ["--ssl-certfile", path("server.pem"), "--ssl-keyfile", path("server.key")];
  const certificate = ["--cert", path("client.pem"), "--key", path("client.key")];

  it("answers over https, to whoever trusts its certificate", async () => {
    const server = await startServer([service, ...tls, "--grpc-port", "0"]);
    expect(server.url).toMatch(/^https:/);
    const trusting = await curl([
      "--cacert",
      path("ca.pem"),
      ...json,
      "-d",
      "[0, 1, 2, 3]",
      `${server.url}/predict`,
    ]);
    expect(JSON.parse(trusting.stdout)).toHaveLength(2);
    expect((await curl([`${server.url}/livez`])).code).toBe(60);
    expect((await curl([`${server.url.replace("https", "http")}/livez`])).code).not.toBe(0);
    expect(await grpcCode(server.grpc, "ServerMetadata", { tls: true })).toBe(0);
    expect(await grpcCode(server.grpc, "ServerMetadata")).toBe(14);
    expect((await server.stop()).code).toBe(0);
  });

  it("with --ssl-ca-certs answers those only whose certificate was signed", async () => {
    const server = await startServer([service, ...tls, "--ssl-ca-certs", path("ca.pem")]);
    const known = await curl(["--cacert", path("ca.pem"), ...certificate, `${server.url}/livez`]);
    expect([known.code, known.stdout]).toEqual([0, "\n"]);
    const unknown = await curl(["--cacert", path("ca.pem"), `${server.url}/livez`]);
    expect(unknown.code).not.toBe(0);
    expect(unknown.stdout).toBe("");
  });
});

describe("a token", () => {
  const token = "s3cret-Token_of.the/test=";

  it.each(["a file", "the environment"])("from %s is needed for all but health", async (where) => {
    writeFileSync(path("token"), `${token}\n`);
    const args = [service, "--grpc-port", "0"];
    const { url, grpc } =
      where === "a file"
        ? await startServer([...args, "--token-file", path("token")])
        : await startServer(args, { env: { CMSRUN_SERVE_TOKEN: token } });
    const status = async (route: string, authorization: string | undefined, body?: string) => {
      const headers = {
        "content-type": "application/json",
        ...(authorization !== undefined && { authorization }),
      };
      return (await call(`${url}${route}`, { headers, ...(body !== undefined && { body }) })).status;
    };
    const row = "[0, 1, 2, 3]";
    expect(await status("/predict", `Bearer ${token}`, row)).toBe(200);
    expect(await status("/predict", `bearer ${token}`, row)).toBe(200);
    const wrong = [
      undefined,
      "",
      "Bearer",
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
      token,
    ];
    for (const authorization of wrong) {
      expect(await status("/predict", authorization, row)).toBe(401);
      expect(await status("/v2/models/test_model/infer", authorization, "{}")).toBe(401);
      expect(await status("/v2/models/test_model", authorization)).toBe(401);
      expect(await status("/metrics", authorization)).toBe(401);
      expect(await status("/docs.json", authorization)).toBe(401);
    }
    for (const route of ["/livez", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"])
      expect(await status(route, undefined)).toBe(200);
    expect(await grpcCode(grpc, "ServerMetadata", { token })).toBe(0);
    expect(await grpcCode(grpc, "ServerMetadata", { token: `${token}x` })).toBe(16);
    expect(await grpcCode(grpc, "ServerMetadata")).toBe(16);
    expect(await grpcCode(grpc, "ServerLive")).toBe(0);
  });
});

it("listens on 127.0.0.1, unless told otherwise", async () => {
  const hostOf = async (...args: string[]) => new URL((await startServer([service, ...args])).url).hostname;
  expect(await hostOf()).toBe("127.0.0.1");
  expect(await hostOf("--host", "0.0.0.0")).toBe("0.0.0.0");
  expect(await hostOf("--host", "localhost")).toMatch(/^(127\.0\.0\.1|\[::1\])$/);
});
