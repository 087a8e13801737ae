/** A service with one function for each kind of input, and some that fail. */
import { Exception, io, Service } from "#framework";

const schema = {
  type: "object",
  required: ["pt"],
  additionalProperties: false,
  properties: { pt: { type: "array", items: { type: "number" } }, label: { type: "string" } },
};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const service = new Service({ name: "many" });
service.api("echo", { input: JSON, output: JSON }, (value) => value);
service.api("checked", { input: io.JSON<{ pt: number[] }>({ schema }), output: JSON }, ({ pt }) => pt.length);
service.api(
  "rows",
  { input: io.NumpyNdarray({ dtype: "float32", shape: [-1, 3] }), output: io.NumpyNdarray() },
  (rows) => rows,
);
service.api("text", { input: io.Text(), output: io.Text() }, async (text) => text.toUpperCase());
service.api("file", { input: io.File(), output: JSON }, (bytes) => bytes.length);
service.api("image", { input: io.Image(), output: io.Image({ mimeType: "image/png" }) }, (bytes) => bytes);
service.api("throws", { input: JSON, output: JSON }, () => {
  throw new Error("the secret of the function");
});
service.api("rejects", { input: JSON, output: JSON }, async () => {
  throw new Exception("BadRequest", "the function does not like this.");
});
service.api("throwsText", { input: JSON, output: JSON }, () => {
  throw "text";
});
service.api("nothing", { input: JSON, output: JSON }, () => undefined);
service.api("forgets", { input: JSON, output: JSON }, () => {
  void Promise.reject(new Error("the forgotten promise"));
  return 1;
});
service.api("breaks", { input: JSON, output: JSON }, () => {
  setTimeout(() => {
    throw new Error("the broken timer");
  }, 50);
  return 1;
});
service.api("slow", { input: JSON, output: JSON }, async (ms: number) => {
  await wait(ms);
  return ms;
});
export default service;
