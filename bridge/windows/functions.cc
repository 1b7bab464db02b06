// The registry: which functions there are.
#include <algorithm>
#include <iterator>

#include "bridge/base/check.h"
#include "bridge/windows/count.h"
#include "bridge/windows/ends.h"
#include "bridge/windows/extremes.h"
#include "bridge/windows/function.h"
#include "bridge/windows/moments.h"

namespace millrace::windows {
namespace {

struct Row {
    Function function;
    Kind kind;
};

constexpr Row kFunctions[] = {
    {Function::count, kind_of<Count>()},
    {Function::sum, kind_of<Sum>()},
    {Function::min, kind_of<Extreme<false>>()},
    {Function::max, kind_of<Extreme<true>>()},
    {Function::avg, kind_of<Average>()},
    {Function::stddev, kind_of<Variance<false, true>>()},
    {Function::stddevp, kind_of<Variance<true, true>>()},
    {Function::var, kind_of<Variance<false, false>>()},
    {Function::varp, kind_of<Variance<true, false>>()},
    {Function::first, kind_of<End<false>>()},
    {Function::last, kind_of<End<true>>()},
};

}  // namespace

const Kind& kind(Function function) {
    const auto* const row = std::ranges::find(kFunctions, function, &Row::function);
    MILLRACE_CHECK(row != std::end(kFunctions), "every function has a row");
    return row->kind;
}

}  // namespace millrace::windows
