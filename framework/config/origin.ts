/** Where in a config something was written: file:line, worked out only when an error needs it. */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { relative } from "node:path";

interface ConfigSource {
  readonly map: () => SourceMapPayload;
  parsed?: SourceMap;
}

/** The config files of this job, by the file name under which their code runs. */
const sources = new Map<string, ConfigSource>();

export function registerConfigSource(fileName: string, map: () => SourceMapPayload): void {
  sources.set(fileName, { map });
}

/** The full paths of every file that the config of this job consists of. */
export function configFiles(): string[] {
  return [...sources.keys()];
}

export interface Place {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** The innermost place in a config file on an error's stack; undefined when no config is on it. */
export function placeOf(error: Error): Place | undefined {
  for (const match of (error.stack ?? "").matchAll(
    /(?:\(|at )(?:file:\/\/)?([^()\s][^()]*?):(\d+):(\d+)\)?$/gm,
  )) {
    const [, file = "", line = "1", column = "1"] = match;
    const source = sources.get(file);
    if (!source) continue;
    source.parsed ??= new SourceMap(source.map());
    const entry = source.parsed.findEntry(Number(line) - 1, Number(column) - 1);
    const original = "originalLine" in entry ? entry.originalLine + 1 : Number(line);
    return { file, line: original };
  }
  return undefined;
}

/** The place where a component was made in a config. Construct it first thing in the component's maker. */
export class Origin {
  readonly #error = new Error("origin");

  get place(): Place | undefined {
    return placeOf(this.#error);
  }

  /** ` (configs/score_cfg.ts:9)`: the line of `word` when it stands within the call, else the call's. */
  where(word?: string): string {
    const place = this.place;
    return place ? ` (${formatPlace((word && lineOf(place, word)) || place)})` : "";
  }

  /** Whether the call names `word` as one of its parameters. */
  names(word: string): boolean {
    const place = this.place;
    return place !== undefined && lineOf(place, word) !== undefined;
  }
}

export function formatPlace({ file, line }: Place): string {
  const short = relative(process.cwd(), file);
  return `${short.startsWith("..") ? file : short}:${line}`;
}

/** Looks for `word:` from the place on, up to the line that closes the call. */
function lineOf(place: Place, word: string): Place | undefined {
  const lines = readFileSync(place.file, "utf8").split("\n");
  const pattern = new RegExp(`(^|[^\\w$.])${word.replace(/\W/g, "\\$&")}["']?\\s*[:,}]`);
  let depth = 0;
  for (let index = place.line - 1; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (pattern.test(line)) return { file: place.file, line: index + 1 };
    for (const character of line) depth += character === "(" ? 1 : character === ")" ? -1 : 0;
    if (depth <= 0) break;
  }
  return undefined;
}
