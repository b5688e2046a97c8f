#include "cli/commands.h"

#include "catch.h"
#include "cli/parse.h"
#include "data/check_contains.h"

namespace trp {
namespace {

TEST_CASE("eval: each option reaches its field") {
  const auto plain = parse_options(add_eval, {"eval", "m"});
  CHECK(plain.model == "m");
  CHECK(plain.data.directory.empty());
  CHECK(!plain.workers);
  CHECK(!plain.min_accuracy);
  CHECK(plain.format == OutputFormat::kText);
  CHECK(!plain.quiet);
  const auto full = parse_options(
      add_eval, {"eval", "-d", "dir", "m.npz", "--test-images", "i", "--test-labels", "-", "-j",
                 "3", "-q", "--format", "json", "--color", "never", "--min-accuracy", "0.5"});
  CHECK(full.model == "m.npz");
  CHECK(full.data.directory == "dir");
  CHECK(full.data.test_images == "i");
  CHECK(full.data.test_labels == "-");
  CHECK(full.workers == 3);
  CHECK(full.quiet);
  CHECK(full.format == OutputFormat::kJson);
  CHECK(full.color == ColorWhen::kNever);
  CHECK(full.min_accuracy == 0.5);
}

TEST_CASE("predict: each option reaches its field, and images come from standard input") {
  const auto plain = parse_options(add_predict, {"predict", "m"});
  CHECK(plain.images == "-");
  CHECK(plain.style.top == 1);
  CHECK(!plain.style.probabilities);
  CHECK(plain.style.format == OutputFormat::kText);
  const auto full =
      parse_options(add_predict, {"predict", "m", "--top", "3", "i", "--probabilities", "--format",
                                  "jsonl", "-b", "7", "--threads", "auto"});
  CHECK(full.model == "m");
  CHECK(full.images == "i");
  CHECK(full.batch_size == 7);
  CHECK(full.style.top == 3);
  CHECK(full.style.probabilities);
  CHECK(full.style.format == OutputFormat::kJsonLines);
}

TEST_CASE("info and export: each option reaches its field") {
  const auto info = parse_options(add_info, {"info", "--show", "2", "f"});
  CHECK(info.file == "f");
  CHECK(info.show == 2);
  const auto exported = parse_options(add_export, {"export", "m", "f.npz"});
  CHECK(exported.model == "m");
  CHECK(exported.file == "f.npz");
}

TEST_CASE("convert: each option reaches its field") {
  const auto plain = parse_options(add_convert, {"convert", "s", "d"});
  CHECK(plain.source == "s");
  CHECK(plain.folder == "d");
  CHECK(plain.form.has_header);
  CHECK(!plain.form.size);
  const auto full =
      parse_options(add_convert, {"convert", "s", "d", "--label-column", "x", "--no-header",
                                  "--test-share", "0.25", "--transpose", "--label-offset", "-1",
                                  "--resize", "3x4", "--background", "255", "-j", "2"});
  CHECK(full.form.label_column == "x");
  CHECK(!full.form.has_header);
  CHECK(full.form.test_share == 0.25);
  CHECK(full.form.transpose);
  CHECK(full.form.label_offset == -1);
  CHECK(full.form.size == std::pair<Index, Index>(3, 4));
  CHECK(full.form.background == 255);
  CHECK(full.workers == 2);
}

TEST_CASE("bench: each option reaches its field") {
  const auto plain = parse_options(add_bench, {"bench"});
  CHECK(plain.recipe.epochs == 1);
  CHECK(plain.ways.workers == std::vector<int>{1, 2, 4, 8});
  CHECK(plain.ways.strategies == std::vector<StrategyKind>{StrategyKind::kData});
  const auto full = parse_options(add_bench, {"bench",
                                              "-j",
                                              "2,3",
                                              "--strategy",
                                              "tensor,pipeline",
                                              "--merge",
                                              "ordered",
                                              "-b",
                                              "16,32",
                                              "-w",
                                              "0",
                                              "-r",
                                              "7",
                                              "--export-csv",
                                              "-",
                                              "--min-speedup",
                                              "1.5",
                                              "--lr",
                                              "0.25",
                                              "--timeline",
                                              "--ranks-split",
                                              "rows",
                                              "-q"});
  CHECK(full.ways.workers == std::vector<int>{2, 3});
  CHECK(full.ways.strategies ==
        std::vector<StrategyKind>{StrategyKind::kTensor, StrategyKind::kPipeline});
  CHECK(full.ways.merges == std::vector<MergeKind>{MergeKind::kOrdered});
  CHECK(full.ways.batch_sizes == std::vector<Index>{16, 32});
  CHECK(plain.ways.splits == std::vector<RanksSplit>{RanksSplit::kOutputs, RanksSplit::kRows});
  CHECK(full.ways.splits == std::vector<RanksSplit>{RanksSplit::kRows});
  CHECK(full.warmup == 0);
  CHECK(full.runs == 7);
  CHECK(full.files.csv == "-");
  CHECK(full.min_speedup == 1.5);
  CHECK(full.recipe.learning_rate == 0.25);
  CHECK(full.timeline);
  CHECK(full.quiet);
  CHECK_CONTAINS(usage_error(add_bench, {"bench", "-j", "1,1"}), "--workers: expected each value");
  CHECK_CONTAINS(usage_error(add_bench, {"bench", "-b", "1,,2"}), "--batch-size: expected a whole");
}

using Names = std::vector<std::string>;

TEST_CASE("lab: each option reaches its field") {
  const auto plain = parse_options(add_lab, {"lab"});
  CHECK(plain.names.empty());
  CHECK(plain.data.directory.empty());
  CHECK(!plain.quick);
  CHECK(plain.seed == 1);
  CHECK(plain.format == OutputFormat::kText);
  const auto full =
      parse_options(add_lab, {"lab", "tiny", "--quick", "samples", "--format", "jsonl", "-d", "dir",
                              "--seed", "7", "--color", "never"});
  CHECK(full.names == Names{"tiny", "samples"});
  CHECK(full.data.directory == "dir");
  CHECK(full.quick);
  CHECK(full.seed == 7);
  CHECK(full.format == OutputFormat::kJsonLines);
  CHECK(full.color == ColorWhen::kNever);
  CHECK(parse_options(add_lab, {"lab", "all"}).names == Names{"all"});
}

TEST_CASE("lab: an unknown experiment is told with the nearest name") {
  CHECK_CONTAINS(usage_error(add_lab, {"lab", "tiny", "ambdahl"}),
                 "\"ambdahl\"; did you mean amdahl?");
  CHECK_CONTAINS(usage_error(add_lab, {"lab", "xyz"}), "lab without arguments lists them all");
  CHECK_CONTAINS(usage_error(add_lab, {"lab", "--format", "csv", "all"}), "one of text, jsonl");
}

TEST_CASE("what training checks is not asked of another command") {
  TrainOptions train;
  train.recipe.early_stopping = 3;  // which training would refuse without a validation share
  EvalOptions eval;
  const auto app = make_app();
  add_train(*app, train);
  add_eval(*app, eval);
  CHECK_NOTHROW(parse(*app, {"eval", "model.npz"}));
  CHECK(eval.model == "model.npz");
  CHECK_THROWS_AS(parse(*app, {}), UsageError);
}

}  // namespace
}  // namespace trp
