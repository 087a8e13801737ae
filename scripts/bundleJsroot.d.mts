/** Writes jsroot's io modules as one file, usually dist/jsroot.js. */
export function bundleJsroot(outFile: string): Promise<void>;
