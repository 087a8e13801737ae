/** What the type checker must refuse in a user's config, of shipped plugins and of their own. */
import { cms } from "cmsrun";

cms.Source("EmptySource", { firstRun: cms.untracked.uint32(1) });
// @ts-expect-error a misspelt plugin
cms.Source("EmptySorce");
// @ts-expect-error a misspelt parameter
cms.Source("EmptySource", { firstRunn: cms.untracked.uint32(1) });
// @ts-expect-error a tracked value for an untracked parameter
cms.OutputModule("PoolOutputModule", { fileName: cms.string("a.edm") });
// @ts-expect-error a required parameter left out
cms.OutputModule("PoolOutputModule");
// @ts-expect-error a misspelt parameter
cms.EDProducer("MyPlugin", { graphPth: cms.FileInPath("graph.pb") });

cms.EDProducer("DijetProducer", { minMass: cms.double(1) });
// @ts-expect-error a misspelt plugin
cms.EDProducer("DijetsProducer");
// @ts-expect-error a misspelt parameter
cms.EDProducer("DijetProducer", { minMas: cms.double(1) });
// @ts-expect-error a value of another type
cms.EDProducer("DijetProducer", { minMass: cms.string("1") });
