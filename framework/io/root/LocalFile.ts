/** A local file opened for reading, whose every read is checked against its size: offsets in a corrupt file are arbitrary. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Exception } from "../../base/errors.js";

export class LocalFile {
  readonly sizeBytes: number;
  #descriptor: number | undefined;

  /** @throws FileOpenError when there is no such file or it may not be read. */
  constructor(readonly path: string) {
    try {
      this.#descriptor = openSync(path, "r");
      const stats = fstatSync(this.#descriptor);
      if (!stats.isFile()) throw new Error("it is no regular file");
      this.sizeBytes = stats.size;
    } catch (error) {
      this.close();
      const code = (error as NodeJS.ErrnoException).code;
      const reasons: Record<string, string> = {
        ENOENT: "there is no such file",
        EACCES: "it may not be read by this user",
      };
      const reason = reasons[code ?? ""] ?? (error as Error).message;
      throw new Exception("FileOpenError", `Input file '${path}' could not be opened: ${reason}.`, {
        cause: error,
      });
    }
  }

  /** `length` bytes at `position`; fewer at the end of the file when `upTo` is set. */
  read(position: number, length: number, upTo = false): Buffer {
    const isInside = Number.isSafeInteger(position) && position >= 0 && position < this.sizeBytes;
    if (
      !isInside ||
      !Number.isSafeInteger(length) ||
      length < 0 ||
      (!upTo && position + length > this.sizeBytes)
    ) {
      throw this.corrupt(`it refers to ${length} bytes at ${position}, outside its ${this.sizeBytes} bytes`);
    }
    if (this.#descriptor === undefined)
      throw new Exception("LogicError", `'${this.path}' is read after close().`);
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, this.sizeBytes - position));
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
      if (got === 0) throw this.corrupt(`it ended at ${position + done} while being read; was it replaced?`);
      done += got;
    }
    return bytes;
  }

  /** The error for contents that cannot be read as ROOT: `what` continues the sentence "… cannot be read: ", `messages` are what jsroot printed. */
  corrupt(what: string, cause?: unknown, messages: readonly string[] = []): Exception {
    const exception = new Exception(
      "FileReadError",
      `ROOT file '${this.path}' cannot be read: ${what}. ` +
        "It is truncated or corrupt: compare its size and checksum with the original's and copy it again, or leave it out.",
      { cause },
    );
    for (const message of messages) exception.addAdditionalInfo(`jsroot: ${message}`);
    return exception;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
