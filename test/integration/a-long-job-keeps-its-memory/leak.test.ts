import { expect, it } from "vitest";
import { cmsrunConfig, exceptionBlock, tagged } from "../run.js";

const megabyte = 1024 * 1024;
/** A quarter of a million events; HeapWatcher says the heap in use after a garbage collection, as it goes. */
const body = (lumi: number) => `process.maxEvents.input = 250_000;
  process.source = cms.Source("EmptySource", { numberEventsInLuminosityBlock: cms.untracked.uint32(${lumi}) });
  process.a = cms.EDProducer("Adder");
  process.b = cms.EDProducer("Adder", { inputs: cms.VInputTag("a") });
  process.f = cms.EDFilter("ModuloFilter", { acceptValue: cms.uint32(1000) });
  process.out = cms.OutputModule("PoolOutputModule", {
    fileName: cms.untracked.string("out.edm"),
    SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("q") }),
  });
  process.watch = cms.EDAnalyzer("HeapWatcher", { every: cms.uint32(50_000) });
  process.p = cms.Path(process.a, process.b, process.watch);
  process.q = cms.Path(process.f);
  process.e = cms.EndPath(process.out);`;

it.each([
  ["one luminosity block", 0, 1],
  ["one luminosity block", 0, 2],
  ["one every 100 events", 100, 1],
])(
  "250 000 events in %s leave no more behind than their number needs (%i, on %i threads)",
  async (_what, lumi, threads) => {
    const env = {
      NODE_OPTIONS: "--expose-gc",
      CMSRUN_PLUGIN_PATH: [`${import.meta.dirname}/plugins`, `${import.meta.dirname}/../plugins`].join(":"),
    };
    const outcome = await cmsrunConfig(body(lumi), ["-n", String(threads)], { env });
    expect(exceptionBlock(outcome)).toBe("");
    expect(outcome.code).toBe(0);
    const heap = tagged(outcome, "Heap").map(Number);
    expect(heap).toHaveLength(5);
    const [, early = 0, , , late = 0] = heap;
    expect((late - early) / megabyte).toBeLessThan(2);
  },
);
