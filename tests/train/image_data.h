#pragma once

#include "data/synthetic.h"

namespace trp {

/// Images of 6 x 10 pixels in five classes, which augmentation can shift.
inline DataSets image_data(Index train_count) {
  DataSets data = synthetic_data(train_count, 20, 60, 5);
  data.train.sample_shape = data.test.sample_shape = {6, 10};
  return data;
}

}  // namespace trp
