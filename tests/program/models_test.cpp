#include <signal.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "catch.h"
#include "data/bad_model_files.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

const std::string kSample = TRP_SAMPLE_DIR;
const std::string kImages = kSample + "/t10k-images-idx3-ubyte.gz";
const std::string kLabels = kSample + "/t10k-labels-idx1-ubyte.gz";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// What the shell prints; the test fails if a command does.
std::string shell(const std::string& command) {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "out";
  CAPTURE(command);
  CHECK(std::system(fmt::format("( {} ) > {}", command, out.string()).c_str()) == 0);
  return content_of(out);
}

/// A folder with a model of a short training.
class TrainedModel {
 public:
  explicit TrainedModel(const std::string& name = "model.safetensors",
                        std::vector<std::string> options = {}) {
    path_ = (folder_.path() / name).string();
    for (const char* argument :
         {"--epochs", "2", "--limit", "2000", "--format", "jsonl", "-q", "--save"}) {
      options.emplace_back(argument);
    }
    options.push_back(path_);
    const ProgramResult result = run_program(options);
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    summary_ = Json::parse(lines_of(result.out).back());
  }

  const std::string& path() const { return path_; }
  std::string beside(const std::string& name) const { return (folder_.path() / name).string(); }
  const Json& summary() const { return summary_; }

 private:
  TemporaryFolder folder_;
  std::string path_;
  Json summary_;
};

}  // namespace

TEST_CASE("the same training gives the same bytes, whoever does the work") {
  for (const std::string name : {"model.safetensors", "model.npz"}) {
    const std::string bytes = content_of(TrainedModel(name).path());
    CHECK(bytes.size() > 4 * 109'386);
    for (const std::vector<std::string>& schedule :
         std::vector<std::vector<std::string>>{{"--sequential"},
                                               {"-j", "3", "--merge", "ordered"},
                                               {"-j", "2", "--loaders", "1", "--queue", "2"}}) {
      CHECK(content_of(TrainedModel(name, schedule).path()) == bytes);
    }
    CHECK(content_of(TrainedModel(name, {"--seed", "2"}).path()) != bytes);
  }
}

TEST_CASE("evaluation prints what the training printed, from either format") {
  for (const std::string name : {"model.safetensors", "model.npz"}) {
    const TrainedModel model(name);
    const ProgramResult result = run_program({"eval", model.path(), "--format", "json", "-q"});
    REQUIRE(result.exit_code == 0);
    CHECK(result.err.empty());
    const Json score = Json::parse(result.out);
    for (const std::string key :
         {"test_loss", "test_accuracy", "test_accuracy_stderr", "weights"}) {
      CHECK(score[key] == model.summary()[key]);
    }
    Json::number_integer_t all = 0, right = 0;
    for (std::size_t actual = 0; actual < 10; ++actual) {
      Json::number_integer_t own = 0;
      for (const Json& count : score["confusion"][actual]) own += count.get<int>();
      CHECK(own == score["classes"][actual]["samples"]);
      all += own;
      right += score["confusion"][actual][actual].get<int>();
    }
    CHECK(all == 1000);
    CHECK(static_cast<double>(right) / 1000 == score["test_accuracy"]);

    const ProgramResult text = run_program({"eval", model.path(), "-j", "3"});
    CHECK(text.exit_code == 0);
    CHECK(has(text.err, "784 → 128 → 64 → 10"));
    CHECK(has(text.out, model.summary()["weights"].get<std::string>()));
    CHECK(lines_of(text.out).size() == 29);
  }
}

TEST_CASE("an accuracy below the bound ends the evaluation with 4") {
  const TrainedModel model;
  CHECK(run_program({"eval", model.path(), "--min-accuracy", "0.1"}).exit_code == 0);
  const ProgramResult missed = run_program({"eval", model.path(), "--min-accuracy", "0.99", "-q"});
  CHECK(missed.exit_code == 4);
  CHECK(has(missed.err, "is below --min-accuracy 0.99"));
  CHECK(has(missed.out, "test accuracy"));
}

TEST_CASE("a pipeline of predictions computes the accuracy that evaluation prints") {
  const TrainedModel model;
  const std::string labels = model.beside("labels.txt");
  shell(fmt::format("zcat {} | tail -c +9 | od -An -v -tu1 -w1 | tr -d ' ' > {}", kLabels, labels));
  for (const std::string& images : {"zcat " + kImages, "cat " + kImages}) {
    const std::string accuracy =
        shell(fmt::format("{} | {} predict {} - | paste - {} | "
                          "awk '$1 == $2 {{ n++ }} END {{ printf \"%.3f\", n / NR }}'",
                          images, TRP_PROGRAM, model.path(), labels));
    CHECK(accuracy == fmt::format("{:.3f}", model.summary()["test_accuracy"].get<double>()));
  }
}

TEST_CASE("predictions do not depend on batches, workers, formats and where the images come from") {
  const TrainedModel model;
  const std::string expected = run_program({"predict", model.path(), kImages}).out;
  CHECK(lines_of(expected).size() == 1000);
  CHECK(run_program(ProgramStart{.arguments = {"predict", model.path()}, .input = kImages}).out ==
        expected);
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"-b", "1"}, {"-b", "333", "-j", "5"}, {"-j", "1"}}) {
    std::vector<std::string> arguments = {"predict", model.path(), kImages};
    arguments.insert(arguments.end(), options.begin(), options.end());
    CHECK(run_program(arguments).out == expected);
  }
  const auto labels = lines_of(expected);
  const auto objects = lines_of(run_program({"predict", model.path(), kImages, "--format", "jsonl",
                                             "--probabilities", "--top", "10"})
                                    .out);
  const auto ranked = lines_of(
      run_program({"predict", model.path(), kImages, "--top", "2", "--probabilities"}).out);
  REQUIRE(objects.size() == 1000);
  REQUIRE(ranked.size() == 1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    const Json object = Json::parse(objects[i]);
    REQUIRE(object["sample"] == i);
    REQUIRE(object["label"] == std::stoi(labels[i]));
    REQUIRE(object["top"].size() == 10);
    double sum = 0;
    for (const Json& p : object["probabilities"]) sum += p.get<double>();
    REQUIRE(std::abs(sum - 1) < 1e-5);
    REQUIRE(ranked[i].starts_with(
        fmt::format("{} {:.6f} ", labels[i],
                    object["probabilities"][object["label"].get<std::size_t>()].get<float>())));
  }
}

