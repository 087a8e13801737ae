/** The logging front: what any code calls; MessageLogger decides where it goes and what is shown. */

export type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "SYSTEM";

export interface LogMessage {
  readonly severity: Severity;
  readonly category: string;
  readonly text: string;
  /** Without header and trailer (LogVerbatim, LogPrint, LogProblem, LogAbsolute). */
  readonly bare: boolean;
}

let sink: (message: LogMessage) => void = ({ category, text }) => {
  process.stderr.write(`${category}: ${text}\n`);
};

/** Set once per thread: the main thread's MessageLogger, or the port to it. */
export function setLogSink(to: (message: LogMessage) => void): void {
  sink = to;
}

const log = (severity: Severity, bare: boolean) => (category: string, text: string) =>
  sink({ severity, category, text, bare });

export const LogDebug = log("DEBUG", false);
export const LogInfo = log("INFO", false);
export const LogVerbatim = log("INFO", true);
export const LogWarning = log("WARNING", false);
export const LogPrint = log("WARNING", true);
export const LogError = log("ERROR", false);
export const LogProblem = log("ERROR", true);
export const LogSystem = log("SYSTEM", false);
export const LogAbsolute = log("SYSTEM", true);
