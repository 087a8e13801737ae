/**
 * Every error that a job reports: CMSSW's categories with their exit codes, context lines that the engine adds on
 * the way up, and the printed block. A user's error shows no stack; a bug of ours (any other Error) does.
 */

/** Category → process return code; the shell sees `code & 0xFF`. Any category not listed is OtherCMS (8001). */
export const exitCodes = {
  CommandLineProcessing: 7000,
  ConfigFileNotFound: 7001,
  ConfigFileReadError: 7002,
  OtherCMS: 8001,
  StdException: 8002,
  Unknown: 8003,
  BadAlloc: 8004,
  BadExceptionType: 8005,
  ProductNotFound: 8006,
  DictionaryNotFound: 8007,
  InsertFailure: 8008,
  Configuration: 8009,
  LogicError: 8010,
  UnimplementedFeature: 8011,
  InvalidReference: 8012,
  NullPointerError: 8013,
  NoProductSpecified: 8014,
  EventTimeout: 8015,
  EventCorruption: 8016,
  ScheduleExecutionFailure: 8017,
  EventProcessorFailure: 8018,
  FileInPathError: 8019,
  FileOpenError: 8020,
  FileReadError: 8021,
  FatalRootError: 8022,
  MismatchedInputFiles: 8023,
  ProductDoesNotSupportViews: 8024,
  ProductDoesNotSupportPtr: 8025,
  NotFound: 8026,
  FormatIncompatibility: 8027,
  FallbackFileOpenError: 8028,
  NoSecondaryFiles: 8029,
  ExceededResourceVSize: 8030,
  ExceededResourceRSS: 8031,
  ExceededResourceTime: 8032,
  FileWriteError: 8033,
  FileNameInconsistentWithGUID: 8034,
  UnavailableAccelerator: 8035,
  ExternalFailure: 8036,
  EventGenerationFailure: 8501,
  UnexpectedJobTermination: 8901,
  CaughtSignal: 9000,
} as const;

/** What crosses a thread boundary in place of an Exception. */
export interface PlainException {
  readonly category: string;
  readonly message: string;
  readonly contexts: readonly string[];
  readonly additionalInfo: readonly string[];
  readonly stack: string | undefined;
}

/**
 * CMSSW's cms::Exception: `category` selects the exit code, `message` says what happened, where and how to fix it.
 * Contexts are stored innermost first and printed outermost first.
 */
export class Exception extends Error {
  readonly contexts: string[] = [];
  readonly additionalInfo: string[] = [];
  /** The stack of a foreign error: printed, because it points at a bug and not at a user's mistake. */
  foreignStack: string | undefined;

  constructor(
    readonly category: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = category;
  }

  /** Adds the next outer context line, e.g. "Calling method for module Type/'label'". */
  addContext(context: string): this {
    this.contexts.push(context);
    return this;
  }

  addAdditionalInfo(info: string): this {
    this.additionalInfo.push(info);
    return this;
  }

  get returnCode(): number {
    return exitCodes[this.category as keyof typeof exitCodes] ?? exitCodes.OtherCMS;
  }

  toPlain(): PlainException {
    const { category, message, contexts, additionalInfo, foreignStack } = this;
    return { category, message, contexts, additionalInfo, stack: foreignStack };
  }

  static fromPlain(plain: PlainException): Exception {
    const exception = new Exception(plain.category, plain.message);
    exception.contexts.push(...plain.contexts);
    exception.additionalInfo.push(...plain.additionalInfo);
    exception.foreignStack = plain.stack;
    return exception;
  }

  /** Any thrown value as an Exception: an Error becomes StdException, a string BadExceptionType, the rest Unknown. */
  static from(thrown: unknown): Exception {
    if (thrown instanceof Exception) return thrown;
    if (thrown instanceof Error) {
      const isMemory = thrown instanceof RangeError && /allocation|Array buffer/i.test(thrown.message);
      const exception = new Exception(isMemory ? "BadAlloc" : "StdException", thrown.message, {
        cause: thrown,
      });
      exception.foreignStack = thrown.stack;
      return exception;
    }
    if (typeof thrown === "string")
      return new Exception("BadExceptionType", `a string was thrown: "${thrown}"`);
    return new Exception("Unknown", `a value that is no Error was thrown: ${String(thrown)}`);
  }

  /** The block of CMSSW's ExceptionMessages; `action` is "Fatal" or the name of a non-fatal action. */
  format(action = "Fatal", now = new Date()): string {
    const lines = [`----- Begin ${action} Exception ${timestamp(now)}-----------------------`];
    const outermostFirst = [...this.contexts].reverse();
    lines.push(
      `An exception of category '${this.category}' occurred${outermostFirst.length > 0 ? " while" : "."}`,
    );
    for (const [index, context] of outermostFirst.entries()) lines.push(`   [${index}] ${context}`);
    if (this.message) lines.push("Exception Message:", this.message.trimEnd());
    if (this.foreignStack) lines.push(this.foreignStack.split("\n").slice(1).join("\n"));
    if (this.additionalInfo.length > 0) {
      lines.push("   Additional Info:");
      const lastFirst = [...this.additionalInfo].reverse();
      for (const [index, info] of lastFirst.entries())
        lines.push(`      [${String.fromCharCode(97 + index)}] ${info}`);
    }
    lines.push(`----- End ${action} Exception -------------------------------------------------`);
    return `${lines.join("\n")}\n`;
  }
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** CMSSW's log time: dd-Mon-yyyy hh:mm:ss TZ, in UTC. */
export function timestamp(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${two(date.getUTCDate())}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} UTC`;
}
