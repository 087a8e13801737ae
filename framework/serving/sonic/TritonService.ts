/**
 * CMSSW's TritonService: knows the servers and which models they have, and gives each client one. The main thread's
 * instance asks them before the job begins and owns the fallback server; those of other threads are told what it found.
 */
import { Exception } from "../../base/errors.js";
import { LogInfo, LogPrint, LogVerbatim, LogWarning } from "../../base/log.js";
import type { ModuleDescription, ServiceHooks } from "../../modules/ServiceHooks.js";
import { ParameterSet } from "../../parameters/ParameterSet.js";
import type { FallbackDesk } from "./FallbackDesk.js";
import type { FallbackServer } from "./FallbackServer.js";
import { localBalancer } from "./localBalancer.js";
import { ModelUse } from "./ModelUse.js";
import { bestServer, has, missingModel, type Offer } from "./offers.js";
import type { TritonChannel } from "./TritonChannel.js";
import type { TritonParameters } from "./TritonClient.js";
import { type Compression, fallbackName, isLocal, type TritonServer, urlOf } from "./TritonServer.js";
import {
  checkPreferred,
  configuredServers,
  fallbackOptions,
  type ServiceParameters,
  tritonServiceParameters,
} from "./tritonServiceParameters.js";

/** What the main thread found out, for the others. */
interface Shared {
  readonly offers: readonly Offer[];
  readonly use: ModelUse["plain"];
  readonly desk: string | undefined;
}

const askMs = 5000;
const healthMs = 2000;

export class TritonService implements ServiceHooks {
  static readonly description = tritonServiceParameters;
  static readonly concurrency = "service";
  static readonly kind = "Service";

  readonly #verbose: boolean;
  readonly #servers: readonly TritonServer[];
  readonly #parameters: ServiceParameters;
  #offers: Offer[] = [];
  #use = new ModelUse([]);
  readonly #channels = new Map<string, Promise<TritonChannel>>();
  /** Main thread only. */
  #fallback: FallbackServer | undefined;
  #desk: FallbackDesk | undefined;
  /** Other threads only: where the fallback server is asked for. */
  #deskName: string | undefined;

  /** @throws DuplicateServer */
  constructor(pset: ServiceParameters) {
    this.#parameters = pset;
    this.#verbose = pset.getUntrackedParameter("verbose");
    this.#servers = configuredServers(pset, localBalancer());
  }

