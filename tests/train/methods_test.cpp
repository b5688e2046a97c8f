// What recipes may choose (optimizers, losses, normalization, dropout, mean weights) is checked
// against a reference in double precision, and gives the same bits by every plan.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/sampler.h"
#include "nn/reference.h"
#include "sanitized.h"
#include "strategy/named_plans.h"
#include "train/checkpoint.h"
#include "train/image_data.h"
#include "train/run_options.h"

using namespace trp;

namespace {

const std::atomic<bool> kNeverStop{false};

struct Method {
  std::string name;
  Recipe recipe;
};

Recipe small_recipe() {
  return {.hidden = {30, 20}, .class_count = 5, .epochs = 2, .batch_size = 16};
}

Method method(std::string name, void (*change)(Recipe&)) {
  Recipe recipe = small_recipe();
  change(recipe);
  return {std::move(name), std::move(recipe)};
}

/// Those that say in advance what a step computes.
std::vector<Method> determined_methods() {
  return {
      method("momentum", [](Recipe&) {}),
      method("Nesterov", [](Recipe& r) { r.nesterov = true; }),
      method("Nesterov and decay", [](Recipe& r) { r.nesterov = true, r.weight_decay = 0.01; }),
      method("Adam",
             [](Recipe& r) { r.optimizer = OptimizerKind::kAdam, r.learning_rate = 0.001; }),
      method("Adam with decay and clipping",
             [](Recipe& r) {
               r.optimizer = OptimizerKind::kAdam, r.learning_rate = 0.002;
               r.weight_decay = 0.01, r.clip_norm = 0.5, r.beta1 = 0.8, r.beta2 = 0.99;
               r.epsilon = 1e-6;
             }),
      method("AdamW",
             [](Recipe& r) {
               r.optimizer = OptimizerKind::kAdamw, r.learning_rate = 0.002, r.weight_decay = 0.05;
             }),
      method("smoothed labels", [](Recipe& r) { r.label_smoothing = 0.1; }),
      method("weighted classes", [](Recipe& r) { r.class_weights = ClassWeights::kBalanced; }),
      method("smoothed labels of weighted classes",
             [](Recipe& r) { r.label_smoothing = 0.2, r.class_weights = ClassWeights::kBalanced; }),
      method("centred", [](Recipe& r) { r.normalization = Normalization::kCenter; }),
      method("standardized", [](Recipe& r) { r.normalization = Normalization::kStandard; }),
      method("standardized and clipped",
             [](Recipe& r) { r.normalization = Normalization::kStandard, r.clip_norm = 0.5; }),
      method("mean weights", [](Recipe& r) { r.average_weights = 0.9; }),
      method("mean weights of centred inputs by Adam", [](Recipe& r) {
        r.optimizer = OptimizerKind::kAdam, r.learning_rate = 0.002;
        r.average_weights = 0.8, r.normalization = Normalization::kStandard;
      })};
}

std::vector<Method> all_methods() {
  std::vector<Method> methods = determined_methods();
  methods.push_back(method("dropout", [](Recipe& r) { r.dropout = {0.3}; }));
  methods.push_back(method("dropout in one layer", [](Recipe& r) { r.dropout = {0, 0.5}; }));
  methods.push_back(method("everything", [](Recipe& r) {
    r.optimizer = OptimizerKind::kAdamw, r.learning_rate = 0.002, r.weight_decay = 0.01;
    r.average_weights = 0.9, r.normalization = Normalization::kStandard, r.dropout = {0.2, 0.1};
    r.label_smoothing = 0.1, r.class_weights = ClassWeights::kBalanced, r.clip_norm = 1;
    r.validation_share = 0.3, r.early_stopping = 1;
    r.learning_rate_schedule = LearningRateScheduleKind::kTriangle;
  }));
  return methods;
}

/// The training of a recipe without anything random, by Eigen in double precision.
class DoubleTraining {
 public:
  DoubleTraining(const Mlp& mlp, const Recipe& recipe, const Dataset& data)
      : recipe_(recipe), data_(data) {
    const ReferenceMlp network(mlp);
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      parameters_.push_back(network.weights[l]);
      parameters_.push_back(network.biases[l]);
    }
    for (const Eigen::MatrixXd& parameter : parameters_) {
      const Eigen::MatrixXd zero = Eigen::MatrixXd::Zero(parameter.rows(), parameter.cols());
      velocity_.push_back(zero), squares_.push_back(zero), average_.push_back(zero);
    }
    inputs_.resize(data.sample_count, data.feature_count);
    for (Index i = 0; i < data.sample_count; ++i)
      for (Index f = 0; f < data.feature_count; ++f)
        inputs_(i, f) = data.bytes[static_cast<std::size_t>(i * data.feature_count + f)] / 255.0;
    shift_ = Eigen::RowVectorXd::Zero(inputs_.cols());
    scale_ = Eigen::RowVectorXd::Ones(inputs_.cols());
    if (recipe.normalization != Normalization::kNone) shift_ = -inputs_.colwise().mean();
    inputs_.rowwise() += shift_;
    if (recipe.normalization == Normalization::kStandard)
      for (Index f = 0; f < inputs_.cols(); ++f) {
        const double deviation = std::sqrt(inputs_.col(f).squaredNorm() / inputs_.rows());
        if (deviation > 0) scale_(f) = 1 / deviation;
      }
    inputs_ *= scale_.asDiagonal();
  }

