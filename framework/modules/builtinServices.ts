/** The services that every process has, made loadable by name as any user's service is. */
import { MessageLogger } from "../services/MessageLogger.js";
import { DEFINE_FWK_SERVICE } from "./PluginFactory.js";

DEFINE_FWK_SERVICE("MessageLogger")(MessageLogger);
