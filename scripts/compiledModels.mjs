/** The models that shipped plugins run compiled ahead of time: compiled into dist/tfaot, and found there by their names. */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";

/** Tool, as plugins import it → folder of its aot_config and SavedModel. */
export const models = { "tfaot-model-test-simple": "data/models/simple" };

/** By the command that users have; --dev, so that a job notices a changed SavedModel. Tells whether all compiled. */
export function compileModels(out) {
  return Object.entries(models).every(([tool, folder]) => {
    const paths = ["-c", join(folder, "aot_config.yaml"), "-o", join(out, "tfaot", tool)];
    const args = [join(out, "cms_tfaot_compile.js"), ...paths, "--tool-name", tool, "--dev"];
    return spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  });
}

/** In an installed cmsrun a shipped model is no package beside it: a built plugin imports what lies in dist/ by its path. */
export function withShippedModels(code, folder) {
  return Object.keys(models).reduce((text, tool) => {
    const module = relative(folder, join("tfaot", tool, "include", tool, "model.js")).replaceAll("\\", "/");
    return text.replaceAll(`"${tool}/model"`, JSON.stringify(module));
  }, code);
}

/** In a clone: where tsc, and plugins that are bundled in process, find a model by its name. */
export function linkModels() {
  if (!existsSync("node_modules")) return;
  for (const tool of Object.keys(models)) {
    const link = join("node_modules", tool);
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(join("..", "dist", "tfaot", tool), link);
  }
}
