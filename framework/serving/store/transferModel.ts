/** Models out of a store and into it, as one file. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { threadId } from "node:worker_threads";
import { contentHash } from "../../base/contentHash.js";
import { Exception } from "../../base/errors.js";
import { isSavedModel } from "../../tensorflow/savedmodel/SavedModel.js";
import { type ArchiveLimits, archiveLimits, checkArchiveName, readArchive, writeArchive } from "./archive.js";
import { incomingPath } from "./incoming.js";
import type { Model } from "./Model.js";
import { infoFile, parseInfo, withContentHash } from "./ModelInfo.js";
import type { ModelStore } from "./ModelStore.js";
import type { Tag } from "./Tag.js";

/** More is no description of a model. */
const longestInfoBytes = 1 << 20;

/**
 * Writes a model as an archive: .tar.gz, .tar (both of which BentoML reads) or .tgz. Into a folder it goes as NAME-VERSION.tar.gz. A file that is there
 * is replaced. Gives the path of the archive.
 * @throws ModelNotFound, Configuration for another ending, FileWriteError
 */
export async function exportModel(store: ModelStore, tag: Tag | string, path = "."): Promise<string> {
  const model = store.get(tag);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? path.endsWith("/");
  const file = resolve(isFolder ? join(path, `${model.tag.name}-${model.tag.version}.tar.gz`) : path);
  checkArchiveName(file);
  const extension = file.endsWith(".tar") ? ".tar" : ".tar.gz";
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.${threadId}${extension}`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    await writeArchive(temporary, model.path, model.info.creationTimeUs);
    renameSync(temporary, file);
  } catch (error) {
    throw new Exception("FileWriteError", `'${file}' cannot be written: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    rmSync(temporary, { force: true });
  }
  return file;
}

/**
 * Takes an archive or a folder that exportModel or BentoML wrote, under the tag that its model.yaml says.
 * @throws ModelExists; InvalidModel for what is no model, or not what was exported; FileOpenError
 */
export async function importModel(
  store: ModelStore,
  path: string,
  limits: ArchiveLimits = archiveLimits,
): Promise<Model> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found)
    throw new Exception("FileOpenError", `'${path}' cannot be imported: there is no such file or folder.`);
  // The tag is known when it is unpacked, and what is in the way is said then.
  let unpacked: string | undefined;
  try {
    unpacked = incomingPath(store.root);
    mkdirSync(unpacked);
    if (found.isDirectory()) copyFolder(path, unpacked);
    else await readArchive(path, unpacked, limits);
    const { tag, creationTimeUs } = checkUnpacked(unpacked, path);
    return await store.register(tag, creationTimeUs, (folder) => {
      rmSync(folder, { recursive: true });
      renameSync(unpacked as string, folder);
    });
  } catch (error) {
    if (error instanceof Exception || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new Exception("FileOpenError", `'${path}' cannot be imported: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    if (unpacked !== undefined) rmSync(unpacked, { recursive: true, force: true });
  }
}

function copyFolder(from: string, to: string): void {
  if (!existsSync(join(from, infoFile)))
    throw notModel(
      from,
      `there is no ${infoFile} in it; models.tensorflow.save takes a SavedModel that is not from a store`,
    );
  cpSync(from, to, { recursive: true, dereference: true });
}

/** What model.yaml says; its hash is added where it has none. */
function checkUnpacked(folder: string, source: string) {
  const file = join(folder, infoFile);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw notModel(source, `there is no ${infoFile} at its root`);
  if (size > longestInfoBytes) throw notModel(source, `its ${infoFile} has ${size} bytes`);
  const text = readFileSync(file, "utf8");
  const info = parseInfo(text, `${source}: ${infoFile}`);
  if (!isSavedModel(folder))
    throw notModel(
      source,
      `it is a model of '${info.module}' without saved_model.pb; only SavedModels are kept here`,
    );
  const found = contentHash(folder, [infoFile]);
  if (info.contentHash === undefined) writeFileSync(file, withContentHash(text, found));
  else if (info.contentHash !== found)
    throw notModel(
      source,
      `its files have sha256 ${found}, those that were exported ${info.contentHash}; it is damaged`,
    );
  return info;
}

function notModel(path: string, why: string): Exception {
  return new Exception("InvalidModel", `'${path}' cannot be imported: ${why}.`);
}
