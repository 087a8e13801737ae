/** Servers for the tests: edmServe as its users start it, and what a job made of their answers. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EventFileReader, JetScores } from "#framework";
import { afterAll } from "vitest";
import { root } from "../run.js";

export const config = join(import.meta.dirname, "servers_cfg.ts");
export const sample = join(root, "data/samples/nano_tt_v15.root");

export interface RunningServer {
  readonly port: number;
  readonly child: ChildProcess;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** jet_btag on a port, any that is free if none is given; killed after the tests of the file. */
export async function startServer(args: readonly string[] = [], grpcPort = 0): Promise<RunningServer> {
  const program = join(root, "dist", "edmServe.js");
  const given = ["jet_btag=data/models/jet_btag/graph.pb", "--port=0", `--grpc-port=${grpcPort}`, ...args];
  const child = spawn(process.execPath, [program, ...given], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  started.push(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => {
      const found = /grpcs?:\/\/\S+:(\d+)/.exec(text.toString())?.[1];
      if (found) resolve(Number(found));
    });
    child.once("exit", (code) => reject(new Error(`edmServe ended with ${code}`)));
  });
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    await gone;
  };
  return { port, child, kill };
}

/** "run:lumi:event: scores" of each event of a file, exact. */
export function scoresOf(file: string): string[] {
  const reader = new EventFileReader(file);
  const branch = reader.header.branches.findIndex(({ description }) => description.label === "scores");
  const found: string[] = [];
  for (const [cluster, { eventCount }] of reader.clusters.entries()) {
    const ids = reader.ids(cluster);
    const column = reader.column(cluster, branch, JetScores);
    for (let i = 0; i < eventCount; i++)
      found.push(`${ids.event[i]}: ${Array.from((column.get(i) as JetScores).score).join(" ")}`);
  }
  reader.close();
  return found;
}

export const bytesOf = (file: string): string => readFileSync(file).toString("base64");

/** Processes whose command line has this text, ended ones that nobody waited for among them. */
export function processesWith(text: string): string[] {
  const { stdout } = spawnSync("ps", ["-eo", "pid,stat,args"], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line.includes(text));
}

/** The event numbers of a file. */
export function eventsOf(file: string): string[] {
  const reader = new EventFileReader(file);
  const events = [...reader.clusters.keys()].flatMap((cluster) =>
    Array.from(reader.ids(cluster).event, String),
  );
  reader.close();
  return events;
}
