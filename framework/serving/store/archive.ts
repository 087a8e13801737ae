/**
 * A model as one file: a tar archive of its folder, gzipped or not, with model.yaml at its root, which BentoML's tools
 * read and write too. The same model gives the same bytes.
 */
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, sep } from "node:path";
import type * as Tar from "tar";
import { Exception } from "../../base/errors.js";

export interface ArchiveLimits {
  /** Of all files together, unpacked. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
}

export const archiveLimits: ArchiveLimits = { maxSizeBytes: 16 * 2 ** 30, maxFiles: 100_000 };

/** The endings of archives that are written. */
const endings = [".tar.gz", ".tgz", ".tar"];
const longestName = 1024;

/** @throws Configuration for the name of a file of another form */
export function checkArchiveName(path: string): void {
  if (endings.some((ending) => path.endsWith(ending))) return;
  const given = /\.\w+$/.exec(path)?.[0] ?? "";
  throw new Exception(
    "Configuration",
    `a model is exported as ${endings.join(", ")}, or into a folder that is there, not as '${given}' (${path}).`,
  );
}

/** Writes all files and folders of a folder, in the order of their names. @throws what the file system says */
export async function writeArchive(path: string, folder: string, timeUs: number): Promise<void> {
  const tar = await loadTar();
  const options = {
    file: path,
    cwd: folder,
    gzip: path.endsWith(".tar") ? false : { level: 6 },
    portable: true,
    noDirRecurse: true,
    mtime: new Date(Math.floor(timeUs / 1e6) * 1000),
  };
  // A name that begins with @ is another archive to tar.
  await tar.create(
    options,
    entriesIn(folder).map((name) => `./${name}`),
  );
}

/** Empty folders too: TensorFlow asks for variables/ even where there are none. */
function entriesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true }).map(String);
  return entries.map((name) => name.split(sep).join("/")).sort();
}

/**
 * Unpacks an archive into an empty folder. Only files and folders with plain relative names are taken.
 * @throws InvalidModel for anything else, for an archive that is damaged, beyond the limits or of another form
 */
export async function readArchive(path: string, folder: string, limits: ArchiveLimits): Promise<void> {
  refuseOtherForms(path);
  const tar = await loadTar();
  const parser = new tar.Parser({ strict: true, maxDecompressionRatio: Number.POSITIVE_INFINITY });
  const unpacking = new Unpacking(path, folder, limits);
  const done = new Promise<void>((resolve, reject) => {
    parser.on("end", resolve);
    parser.on("error", reject);
  });
  const take = (entry: Tar.ReadEntry) => {
    try {
      unpacking.take(entry);
    } catch (error) {
      unpacking.isRefused = true;
      parser.abort(error as Error);
    }
  };
  parser.on("entry", take);
  parser.on("ignoredEntry", take);
  try {
    await Promise.race([done, feed(parser, path, unpacking)]);
    parser.end();
    await done;
  } catch (error) {
    const why = `it is no tar archive, or a damaged one (${(error as Error).message})`;
    throw error instanceof Exception ? error : damaged(path, why);
  }
  if (unpacking.fileCount === 0) throw damaged(path, "there is no file in it");
}

/** Files are written before the parser takes the next bytes, so that no more than a piece of the archive is in memory. */
async function feed(parser: Tar.Parser, path: string, unpacking: Unpacking): Promise<void> {
  for await (const chunk of createReadStream(path)) {
    parser.write(chunk as Buffer);
    if (unpacking.isRefused) return;
  }
}

/** What comes out of an archive, checked before anything is written. */
class Unpacking {
  fileCount = 0;
  isRefused = false;
  #sizeBytes = 0;

  readonly #archive: string;
  readonly #folder: string;
  readonly #limits: ArchiveLimits;

  constructor(archive: string, folder: string, limits: ArchiveLimits) {
    this.#archive = archive;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** @throws InvalidModel, before a byte of it is written */
  take(entry: Tar.ReadEntry): void {
    const name = this.#checkedName(entry);
    if (entry.type === "Directory") {
      mkdirSync(join(this.#folder, name), { recursive: true });
      entry.resume();
      return;
    }
    this.fileCount++;
    this.#sizeBytes += entry.size;
    const { maxFiles, maxSizeBytes } = this.#limits;
    if (this.fileCount > maxFiles) throw damaged(this.#archive, `it has more than ${maxFiles} files`);
    if (this.#sizeBytes > maxSizeBytes)
      throw damaged(this.#archive, `it has more than ${maxSizeBytes} bytes, unpacked`);
    this.#write(entry, join(this.#folder, name), name);
  }

  #write(entry: Tar.ReadEntry, path: string, name: string): void {
    mkdirSync(dirname(path), { recursive: true });
    let file: number;
    try {
      file = openSync(path, "wx", 0o644);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      throw damaged(this.#archive, `'${name}' is in it twice`);
    }
    entry.on("data", (bytes: Buffer) => writeFileSync(file, bytes));
    entry.on("end", () => closeSync(file));
  }

  /** @throws InvalidModel for what is neither a file nor a folder, and for a name that leads out of the model */
  #checkedName({ path, type }: Tar.ReadEntry): string {
    const shown = JSON.stringify(path.slice(0, longestName));
    if (!["File", "OldFile", "Directory"].includes(type))
      throw damaged(this.#archive, `${shown} is of type ${type}; only files and folders are taken`);
    const parts = path.replace(/\/+$/, "").split("/");
    const name = parts[0] === "." ? parts.slice(1) : parts;
    const isPlain = name.every(
      (part) => part !== "" && part !== "." && part !== ".." && !/[\\:\0]/.test(part),
    );
    if (isPlain && path.length <= longestName && (name.length > 0 || type === "Directory"))
      return name.join("/");
    throw damaged(this.#archive, `it has a file of the name ${shown}, which is no plain relative path`);
  }
}

const otherForms: readonly (readonly [magic: string, form: string, unpack: string])[] = [
  ["fd377a585a00", "XZ (BentoML's own form)", "xz -dc"],
  ["425a68", "bzip2", "bzip2 -dc"],
  ["28b52ffd", "zstd", "zstd -dc"],
];

/** @throws InvalidModel with the command that makes a tar archive of it */
function refuseOtherForms(path: string): void {
  const start = Buffer.alloc(6);
  const file = openSync(path, "r");
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  const hex = start.toString("hex");
  for (const [magic, form, unpack] of otherForms) {
    if (hex.startsWith(magic))
      throw damaged(
        path,
        `it is compressed with ${form}, which is not read; ${unpack} ${quoted(path)} > model.tar makes one that is`,
      );
  }
  if (hex.startsWith("504b0304"))
    throw damaged(path, "it is a zip file; unzip it into an empty folder, and import the folder");
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[-\w./]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function damaged(path: string, what: string): Exception {
  return new Exception("InvalidModel", `'${path}' cannot be imported: ${what}.`);
}

/** Loaded when the first archive is read or written. */
function loadTar(): Promise<typeof Tar> {
  return import("tar");
}