TEST_CASE("predictions are written batch by batch, as soon as the images are there") {
  const TrainedModel model;
  const fs::path fifo = model.beside("fifo");
  shell("mkfifo " + fifo.string());
  // Ten images, and then nothing for as long as the pipe is open.
  Program program({.arguments = {"predict", model.path(), fifo.string(), "-b", "5"}});
  std::ofstream images(fifo, std::ios::binary);
  const test::Bytes bytes = test::idx_bytes({20, 28, 28});
  images.write(reinterpret_cast<const char*>(bytes.data()), 16 + 10 * 784).flush();
  CHECK(program.wait_for("\n"));
  images.close();
  const ProgramResult result = program.wait();
  CHECK(result.exit_code == 1);
  CHECK(lines_of(result.out).size() == 10);
  CHECK(has(result.err, fifo.string() + ": the data end at byte 7856, expected 15696 bytes"));
}

TEST_CASE("bytes after the last image are an error after its label") {
  const TrainedModel model;
  const TemporaryFolder folder;
  const test::Bytes bytes = test::gzip(test::join({test::idx_bytes({3, 28, 28}), {0}}));
  const auto path = folder.write("images", {bytes.begin(), bytes.end()});
  const ProgramResult result = run_program({"predict", model.path(), path.string()});
  CHECK(result.exit_code == 1);
  CHECK(lines_of(result.out).size() == 3);
  CHECK(has(result.err, "data go on after uncompressed byte 2368"));
}

