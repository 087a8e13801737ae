/** The parameters of the TritonService, and what they say about servers. */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { pset, untracked } from "../../parameters/description.js";
import type { ParameterSet } from "../../parameters/ParameterSet.js";
import type { FallbackOptions } from "./FallbackServer.js";
import type { LocalBalancer } from "./localBalancer.js";
import { fallbackName, openToAll, type TritonServer } from "./TritonServer.js";

export const tritonServiceParameters = {
  verbose: untracked.bool(false, { comment: "log what servers have, and their statistics at the end" }),
  servers: untracked.vpset({
    name: untracked.string(),
    address: untracked.string(),
    port: untracked.uint32(),
    useSsl: untracked.bool(false),
    rootCertificates: untracked.string("", { comment: "file (PEM); empty: the system's" }),
    privateKey: untracked.string(""),
    certificateChain: untracked.string(""),
    // CMSSW has none; a file, so that no dump of the configuration shows the token.
    tokenFile: untracked.string("", { comment: "file with the bearer token that the server asks for" }),
  }),
  fallback: pset({
    enable: untracked.bool(false, {
      comment: "serve models that no server has with a server of the job's own",
    }),
    verbose: untracked.bool(false),
    debug: untracked.bool(false, { comment: "keep the server's log in tempDir" }),
    wait: untracked.int32(-1, { comment: "seconds until the server must be ready, at most 500; -1: 60" }),
    instanceBaseName: untracked.string("triton_server_instance"),
    instanceName: untracked.string("", {
      comment: "name of the log; empty: instanceBaseName and the process id",
    }),
    tempDir: untracked.string("."),
  }),
};
export type ServiceParameters = ParameterSet<typeof tritonServiceParameters>;

/** Less than a thread waits for the main one (FallbackDesk). */
const longestWaitS = 500;

/** In the order of the configuration; the balancer's of the environment comes first. @throws DuplicateServer, also for the fallback's name */
export function configuredServers(
  parameters: ServiceParameters,
  balancer: LocalBalancer | undefined,
): TritonServer[] {
  const servers: TritonServer[] = parameters.getUntrackedParameter("servers").map((server) => ({
    name: server.getUntrackedParameter("name"),
    address: server.getUntrackedParameter("address"),
    port: server.getUntrackedParameter("port"),
    useSsl: server.getUntrackedParameter("useSsl"),
    rootCertificates: server.getUntrackedParameter("rootCertificates"),
    privateKey: server.getUntrackedParameter("privateKey"),
    certificateChain: server.getUntrackedParameter("certificateChain"),
    tokenFile: server.getUntrackedParameter("tokenFile"),
  }));
  if (balancer) servers.unshift({ name: "SONIC_LOCAL_BALANCER", ...balancer, ...openToAll });
  for (const [index, { name }] of servers.entries()) {
    if (name === fallbackName || servers.findIndex((server) => server.name === name) !== index)
      throw new Exception(
        "DuplicateServer",
        `Not allowed to specify more than one server with same name (${name})`,
      );
  }
  return servers;
}

export function fallbackOptions(parameters: ServiceParameters): FallbackOptions | undefined {
  const fallback = parameters.getParameter("fallback");
  if (!fallback.getUntrackedParameter("enable")) return undefined;
  const wait = fallback.getUntrackedParameter("wait");
  return {
    verbose: fallback.getUntrackedParameter("verbose"),
    debug: fallback.getUntrackedParameter("debug"),
    waitS: wait < 0 ? 60 : Math.min(wait, longestWaitS),
    instanceName:
      fallback.getUntrackedParameter("instanceName") ||
      `${fallback.getUntrackedParameter("instanceBaseName")}_${process.pid}`,
    tempDir: fallback.getUntrackedParameter("tempDir"),
  };
}

/** @throws Configuration where a module prefers a server that the service does not know */
export function checkPreferred(preferred: string, servers: readonly TritonServer[], user: string): void {
  const names = servers.map(({ name }) => name);
  if (preferred === "" || preferred === fallbackName || names.includes(preferred)) return;
  const hint = suggestion(preferred, names);
  const text = `${user}: preferredServer '${preferred}' is no server of the TritonService${hint}`;
  throw new Exception("Configuration", text);
}
