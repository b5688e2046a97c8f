// Trains on a data set, saves the model, reads it again, scores it and predicts with it.
#include <atomic>
#include <iostream>

#include <trp/dataset.h>
#include <trp/model.h>
#include <trp/predict.h>
#include <trp/score.h>
#include <trp/train.h>

int main(int argument_count, char** arguments) {
  if (argument_count != 3) return 2;
  const trp::DataFiles files = trp::find_data({.directory = arguments[1]});
  trp::Recipe recipe;
  recipe.epochs = 2;
  const trp::DataSets data = trp::load_data(files, recipe.class_count);
  trp::ThreadPool pool(2, 2);
  const std::atomic<bool> stop{false};
  const trp::TrainResult result = trp::train(recipe, {}, data, pool, {}, stop);
  trp::save_model(arguments[2], result.mlp, {});

  const trp::Model model = trp::load_model(arguments[2]);
  const trp::Score score = trp::evaluate(model.mlp, data.test, pool);
  trp::Predictor predictor(model.mlp, pool);
  const trp::ConstTensorView logits = predictor.logits(data.test);
  std::cout << result.weights << ' ' << score.accuracy << ' ' << logits.rows() << '\n';
  return trp::weights_digest(model.mlp) == result.weights && score.accuracy > 0.7 ? 0 : 1;
}
