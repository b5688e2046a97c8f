#pragma once

#include <cstdlib>

namespace trp {

/// How often to repeat a stress test: as TRP_STRESS_ROUNDS says, or this often.
inline int stress_rounds(int usual) {
  const char* wanted = std::getenv("TRP_STRESS_ROUNDS");
  return wanted ? std::atoi(wanted) : usual;
}

}  // namespace trp
