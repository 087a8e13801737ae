/** edmServe's command line. */
import { defaults, type ServeOptions } from "../serving/server/ServeOptions.js";
import { tokenIn } from "../serving/tokenFile.js";
import { serveToken } from "./environment.js";
import { refuseTwice, toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

export const name = "edmServe";

export interface ServeArguments {
  /** A config that exports a Service, and what it is given. */
  readonly config: string | undefined;
  readonly configArguments: readonly string[];
  /** Name → path. */
  readonly models: Readonly<Record<string, string>>;
  readonly folders: readonly string[];
  readonly maxBatchSize: number | undefined;
  readonly maxLatencyMs: number | undefined;
  readonly maxQueuedRows: number | undefined;
  readonly allowsModelControl: boolean;
  /** The config is checked, and nothing is served. */
  readonly isCheck: boolean;
  readonly options: ServeOptions;
}

const usage = `$0 SERVICE.ts [ARGUMENT…] [options]
$0 NAME=MODEL… [--model-repository DIR] [options]

Serves models over HTTP, and with --grpc-port over gRPC, until SIGTERM or Ctrl-C; it then answers what it
has accepted.

SERVICE.ts is a config that exports a Service, whose functions are answered at POST /NAME:
  import { Service } from "#framework";   // in your own package: "cmsrun"
  const service = new Service({ name: "adder" });
  service.api("sum", { input: JSON, output: JSON }, (values) => values.reduce((a, b) => a + b, 0));
  export default service;
and to it: curl -H "Content-Type: application/json" -d "[1, 2, 3]" http://127.0.0.1:3000/sum
What follows it belongs to the config (VarParsing); the argument help shows what that is.

NAME=MODEL is a SavedModel's directory, a frozen graph, or model:TAG of the model store, served at
/v2/models/NAME. DIR is a model repository in Triton's layout: DIR/NAME/VERSION/model.savedmodel, beside it
config.pbtxt. Both may be given more than once.

Every server has: / (documentation, to try it out), /docs.json (OpenAPI), /v2 (KServe's protocol, also for
a service's runners), /metrics (Prometheus), /livez, /healthz, /readyz (503 until all models are warm).

When it is ready it prints one line: "edmServe ready: http://127.0.0.1:3000 grpc://127.0.0.1:8001".
One process serves; start several behind a load balancer for more. The exit code is 0 when all that was
accepted was answered, 40 when --drain-ms was too short for it.`;

const number = (describe: string, fallback?: number) =>
  ({
    type: "number",
    requiresArg: true,
    describe,
    ...(fallback !== undefined && { default: fallback }),
  }) as const;
const text = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;

const single = [
  "host",
  "port",
  "grpc-port",
  "max-request-bytes",
  "timeout-ms",
  "max-concurrency",
  "max-connections",
  "max-batch-size",
  "max-latency-ms",
  "max-queued-rows",
  "backlog",
  "headers-timeout-ms",
  "request-timeout-ms",
  "drain-ms",
  "ssl-certfile",
  "ssl-keyfile",
  "ssl-ca-certs",
  "token-file",
] as const;

async function read(argv: readonly string[]) {
  return toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("model-repository", { ...text("a folder of models"), array: true })
      .option("host", { ...text("address to listen on; 0.0.0.0 is all of them"), default: defaults.host })
      .option("port", number("of HTTP; 0 is any that is free", defaults.port))
      .option("grpc-port", number("of gRPC, which is off otherwise; 0 is any that is free"))
      .option("max-request-bytes", number("a larger body gets 413", defaults.maxRequestBytes))
      .option("timeout-ms", number("an answer that takes longer is 504", defaults.timeoutMs))
      .option(
        "max-concurrency",
        number("requests worked on at once, over HTTP and gRPC; beyond it 429", defaults.maxConcurrency),
      )
      .option(
        "max-connections",
        number("connections at once, of each protocol; beyond it none is accepted", defaults.maxConnections),
      )
      .option("max-batch-size", number("rows of one call of a model, unless its configuration says so"))
      .option("max-latency-ms", number("longest that a request waits for others to go with it"))
      .option("max-queued-rows", number("rows that may wait for a model; beyond it 503"))
      .option("backlog", number("connections that may wait to be accepted", defaults.backlog))
      .option(
        "headers-timeout-ms",
        number("a client that sends its headers slower gets 408", defaults.headersTimeoutMs),
      )
      .option("request-timeout-ms", number("the same for the whole request", defaults.requestTimeoutMs))
      .option("drain-ms", number("how long accepted requests may take at the end", defaults.drainMs))
      .option("ssl-certfile", text("PEM file of the certificate: HTTPS"))
      .option("ssl-keyfile", text("PEM file of its key"))
      .option("ssl-ca-certs", text("PEM file: clients must have a certificate that one of these signed"))
      .option(
        "token-file",
        text("clients must send Authorization: Bearer and what is in here; or CMSRUN_SERVE_TOKEN"),
      )
      .option("model-control", {
        type: "boolean",
        default: true,
        describe: "clients may load and unload models; --no-model-control: they may not",
      })
      .option("access-log", {
        type: "boolean",
        default: false,
        describe: "a line on stderr for each request",
      })
      .option("check", {
        type: "boolean",
        default: false,
        describe: "type-check SERVICE.ts, load its models, and serve nothing",
      })
      .option("workers", { ...text("not offered"), hidden: true })
      .example("$0 configs/test_service.ts", "a service")
      .example("$0 --check configs/test_service.ts", "whether it would start")
      .example("$0 btag=data/models/jet_btag/saved_model", "a model")
      .example("$0 --model-repository models --grpc-port 8001", "what SONIC's clients use"),
  );
}

