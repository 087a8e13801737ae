/** aot_config files: what they may say, and what is said about those that say something else. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAotConfig } from "../../../../framework/aot/tfaot/aotConfig.js";
import { sortXlaFlags, splitFlags } from "../../../../framework/aot/tfaot/xlaFlags.js";
import { temporaryFolder } from "./savedModels.js";

const folder = temporaryFolder();

function config(text: string, name = "aot_config.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const least = 'model: { name: a_b, version: "1" }\ncompilation: { batch_sizes: [4, 1] }\n';

describe("an aot_config", () => {
  it("has defaults, and paths that count from it", () => {
    expect(readAotConfig(config(least))).toEqual({
      file: join(folder, "aot_config.yaml"),
      model: {
        name: "a_b",
        version: "1",
        savedModel: join(folder, "saved_model"),
        servingKey: "serving_default",
        author: "",
        description: "",
      },
      compilation: { batchSizes: [1, 4], namespace: "tfaot_model", tfXlaFlags: [], xlaFlags: [] },
    });
  });

  it("may be JSON, and null is the default", () => {
    const model = { name: "m", version: "2", saved_model: "/there", serving_key: null };
    const text = JSON.stringify({ model, compilation: { batch_sizes: [2], namespace: null } });
    expect(readAotConfig(config(text, "aot_config.json"))).toMatchObject({
      model: { savedModel: "/there", servingKey: "serving_default" },
      compilation: { namespace: "tfaot_model" },
    });
  });

  it.each([
    [
      "model: { version: '1' }\ncompilation: { batch_sizes: [1] }",
      "key 'model.name' is missing; it is required",
    ],
    ["model: { name: m, version: '1' }", "key 'compilation' is missing; it is required"],
    [`${least}more: 1`, "unknown key 'more'; known: 'model', 'compilation'"],
    [least.replace("name", "nam"), "unknown key 'model.nam'; did you mean 'name'?"],
    [
      least.replace("batch_sizes", "batchsizes"),
      "unknown key 'compilation.batchsizes'; did you mean 'batch_sizes'?",
    ],
    [least.replace('"1"', "1.5"), `'model.version' must be a string, not 1.5; put it in quotes: "1.5"`],
    [least.replace("a_b", "a-b"), "must be an identifier of letters, digits and _, not 'a-b'; write 'a_b'"],
    [least.replace("[4, 1]", "[]"), "different whole numbers from 1 on, such as [1, 2, 4]; wrong is []"],
    [least.replace("[4, 1]", "[1, 0]"), "wrong is '0'"],
    [least.replace("[4, 1]", "[1, 2, 1]"), "wrong is '1'"],
    [least.replace("[4, 1]", "[1.5]"), "wrong is '1.5'"],
    [least.replace("[4, 1]", "4"), "wrong is 4"],
    [
      least.replace("[4, 1]", "[1], xla_flags: --a"),
      `'compilation.xla_flags' must be a list of strings, not "--a"`,
    ],
    [
      "model: 1\ncompilation: { batch_sizes: [1] }",
      "'model' must be a section with the keys name, version, saved",
    ],
    ["[]", "it must be a section with the keys model, compilation"],
  ])("is refused: %s", (text, message) => {
    const path = config(text);
    const read = () => readAotConfig(path);
    expect(read).toThrow(expect.objectContaining({ category: "Configuration" }));
    expect(read).toThrow(`${path}: `);
    expect(read).toThrow(message);
  });

  it("is refused when it cannot be read or parsed", () => {
    expect(() => readAotConfig(join(folder, "no.yaml"))).toThrow(
      expect.objectContaining({ category: "ConfigFileNotFound" }),
    );
    expect(() => readAotConfig(config("a: [1\nb: 2"))).toThrow(
      expect.objectContaining({
        category: "ConfigFileReadError",
        message: expect.stringMatching(/aot_config.yaml: .* at line \d+, column \d+\.$/),
      }),
    );
  });
});

it("of XLA's flags one counts, and the last of its kind decides", () => {
  const flags = splitFlags(
    " --xla_cpu_enable_fast_math=false  --tf_xla_min_cluster_size=4 --xla_cpu_enable_fast_math=true",
  );
  expect(sortXlaFlags(flags)).toEqual({
    applied: ["--xla_cpu_enable_fast_math=false", "--xla_cpu_enable_fast_math=true"],
    ignored: ["--tf_xla_min_cluster_size=4"],
    fastMath: true,
  });
  expect(sortXlaFlags([])).toEqual({ applied: [], ignored: [], fastMath: false });
});
