// Running one pass: with its time taken and, where asked for, its result verified.
#pragma once

#include "passes/passes.h"

#include <chrono>
#include <string>

namespace pyston::passes {

struct PassReport {
    std::string_view name;
    double microseconds = 0;
    std::string violation; // what the verifier found; empty when nothing, or not asked
};

// Times a scope into a report.
class PassTimer {
  public:
    explicit PassTimer(PassReport& report)
        : report_(report), start_(std::chrono::steady_clock::now()) {}
    PassTimer(const PassTimer&) = delete;
    PassTimer& operator=(const PassTimer&) = delete;
    ~PassTimer() {
        std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start_;
        report_.microseconds = taken.count();
    }

  private:
    PassReport& report_;
    std::chrono::steady_clock::time_point start_;
};

inline PassReport runPass(const Pass& pass, hir::Function& fn, bool verify) {
    PassReport report;
    report.name = pass.name;
    {
        PassTimer timer(report);
        pass.run(fn);
    }
    if (verify) {
        report.violation = hir::verify(fn);
    }
    return report;
}

} // namespace pyston::passes
