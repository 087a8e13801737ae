import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { checkVersion, localChecksums } from "../../../../framework/serving/sonic/checkVersion.js";

const folder = mkdtempSync(join(tmpdir(), "cmsrun-version-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "config.pbtxt");
writeFileSync(
  path,
  `name: "m"
max_batch_size: 4
model_repository_agents { agents [{ name: "checksum"
  parameters { key: "MD5:1/model.graphdef" value: "aaaa" }
  parameters { key: "MD5:2/model.graphdef" value: "bbbb" } }] }`,
);
const remote = (parameters: Record<string, string>) => ({
  model_repository_agents: { agents: [{ name: "other" }, { name: "checksum", parameters }] },
});

it("compares the files of the version in use", () => {
  const local = localChecksums(path);
  const same = remote({ "MD5:1/model.graphdef": "aaaa", "MD5:2/model.graphdef": "cccc" });
  expect(() => checkVersion(local, same, "1", "model 'm'")).not.toThrow();
  expect(() => checkVersion(local, same, "2", "model 'm'")).toThrow(
    "model 'm': The following files have incorrect checksums on the remote server: MD5:2/model.graphdef: cccc, expected bbbb",
  );
  expect(() => checkVersion(local, {}, "1", "model 'm'")).toThrow(
    "MD5:1/model.graphdef: not there, expected aaaa",
  );
});

it("has nothing to compare without a configuration", () => {
  expect(localChecksums(undefined)).toEqual({});
  expect(localChecksums(join(folder, "graph.pb"))).toEqual({});
});
