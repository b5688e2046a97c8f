#pragma once

#include <tuple>

#include "formats/json_fields.h"
#include "trp/score.h"

namespace trp {

template <>
struct JsonFields<Score> {
  static constexpr std::tuple kFields{JsonField{"loss", &Score::loss},
                                      JsonField{"accuracy", &Score::accuracy},
                                      JsonField{"samples", &Score::sample_count}};
};

}  // namespace trp