TEST_CASE("a reader that has seen enough ends predictions quietly") {
  const TrainedModel model;
  const std::string code = model.beside("code");
  const std::string err = model.beside("err");
  // More than a pipe holds, so that the program is still writing when the reader has gone.
  const std::string first = shell(
      fmt::format("( {} predict {} {} --format jsonl --probabilities -b 1 2>{}; echo $? >{} ) | "
                  "head -n 2",
                  TRP_PROGRAM, model.path(), kImages, err, code));
  CHECK(lines_of(first).size() == 2);
  CHECK(content_of(code) == "141\n");
  CHECK(content_of(err).empty());
}

TEST_CASE("predictions that cannot be written end with 1") {
  const TrainedModel model;
  for (const std::string command : {"predict", "eval", "info"}) {
    std::vector<std::string> arguments = {command, model.path()};
    if (command == "predict") arguments.push_back(kImages);
    const ProgramResult result =
        run_program(ProgramStart{.arguments = arguments, .output = "/dev/full"});
    CHECK(result.exit_code == 1);
    CHECK(has(result.err, "standard output: cannot write: No space left on device"));
  }
}

TEST_CASE("images and labels that do not fit the model are refused") {
  const TrainedModel model;
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, const test::Bytes& bytes) {
    return folder.write(name, {bytes.begin(), bytes.end()}).string();
  };
  const std::string small = write("small", test::idx_bytes({2, 8, 8}));
  const std::string fitting = write("fitting", test::idx_bytes({2, 28, 28}));
  const std::string labels = write("labels", test::idx_labels({3, 10}));
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"predict", model.path(), small},
           {"eval", model.path(), "--test-images", small, "--test-labels", labels}}) {
    const ProgramResult result = run_program(arguments);
    CHECK(result.exit_code == 1);
    CHECK(has(result.err, small + ": expected images of 784 values each"));
    CHECK(has(result.err, "found 64 (8 x 8)"));
  }
  const ProgramResult result =
      run_program({"eval", model.path(), "--test-images", fitting, "--test-labels", labels});
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, labels + ": label 1 is 10, expected 0 to 9"));
  const ProgramResult exchanged = run_program({"predict", kImages, model.path()});
  CHECK(exchanged.exit_code == 1);
  CHECK(has(exchanged.err, "are model and data exchanged?"));
  const ProgramResult two_models = run_program({"predict", model.path(), model.path()});
  CHECK(two_models.exit_code == 1);
  CHECK(has(two_models.err, "this is a safetensors model: are model and data exchanged?"));
  CHECK(run_program({"predict", model.path(), kImages, "--top", "11"}).exit_code == 2);
}

TEST_CASE("images that make no sense to the model are refused by their number") {
  const TrainedModel model;
  const TemporaryFolder folder;
  test::Bytes images = test::idx_header(0x0d, {3, 28, 28});
  images.resize(images.size() + 2 * 784 * 4);
  for (int i = 0; i < 784; ++i) {
    const test::Bytes huge = test::big_endian_word(std::bit_cast<std::uint32_t>(3e38F));
    images.insert(images.end(), huge.begin(), huge.end());
  }
  const std::string path = folder.write("images", {images.begin(), images.end()}).string();
  const test::Bytes classes = test::idx_labels({1, 2, 3});
  const std::string labels = folder.write("labels", {classes.begin(), classes.end()}).string();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"predict", model.path(), path, "-b", "2", "--format", "jsonl", "--probabilities"},
           {"eval", model.path(), "--test-images", path, "--test-labels", labels}}) {
    const ProgramResult result = run_program(arguments);
    CHECK(result.exit_code == 1);
    CHECK(lines_of(result.out).size() == (arguments[0] == "predict" ? 2 : 0));
    CHECK(has(result.err, path + ": image 2: expected a finite number for class "));
    CHECK_FALSE(has(result.out, "null"));
  }
}

