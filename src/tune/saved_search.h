#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/strict_json.h"
#include "tune/search.h"

namespace trp {

/// What a search has found, and the rest of what that is a function of. Networks are not kept,
/// since training gives the same bits again.
struct SavedSearch {
  Json identity;  // an object of one level
  std::vector<TrialResult> results;
};

/// Returns the bytes of its file, an array file without arrays.
std::vector<std::uint8_t> encode_search(const SavedSearch& search);

/// Returns the results. Throws Error if the file cannot be read, is damaged or holds another
/// search.
std::vector<TrialResult> load_search(const std::string& path, const Json& identity);

/// Whether these first bytes of a file are those of a search.
bool starts_search(std::span<const std::uint8_t> start);

}  // namespace trp
