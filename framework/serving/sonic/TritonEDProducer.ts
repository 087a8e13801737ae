/** CMSSW's TritonEDProducer, TritonEDFilter and TritonOneEDAnalyzer: Sonic modules whose client speaks to Triton, or to our own server. */
import type { ParameterSet } from "../../parameters/ParameterSet.js";
import { pset as psetOf } from "../../parameters/description.js";
import { SonicEDFilter, SonicEDProducer, SonicOneEDAnalyzer } from "./SonicEDProducer.js";
import type { CacheArgument } from "./SonicModule.js";
import { TritonClient, tritonClientParameters } from "./TritonClient.js";

/** The PSet named Client of a Triton module: put it into the module's description. */
export const tritonClient = psetOf(tritonClientParameters);
type WithClient = {
  getParameter(name: "Client"): ParameterSet<typeof tritonClientParameters>;
};

export abstract class TritonEDProducer<Cache = void> extends SonicEDProducer<TritonClient, Cache> {
  /** @param pset whose description has `Client: tritonClient` */
  constructor(pset: WithClient, ...cache: CacheArgument<Cache>) {
    super(new TritonClient(pset.getParameter("Client"), new.target.name), ...cache);
  }
}

export abstract class TritonEDFilter<Cache = void> extends SonicEDFilter<TritonClient, Cache> {
  /** @param pset whose description has `Client: tritonClient` */
  constructor(pset: WithClient, ...cache: CacheArgument<Cache>) {
    super(new TritonClient(pset.getParameter("Client"), new.target.name), ...cache);
  }
}

export abstract class TritonOneEDAnalyzer extends SonicOneEDAnalyzer<TritonClient> {
  /** @param pset whose description has `Client: tritonClient` */
  constructor(pset: WithClient) {
    super(new TritonClient(pset.getParameter("Client"), new.target.name));
  }
}
