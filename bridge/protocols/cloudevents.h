// A batch of CloudEvents in JSON, over HTTP.
//
// For events that are CloudEvents themselves, as they stand in the stream: the request is the list of them. CloudEvents
// says nothing about answers; here it is a list of as many values, in the same order.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kCloudevents;

}  // namespace millrace::protocols
