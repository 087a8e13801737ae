/** Standard output of the commands that people pipe: all of it arrives, and a reader that went away is no error. */

/** Resolves when `text` has been handed over. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => (error.code === "EPIPE" ? resolve() : reject(error));
    process.stdout.once("error", failed);
    process.stdout.write(text, (error) => {
      if (error) return;
      process.stdout.off("error", failed);
      resolve();
    });
  });
}
