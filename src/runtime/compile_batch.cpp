#include "runtime/compile_batch.h"

#include <algorithm>
#include <utility>

namespace pyston::runtime {
namespace {

constexpr size_t kBatch = 6;
// One that asks so often is hot enough by itself.
constexpr uint8_t kPatience = 6;
// How long the caches stay as a compilation leaves them.
constexpr uint64_t kWarm = 1'000;

} // namespace

bool CompileBatch::admits(CodeData* data, uint64_t now) {
    if (now < warmUntil_)
        return true;
    if (data->timesAsked == 0)
        waiting_.push_back(data);
    ++data->timesAsked;
    return waiting_.size() >= kBatch || data->timesAsked >= kPatience;
}

void CompileBatch::noticeCompilation(uint64_t now) {
    warmUntil_ = now + kWarm;
    for (CodeData* data : std::exchange(waiting_, {})) {
        data->timesAsked = 0;
        wake_(data);
    }
}

void CompileBatch::forget(CodeData* data) {
    if (data->timesAsked == 0)
        return;
    data->timesAsked = 0;
    std::erase(waiting_, data);
}

} // namespace pyston::runtime
