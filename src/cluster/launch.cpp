#include <cstdlib>

#include "cluster/cluster.h"

namespace trp {

Launch launch() {
  struct Names {
    const char* size;
    const char* rank;
  };
  // Of Open MPI, of the launchers of MPICH and Intel, and of srun.
  for (const Names& names :
       {Names{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, Names{"PMI_SIZE", "PMI_RANK"},
        Names{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"}}) {
    const char* size = std::getenv(names.size);
    const char* rank = std::getenv(names.rank);
    if (size && rank && std::atoi(size) > 1) return {std::atoi(size), std::atoi(rank)};
  }
  return {};
}

}  // namespace trp
