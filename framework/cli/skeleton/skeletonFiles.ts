/** The texts that mkedprod, mkedfltr and mkedanlzr write: small modules on jets that do something one can see. */
import type { SkeletonNames } from "./skeletonNames.js";

export type ModuleKind = "EDProducer" | "EDFilter" | "EDAnalyzer";
export const concurrencies = ["stream", "global", "one", "limited"] as const;
export type Concurrency = (typeof concurrencies)[number];

export interface Skeleton extends SkeletonNames {
  readonly kind: ModuleKind;
  readonly concurrency: Concurrency;
  /** The specifiers of the framework and of its test harness. */
  readonly framework: string;
  readonly testing: string;
}

/** What differs between the three kinds of module. */
interface Body {
  /** A sentence: what it does. */
  readonly does: string;
  readonly imports: readonly string[];
  readonly parameters: readonly string[];
  readonly fields: readonly string[];
  /** In the constructor, after the jets. */
  readonly constructor: readonly string[];
  readonly method: readonly string[];
  /** In the config, behind the type. */
  readonly configured: string;
  /** In the test: its name, and what is expected. */
  readonly tested: string;
  readonly expectations: readonly string[];
}

const aboveMinPt = {
  parameters: [`minPt: double(30, { comment: "least transverse momentum [GeV]" }),`],
  fields: ["readonly #minPt: number;"],
  constructor: [`this.#minPt = pset.getParameter("minPt");`],
};

/** `event` and, where all streams share the instance, the stream before it. */
function parametersOf({ concurrency }: Skeleton): string {
  return concurrency === "global" || concurrency === "limited"
    ? "_streamID: StreamID, event: Event"
    : "event: Event";
}

const bodies: { readonly [K in ModuleKind]: (skeleton: Skeleton) => Body } = {
  EDProducer: (skeleton) => ({
    ...aboveMinPt,
    does: "Puts the jets above a transverse momentum into the event.",
    imports: ["double"],
    fields: ["readonly #selected = this.produces(JetCollection);", ...aboveMinPt.fields],
    method: [
      `override produce(${parametersOf(skeleton)}): void {`,
      "  const { pt, eta, phi, mass, nConstituents } = event.get(this.#jets);",
      "  const passes = (_value: number, jet: number) => (pt[jet] ?? 0) > this.#minPt;",
      "  event.put(this.#selected, {",
      "    pt: pt.filter(passes),",
      "    eta: eta.filter(passes),",
      "    phi: phi.filter(passes),",
      "    mass: mass.filter(passes),",
      "    nConstituents: nConstituents.filter(passes),",
      "  });",
      "}",
    ],
    configured: "{ minPt: cms.double(30) }",
    tested: "keeps the jets above minPt",
    expectations: [
      `const test = await TestProcessor.create(${skeleton.name}, { minPt: cms.double(30) });`,
      `const event = await test.event([[JetCollection, "Jet", jets]]);`,
      "expect([...event.get(JetCollection).pt]).toEqual([80, 40]);",
      "await test.endJob();",
    ],
  }),
  EDFilter: (skeleton) => ({
    ...aboveMinPt,
    does: "Passes the events that have enough jets above a transverse momentum.",
    imports: ["double", "uint32"],
    parameters: [`minJets: uint32(2, { comment: "jets wanted at least [1]" }),`, ...aboveMinPt.parameters],
    fields: ["readonly #minJets: number;", ...aboveMinPt.fields],
    constructor: [`this.#minJets = pset.getParameter("minJets");`, ...aboveMinPt.constructor],
    method: [
      `override filter(${parametersOf(skeleton)}): boolean {`,
      "  const { pt } = event.get(this.#jets);",
      "  return pt.filter((value) => value > this.#minPt).length >= this.#minJets;",
      "}",
    ],
    configured: "{ minJets: cms.uint32(2), minPt: cms.double(30) }",
    tested: "passes events with minJets jets above minPt",
    expectations: [
      `const test = await TestProcessor.create(${skeleton.name}, { minJets: cms.uint32(2), minPt: cms.double(30) });`,
      `const passed = await test.event([[JetCollection, "Jet", jets]]);`,
      "expect(passed.modulePassed).toBe(true);",
      `const stopped = await test.event([[JetCollection, "Jet", { ...jets, pt: Float32Array.of(80, 20, 10) }]]);`,
      "expect(stopped.modulePassed).toBe(false);",
      "await test.endJob();",
    ],
  }),
  EDAnalyzer: (skeleton) => ({
    does: "Prints how many jets each event has, and the hardest one's transverse momentum.",
    imports: ["LogPrint"],
    parameters: [],
    fields: [],
    constructor: [],
    method: [
      `override analyze(${parametersOf(skeleton)}): void {`,
      "  const { pt } = event.get(this.#jets);",
      "  const hardest = Math.max(0, ...pt);",
      `  LogPrint("${skeleton.name}", \`Event \${event.event}: \${pt.length} jets, hardest pt \${hardest.toFixed(1)} GeV\`);`,
      "}",
    ],
    configured: `{ jets: cms.InputTag("Jet") }`,
    tested: "prints a line an event",
    expectations: [
      `const test = await TestProcessor.create(${skeleton.name});`,
      `await test.event([[JetCollection, "Jet", jets]]);`,
      "await test.endJob();",
      `expect(test.messages.map(({ text }) => text)).toContain("Event 1: 3 jets, hardest pt 80.0 GeV");`,
    ],
  }),
};

