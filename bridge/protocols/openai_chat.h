// Chat completions, as OpenAI's API and many like it give them: POST /v1/chat/completions.
//
// One event a request. Request: a JSON text with {feature} in its strings. Answer: the result is what stands at
// results_pointer, /choices/0/message unless it is given; null there is no result.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kOpenaiChat;

}  // namespace millrace::protocols
