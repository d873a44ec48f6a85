// What is hot is compiled in batches. The compiler's own code and data are not in the processor's
// caches when it has not run for a while: compiling a small function takes four times as long then
// as right after another.
#pragma once

#include "runtime/code_data.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace pyston::runtime {

// Times are microseconds of CPU time.
class CompileBatch {
  public:
    // `wake` lets code that waits ask again at its next call.
    explicit CompileBatch(std::function<void(CodeData*)> wake) : wake_(std::move(wake)) {}

    // `data` is hot: may it be compiled now? Otherwise it waits for others, or until it has asked
    // often.
    bool admits(CodeData* data, uint64_t now);
    // Something was compiled: the others that wait should be as well.
    void noticeCompilation(uint64_t now);
    // It does not wait any more, or does not exist any more.
    void forget(CodeData* data);

  private:
    std::function<void(CodeData*)> wake_;
    std::vector<CodeData*> waiting_;
    uint64_t warmUntil_ = 0;
};

} // namespace pyston::runtime
