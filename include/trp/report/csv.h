#pragma once

#include "trp/report/line_writer.h"
#include "trp/report/run.h"

namespace trp {

/// A header and one row per epoch, with the fields of the JSON epoch. A field without a finite
/// value is empty.
RunEvents csv_reporter(LineWriter& out);

}  // namespace trp
