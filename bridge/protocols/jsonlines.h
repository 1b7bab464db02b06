// JSON lines: a row a line, a result a line; row i ↔ line i.
//
// The forms differ in the content type alone. A line break may end the last line; an empty line anywhere else is no
// result. An answer that is cut between two lines is noticed by the count.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kJsonlines;

}  // namespace millrace::protocols
