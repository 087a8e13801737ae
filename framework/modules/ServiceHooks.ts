/** What a service may do around a job. */
import type { ParameterSet } from "../parameters/ParameterSet.js";

/** A module of the job, before any stream of it is made. */
export interface ModuleDescription {
  readonly label: string;
  readonly type: string;
  /** Validated. */
  readonly parameters: ParameterSet;
}

/**
 * A service: one instance per thread, injected into modules with `@inject(MyService) readonly service!: MyService`.
 * The main thread's instance also sees the job begin and end.
 */
export interface ServiceHooks {
  /** Before any thread starts and any stream module is made; not when a configuration is only checked. */
  preBeginJob?(modules: readonly ModuleDescription[]): void | Promise<void>;
  /** What the main thread's instance gives to those of other threads after preBeginJob: plain data and SharedArrayBuffers. */
  shared?(): unknown;
  /** In every other thread, before its modules are made. */
  adopt?(shared: unknown): void;
  postBeginJob?(): void | Promise<void>;
  /** After the last event and every end transition; also after an exception. */
  postEndJob?(): void | Promise<void>;
}