  /// Makes a step with the samples from `begin` on, and returns the mean loss before it.
  double step(Index begin, Index count) {
    std::vector<Eigen::MatrixXd> outputs = {inputs_.middleRows(begin, count)};
    const std::size_t layers = parameters_.size() / 2;
    for (std::size_t l = 0; l < layers; ++l) {
      Eigen::MatrixXd z = outputs.back() * parameters_[2 * l];
      z.rowwise() += Eigen::RowVectorXd(parameters_[2 * l + 1]);
      outputs.push_back(l + 1 < layers ? Eigen::MatrixXd(z.cwiseMax(0)) : z);
    }
    Eigen::MatrixXd dz;
    const double loss = loss_of(outputs.back(), begin, dz);
    std::vector<Eigen::MatrixXd> gradients(parameters_.size());
    for (std::size_t l = layers; l-- > 0;) {
      gradients[2 * l] = outputs[l].transpose() * dz;
      gradients[2 * l + 1] = dz.colwise().sum();
      if (l > 0)
        dz = ((dz * parameters_[2 * l].transpose()).array() *
              (outputs[l].array() > 0).cast<double>())
                 .matrix()
                 .eval();
    }
    update(gradients);
    return loss;
  }

  /// The parameters for inputs as they are.
  Mlp network() const {
    std::vector<Eigen::MatrixXd> p = recipe_.average_weights > 0 ? average_ : parameters_;
    p[0] = scale_.asDiagonal() * p[0];
    p[1] += shift_ * p[0];
    std::vector<Index> sizes = {p[0].rows()};
    for (std::size_t l = 0; l < p.size() / 2; ++l) sizes.push_back(p[2 * l].cols());
    Mlp mlp = make_zero_mlp(sizes);
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      mlp.layers[l].weight.view().matrix() = p[2 * l].cast<float>();
      mlp.layers[l].bias.view().matrix() = p[2 * l + 1].cast<float>();
    }
    return mlp;
  }

 private:
  double loss_of(const Eigen::MatrixXd& logits, Index begin, Eigen::MatrixXd& dz) const {
    const Index classes = logits.cols();
    const auto label = [&](Index i) { return data_.labels[static_cast<std::size_t>(i)]; };
    std::vector<double> weights(static_cast<std::size_t>(classes), 1);
    if (recipe_.class_weights == ClassWeights::kBalanced)
      for (std::size_t c = 0; c < weights.size(); ++c)
        weights[c] = static_cast<double>(data_.labels.size()) / static_cast<double>(classes) /
                     static_cast<double>(std::ranges::count(data_.labels, c));
    double divisor = 0, loss = 0;
    for (Index row = 0; row < logits.rows(); ++row) divisor += weights[label(begin + row)];
    dz.resize(logits.rows(), classes);
    for (Index row = 0; row < logits.rows(); ++row) {
      const double sum = logits.row(row).array().exp().sum();
      Eigen::RowVectorXd target(classes);
      for (Index c = 0; c < classes; ++c) {
        const double smoothed = recipe_.label_smoothing / static_cast<double>(classes) +
                                (c == label(begin + row) ? 1 - recipe_.label_smoothing : 0);
        target(c) = smoothed * weights[static_cast<std::size_t>(c)];
        loss -= target(c) * (logits(row, c) - std::log(sum)) / divisor;
      }
      dz.row(row) =
          (logits.row(row).array().exp().matrix() / sum * target.sum() - target) / divisor;
    }
    return loss;
  }

  void update(std::vector<Eigen::MatrixXd>& gradients) {
    const double rate = recipe_.learning_rate, decay = recipe_.weight_decay;
    double squared_norm = 0;
    for (const Eigen::MatrixXd& gradient : gradients) squared_norm += gradient.squaredNorm();
    const double norm = std::sqrt(squared_norm);
    const double clip =
        recipe_.clip_norm > 0 && norm > recipe_.clip_norm ? recipe_.clip_norm / norm : 1;
    ++step_;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Eigen::MatrixXd &w = parameters_[i], &v = velocity_[i], &s = squares_[i];
      Eigen::MatrixXd g = clip * gradients[i];
      if (recipe_.optimizer == OptimizerKind::kAdamw)
        w *= 1 - rate * decay;
      else
        g += decay * w;
      if (recipe_.optimizer == OptimizerKind::kSgd) {
        v = recipe_.momentum * v + g;
        w -= rate * (recipe_.nesterov ? Eigen::MatrixXd(g + recipe_.momentum * v) : v);
      } else {
        v = recipe_.beta1 * v + (1 - recipe_.beta1) * g;
        s = recipe_.beta2 * s + (1 - recipe_.beta2) * g.cwiseAbs2();
        const double mean = 1 - std::pow(recipe_.beta1, step_);
        const double square = 1 - std::pow(recipe_.beta2, step_);
        w.array() -= rate * (v.array() / mean) / ((s.array() / square).sqrt() + recipe_.epsilon);
      }
      average_[i] = step_ == 1 ? w
                               : Eigen::MatrixXd(recipe_.average_weights * average_[i] +
                                                 (1 - recipe_.average_weights) * w);
    }
  }

  Recipe recipe_;
  const Dataset& data_;
  Eigen::MatrixXd inputs_;
  Eigen::RowVectorXd shift_, scale_;
  std::vector<Eigen::MatrixXd> parameters_;  // weight and bias of each layer
  std::vector<Eigen::MatrixXd> velocity_, squares_, average_;
  int step_ = 0;
};

