#pragma once

#include "lab/experiment.h"

namespace trp {

// Each in a file of its own.

extern const Experiment kVectorizeExperiment;
extern const Experiment kSamplesExperiment;
extern const Experiment kConvExperiment;
extern const Experiment kAccumulateExperiment;
extern const Experiment kTinyExperiment;
extern const Experiment kDependencyExperiment;
extern const Experiment kMemoryExperiment;
extern const Experiment kLockingExperiment;
extern const Experiment kFalseSharingExperiment;
extern const Experiment kOversubscribeExperiment;
extern const Experiment kImbalanceExperiment;
extern const Experiment kProcessesExperiment;
extern const Experiment kLoaderExperiment;
extern const Experiment kModelExperiment;
extern const Experiment kPipelineExperiment;
extern const Experiment kAmdahlExperiment;

}  // namespace trp
