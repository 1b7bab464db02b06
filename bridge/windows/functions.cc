// The registry: which functions there are.
#include <algorithm>
#include <iterator>

#include "bridge/base/check.h"
#include "bridge/windows/collect.h"
#include "bridge/windows/count.h"
#include "bridge/windows/distinct.h"
#include "bridge/windows/ends.h"
#include "bridge/windows/extremes.h"
#include "bridge/windows/function.h"
#include "bridge/windows/moments.h"
#include "bridge/windows/percentile.h"
#include "bridge/windows/top.h"

namespace millrace::windows {
namespace {

struct Row {
    Function function;
    Kind kind;
};

constexpr Row kFunctions[] = {
    {Function::count, kind_of<Count>()},
    {Function::count_distinct, kind_of<Distinct>()},
    {Function::sum, kind_of<Sum>()},
    {Function::min, kind_of<Extreme<false>>()},
    {Function::max, kind_of<Extreme<true>>()},
    {Function::avg, kind_of<Average>()},
    {Function::stddev, kind_of<Variance<false, true>>()},
    {Function::stddevp, kind_of<Variance<true, true>>()},
    {Function::var, kind_of<Variance<false, false>>()},
    {Function::varp, kind_of<Variance<true, false>>()},
    {Function::percentile_cont, kind_of<PercentileOf<percentile_cont>>()},
    {Function::percentile_disc, kind_of<PercentileOf<percentile_disc>>()},
    {Function::first, kind_of<End<false>>()},
    {Function::last, kind_of<End<true>>()},
    {Function::top_n, kind_of<Top>()},
    {Function::collect, kind_of<Collect>()},
};

}  // namespace

const Kind& kind(Function function) {
    const auto* const row = std::ranges::find(kFunctions, function, &Row::function);
    MILLRACE_CHECK(row != std::end(kFunctions), "every function has a row");
    return row->kind;
}

}  // namespace millrace::windows
