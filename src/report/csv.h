#pragma once

#include "report/run.h"
#include "system/line_writer.h"

namespace trp {

/// A header and one row per epoch, with the fields of the JSON epoch. A field without a finite
/// value is empty.
RunEvents csv_reporter(LineWriter& out);

}  // namespace trp
