#include "report/run.h"

#include <exception>
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

template <class Event>
std::function<void(const Event&)> until_failure(std::function<void(const Event&)> report,
                                                const std::shared_ptr<bool>& failed,
                                                const std::function<void()>& on_failure) {
  return [report = std::move(report), failed, on_failure](const Event& event) {
    if (!report || *failed) return;
    try {
      report(event);
    } catch (const std::exception&) {
      *failed = true;
      on_failure();
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

RunEvents until_failure(RunEvents reporter, std::function<void()> on_failure) {
  const auto failed = std::make_shared<bool>(false);
  return {.start = until_failure(std::move(reporter.start), failed, on_failure),
          .step = until_failure(std::move(reporter.step), failed, on_failure),
          .epoch = until_failure(std::move(reporter.epoch), failed, on_failure),
          .summary = until_failure(std::move(reporter.summary), failed, on_failure)};
}

}  // namespace trp