TEST_CASE("the program refuses every bad model file with exit 1 and a message that names it") {
  const TemporaryFolder folder;
  for (const test::BadModelFile& file : test::bad_model_files()) {
    INFO(file.name);
    const auto path = folder.write(file.name, {file.bytes.begin(), file.bytes.end()});
    const ProgramResult result = run_program({"eval", path.string()});
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    REQUIRE(lines_of(result.err).size() == 1);
    CHECK(has(result.err, path.string()));
    for (const std::string& words : file.expected) {
      INFO(words << " in " << result.err);
      CHECK(has(result.err, words));
    }
  }
  for (const std::string path : {"/dev/zero", "/dev/null", "/nowhere/model.npz", "/tmp"}) {
    const ProgramResult result = run_program({"eval", path});
    CHECK(result.exit_code == 1);
    CHECK(has(result.err, path));
  }
}

TEST_CASE("a model exported there and back has the same bytes") {
  const TrainedModel model;
  const std::string npz = model.beside("other.npz"), back = model.beside("back.safetensors");
  for (const auto& [from, to] : {std::pair(model.path(), npz), std::pair(npz, back)}) {
    const ProgramResult result = run_program({"export", from, to});
    CHECK(result.exit_code == 0);
    CHECK(result.out.empty());
    CHECK(result.err.empty());
  }
  CHECK(content_of(back) == content_of(model.path()));
  const ProgramResult result = run_program({"export", npz, "/nowhere/x.npz"});
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, "/nowhere/x.npz: cannot be written"));
}

TEST_CASE("info describes models") {
  const TrainedModel model("model.npz");
  const ProgramResult result = run_program({"info", model.path()});
  CHECK(result.exit_code == 0);
  for (const std::string part :
       {"model, npz, its digest agrees", "784 → 128 → 64 → 10, 109 386 parameters",
        "fc1.weight     128 x 784", "fc3.bias       10", "seed           1", "epochs         2",
        "\"limit\":2000", "\"lr\":0.05"}) {
    CAPTURE(result.out, part);
    CHECK(has(result.out, part));
  }
  const std::string weights = model.summary()["weights"];
  CHECK(has(result.out, "weights        " + weights));
  CHECK(result.out.find(weights) == result.out.rfind(weights));
  const ProgramResult shown = run_program({"info", model.path(), "--show", "1"});
  CHECK(shown.exit_code == 2);
  CHECK(has(shown.err, "is a model"));
}

TEST_CASE("models and checkpoints that come through a pipe are refused with what to do") {
  const TrainedModel model("model.npz", {});
  const std::string checkpoint = model.beside("c.ckpt"), exported = model.beside("x.npz");
  REQUIRE(run_program({"--epochs", "1", "--limit", "300", "-q", "--checkpoint", checkpoint})
              .exit_code == 0);
  for (const std::string& file : {model.path(), checkpoint}) {
    const ProgramResult info = run_program(ProgramStart{.arguments = {"info", "-"}, .input = file});
    CHECK(info.exit_code == 1);
    CHECK(has(info.err, "standard input: not an IDX file"));
    CHECK(has(info.err, "is named, not piped"));
  }
  const ProgramResult result =
      run_program(ProgramStart{.arguments = {"export", "-", exported}, .input = checkpoint});
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, "export CHECKPOINT MODEL makes a model of it if it is named, not piped"));
  CHECK_FALSE(fs::exists(exported));
  CHECK(run_program({"export", checkpoint, exported}).exit_code == 0);
  // A model may come from anywhere.
  CHECK(run_program(ProgramStart{.arguments = {"export", "-", exported}, .input = model.path()})
            .exit_code == 0);
}

// Sanitizers take all the address space there is.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a file of any size is read, in little more memory than it has bytes") {
  const char* given = getenv("TRP_FILE_MIB");
  const int mebibytes = given ? std::stoi(given) : 80;
  const TemporaryFolder folder;
  const std::string header =
      R"({"__metadata__":{"program":"tensor_relu_parallel","kind":"checkpoint"}})";
  const auto path = folder.write(
      "big.ckpt", std::string{static_cast<char>(header.size())} + std::string(7, '\0') + header);
  fs::resize_file(path, std::uintmax_t(mebibytes) << 20);  // takes no room on the disk
  const std::string err = (folder.path() / "err").string();
  // A quarter more, and 60 MiB for the program.
  shell(fmt::format("ulimit -v {}; {} info {} 2>{}; test $? = 1", (mebibytes * 5 / 4 + 60) * 1024,
                    TRP_PROGRAM, path.string(), err));
  CAPTURE(content_of(err));
  // All of it was read if the message is about its bytes: the header says that there are none.
  CHECK(has(content_of(err), "expected 0 bytes of data, as the header says"));
}
#endif

