import { cms, JetCollection, JetScores } from "#framework";
import { TestProcessor } from "#testing";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import {
  Count,
  CountAnalyzer,
  CountFilter,
  LateProducer,
  RunEndProducer,
  ScaleProducer,
  Unregistered,
} from "./modules.js";

function jets(...pt: number[]): JetCollection {
  const values = () => Float32Array.from(pt);
  return { pt: values(), eta: values(), phi: values(), mass: values(), nConstituents: Uint32Array.from(pt) };
}

const double = { factor: cms.double(2) };

describe("a producer under test", () => {
  beforeEach(() => {
    ScaleProducer.calls.length = 0;
  });

  it("gives its products, by type and instance", async () => {
    const test = await TestProcessor.create(ScaleProducer, double);
    const event = await test.event([[JetCollection, "Jet", jets(1, 2)]]);
    expect([...event.get(JetScores).score]).toEqual([2, 4]);
    expect([...event.get(JetCollection, "scaled").pt]).toEqual([2, 4]);
    expect(event.modulePassed).toBe(true);
    expect(event.id).toEqual({ run: 1, luminosityBlock: 1, event: 1 });
    expectTypeOf(event.get(JetScores)).toEqualTypeOf<JetScores>();
    await test.endJob();
  });

  it("sees each event's products only in that event", async () => {
    const test = await TestProcessor.create(LateProducer);
    const counts = [];
    for (const given of [[jets(1)], [jets()], [], [jets(1, 2, 3)]]) {
      const event = await test.event(given.map((product) => [JetCollection, "Jet", product] as const));
      counts.push(event.get(Count).count);
    }
    expect(counts).toEqual([1, 0, -1, 3]);
    await test.endJob();
  });

  it("goes through CMSSW's transitions, as runs and luminosity blocks change", async () => {
    const test = await TestProcessor.create(ScaleProducer, double);
    for (const id of [{}, { luminosityBlock: 2 }, { run: 3, luminosityBlock: 1, event: 70 }, {}]) {
      await test.event([[JetCollection, "Jet", jets(1)]], id);
    }
    await test.endJob();
    expect(ScaleProducer.calls).toEqual([
      "initializeGlobalCache",
      "beginStream",
      "globalBeginRun 1",
      "beginLuminosityBlock 1:1",
      "endLuminosityBlock 1:1",
      "beginLuminosityBlock 1:2",
      "endLuminosityBlock 1:2",
      "endRun 1",
      "globalBeginRun 3",
      "beginLuminosityBlock 3:1",
      "endLuminosityBlock 3:1",
      "endRun 3",
      "endStream",
      "globalEndJob",
    ]);
  });

  it("takes events given at once one after the other", async () => {
    const test = await TestProcessor.create(ScaleProducer, double);
    const events = await Promise.all([1, 2, 3].map((pt) => test.event([[JetCollection, "Jet", jets(pt)]])));
    expect(events.map((event) => [event.id.event, ...event.get(JetScores).score])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    await test.endJob();
  });

  it("runs beside another one", async () => {
    const [a, b] = await Promise.all([
      TestProcessor.create(ScaleProducer, double),
      TestProcessor.create(ScaleProducer, { factor: cms.double(3) }),
    ]);
    const given = [[JetCollection, "Jet", jets(1)]] as const;
    const [fromA, fromB] = await Promise.all([a.event(given), b.event(given)]);
    expect([fromA.get(JetScores).score[0], fromB.get(JetScores).score[0]]).toEqual([2, 3]);
    await Promise.all([a.endJob(), b.endJob()]);
  });

  it("may be a shipped plugin, by name", async () => {
    const test = await TestProcessor.create("MyPlugin", {
      graphPath: cms.FileInPath("data/models/jet_btag/graph.pb"),
    });
    const event = await test.event([[JetCollection, "Jet", jets(50, 40)]]);
    expect(event.get(JetScores).score).toHaveLength(2);
    await test.endJob();
  });
});

describe("a filter and an analyzer under test", () => {
  it("tells whether the filter passed, and what it put when it did not", async () => {
    const test = await TestProcessor.create(CountFilter);
    const passed = await test.event([[JetCollection, "Jet", jets(1, 2)]]);
    const stopped = await test.event([[JetCollection, "Jet", jets(1)]]);
    expect([passed.modulePassed, stopped.modulePassed]).toEqual([true, false]);
    expect(stopped.get(Count)).toEqual({ count: 1 });
    await test.endJob();
  });

  it("keeps what a one:: analyzer logs, endJob included", async () => {
    const test = await TestProcessor.create(CountAnalyzer);
    await test.event([[JetCollection, "Jet", jets(1, 2)]]);
    await test.event([[JetCollection, "Jet", jets(1)]]);
    await test.endJob();
    expect(test.messages.map(({ text }) => text)).toEqual(["3 jets"]);
  });
});

describe("what goes wrong", () => {
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.unreachable(),
      (error: unknown) => error,
    );

  it("is a wrong parameter, as cmsrun tells it", async () => {
    // @ts-expect-error the type checker says the same
    const error = await failure(TestProcessor.create(ScaleProducer, { factr: cms.double(2) }));
    expect(error).toMatchObject({ category: "Configuration" });
    expect(error).toHaveProperty(
      "message",
      expect.stringContaining("unknown parameter 'factr'; did you mean 'factor'?"),
    );
  });

  it("is a required parameter left out", async () => {
    // @ts-expect-error factor has no default
    const error = await failure(TestProcessor.create(ScaleProducer));
    expect(error).toHaveProperty("message", expect.stringContaining("missing required parameter 'factor'"));
  });

  it("is an exception of the module, with its context; no event follows, endJob does", async () => {
    const test = await TestProcessor.create(ScaleProducer, { ...double, throwOn: cms.uint32(2) });
    await test.event([[JetCollection, "Jet", jets(1)]]);
    const error = await failure(test.event([[JetCollection, "Jet", jets(1)]]));
    expect(error).toMatchObject({ category: "EventCorruption", message: "as the test wants" });
    expect(error).toHaveProperty("contexts", [
      "Calling method for module ScaleProducer/'moduleUnderTest'",
      "Running path 'p'",
      "Processing  Event run: 1 lumi: 1 event: 2 stream: 0",
    ]);
    expect(await failure(test.event())).toMatchObject({
      category: "LogicError",
      message: expect.stringContaining("make a new TestProcessor"),
    });
    await test.endJob();
  });

  it("is an exception after a promise", async () => {
    const test = await TestProcessor.create(LateProducer, { fails: cms.bool(true) });
    expect(await failure(test.event())).toMatchObject({ category: "StdException", message: "too late" });
    await test.endJob();
  });

  it("is a product that the test did not give", async () => {
    const test = await TestProcessor.create(ScaleProducer, double);
    const error = await failure(test.event());
    expect(error).toMatchObject({
      category: "ProductNotFound",
      message: expect.stringContaining("Looking for module label: Jet"),
    });
    await test.endJob();
  });

  it("is a product that the module does not read", async () => {
    const test = await TestProcessor.create(ScaleProducer, double);
    const error = await failure(test.event([[JetCollection, "Jets", jets(1)]]));
    expect(error).toMatchObject({
      category: "Configuration",
      message: expect.stringContaining(
        "does not consume 'JetCollection Jets'; did you mean 'JetCollection Jet'?",
      ),
    });
    await test.endJob();
  });

  it("is a product that the module does not make", async () => {
    const test = await TestProcessor.create(ScaleProducer, double);
    const event = await test.event([[JetCollection, "Jet", jets(1)]]);
    expect(() => event.get(JetCollection)).toThrow(
      "put no 'JetCollection' into event 1; it put 'JetScores', 'JetCollection:scaled'.",
    );
    await test.endJob();
  });

  it("is an end transition that throws", async () => {
    const test = await TestProcessor.create(RunEndProducer);
    await test.event();
    expect(await failure(test.endJob())).toMatchObject({
      category: "LogicError",
      message: "the run ends badly",
    });
  });

  it("is a class that is no plugin, or no module", async () => {
    expect(await failure(TestProcessor.create(Unregistered))).toHaveProperty(
      "message",
      expect.stringContaining('write @DEFINE_FWK_MODULE("Unregistered")'),
    );
    // @ts-expect-error no such plugin
    expect(await failure(TestProcessor.create("MyPlugn"))).toMatchObject({
      category: "PluginNotFound",
      message: expect.stringContaining("did you mean 'MyPlugin'?"),
    });
    // @ts-expect-error a source is no module
    expect(await failure(TestProcessor.create("EmptySource"))).toMatchObject({
      category: "Configuration",
      message: expect.stringContaining("'EmptySource' is a Source"),
    });
  });

  it("is the wrong product for a type", async () => {
    const test = await TestProcessor.create(LateProducer);
    // @ts-expect-error scores are no jets
    await test.event([[JetCollection, "Jet", { score: Float32Array.of(1) }]]).catch(() => undefined);
    await test.endJob();
  });
});