double largest_difference(const Mlp& a, const Mlp& b) {
  double largest = 0;
  for (std::size_t l = 0; l < a.layers.size(); ++l)
    for (const Tensor Layer::*tensor : {&Layer::weight, &Layer::bias})
      largest = std::max<double>(
          largest, ((a.layers[l].*tensor).view().matrix() - (b.layers[l].*tensor).view().matrix())
                       .cwiseAbs()
                       .maxCoeff());
  return largest;
}

std::string digest_of(const Recipe& recipe, const Plan& plan, const DataSets& data, int workers,
                      std::optional<TrainState> resumed = std::nullopt) {
  ThreadPool pool(workers, workers);
  return train(recipe, plan, data, pool, {}, kNeverStop, std::move(resumed)).weights;
}

}  // namespace

TEST_CASE("60 steps of every method are those of a reference in double precision") {
  const DataSets data = image_data(20 * 16);
  for (auto& [name, recipe] : determined_methods()) {
    INFO(name);
    recipe.epochs = 3;
    recipe.shuffle = false;
    recipe.learning_rate_schedule = LearningRateScheduleKind::kConstant;
    ThreadPool pool(1, 1);
    Trainer trainer(recipe, {.strategy = StrategyKind::kSequential}, data.train, pool);
    DoubleTraining reference({.layers = trainer.state().mlp.layers}, recipe, data.train);
    for (int epoch = 0; epoch < 3; ++epoch) {
      double sum = 0;
      for (Index i = 0; i < 20; ++i) {
        sum += reference.step(i * 16, 16);
        CHECK(trainer.step().mean_loss == Approx(sum / static_cast<double>(i + 1)).margin(1e-6));
      }
    }
    CHECK(largest_difference(trainer.release_network(), reference.network()) < 2e-5);
  }
}

TEST_CASE("every method gives the same bits by every plan") {
  const DataSets data = image_data(75);
  const std::vector<int> worker_counts =
      kThreadSanitizer ? std::vector{3} : std::vector{1, 2, 3, 8};
  for (const auto& [name, recipe] : all_methods()) {
    const std::string expected =
        digest_of(recipe, {.strategy = StrategyKind::kSequential}, data, 1);
    int runs = 0;
    for (const NamedPlan& named : kSameBitPlans)
      for (const int workers : worker_counts) {
        Plan plan = named.plan;
        plan.loaders = ++runs % 3;
        INFO(name << ", " << named.name << ", " << workers << " workers, " << plan.loaders
                  << " loaders");
        CHECK(digest_of(recipe, plan, data, workers) == expected);
      }
  }
}