TEST_CASE("info describes IDX files and draws their images") {
  const ProgramResult images = run_program({"info", kImages, "--show", "2"});
  CHECK(images.exit_code == 0);
  const auto lines = lines_of(images.out);
  CHECK(lines.size() == 5 + 2 * 29);
  CHECK(has(images.out, "shape          1000 x 28 x 28"));
  CHECK(has(images.out, "values         0 to 255, mean "));
  CHECK(has(images.out, "@@"));
  const ProgramResult piped =
      run_program(ProgramStart{.arguments = {"info", "-"}, .input = kLabels});
  CHECK(piped.exit_code == 0);
  CHECK(has(piped.out, "label 9        95"));
  CHECK(run_program({"info", kLabels, "--show", "1"}).exit_code == 2);

  const TemporaryFolder folder;
  const auto cut = folder.write("cut", content_of(kImages).substr(0, 5000));
  const ProgramResult damaged = run_program({"info", cut.string()});
  CHECK(damaged.exit_code == 1);
  CHECK(has(damaged.err, cut.string()));
}

TEST_CASE("a place that cannot be written is noticed before data are read") {
  const TemporaryFolder folder;
  const std::string data = folder.path().string();
  fs::create_directory(folder.path() / "a.npz");
  for (const std::string place : {"/no/such/folder/m.npz", "/proc/m.npz"}) {
    const ProgramResult result = run_program({"--save", place});
    CHECK(result.exit_code == 1);
    CHECK(has(result.err, place + ": cannot be written"));
    CHECK(result.out.empty());
  }
  const std::string taken = (folder.path() / "a.npz").string();
  const ProgramResult result = run_program({"--save", taken});
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, taken + ": is a folder"));
}

TEST_CASE("a training that comes to nothing leaves the model of before") {
  const TemporaryFolder folder;
  const fs::path model = folder.path() / "model.npz";
  REQUIRE(run_program({"--save", model.string(), "--epochs", "1", "--limit", "100"}).exit_code ==
          0);
  const std::string precious = content_of(model);
  CHECK(run_program({"--save", model.string(), "--data", "/nowhere"}).exit_code == 1);
  CHECK(run_program({"--save", model.string(), "--epochs", "0"}).exit_code == 2);
  const ProgramResult diverged =
      run_program({"--save", model.string(), "--lr", "1e30", "--limit", "500"});
  CHECK(diverged.exit_code == 3);
  CHECK(has(diverged.err, "model.npz was not written"));
  CHECK(content_of(model) == precious);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("a model that cannot be written is told after the results") {
  const TemporaryFolder folder;
  const fs::path place = folder.path() / "gone";
  fs::create_directory(place);
  Program program({.arguments = {"--epochs", "3", "--save", (place / "m.npz").string()}});
  REQUIRE(program.wait_for("train loss"));
  fs::remove_all(place);
  const ProgramResult result = program.wait();
  CHECK(result.exit_code == 1);
  CHECK(has(result.out, "completed 3 epochs"));
  CHECK(has(result.err, "m.npz: cannot be written: No such file or directory"));
}

TEST_CASE("an interrupted training keeps its model") {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "model.safetensors").string();
  Program program({.arguments = {"--epochs", "100000", "--limit", "300", "--save", model}});
  REQUIRE(program.wait_for("    2  "));
  program.send(SIGINT);
  CHECK(program.wait().exit_code == 130);
  const ProgramResult info = run_program({"info", model});
  CHECK(info.exit_code == 0);
  CHECK(has(info.out, "status         interrupted"));
}

}  // namespace trp
