#pragma once

#include <string>

#include "report/run.h"
#include "system/line_writer.h"

namespace trp {

// The events of a training as JSON objects, schema 1. A field is never renamed; NaN and infinity
// are null, as is a field that does not apply.

/// One object per line, as the events come. A step line follows every `log_interval` batches;
/// 0: none.
RunEvents json_lines_reporter(LineWriter& out, int log_interval);

/// One document with the same objects, at the end: {"start": …, "epochs": […], "summary": …}.
RunEvents json_document_reporter(LineWriter& out);

}  // namespace trp