TEST_CASE("every method gives the same bits from inputs that are bytes or floats") {
  const DataSets bytes = image_data(75);
  DataSets floats = bytes;
  for (Dataset* set : {&floats.train, &floats.test}) {
    set->values.resize(set->bytes.size());
    scale_bytes(set->bytes.data(), std::ssize(set->bytes), set->values.data());
    set->bytes.clear();
  }
  for (const auto& [name, recipe] : all_methods()) {
    INFO(name);
    if (recipe.normalization != Normalization::kNone)
      continue;  // their means are rounded otherwise
    CHECK(digest_of(recipe, {}, bytes, 2) == digest_of(recipe, {}, floats, 2));
  }
}

TEST_CASE("every method goes on to the same bits from where it was stopped") {
  const DataSets data = image_data(75);
  for (const auto& [name, recipe] : all_methods()) {
    const std::string expected =
        digest_of(recipe, {.strategy = StrategyKind::kSequential}, data, 1);
    for (const int steps : {1, 3, 4, 7}) {
      INFO(name << ", stopped after step " << steps);
      std::optional<TrainState> saved;
      std::atomic<bool> stop{false};
      int done = 0;
      ThreadPool pool(2, 2);
      train(recipe, {.strategy = StrategyKind::kTensor}, data, pool,
            {.step = [&](const StepReport&) { stop = ++done == steps; },
             .save =
                 [&](const TrainState& state) {
                   Checkpoint checkpoint;
                   checkpoint.state = state;
                   saved = decode_checkpoint(encode_checkpoint(checkpoint), "saved").state;
                 }},
            stop);
      REQUIRE(saved.has_value());
      CHECK(digest_of(recipe, {}, data, 3, saved) == expected);
    }
  }
}

TEST_CASE("the network that is kept has the outputs of the one that was trained") {
  const DataSets data = image_data(75);
  Recipe recipe = all_methods().back().recipe;
  recipe.early_stopping = 0;
  ThreadPool pool(2, 2);
  Trainer trainer(recipe, {}, data.train, pool);
  const auto epoch = trainer.run_epoch({}, kNeverStop);
  const Sampler sampler = make_sampler(75, recipe.validation_share, recipe.seed, true);
  const Score score = evaluate(trainer.release_network(), data.train, sampler.validation, pool);
  CHECK(score.loss == epoch->validation->loss);
}

TEST_CASE("training that starts from given weights has their outputs, normalized or not") {
  const DataSets data = image_data(75);
  ThreadPool pool(2, 2);
  const Mlp given = train(small_recipe(), {}, data, pool, {}, kNeverStop).mlp;
  for (const Normalization normalization :
       {Normalization::kNone, Normalization::kCenter, Normalization::kStandard}) {
    Recipe recipe = small_recipe();
    recipe.normalization = normalization;
    Trainer trainer(recipe, {}, data.train, pool, nullptr, TrainState{.mlp = given});
    CHECK(trainer.state().mlp.normalization.scale.cols() ==
          (normalization == Normalization::kStandard ? 60 : 0));
    CHECK(largest_difference(trainer.release_network(), given) < 1e-5);
  }
}

TEST_CASE("dropout drops its share, anew in each epoch, and keeps the mean") {
  constexpr Index kRows = 400, kOutputs = 100;
  Mlp mlp = make_zero_mlp(std::vector<Index>{1, kOutputs, 1});
  mlp.layers[0].bias.view().matrix().setConstant(1);
  const Tensor input(kRows, 1);
  std::vector<std::uint32_t> samples(kRows);
  std::iota(samples.begin(), samples.end(), 0);
  const std::vector<double> rates = {0.25};
  const auto outputs = [&](int epoch) {
    Tensor result(kRows, kOutputs);
    forward_layer(mlp, 0, input.view(), {0, kOutputs}, result.view(), {rates, 1, epoch, samples});
    return result;
  };
  const Tensor first = outputs(1), second = outputs(2);
  const auto values = first.view().matrix().array();
  CHECK(((values == 0) || (values == 1 / 0.75F)).all());
  CHECK(values.mean() == Approx(1).margin(0.015));
  const auto same = (values == second.view().matrix().array()).cast<float>().mean();
  CHECK(same == Approx(0.75 * 0.75 + 0.25 * 0.25).margin(0.015));
  for (Index col : {1, 99}) CHECK(std::abs(first.view().matrix().col(col).mean() - 1) < 0.12);
}
