/**
 * Whether a server's model is the one that the job was configured with: Triton's checksum agent keeps the hashes of a
 * model's files in its configuration, and CMSSW compares those of the local one with the server's.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Exception } from "../../base/errors.js";
import { parseConfigText } from "../repository/ModelConfig.js";

/** What a configuration says of the files of a model. */
export interface WithAgents {
  readonly model_repository_agents?: {
    readonly agents?: readonly {
      readonly name?: string;
      readonly parameters?: Readonly<Record<string, string>>;
    }[];
  } | null;
}

/** "MD5:1/model.graphdef" → hash. */
type Checksums = Readonly<Record<string, string>>;

/** Those of a local config.pbtxt; none for another file, or without the agent. @throws Configuration, FileReadError */
export function localChecksums(path: string | undefined): Checksums {
  if (path === undefined || basename(path) !== "config.pbtxt") return {};
  return checksumsOf(parseConfigText(readFileSync(path, "utf8"), path) as WithAgents);
}

/** @throws ModelVersioning naming the files that differ */
export function checkVersion(local: Checksums, remote: WithAgents, version: string, what: string): void {
  const found = checksumsOf(remote);
  const ofVersion = Object.entries(local).filter(([file]) => file.includes(`:${version}/`));
  const wrong = ofVersion.filter(([file, hash]) => found[file] !== hash);
  if (wrong.length === 0) return;
  const files = wrong.map(([file, hash]) => `${file}: ${found[file] ?? "not there"}, expected ${hash}`);
  throw new Exception(
    "ModelVersioning",
    `${what}: The following files have incorrect checksums on the remote server: ${files.join("; ")}`,
  );
}

function checksumsOf({ model_repository_agents: agents }: WithAgents): Checksums {
  return agents?.agents?.find(({ name }) => name === "checksum")?.parameters ?? {};
}
