/** What the command line selects for the inference benchmark: --batches, --models, --engines and --peers, each with a list. */
const known = ["batches", "models", "engines", "peers"];

/** The list after `--NAME` or `--NAME=`; undefined where it is not given. */
function listOf(args, name) {
  const at = args.findIndex((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  const text = args[at].includes("=") ? args[at].slice(name.length + 3) : args[at + 1];
  const list = (text ?? "").split(",").filter((item) => item !== "");
  if (list.length === 0) throw new Error(`--${name} needs a list, such as --${name}=a,b`);
  return list;
}

export function inferenceOptions(args = process.argv.slice(2)) {
  const options = Object.fromEntries(known.map((name) => [name, listOf(args, name)]));
  const batches = options.batches?.map(Number);
  const wrong = batches?.findIndex((batch) => !(Number.isInteger(batch) && batch > 0)) ?? -1;
  if (wrong >= 0) throw new Error(`--batches: '${options.batches[wrong]}' is no batch size`);
  return { ...options, batches };
}

/** Those of `all` (by their name) that are selected, in their own order. */
export function select(all, nameOf, selected, option) {
  if (selected === undefined) return all;
  const names = all.map(nameOf);
  for (const name of selected)
    if (!names.some((own) => isMeant(own, name)))
      throw new Error(`--${option}: unknown '${name}'; there are ${names.join(", ")}`);
  return all.filter((item) => selected.some((name) => isMeant(nameOf(item), name)));
}

/** By its own name or that of its group: "cms" is every cms/NAME, "compiled" both targets. */
const isMeant = (own, name) => own === name || own.startsWith(`${name}/`);
