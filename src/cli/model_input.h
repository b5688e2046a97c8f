#pragma once

#include <span>
#include <string>
#include <string_view>

#include "trp/mlp.h"
#include "trp/tensor.h"
#include "trp/thread_pool.h"

namespace trp {

// What eval and predict have in common.

/// Makes a pool of so many workers, or of as many as there are CPUs for 0; of fewer if the system
/// refuses threads.
ThreadPool make_pool(int workers);

/// "standard input" for "-", else the path.
std::string_view shown(std::string_view path);

/// Throws Error unless samples of this shape are what the model takes.
void check_fits(const std::string& model_name, const Mlp& mlp, const std::string& images_name,
                std::span<const Index> shape);

/// Throws UsageError if both are to be read from standard input.
void check_standard_input(const std::string& model, const std::string& other,
                          std::string_view other_name);

}  // namespace trp