  /** Asks every server what it has, and starts the fallback server where a model is served by none. */
  async preBeginJob(modules: readonly ModuleDescription[]): Promise<void> {
    const users = modules.flatMap((module) => {
      const client = clientOf(module);
      return client ? [{ client, user: `module '${module.label}' (${module.type})` }] : [];
    });
    if (users.length === 0) return;
    for (const { client, user } of users)
      checkPreferred(client.getUntrackedParameter("preferredServer"), this.#servers, user);
    this.#use = new ModelUse([...new Set(users.map(({ client }) => client.getParameter("modelName")))]);
    for (const server of this.#servers) warnOfClearToken(server);
    this.#offers = await Promise.all(this.#servers.map((server) => this.#ask(server)));
    await this.#prepareFallback(users.map(({ client }) => client));
    for (const { client, user } of users) await this.#discover(client, user);
    await this.#use.begin(this.#statisticsServers());
  }

  shared(): Shared {
    return { offers: this.#offers, use: this.#use.plain, desk: this.#desk?.name };
  }

  adopt(shared: Shared): void {
    this.#offers = [...shared.offers];
    this.#use = ModelUse.fromPlain(shared.use);
    this.#deskName = shared.desk;
  }

  /** @throws MissingModel when no server has it */
  choose(model: string, version: string, preferred: string): TritonServer {
    const found = bestServer(this.#offers, model, version, preferred);
    if (found) return found;
    throw missingModel(this.#offers, model, version);
  }

  /**
   * Another server that has the model and answers that it is ready, one that did not answer when the job began among
   * them; undefined: there is none.
   */
  async otherServer(
    model: string,
    version: string,
    failed: ReadonlySet<string>,
  ): Promise<TritonServer | undefined> {
    for (const offer of this.#offers) {
      const { server, failure } = offer;
      const mayHave = failure !== undefined || has(offer, model, version);
      if (failed.has(server.name) || !mayHave) continue;
      try {
        const channel = await this.channel(server, "none");
        const request = { name: model, version };
        if ((await channel.call<{ ready: boolean }>("ModelReady", request, healthMs)).ready) return server;
      } catch (error) {
        LogWarning("TritonService", `server '${server.name}' is passed over: ${(error as Error).message}`);
      }
    }
    return undefined;
  }

  /** The job's own server, started if it is not running; undefined where it is not enabled or has not the model. */
  async fallbackServer(model: string): Promise<TritonServer | undefined> {
    if (this.#deskName !== undefined) {
      const { askFallback } = await import("./FallbackDesk.js");
      return askFallback(this.#deskName, model);
    }
    return this.#fallback?.models.has(model) ? this.#fallback.server() : undefined;
  }

  /** This thread's connection to a server. */
  channel(server: TritonServer, compression: Compression): Promise<TritonChannel> {
    const key = `${server.name} ${urlOf(server)} ${compression}`;
    const open = this.#channels.get(key) ?? openChannel(server, compression);
    this.#channels.set(key, open);
    return open;
  }

  /** A call that is over. */
  count(model: string, clientMs: number, repetitions: number): void {
    this.#use.count(model, clientMs, repetitions);
  }

  async postEndJob(): Promise<void> {
    try {
      const report = await this.#use.report(this.#statisticsServers());
      if (this.#verbose && report !== "") LogVerbatim("FwkSummary", report);
    } finally {
      this.#desk?.close();
      await this.#fallback?.stop();
      for (const opening of await Promise.allSettled(this.#channels.values()))
        if (opening.status === "fulfilled") opening.value.close();
      this.#channels.clear();
    }
  }

  /** The models of a server; a warning for one that does not answer. */
  async #ask(server: TritonServer): Promise<Offer> {
    const channel = await this.channel(server, "none");
    try {
      const { models } = await channel.call<{ models: { name: string; version: string; state: string }[] }>(
        "RepositoryIndex",
        { ready: true },
        askMs,
      );
      const ready = models.filter(({ state }) => state === "READY" || state === "");
      const names = ready.flatMap(({ name, version }) => [name, `${name}:${version}`]);
      if (this.#verbose)
        LogPrint("TritonService", `server '${server.name}' has ${ready.map(({ name }) => name).join(", ")}`);
      return { server, models: [...new Set(names)] };
    } catch (error) {
      if (!(error instanceof Exception)) throw error;
      LogWarning("TritonFailure", `skipping server '${server.name}': ${error.message}`);
      return { server, models: [], failure: error.message };
    }
  }

  async #prepareFallback(clients: readonly TritonParameters[]): Promise<void> {
    const options = fallbackOptions(this.#parameters);
    if (!options) return;
    const paths = clients.flatMap((client): [string, string][] => {
      const path = client.getParameter("modelConfigPath");
      return path === undefined ? [] : [[client.getParameter("modelName"), path]];
    });
    // Child processes and gRPC are no part of other jobs' start-up.
    const { FallbackServer } = await import("./FallbackServer.js");
    const { FallbackDesk } = await import("./FallbackDesk.js");
    this.#fallback = new FallbackServer(options, new Map(paths));
    this.#desk = new FallbackDesk((model) => this.fallbackServer(model));
  }

  async #discover(client: TritonParameters, user: string): Promise<void> {
    const model = client.getParameter("modelName");
    const version = client.getParameter("modelVersion");
    const preferred = client.getUntrackedParameter("preferredServer");
    const isServed = this.#offers.some((offer) => has(offer, model, version));
    const mayFallBack = this.#fallback?.models.has(model) === true;
    if ((!isServed || preferred === fallbackName) && mayFallBack) await this.#offerFallback();
    const server = bestServer(this.#offers, model, version, preferred);
    // Told by choose(), to the client of a module that runs: one that nothing consumes may lack its model.
    if (!server) return;
    if (preferred !== "" && server.name !== preferred)
      LogWarning(
        "TritonService",
        `${user}: preferred server '${preferred}' is not available for model '${model}'; another is chosen.`,
      );
    LogInfo("TritonDiscovery", `${user} assigned server: ${urlOf(server)}`);
  }

  async #offerFallback(): Promise<void> {
    const fallback = this.#fallback as FallbackServer;
    const server = await fallback.server();
    if (this.#offers.some((offer) => offer.server.name === server.name)) return;
    this.#offers.push(await this.#ask(server));
  }

  #statisticsServers(): Promise<TritonChannel>[] {
    if (!this.#verbose) return [];
    const answering = this.#offers.filter(({ failure }) => failure === undefined);
    return answering.map(({ server }) => this.channel(server, "none"));
  }
}

function warnOfClearToken(server: TritonServer): void {
  if (server.tokenFile !== "" && !server.useSsl && !isLocal(server))
    LogWarning("TritonService", `the token for server '${server.name}' is sent in the clear: set useSsl.`);
}

async function openChannel(server: TritonServer, compression: Compression): Promise<TritonChannel> {
  const { TritonChannel } = await import("./TritonChannel.js");
  return TritonChannel.open(server, compression);
}

/** The parameters of a module's client, where it has one of a model. */
function clientOf({ parameters }: ModuleDescription): TritonParameters | undefined {
  const client: unknown = (parameters as ParameterSet<never>).parameterNames.includes("Client")
    ? (parameters as unknown as { getParameter(name: string): unknown }).getParameter("Client")
    : undefined;
  const isTriton = client instanceof ParameterSet && client.parameterNames.includes("modelName");
  return isTriton ? (client as unknown as TritonParameters) : undefined;
}
