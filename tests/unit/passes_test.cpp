// Constant folding against Python's definitions of the operators.
#include "passes/fold.h"
#include "passes/passes.h"
#include "passes/run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pyston::passes {
namespace {

using hir::Opcode;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kSamples[] = {0,  1,  -1, 2,    -2,   3,    -3,       7,       -7,
                                62, 63, 64, 1000, kMax, kMin, kMax - 1, kMin + 1};

TEST(Fold, DivisionRoundsDown) {
    for (int64_t a : kSamples) {
        for (int64_t b : kSamples) {
            std::optional<int64_t> q = foldInt(Opcode::kIntFloorDiv, a, b);
            std::optional<int64_t> r = foldInt(Opcode::kIntMod, a, b);
            ASSERT_EQ(q.has_value(), b != 0 && b != -1);
            ASSERT_EQ(r.has_value(), q.has_value());
            if (q) {
                EXPECT_TRUE(b > 0 ? *r >= 0 && *r < b : *r <= 0 && *r > b) << a << " % " << b;
                EXPECT_EQ(static_cast<__int128>(*q) * b + *r, a);
            }
        }
    }
}

TEST(Fold, ArithmeticIsExactOrNothing) {
    auto check = [](std::optional<int64_t> folded, __int128 exact) {
        bool fits = exact >= kMin && exact <= kMax;
        ASSERT_EQ(folded.has_value(), fits);
        if (fits) {
            EXPECT_EQ(*folded, static_cast<int64_t>(exact));
        }
    };
    for (int64_t a : kSamples) {
        check(foldInt(Opcode::kIntNeg, a, 0), -static_cast<__int128>(a));
        EXPECT_EQ(foldInt(Opcode::kIntInvert, a, 0), -1 - a);
        for (int64_t b : kSamples) {
            check(foldInt(Opcode::kIntAdd, a, b), static_cast<__int128>(a) + b);
            check(foldInt(Opcode::kIntSub, a, b), static_cast<__int128>(a) - b);
            check(foldInt(Opcode::kIntMul, a, b), static_cast<__int128>(a) * b);
        }
    }
}

TEST(Fold, Shifts) {
    for (int64_t a : kSamples) {
        for (int64_t n = -1; n <= 70; n++) {
            std::optional<int64_t> left = foldInt(Opcode::kIntShl, a, n);
            if (n < 0 || n > 62) {
                EXPECT_FALSE(left);
            } else {
                __int128 exact = static_cast<__int128>(a) * (static_cast<__int128>(1) << n);
                ASSERT_EQ(left.has_value(), exact >= kMin && exact <= kMax) << a << " << " << n;
                if (left) {
                    EXPECT_EQ(*left, static_cast<int64_t>(exact));
                }
            }
            std::optional<int64_t> right = foldInt(Opcode::kIntShr, a, n);
            ASSERT_EQ(right.has_value(), n >= 0);
            if (right) {
                EXPECT_EQ(*right, n > 63 ? (a < 0 ? -1 : 0) : a >> n);
            }
        }
    }
}

TEST(Fold, DoublesAreIeee) {
    double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(foldDouble(Opcode::kDoubleDiv, 1, 0.0));
    EXPECT_FALSE(foldDouble(Opcode::kDoubleDiv, 1, -0.0));
    EXPECT_FALSE(foldDouble(Opcode::kDoubleSqrt, -1, 0));
    EXPECT_TRUE(std::signbit(*foldDouble(Opcode::kDoubleSqrt, -0.0, 0)));
    EXPECT_TRUE(std::signbit(*foldDouble(Opcode::kDoubleNeg, 0.0, 0)));
    EXPECT_TRUE(foldDoubleCompare(hir::Condition::kNotEqual, nan, nan));
    for (hir::Condition cc :
         {hir::Condition::kLess, hir::Condition::kLessEqual, hir::Condition::kEqual,
          hir::Condition::kGreater, hir::Condition::kGreaterEqual}) {
        EXPECT_FALSE(foldDoubleCompare(cc, nan, nan));
    }
}

TEST(Pipeline, EndsWithWhatCannotBeSwitchedOff) {
    const std::vector<Pass>& passes = pipeline();
    ASSERT_GE(passes.size(), 3u);
    for (size_t i = 0; i < passes.size(); i++) {
        EXPECT_EQ(passes[i].optional, i + 3 < passes.size()) << passes[i].name;
    }
}

TEST(Pipeline, RunPassReportsViolations) {
    hir::Function fn;
    fn.newBlock(0);
    Pass pass{"nothing", [](hir::Function&) {}, true};
    EXPECT_EQ(runPass(pass, fn, true).violation, "bb0: does not end with a terminator");
    EXPECT_EQ(runPass(pass, fn, false).violation, "");
}

} // namespace
} // namespace pyston::passes
