/** What servers said that they have, and which of them is chosen for a model. */
import { Exception } from "../../base/errors.js";
import type { TritonServer } from "./TritonServer.js";

export interface Offer {
  readonly server: TritonServer;
  /** "name" and "name:version". */
  readonly models: readonly string[];
  /** Why nothing is known of its models. */
  readonly failure?: string;
}

/** @param version "": any */
export const has = ({ models }: Offer, model: string, version: string): boolean =>
  models.includes(version === "" ? model : `${model}:${version}`);

/** The preferred server, otherwise the first that has the model. */
export function bestServer(
  offers: readonly Offer[],
  model: string,
  version: string,
  preferred: string,
): TritonServer | undefined {
  const able = offers.filter((offer) => has(offer, model, version));
  return (able.find(({ server }) => server.name === preferred) ?? able[0])?.server;
}

/** The error that says what there is, and which servers did not answer and why. */
export function missingModel(offers: readonly Offer[], model: string, version: string): Exception {
  const wanted = version === "" ? `'${model}'` : `'${model}' in version ${version}`;
  const known = offers
    .filter(({ failure }) => failure === undefined)
    .map(({ server, models }) => `'${server.name}' has ${models.join(", ") || "none"}`);
  const servers = known.length > 0 ? known.join("; ") : "no server answers";
  const failures = offers.flatMap(({ failure }) => (failure === undefined ? [] : ` ${failure}.`));
  const remedy =
    "Add a server that has it, or enable the fallback server and give the client's modelConfigPath";
  const text = `no server has model ${wanted}: ${servers}.${failures.join("")} ${remedy}.`;
  return new Exception("MissingModel", text);
}