const indented = (lines: readonly string[], depth: number) =>
  lines.map((line) => `${" ".repeat(2 * depth)}${line}\n`).join("");

/** Sorted as editors sort them: without case, types as their names. */
function importList(names: readonly string[]): string {
  const bare = (name: string) => name.replace("type ", "").toLowerCase();
  return [...new Set(names)].sort((a, b) => (bare(a) < bare(b) ? -1 : 1)).join(", ");
}

export function skeletonPlugin(skeleton: Skeleton): string {
  const { name, kind, concurrency, framework } = skeleton;
  const body = bodies[kind](skeleton);
  const isShared = concurrency === "global" || concurrency === "limited";
  const imports = [
    "DEFINE_FWK_MODULE",
    "type Event",
    "inputTag",
    "JetCollection",
    "type ParameterSet",
    concurrency,
    ...body.imports,
  ];
  const parameters = [
    `jets: inputTag("Jet", { comment: "the jets to read" }),`,
    ...body.parameters,
    ...(concurrency === "limited" ? ["...limited.description,"] : []),
  ];
  return `/** ${body.does} */
import { ${importList(isShared ? [...imports, "type StreamID"] : imports)} } from "${framework}";

// The parameters that a config may set, with their defaults.
const description = {
${indented(parameters, 1)}};

@DEFINE_FWK_MODULE("${name}")
export class ${name} extends ${concurrency}.${kind} {
  static readonly description = description;

${indented(["// What is read and what is put is declared here and in the constructor, before the first event.", "readonly #jets;", ...body.fields], 1)}
  constructor(pset: ParameterSet<typeof description>) {
    super();
    this.#jets = this.consumes(JetCollection, pset.getParameter("jets"));
${indented(body.constructor, 2)}  }

  /** Once an event: your code goes here. */
${indented(body.method, 1)}}

// Makes cms.${kind}("${name}", {…}) known to the type checker.
declare module "${framework}" {
  interface ${kind}s {
    ${name}: typeof ${name};
  }
}
`;
}

export function skeletonConfig(skeleton: Skeleton): string {
  const { name, label, snake, kind, framework } = skeleton;
  const { configured } = bodies[kind](skeleton);
  const hasOutput = kind !== "EDAnalyzer";
  const selected =
    kind === "EDFilter" ? `\n  SelectEvents: cms.untracked.PSet({ SelectEvents: cms.vstring("p") }),` : "";
  const output = `
process.output = cms.OutputModule("PoolOutputModule", {
  fileName: cms.untracked.string(options.outputFile),${selected}
});
`;
  return `/**
 * Runs ${name} on NanoAOD events.
 *   cmsrun configs/${snake}_cfg.ts [inputFiles=…] [maxEvents=…]${hasOutput ? " [outputFile=…]" : ""}
 */
import { cms, VarParsing } from "${framework}";

const options = new VarParsing("analysis");
// Comes with cmsrun.
options.setDefault("inputFiles", "data/samples/nano_tt_v15.root");
options.setDefault("maxEvents", 10);
${hasOutput ? `options.setDefault("outputFile", "${snake}.edm");\n` : ""}options.parseArguments();

const process = new cms.Process("ANALYSIS");

process.maxEvents = cms.untracked.PSet({ input: cms.untracked.int32(options.maxEvents) });
${kind === "EDFilter" ? "process.options = cms.untracked.PSet({ wantSummary: cms.untracked.bool(true) });\n" : ""}
process.source = cms.Source("NanoAODSource", { fileNames: cms.untracked.vstring(options.inputFiles) });

process.${label} = cms.${kind}("${name}", ${configured});
${hasOutput ? output : ""}
process.p = cms.Path(process.${label});
${hasOutput ? "process.e = cms.EndPath(process.output);\n" : ""}
export default process;
`;
}

/** @param plugin how the test imports it. */
export function skeletonTest(skeleton: Skeleton, plugin: string, config: string): string {
  const { name, kind, framework, testing } = skeleton;
  const { tested, expectations } = bodies[kind](skeleton);
  const imports = kind === "EDAnalyzer" ? "JetCollection" : "cms, JetCollection";
  return `/** ${name} on made-up jets, and its config on real ones. */
import { ${imports} } from "${framework}";
import { runConfig, TestProcessor } from "${testing}";
import { describe, expect, it } from "vitest";
import { ${name} } from "${plugin}";

const jets: JetCollection = {
  pt: Float32Array.of(80, 40, 20),
  eta: Float32Array.of(0.1, -1.2, 2.3),
  phi: Float32Array.of(3, 0, -1),
  mass: Float32Array.of(10, 6, 4),
  nConstituents: Uint32Array.of(30, 20, 10),
};

describe("${name}", () => {
  it("${tested}", async () => {
${indented(expectations, 2)}  });

  it("runs in its config", async () => {
    const { exitCode, stderr } = await runConfig("${config}", ["maxEvents=3"]);
    expect(exitCode, stderr).toBe(0);
  }, 30_000);
});
`;
}
