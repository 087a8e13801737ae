/** The bundle of jsroot's io modules (scripts/bundleJsroot.mjs), imported when the first ROOT file is opened, and its types. */
import { existsSync } from "node:fs";

/** What a ROOT file says about one object in it. */
export interface TKey {
  readonly fName: string;
  readonly fClassName: string;
  readonly fCycle: number;
  readonly fSeekKey: number;
  readonly fKeylen: number;
  readonly fNbytes: number;
  readonly fObjlen: number;
}

export interface TLeaf {
  readonly _typename: string;
  readonly fName: string;
  readonly fLen: number;
  readonly fIsUnsigned: boolean;
  readonly fLeafCount: TLeaf | null;
}

interface TObjArray<T> {
  readonly arr: readonly T[];
}

export interface TBranch {
  readonly _typename: string;
  readonly fName: string;
  readonly fTitle: string;
  readonly fEntries: number;
  /** The number of baskets on file. */
  readonly fWriteBasket: number;
  readonly fFileName: string;
  readonly fBranches: TObjArray<TBranch>;
  readonly fLeaves: TObjArray<TLeaf>;
  /** Baskets kept in the tree's header; null for one on file. */
  readonly fBaskets: TObjArray<object | null>;
  readonly fBasketBytes: ArrayLike<number>;
  readonly fBasketEntry: ArrayLike<number | bigint>;
  readonly fBasketSeek: ArrayLike<number | bigint>;
}

export interface TTree {
  readonly fEntries: number;
  readonly fBranches: TObjArray<TBranch>;
}

export interface TFile {
  readonly fKeys: readonly TKey[];
  getKey(name: string): Promise<TKey>;
  delete(): void;
}

export interface TBuffer {
  fTagOffset: number;
  mapObject(tag: number, object: object): void;
  classStreamer(object: object, className: string): void;
}

export interface Jsroot {
  openFile(proxy: object): Promise<TFile>;
  readonly FileProxy: new () => object;
  readonly TBuffer: new (bytes: DataView, position: number, file: TFile) => TBuffer;
  /** Null when the bytes cannot be decoded; `takeMessages` then says why. */
  R__unzip(blocks: DataView, size: number): Promise<DataView | null>;
  takeMessages(): string[];
}

let loading: Promise<Jsroot> | undefined;

/** The bundle lies beside the built framework; from the sources (tests) it is the one of the last build. */
export function loadJsroot(): Promise<Jsroot> {
  const places = ["./jsroot.js", "../../../dist/jsroot.js"].map((place) => new URL(place, import.meta.url));
  const found = places.find((place) => existsSync(place)) ?? places[0];
  loading ??= import(String(found)) as Promise<Jsroot>;
  return loading;
}
