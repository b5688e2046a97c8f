#pragma once

#include <string>
#include <vector>

#include "trp/dataset.h"

namespace trp {

/// Where data are looked for when the user named no files and no folder.
struct DataSearch {
  std::string environment;                  // the value of TENSOR_RELU_DATA; empty if unset
  std::string local_folder = "data";        // itself a data set
  std::vector<std::string> system_folders;  // each folder in them may be a data set
  std::vector<std::string> sample_folders;  // the first that exists is the bundled sample
};

/// The places of this machine and this program.
DataSearch default_data_search();

/// Finds the four files in these places; see trp/dataset.h.
DataFiles find_data(const DataOptions& options, const DataSearch& search,
                    DataNeed need = DataNeed::kTrainAndTest);

/// Returns which of the four files are in the folder; those that are missing are empty.
DataFiles files_in(const std::string& folder);

}  // namespace trp
