// The plain protocol: rows at one JSON Pointer of the request, results at another of the answer, constant extras beside
// the rows. An empty pointer is the whole body.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kJson;

}  // namespace millrace::protocols
