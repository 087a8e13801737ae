/**
 * A service: one instance per thread, injected into modules with `@inject(MyService) readonly service!: MyService`.
 * The main thread's instance also sees the job begin and end.
 */
export interface ServiceHooks {
  postBeginJob?(): void | Promise<void>;
  /** After the last event and every end transition; also after an exception. */
  postEndJob?(): void | Promise<void>;
}
