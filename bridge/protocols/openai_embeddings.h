// Embeddings, as OpenAI's API and many like it give them: POST /v1/embeddings.
//
// Request: {"input":["…",…]} with extras (model, dimensions) beside; a row is the one feature's value, a string.
// Answer:
// {"data":[{"index":0,"embedding":[…]},…]} in any order; the result of row i is the embedding with index i. At most
// 2,048 rows a request; tokens are not counted.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kOpenaiEmbeddings;

}  // namespace millrace::protocols
