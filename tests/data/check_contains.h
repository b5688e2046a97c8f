#pragma once

#include <string>

#include "catch.h"

// A matcher that versions 2 and 3 of Catch2 spell differently.
#define CHECK_CONTAINS(text, part)                     \
  do {                                                 \
    const std::string found_text = (text);             \
    CAPTURE(found_text);                               \
    CHECK(found_text.find(part) != std::string::npos); \
  } while (false)
