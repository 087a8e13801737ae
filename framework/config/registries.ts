/**
 * The plugins a config may name, by kind. Each plugin file adds its own line by declaration merging, so that
 * cms.EDProducer("…", {…}) refuses a misspelt plugin or parameter in the editor.
 */
import type { MessageLogger } from "../services/MessageLogger.js";

export interface EDProducers {}
export interface EDFilters {}
export interface EDAnalyzers {}
export interface OutputModules {}
export interface Sources {}
export interface Services {
  MessageLogger: typeof MessageLogger;
}
export interface ESProducers {}
export interface ESSources {}