const isConfig = (word = "") => /\.[cm]?[tj]s$/.test(word);

/** Gives undefined when help or the version was asked for, and printed. @throws CommandLineProcessing, FileOpenError */
export async function serveArguments(argv: readonly string[]): Promise<ServeArguments | undefined> {
  // Yargs would give edmServe's help; behind a config the word asks for the config's.
  const config = argv.findIndex(isConfig);
  const help = config < 0 ? [] : argv.slice(config + 1).filter((word) => word === "help");
  const parsed = await read(help.length > 0 ? argv.filter((word) => word !== "help") : argv);
  if (!parsed) return undefined;
  refuseTwice(name, parsed, single);
  if (parsed.workers !== undefined)
    throw wrongArguments(
      name,
      "there is no --workers: one process serves; start several behind a load balancer.",
    );
  const positional = parsed._.map(String);
  const folders = parsed["model-repository"] ?? [];
  const isService = isConfig(positional[0]);
  if (positional.length === 0 && folders.length === 0)
    throw wrongArguments(name, "it takes a SERVICE.ts, models as NAME=MODEL, or a --model-repository.");
  const rule = (option: "max-batch-size" | "max-latency-ms" | "max-queued-rows", least: number) => {
    const value = parsed[option];
    if (value !== undefined) check(option, value, least, 2 ** 31 - 1);
    if (value !== undefined && isService)
      throw wrongArguments(name, `--${option} is for models; a service's runners have it: toRunner({ … }).`);
    return value;
  };
  if (isService && folders.length > 0)
    throw wrongArguments(name, "it takes a service or a --model-repository, not both.");
  if (parsed.check && !isService)
    throw wrongArguments(name, "--check takes a SERVICE.ts; tfrun MODEL tells what a model takes and gives.");
  return {
    config: isService ? positional[0] : undefined,
    configArguments: isService ? [...positional.slice(1), ...help] : [],
    isCheck: parsed.check,
    models: isService ? {} : modelPaths(positional),
    folders,
    maxBatchSize: rule("max-batch-size", 0),
    maxLatencyMs: rule("max-latency-ms", 0),
    maxQueuedRows: rule("max-queued-rows", 1),
    allowsModelControl: parsed["model-control"],
    options: serveOptions(parsed),
  };
}

type Parsed = NonNullable<Awaited<ReturnType<typeof read>>>;

function serveOptions(parsed: Parsed): ServeOptions {
  const longest = 2 ** 31 - 1;
  const limit = (option: (typeof single)[number], least: number, most = longest) => {
    const value = parsed[option] as number;
    check(option, value, least, most);
    return value;
  };
  return {
    host: parsed.host,
    port: limit("port", 0, 65535),
    grpcPort: parsed["grpc-port"] === undefined ? undefined : limit("grpc-port", 0, 65535),
    maxRequestBytes: limit("max-request-bytes", 1),
    timeoutMs: limit("timeout-ms", 1),
    maxConcurrency: limit("max-concurrency", 1),
    maxConnections: limit("max-connections", 1),
    backlog: limit("backlog", 1),
    headersTimeoutMs: limit("headers-timeout-ms", 1),
    requestTimeoutMs: limit("request-timeout-ms", 1),
    drainMs: limit("drain-ms", 0),
    tls: tlsFiles(parsed),
    token: readToken(parsed["token-file"]),
    accessLog: parsed["access-log"] ? (line) => void process.stderr.write(line) : undefined,
  };
}

function check(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw wrongArguments(name, `--${option} takes a whole number from ${least} to ${most}.`);
}

function modelPaths(given: readonly string[]): Record<string, string> {
  const models: Record<string, string> = {};
  for (const entry of given) {
    const [, key, path] = /^([^=]+)=(.+)$/.exec(entry) ?? [];
    if (key === undefined || path === undefined)
      throw wrongArguments(name, `'${entry}' is neither a SERVICE.ts nor NAME=MODEL.`);
    if (key in models) throw wrongArguments(name, `there are two models '${key}'; rename one.`);
    models[key] = path;
  }
  return models;
}

function tlsFiles(parsed: Parsed): ServeOptions["tls"] {
  const [certificate, key, authorities] = [
    parsed["ssl-certfile"],
    parsed["ssl-keyfile"],
    parsed["ssl-ca-certs"],
  ];
  if (certificate !== undefined && key !== undefined) return { certificate, key, authorities };
  if (certificate === undefined && key === undefined && authorities === undefined) return undefined;
  const missing = certificate === undefined ? "--ssl-certfile" : "--ssl-keyfile";
  throw wrongArguments(name, `TLS needs a certificate and its key: ${missing} is missing.`);
}

function readToken(path: string | undefined): string | undefined {
  if (path === undefined) return serveToken();
  const token = tokenIn(path, name);
  if (token !== undefined) return token;
  throw wrongArguments(name, `'${path}' has no token: one line of visible characters without blanks.`);
}
