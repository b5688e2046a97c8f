#include "trp/report/run.h"

#include <memory>
#include <utility>

namespace trp {
namespace {

using Reporters = std::shared_ptr<const std::vector<RunEvents>>;

template <class Event>
std::function<void(const Event&)> to_all(const Reporters& reporters,
                                         std::function<void(const Event&)> RunEvents::*member) {
  return [reporters, member](const Event& event) {
    for (const RunEvents& reporter : *reporters) {
      if (reporter.*member) (reporter.*member)(event);
    }
  };
}

}  // namespace

RunEvents fan_out(std::vector<RunEvents> reporters) {
  const auto shared = std::make_shared<const std::vector<RunEvents>>(std::move(reporters));
  return {.start = to_all(shared, &RunEvents::start),
          .step = to_all(shared, &RunEvents::step),
          .epoch = to_all(shared, &RunEvents::epoch),
          .summary = to_all(shared, &RunEvents::summary)};
}

}  // namespace trp
