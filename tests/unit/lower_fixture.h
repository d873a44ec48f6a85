// Small HIR functions are lowered, verified, and executed on fake objects. The layout is invented,
// so that nothing depends on the interpreter's. Every test runs twice: evaluated, and as machine
// code.
#pragma once

#include "lower/lower.h"

#include "fake_layout.h"
#include "hir/hir.h"
#include "lir_runner.h"
#include "runtime/code_data.h"
#include "runtime/helpers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pyston::lower {

using lir::ExitOperand;
using runtime::Helper;
using ::testing::HasSubstr;
using ::testing::Not;

// A piece of memory that plays an object; addressable 64 bytes to both sides of its start.
class Fake {
  public:
    explicit Fake(uint64_t type = 0) {
        at(0) = 1;
        at(8) = type;
    }
    uint64_t& at(int offset) { return words_[static_cast<size_t>((offset + 64) / 8)]; }
    uint64_t address() { return reinterpret_cast<uint64_t>(&at(0)); }
    int64_t references() { return static_cast<int64_t>(at(0)); }

  private:
    std::array<uint64_t, 48> words_{};
};

struct FakeInt : Fake {
    FakeInt(int64_t size, uint32_t d0, uint32_t d1 = 0) {
        at(16) = static_cast<uint64_t>(size);
        at(24) = d0 | static_cast<uint64_t>(d1) << 32;
    }
};

struct FakeDouble : Fake {
    explicit FakeDouble(double d) { at(16) = std::bit_cast<uint64_t>(d); }
};

// What the fake helpers saw.
struct Calls {
    int64_t newInt = 0;
    double newDouble = 0;
    std::vector<uint64_t> args;
    std::vector<uint64_t> array;
    uint64_t result = 0;
};
inline Calls calls;
inline Fake box;

inline uint64_t newInt(int64_t value) {
    calls.newInt = value;
    return box.address();
}
inline uint64_t newFloat(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, double value) {
    calls.newDouble = value;
    return box.address();
}
inline uint64_t threeArgs(uint64_t a, uint64_t b, uint64_t c) {
    calls.args = {a, b, c};
    return calls.result;
}
// T n o *: thread, keyword names, callable, array, count.
inline uint64_t callWithArray(uint64_t t, uint64_t k, uint64_t f, uint64_t array, int64_t n) {
    calls.args = {t, k, f};
    auto* items = reinterpret_cast<uint64_t*>(array);
    calls.array.assign(items, items + n);
    items[-1] = items[-2] = 0; // may be overwritten
    return calls.result;
}
inline void dealloc(uint64_t object) {
    calls.args = {object};
}

inline std::string hex(const void* address) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "0x%lx", reinterpret_cast<unsigned long>(address));
    return text.data();
}

class LowerTest : public ::testing::TestWithParam<bool> {
  protected:
    LowerTest() {
        calls = {};
        calls.result = box.address();
        context_.trueObject = true_.address();
        context_.falseObject = false_.address();
        for (size_t i = 1; i < hir::kNumExactClasses; ++i)
            context_.classes[i] = classes_[i].address();
        for (size_t i = 1; i < hir::kNumExactClasses; ++i)
            context_.arrayDescriptors[i] = classes_[i].address() + 8;
        runtime::setAddress(Helper::kNewInt, reinterpret_cast<uint64_t>(&newInt));
        runtime::setAddress(Helper::kNewFloat, reinterpret_cast<uint64_t>(&newFloat));
        layout_.evalBreakerAddress = reinterpret_cast<uint64_t>(&evalBreaker_);
        thread_.at(0) = cframe_.address();
        thread_.at(8) = 100;
        frame_.at(0) = 0;
        frame_.at(8) = 0;
        frame_.at(48) = previous_.address();
        cframe_.at(0) = 0;
        cframe_.at(8) = frame_.address();
    }

    uint64_t classAddress(hir::ExactClass c) const {
        return context_.classes[static_cast<size_t>(c)];
    }
    void slot(int i, uint64_t value) { frame_.at(72 + 8 * i) = value; }
    uint64_t slot(int i) { return frame_.at(72 + 8 * i); }

    // Parses, lowers, verifies.
    void compile(const std::string& text) {
        std::string error;
        hir_ = hir::parse(text, &error);
        ASSERT_NE(hir_, nullptr) << error << "\n" << text;
        ASSERT_EQ(hir::verify(*hir_), "") << text;
        lowerAgain();
        ASSERT_EQ(lir::verify(*lir_), "") << lir::print(*lir_);
    }
    void lowerAgain() {
        native_.reset();
        lir_ = lower(*hir_, context_);
    }
    // A function of two slots (by default unboxed integers) with this body, frame state fs0 in it.
    void compileBody(const std::string& body, const std::string& type0 = "i64",
                     const std::string& type1 = "i64") {
        compile("func \"f\" slots=2 locals=2 stack=4 {\nbb0 (entry 0):\n  v0:" + type0 +
                " = LoadFrameSlot $0\n  v1:" + type1 + " = LoadFrameSlot $1\n" + body +
                "fs0: resume=10 at=12 slots=[v0 v1] stack=[]\n}\n");
    }
    lir::test::Outcome run(int entry = 0) {
        auto* thread = reinterpret_cast<void*>(thread_.address());
        auto* frame = reinterpret_cast<void*>(frame_.address());
        if (!GetParam())
            return lir::test::evaluate(*lir_, thread, frame, entry);
        if (!native_)
            native_ = std::make_unique<lir::test::NativeCode>(*lir_,
                                                              reinterpret_cast<uint64_t>(&dealloc));
        return native_->run(thread, frame, entry);
    }
    // Runs an integer operation on two integers; nothing when it left.
    std::optional<int64_t> binary(int64_t a, int64_t b) {
        slot(0, static_cast<uint64_t>(a));
        slot(1, static_cast<uint64_t>(b));
        thread_.at(8) = 100;
        const auto outcome = run();
        if (outcome.exit) {
            EXPECT_EQ(outcome.exit->reason, exits::Reason::kGuard);
            return std::nullopt;
        }
        return calls.newInt;
    }
    std::string text() const { return lir::print(*lir_); }

    host::Layout layout_ = makeLayout();
    Context context_{layout_};
    int32_t evalBreaker_ = 0;
    Fake true_, false_, thread_, frame_, previous_, cframe_;
    std::array<Fake, hir::kNumExactClasses> classes_;
    std::unique_ptr<hir::Function> hir_;
    std::unique_ptr<lir::Function> lir_;
    std::unique_ptr<lir::test::NativeCode> native_; // of lir_
};

} // namespace pyston::lower
