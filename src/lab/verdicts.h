#pragma once

#include <optional>
#include <span>

#include "lab/experiment.h"
#include "lab/race.h"

namespace trp {

// What each experiment concludes from its numbers, which are speedups unless said otherwise.

/// Of the loop that vectorizes against the textbook's, of our kernel against that loop; the share
/// of the core's peak that the kernel reaches.
Verdict vectorize_verdict(const Spread& loop, const Spread& kernel, double share_of_peak);

/// Of so many workers, of one product over the batch by one worker, and of both, each against
/// sample by sample.
Verdict samples_verdict(int workers, const Spread& by_workers, const Spread& by_product,
                        const Spread& by_both);

/// Of so many workers against sequential.
Verdict conv_verdict(int workers, const Spread& speedup);

/// Of one lock per shard against one lock per sample, with so many workers; and of that against
/// sequential.
Verdict accumulate_verdict(int workers, const Spread& shard_against_sample,
                           const Spread& shard_against_sequential);

/// The place of the first size from which on all are faster in parallel; nothing if the largest is
/// not.
std::optional<std::size_t> crossover(std::span<const Spread> speedups);

/// Of workers against sequential, for each number of elements, in ascending order.
Verdict tiny_verdict(std::span<const double> elements, std::span<const Spread> speedups);

/// Of a chain handed from worker to worker against one that is not, of several chains shared out
/// among workers against these one after the other, of a batch against as many samples one by one.
Verdict dependency_verdict(int workers, const Spread& handed_on, const Spread& shared_out,
                           const Spread& batched);

/// Of so many workers against one: the triad and arithmetic. `ridge`: operations per byte at which
/// one worker's arithmetic takes as long as moving the bytes.
Verdict memory_verdict(int workers, const Spread& triad, const Spread& arithmetic, double ridge);

/// Sharded against a mutex, with so many workers; and the mutex against itself with one.
Verdict locking_verdict(int workers, const Spread& sharded_against_mutex,
                        const Spread& mutex_against_one_worker);

/// Of counters a line apart against neighbours, with so many workers.
Verdict false_sharing_verdict(int workers, const Spread& apart);

/// Of a pool of so many workers against new threads for each step, and of so many workers that
/// stay awake against 16.
Verdict oversubscribe_verdict(int workers, const Spread& pool_against_creation,
                              const Spread& fitting_against_sixteen);

/// Of items claimed one by one against a shard of uneven items for each of so many workers.
Verdict imbalance_verdict(int workers, const Spread& claimed);

/// Of threads against processes that share memory, and against processes that send gradients
/// through pipes.
Verdict processes_verdict(int workers, const Spread& against_shared_memory,
                          const Spread& against_pipes);

/// Of the best number of loaders against none, with cheap and with costly preprocessing.
Verdict loader_verdict(const Spread& cheap, const Spread& costly);

/// Of tensor parallelism with so many workers, and of layers on different workers one after the
/// other, against sequential.
Verdict model_verdict(int workers, const Spread& tensor, const Spread& layers);

/// Of the most micro-batches against one, with the same stages; the bubbles of both, as measured.
Verdict pipeline_verdict(const Spread& speedup, double bubble_of_one, double bubble_of_most);

/// Of so many workers against sequential, and the serial fraction of Amdahl's fit.
Verdict amdahl_verdict(int workers, const Spread& speedup, double serial_fraction);

}  // namespace trp
