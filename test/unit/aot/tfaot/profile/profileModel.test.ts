/** The profile of a model in each form that it may be given in, by a stand-in for the compiler. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseDistribution } from "../../../../../framework/aot/tfaot/profile/distribution.js";
import { openProfiled, type OpenOptions } from "../../../../../framework/aot/tfaot/profile/openProfiled.js";
import { profileJson } from "../../../../../framework/aot/tfaot/profile/profileJson.js";
import { profileModel } from "../../../../../framework/aot/tfaot/profile/profileModel.js";
import { profileHtml, profileSvg } from "../../../../../framework/aot/tfaot/profile/profilePlot.js";
import { profileText } from "../../../../../framework/aot/tfaot/profile/profileText.js";
import { compileGraph, compilerVersion, loadUnit } from "../fakeCompiler.js";
import { build, temporaryFolder, twice, writeModelFolder } from "../savedModels.js";

const folder = temporaryFolder();
const out = join(folder, "tool");
let config: string;
const compiler = { compileGraph, loadUnit, compilerVersion, warn: () => undefined };
const open = (path: string, options: OpenOptions = {}) => openProfiled(path, options, compiler);
const refused = (message: RegExp) =>
  expect.objectContaining({ message: expect.stringMatching(message) as string });

beforeAll(() => {
  config = writeModelFolder(folder, twice([-1, 3]), "twice", "[1, 4]");
  build({ aotConfig: config, outputDirectory: out });
});

describe("a model", () => {
  it("may be a SavedModel, an aot_config or a compiled tool", () => {
    expect(open(join(folder, "saved_model")).wrapper.batchSizes()).toEqual([1, 2, 4, 8, 16, 32]);
    expect(open(config).wrapper.batchSizes()).toEqual([1, 4]);
    expect(open(config, { batchSizes: [3] }).wrapper.batchSizes()).toEqual([3]);
    expect(open(out).wrapper.batchSizes()).toEqual([1, 4]);
    expect(open(out, { batchSizes: [4] }).descriptor.batchSizes).toEqual([4]);
  });

  it("is refused when it is none, or compiled for something else", () => {
    expect(() => open(join(folder, "nothing"))).toThrow(refused(/does not exist/));
    expect(() => open(folder)).toThrow(
      refused(/is neither a SavedModel .* nor what cms_tfaot_compile writes/),
    );
    expect(() => open(out, { target: "native" })).toThrow(refused(/is compiled for wasm, not for native/));
    expect(() => open(out, { batchSizes: [1, 2] })).toThrow(refused(/is compiled for 1,4, not for 2/));
  });
});

describe("a profile", () => {
  it("holds together, and is shown as text, JSON and plot", () => {
    const profile = profileModel(open(config), parseDistribution("0:1,1:1,3:1,6:1"), 7);
    expect([...profile.costs.keys()]).toEqual([1, 4]);
    expect(profile.batches.map(({ batchSize, share }) => [batchSize, share])).toEqual([
      [1, 0.25],
      [3, 0.25],
      [6, 0.25],
    ]);
    const json = profileJson(profile) as { batch_sizes: number[]; batchRules: string[] };
    expect(json.batch_sizes).toEqual(profile.choice.sizes);
    const text = profileText(profile);
    expect(text).toContain("twice 1.2.3, target wasm (simd128), median of 7 rounds\n");
    expect(text).toContain(`  batch_sizes: [${json.batch_sizes.join(", ")}]\n`);
    for (const rule of json.batchRules) expect(text).toContain(`"${rule}"`);
    expect(profileSvg(profile)).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(profileSvg(profile)).not.toMatch(/NaN|Infinity|undefined/);
    expect(profileHtml(profile)).toContain("<pre>twice 1.2.3");
  });

  it("refuses more sizes than it can choose from", () => {
    const batchSizes = Array.from({ length: 13 }, (_, i) => i + 1);
    const model = open(config, { batchSizes });
    expect(() => profileModel(model, parseDistribution("1:1"), 7)).toThrow(
      refused(/13 batch sizes are too many to choose from; name at most 12/),
    );
  });
});
