/** Makes the TritonService loadable by name. */
import { DEFINE_FWK_SERVICE } from "../../modules/PluginFactory.js";
import { TritonService } from "./TritonService.js";

DEFINE_FWK_SERVICE("TritonService")(TritonService);

declare module "../../config/registries.js" {
  interface Services {
    TritonService: typeof TritonService;
  }
}
