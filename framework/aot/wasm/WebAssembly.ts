/** Node's WebAssembly, as far as we use it: TypeScript has its types with the DOM's, which this project leaves out. */

/** A memory of all threads: it grows, and what has been written to it stays where it is. */
export interface WasmMemory {
  /** Of its present length: ask again after it has grown. */
  readonly buffer: SharedArrayBuffer;
  /** By `pages` of 64 KiB; gives the number before. */
  grow(pages: number): number;
}

/** Compiled code; may be sent to other threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** What an instance exports: functions only. */
export type WasmExports = Readonly<Record<string, (...args: number[]) => void>>;

interface WasmGlobalScope {
  readonly Module: new (code: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: WasmExports };
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Global: new (type: { value: "i32"; mutable: false }, value: number) => object;
  validate(code: Uint8Array): boolean;
}

/** The global of that name. */
export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WasmGlobalScope };

/** In pages of 64 KiB. Whoever makes a memory may start higher; the maximum is 4 GiB of addresses, not of memory. */
export const memoryLimits = { initial: 1, maximum: 65536, shared: true } as const;
