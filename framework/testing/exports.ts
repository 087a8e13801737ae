/** What tests import as "#testing" inside this repository and as "cmsrun/testing" outside. */
export { type ConfigRun, runConfig } from "./runConfig.js";
export { TestEvent, type TestProduct, TestProcessor } from "./TestProcessor.js";
