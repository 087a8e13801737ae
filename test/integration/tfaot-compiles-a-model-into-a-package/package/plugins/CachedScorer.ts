/** Wrong on purpose: a compiled model as global cache. */
import { DEFINE_FWK_MODULE, type ParameterSet, stream, tfaot } from "cmsrun";
import { jet_btag } from "tfaot-model-jet-btag/model";

const description = {};
type Cache = { model: tfaot.Model<typeof jet_btag> };

@DEFINE_FWK_MODULE("CachedScorer")
export class CachedScorer extends stream.EDAnalyzer<Cache> {
  static readonly description = description;

  static initializeGlobalCache(_pset: ParameterSet<typeof description>): Cache {
    return { model: new tfaot.Model(jet_btag) };
  }

  override analyze(): void {}
}

declare module "cmsrun" {
  interface EDAnalyzers {
    CachedScorer: typeof CachedScorer;
  }
}
