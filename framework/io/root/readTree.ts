/** Opens a ROOT file with jsroot and streams the description of one tree, refusing what jsroot would read wrongly. */
import { nearest } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { type BranchLayout, readBranches, type UnsupportedBranch } from "./branches.js";
import type { Jsroot, TFile, TKey, TTree } from "./jsroot.js";
import type { LocalFile } from "./LocalFile.js";
import { unzip } from "./unzip.js";

/**
 * Checks what a ROOT file begins with and the record of its class descriptions, which jsroot decodes while it opens
 * the file: its inflate never returns when the data end before the size that the record claims (found by flipping bits).
 */
async function checkHeader(jsroot: Jsroot, file: LocalFile): Promise<void> {
  if (file.sizeBytes < 64)
    throw file.corrupt(`it has ${file.sizeBytes} bytes, less than the header of a ROOT file`);
  const header = file.read(0, 64);
  const magic = header.toString("latin1", 0, 4);
  if (magic !== "root") {
    throw new Exception(
      "FileReadError",
      `'${file.path}' is no ROOT file: it begins with ${JSON.stringify(magic)}, not with "root".`,
    );
  }
  // Positions take eight bytes in files above 2 GB.
  const isLarge = header.readUInt32BE(4) >= 1_000_000;
  const end = isLarge ? Number(header.readBigUInt64BE(12)) : header.readUInt32BE(12);
  if (end > file.sizeBytes)
    throw file.corrupt(`its header says that it ends at byte ${end}, but it has ${file.sizeBytes} bytes`);
  const seekInfo = isLarge ? Number(header.readBigUInt64BE(45)) : header.readUInt32BE(37);
  const infoBytes = header.readUInt32BE(isLarge ? 53 : 41);
  const record = file.read(seekInfo, infoBytes);
  await unzip(jsroot, record.subarray(record.readUInt16BE(14)), record.readUInt32BE(6));
}

/** jsroot's view of the file: every read goes through LocalFile's checks. */
function openWithJsroot(jsroot: Jsroot, file: LocalFile): Promise<TFile> {
  const proxy = Object.assign(new jsroot.FileProxy(), {
    openFile: async () => true,
    getFileName: () => file.path,
    getFileSize: () => file.sizeBytes,
    readBuffer: async (position: number, length: number) => {
      const bytes = file.read(position, length, true);
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
  });
  return jsroot.openFile(proxy);
}

async function findKey(root: TFile, file: LocalFile, treeName: string): Promise<TKey> {
  const key = await root.getKey(treeName).catch(() => undefined);
  const keys = root.fKeys.filter(({ fName }) => fName !== "StreamerInfo");
  if (key === undefined) {
    const near = nearest(
      treeName,
      keys.map(({ fName }) => fName),
    );
    const listed = new Set(keys.map(({ fName, fClassName }) => `${fName} (${fClassName})`));
    throw new Exception(
      "FileReadError",
      `ROOT file '${file.path}' has no tree '${treeName}'${near === undefined ? "." : `; did you mean '${near}'?`} ` +
        `Its keys: ${[...listed].slice(0, 20).join(", ") || "none"}.`,
    );
  }
  if (key.fClassName.includes("RNTuple")) {
    throw new Exception(
      "FileReadError",
      `'${treeName}' of '${file.path}' is an RNTuple, which is refused: jagged fields (Jet_pt) would be read wrongly. ` +
        "Convert it to a TTree, for instance with uproot in Python: read it with uproot.open(…)[name].arrays(), " +
        "write it with uproot.recreate(…).mktree(name, …).extend(…).",
    );
  }
  if (key.fClassName !== "TTree") {
    throw new Exception(
      "FileReadError",
      `'${treeName}' of '${file.path}' is a ${key.fClassName}, not a TTree.`,
    );
  }
  return key;
}

export interface TreeDescription {
  readonly entryCount: number;
  readonly layouts: ReadonlyMap<string, BranchLayout | UnsupportedBranch>;
  /** What jsroot printed meanwhile. */
  readonly messages: readonly string[];
}

/** @throws FileReadError naming what of the file is wrong. */
export async function readTree(jsroot: Jsroot, file: LocalFile, treeName: string): Promise<TreeDescription> {
  jsroot.takeMessages();
  try {
    await checkHeader(jsroot, file);
    const root = await openWithJsroot(jsroot, file);
    const key = await findKey(root, file, treeName);
    const packed = file.read(key.fSeekKey + key.fKeylen, key.fNbytes - key.fKeylen);
    const bytes = await unzip(jsroot, packed, key.fObjlen);
    const buffer = new jsroot.TBuffer(
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      0,
      root,
    );
    const tree = {} as TTree;
    buffer.fTagOffset = key.fKeylen;
    buffer.mapObject(1, tree);
    buffer.classStreamer(tree, key.fClassName);
    const entryCount = Number(tree.fEntries);
    if (!Number.isSafeInteger(entryCount) || entryCount < 0) throw new Error(`it has ${entryCount} entries`);
    return { entryCount, layouts: readBranches(tree), messages: jsroot.takeMessages() };
  } catch (error) {
    if (error instanceof Exception) throw error;
    throw file.corrupt(
      `its directory or tree '${treeName}': ${(error as Error).message}`,
      error,
      jsroot.takeMessages(),
    );
  }
}
