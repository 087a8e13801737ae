/** Its global cache holds memory that each thread would get a copy of. */
import { DEFINE_FWK_MODULE, type ParameterSet, stream } from "#framework";

const description = {};
interface Cache {
  readonly model: { readonly weights: Float32Array };
}

@DEFINE_FWK_MODULE("UnshareableCache")
export class UnshareableCache extends stream.EDProducer<Cache> {
  static readonly description = description;

  static initializeGlobalCache(_pset: ParameterSet<typeof description>): Cache {
    return { model: { weights: new Float32Array(10) } };
  }

  constructor(_pset: ParameterSet<typeof description>, cache: Cache) {
    super(cache);
  }

  override produce(): void {}
}

declare module "#framework" {
  interface EDProducers {
    UnshareableCache: typeof UnshareableCache;
  }
}
