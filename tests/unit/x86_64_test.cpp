// Runs what the x86-64 emitter makes of every LIR operation.
#if defined(__x86_64__)

#include "emit_fixture.h"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

namespace pyston::test {
namespace {

using lir::Cc;

constexpr int kRdx = 2, kRbx = 3, kRsi = 6, kRdi = 7, kR8 = 8, kR9 = 9, kR10 = 10, kR11 = 11,
              kR14 = 14, kR15 = 15;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kValues[] = {0,
                               1,
                               -1,
                               2,
                               -2,
                               3,
                               7,
                               -7,
                               63,
                               64,
                               65,
                               127,
                               128,
                               255,
                               256,
                               -128,
                               0x7fffffff,
                               0x80000000,
                               -0x80000000LL,
                               0xffffffff,
                               1LL << 32,
                               kMax,
                               kMin,
                               kMax - 1,
                               kMin + 1,
                               0x123456789abcdef0,
                               3037000499,
                               3037000500,
                               -3037000500};
const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();
const double kDoubles[] = {0.0,   -0.0,   1.0,    -1.0, 1.5,   2.0, -3.25,
                           1e300, -1e300, 5e-324, kInf, -kInf, kNan};

uint64_t bitsOf(double d) {
    return std::bit_cast<uint64_t>(d);
}
uint64_t u(int64_t i) {
    return static_cast<uint64_t>(i);
}

const std::string kHead = "function \"t\" slots 0 outgoing 0\n";
const std::string kLoadTwo = kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = Load64 [v0 + 8]
)";
const std::string kExit = R"(exit e0: guard op 9 resume 10 instr 8
  slots
  stack v1 int64, v2 int64
  releases
)";

// Where a binary operation's operands and result may lie: apart, the result over operand 0, and
// with each of the registers that have special uses.
std::vector<std::map<int, Place>> binaryHomes() {
    std::vector<std::map<int, Place>> all;
    const int regs[] = {kRdx, kRsi, kR8, kRbx, kR15};
    for (int a : regs)
        for (int b : regs)
            for (int r : regs)
                if (a != b && r != b)
                    all.push_back({{0, reg(kRdi)}, {1, reg(a)}, {2, reg(b)}, {3, reg(r)}});
    return all;
}

void checkBinary(const std::string& op, const std::function<int64_t(int64_t, int64_t)>& expected,
                 const std::function<bool(int64_t, int64_t)>& defined = {},
                 bool immediates = true) {
    auto ok = [&](int64_t a, int64_t b) { return !defined || defined(a, b); };
    for (const auto& homes : binaryHomes()) {
        Compiled code(kLoadTwo + "  v3 = " + op + " v1, v2\n  Ret v3\n", homes);
        for (int64_t a : kValues)
            for (int64_t b : kValues)
                if (ok(a, b)) {
                    ASSERT_EQ(static_cast<int64_t>(code({u(a), u(b)})), expected(a, b))
                        << op << " " << a << ", " << b << "\n"
                        << code.code().listing;
                }
    }
    if (!immediates)
        return;
    for (int64_t b : kValues) {
        if (b != static_cast<int32_t>(b))
            continue;
        for (int result : {kRdx, kRsi}) {
            Compiled code(kLoadTwo + "  v3 = " + op + " v1, " + std::to_string(b) + "\n  Ret v3\n",
                          {{1, reg(kRdx)}, {3, reg(result)}});
            for (int64_t a : kValues)
                ASSERT_EQ(static_cast<int64_t>(code({u(a), 0})), expected(a, b))
                    << op << " " << a << ", imm " << b << "\n"
                    << code.code().listing;
        }
    }
    // The same value twice, also when the result takes its place.
    for (int result : {kRdx, kRsi}) {
        Compiled code(kLoadTwo + "  v3 = " + op + " v1, v1\n  Ret v3\n",
                      {{1, reg(kRdx)}, {3, reg(result)}});
        for (int64_t a : kValues)
            if (ok(a, a)) {
                ASSERT_EQ(static_cast<int64_t>(code({u(a), 0})), expected(a, a));
            }
    }
}

TEST(X64, IntegerArithmetic) {
    checkBinary("Add", [](int64_t a, int64_t b) { return int64_t(u(a) + u(b)); });
    checkBinary("Sub", [](int64_t a, int64_t b) { return int64_t(u(a) - u(b)); });
    checkBinary("Mul", [](int64_t a, int64_t b) { return int64_t(u(a) * u(b)); });
    checkBinary("And", [](int64_t a, int64_t b) { return a & b; });
    checkBinary("Or", [](int64_t a, int64_t b) { return a | b; });
    checkBinary("Xor", [](int64_t a, int64_t b) { return a ^ b; });
}

TEST(X64, Shifts) {
    checkBinary("Shl", [](int64_t a, int64_t b) { return int64_t(u(a) << (b & 63)); });
    checkBinary("Shr", [](int64_t a, int64_t b) { return int64_t(u(a) >> (b & 63)); });
    checkBinary("Sar", [](int64_t a, int64_t b) { return a >> (b & 63); });
}

TEST(X64, DivisionKeepsRdx) {
    auto defined = [](int64_t, int64_t b) { return b != 0 && b != -1; };
    checkBinary(
        "SDiv", [](int64_t a, int64_t b) { return a / b; }, defined, false);
    checkBinary(
        "SRem", [](int64_t a, int64_t b) { return a % b; }, defined, false);
    for (const char* op : {"SDiv", "SRem"}) {
        Compiled code(kLoadTwo + "  v3 = LoadImm 123456789\n  v4 = " + op +
                          " v1, v2\n  v5 = Add v4, v3\n  Ret v5\n",
                      {{3, reg(kRdx)}, {4, reg(kR9)}});
        EXPECT_EQ(code({1000, 7}), 123456789u + (op[1] == 'D' ? 142 : 6));
    }
}

TEST(X64, Unary) {
    for (int result : {kRdx, kRsi}) {
        const std::map<int, Place> homes = {{1, reg(kRdx)}, {3, reg(result)}};
        Compiled neg(kLoadTwo + "  v3 = Neg v1\n  Ret v3\n", homes);
        Compiled inv(kLoadTwo + "  v3 = Not v1\n  Ret v3\n", homes);
        Compiled move(kLoadTwo + "  v3 = Move v1\n  Ret v3\n", homes);
        for (int64_t a : kValues) {
            EXPECT_EQ(neg({u(a), 0}), -u(a));
            EXPECT_EQ(inv({u(a), 0}), ~u(a));
            EXPECT_EQ(move({u(a), 0}), u(a));
        }
    }
}

// `overflows` sets the result as the compiler's builtins do.
void checkOverflow(const std::string& op, bool (*overflows)(int64_t, int64_t, int64_t*)) {
    auto check = [&](Compiled& code, int64_t a, int64_t b, int64_t shownB) {
        int64_t expected;
        const bool leaves = overflows(a, b, &expected);
        const uint64_t got = code({u(a), u(shownB)});
        ASSERT_EQ(takenExit.taken, leaves) << op << " " << a << ", " << b;
        if (!leaves) {
            ASSERT_EQ(static_cast<int64_t>(got), expected) << op << " " << a << ", " << b;
            return;
        }
        ASSERT_TRUE(takenExit.resumed);
        ASSERT_EQ(got, kResumed);
        ASSERT_EQ(takenExit.blob, &code);
        ASSERT_EQ(code.record().resumeOffset, 10);
        ASSERT_EQ(code.exitValue(0), u(a)) << op << " " << a << ", " << b;
        ASSERT_EQ(code.exitValue(1), u(shownB));
    };
    for (const auto& homes : binaryHomes()) {
        if (homes.at(3) == homes.at(1))
            continue; // operand 0 is an exit value
        Compiled code(kLoadTwo + "  v3 = " + op + " v1, v2 -> e0\n  Ret v3\n" + kExit, homes);
        for (int64_t a : kValues)
            for (int64_t b : kValues)
                check(code, a, b, b);
    }
    for (int64_t b : kValues) {
        if (b != static_cast<int32_t>(b))
            continue;
        Compiled code(kLoadTwo + "  v3 = " + op + " v1, " + std::to_string(b) +
                      " -> e0\n  Ret v3\n" + kExit);
        for (int64_t a : kValues)
            check(code, a, b, 77);
    }
}

TEST(X64, OverflowExits) {
    checkOverflow("AddExit",
                  [](int64_t a, int64_t b, int64_t* r) { return __builtin_add_overflow(a, b, r); });
    checkOverflow("SubExit",
                  [](int64_t a, int64_t b, int64_t* r) { return __builtin_sub_overflow(a, b, r); });
    checkOverflow("MulExit",
                  [](int64_t a, int64_t b, int64_t* r) { return __builtin_mul_overflow(a, b, r); });
    Compiled neg(kLoadTwo + "  v3 = NegExit v1 -> e0\n  Ret v3\n" + kExit);
    for (int64_t a : kValues) {
        const uint64_t got = neg({u(a), 5});
        EXPECT_EQ(takenExit.taken, a == kMin);
        EXPECT_EQ(got, a == kMin ? kResumed : -u(a));
    }
}

bool holds(Cc cc, int64_t a, int64_t b) {
    switch (cc) {
    case Cc::kEq:
        return a == b;
    case Cc::kNe:
        return a != b;
    case Cc::kLt:
        return a < b;
    case Cc::kLe:
        return a <= b;
    case Cc::kGt:
        return a > b;
    case Cc::kGe:
        return a >= b;
    case Cc::kULt:
        return u(a) < u(b);
    case Cc::kULe:
        return u(a) <= u(b);
    case Cc::kUGt:
        return u(a) > u(b);
    case Cc::kUGe:
        return u(a) >= u(b);
    default:
        return false;
    }
}

bool holds(Cc cc, double a, double b) {
    switch (cc) {
    case Cc::kEq:
        return a == b;
    case Cc::kNe:
        return a != b;
    case Cc::kLt:
        return a < b;
    case Cc::kLe:
        return a <= b;
    case Cc::kGt:
        return a > b;
    case Cc::kGe:
        return a >= b;
    case Cc::kFNotLt:
        return !(a < b);
    case Cc::kFNotLe:
        return !(a <= b);
    case Cc::kFNotGt:
        return !(a > b);
    case Cc::kFNotGe:
        return !(a >= b);
    default:
        return false;
    }
}

const Cc kIntConditions[] = {Cc::kEq, Cc::kNe,  Cc::kLt,  Cc::kLe,  Cc::kGt,
                             Cc::kGe, Cc::kULt, Cc::kULe, Cc::kUGt, Cc::kUGe};
const Cc kFloatConditions[] = {Cc::kEq, Cc::kNe,     Cc::kLt,     Cc::kLe,     Cc::kGt,
                               Cc::kGe, Cc::kFNotLt, Cc::kFNotLe, Cc::kFNotGt, Cc::kFNotGe};
std::string dot(Cc cc) {
    return "." + std::string(lir::name(cc)) + " ";
}

TEST(X64, IntegerComparisons) {
    for (Cc cc : kIntConditions) {
        Compiled set(kLoadTwo + "  v3 = SetCmp" + dot(cc) + "v1, v2\n  Ret v3\n",
                     {{1, reg(kRsi)}, {3, reg(kRsi)}});
        Compiled exitIf(kLoadTwo + "  ExitIf" + dot(cc) + "v1, v2 -> e0\n  Ret v1\n" + kExit);
        Compiled branch(kLoadTwo + "  Branch" + dot(cc) +
                        "v1, v2, b1, b2\nb1:\n  v3 = LoadImm 11\n  Ret v3\n"
                        "b2:\n  v4 = LoadImm 22\n  Ret v4\n");
        for (int64_t a : kValues)
            for (int64_t b : kValues) {
                const bool yes = holds(cc, a, b);
                ASSERT_EQ(set({u(a), u(b)}), yes) << dot(cc) << a << " " << b;
                ASSERT_EQ(branch({u(a), u(b)}), yes ? 11u : 22u);
                exitIf({u(a), u(b)});
                ASSERT_EQ(takenExit.taken, yes);
            }
        for (int64_t b : {int64_t{0}, int64_t{-5}, int64_t{1000}}) {
            Compiled imm(kLoadTwo + "  v3 = SetCmp" + dot(cc) + "v1, " + std::to_string(b) +
                         "\n  Ret v3\n");
            for (int64_t a : kValues)
                ASSERT_EQ(imm({u(a), 0}), holds(cc, a, b)) << dot(cc) << a << " " << b;
        }
    }
}

TEST(X64, BranchToNextAndToFarBlocks) {
    // Target 0, target 1, and neither of them follow; blocks that only jump are skipped.
    for (const char* order : {"12", "21", "x12"}) {
        std::string text = kLoadTwo + "  Branch.lt v1, v2, b1, b2\n";
        for (const char* at = order; *at; ++at) {
            if (*at == 'x')
                text += "b7: entry 4\n  v9 = LoadImm 99\n  Ret v9\n";
            else
                text += std::string("b") + *at + ":\n  Jump b" + char(*at + 3) + "\n";
        }
        text += "b4:\n  v3 = LoadImm 4\n  Ret v3\nb5: cold\n  v4 = LoadImm 5\n  Ret v4\n";
        Compiled code(text);
        EXPECT_EQ(code({1, 2}), 4u);
        EXPECT_EQ(code({2, 2}), 5u);
    }
}

TEST(X64, Select) {
    // The result may take operand 0's register, which may also be a choice.
    struct Case {
        const char* operands;
        std::function<int64_t(int64_t, int64_t, int64_t)> expected;
    };
    const Case cases[] = {
        {"v1, v2, v3, v1", [](int64_t a, int64_t b, int64_t c) { return a < b ? c : a; }},
        {"v1, v2, v1, v3", [](int64_t a, int64_t b, int64_t c) { return a < b ? a : c; }},
        {"v1, v2, v1, v1", [](int64_t a, int64_t, int64_t) { return a; }},
        {"v1, v2, v2, v3", [](int64_t a, int64_t b, int64_t c) { return a < b ? b : c; }},
        {"v1, 0, v2, v3", [](int64_t a, int64_t b, int64_t c) { return a < 0 ? b : c; }},
    };
    for (const Case& c : cases)
        for (int result : {kRdx, kR11}) {
            Compiled code(kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = Load64 [v0 + 8]
  v3 = Load64 [v0 + 16]
  v4 = Select.lt )" + std::string(c.operands) +
                              "\n  Ret v4\n",
                          {{1, reg(kRdx)}, {2, reg(kRsi)}, {3, reg(kR8)}, {4, reg(result)}});
            for (int64_t a : kValues)
                for (int64_t b : kValues)
                    ASSERT_EQ(code({u(a), u(b), 424242}), u(c.expected(a, b, 424242)))
                        << c.operands << "\n"
                        << code.code().listing;
        }
}

const std::string kFloatTwo = kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = FLoad [v0]
  v2 = FLoad [v0 + 8]
)";

TEST(X64, FloatArithmetic) {
    struct Case {
        const char* op;
        std::function<double(double, double)> expected;
        bool unary;
    };
    const Case cases[] = {
        {"FAdd v1, v2", [](double a, double b) { return a + b; }, false},
        {"FSub v1, v2", [](double a, double b) { return a - b; }, false},
        {"FMul v1, v2", [](double a, double b) { return a * b; }, false},
        {"FDiv v1, v2", [](double a, double b) { return a / b; }, false},
        {"FSub v1, v1", [](double a, double) { return a - a; }, true},
        {"FNeg v1", [](double a, double) { return -a; }, true},
        {"FAbs v1", [](double a, double) { return std::fabs(a); }, true},
        {"FSqrt v1", [](double a, double) { return std::sqrt(a); }, true},
        {"FMove v1", [](double a, double) { return a; }, true},
    };
    for (const Case& c : cases)
        for (int result : {3, 9, 13}) {
            Compiled code(kFloatTwo + "  v3 = " + c.op + "\n  v4 = FloatBits v3\n  Ret v4\n",
                          {{1, reg(3)}, {2, reg(4)}, {3, reg(result)}});
            for (double a : kDoubles)
                for (double b : kDoubles) {
                    const double want = c.expected(a, b);
                    const uint64_t got = code({bitsOf(a), bitsOf(b)});
                    if (std::isnan(want)) {
                        ASSERT_TRUE(std::isnan(std::bit_cast<double>(got))) << c.op;
                    } else {
                        ASSERT_EQ(got, bitsOf(want)) << c.op << " " << a << " " << b;
                    }
                }
        }
    // The sign of NaN, too, is only a bit for these two.
    Compiled neg(kFloatTwo + "  v3 = FNeg v1\n  v4 = FloatBits v3\n  Ret v4\n");
    EXPECT_EQ(neg({bitsOf(kNan), 0}), bitsOf(kNan) ^ (uint64_t{1} << 63));
}

TEST(X64, FloatComparisons) {
    for (Cc cc : kFloatConditions) {
        Compiled set(kFloatTwo + "  v3 = FSetCmp" + dot(cc) + "v1, v2\n  Ret v3\n");
        Compiled exitIf(kFloatTwo + "  FExitIf" + dot(cc) +
                        "v1, v2 -> e0\n  v3 = LoadImm 1\n"
                        "  Ret v3\nexit e0: guard op 1 resume 2 instr 0\n  slots\n"
                        "  stack v2 double\n  releases\n");
        for (bool targetsSwapped : {false, true}) {
            Compiled branch(
                kFloatTwo + "  FBranch" + dot(cc) + "v1, v2, " +
                (targetsSwapped ? "b2, b1" : "b1, b2") +
                "\nb1:\n  v3 = LoadImm 11\n  Ret v3\nb2:\n  v4 = LoadImm 22\n  Ret v4\n");
            for (double a : kDoubles)
                for (double b : kDoubles) {
                    const bool yes = holds(cc, a, b);
                    ASSERT_EQ(set({bitsOf(a), bitsOf(b)}), yes) << dot(cc) << a << " " << b;
                    ASSERT_EQ(branch({bitsOf(a), bitsOf(b)}), yes != targetsSwapped ? 11u : 22u)
                        << dot(cc) << a << " " << b;
                    exitIf({bitsOf(a), bitsOf(b)});
                    ASSERT_EQ(takenExit.taken, yes) << dot(cc) << a << " " << b;
                    if (yes) {
                        ASSERT_EQ(exitIf.exitValue(0), bitsOf(b));
                    }
                }
        }
    }
}

TEST(X64, IntToFloatAndConstants) {
    Compiled convert(kLoadTwo + "  v3 = IntToFloat v1\n  v4 = FloatBits v3\n  Ret v4\n");
    for (int64_t a : kValues)
        EXPECT_EQ(convert({u(a), 0}), bitsOf(static_cast<double>(a)));
    for (int64_t a : kValues) {
        char hex[32];
        std::snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(a));
        Compiled gp(kHead + "b0: entry 0\n  v0 = LoadImm " + hex + "\n  Ret v0\n");
        EXPECT_EQ(gp({}), u(a));
        Compiled fp(kHead + "b0: entry 0\n  v0 = FLoadImm " + hex +
                    "\n  v1 = FloatBits v0\n  Ret v1\n");
        EXPECT_EQ(fp({}), u(a));
    }
}

TEST(X64, Loads) {
    alignas(8) uint8_t memory[64];
    for (int i = 0; i < 64; ++i)
        memory[i] = static_cast<uint8_t>(0x80 + 3 * i);
    auto load = [&](const std::string& op) {
        Compiled code(kHead + "b0: entry 0\n  v0 = LoadTstate\n  v1 = LoadImm 3\n  v2 = " + op +
                          "\n  Ret v2\n",
                      {{0, reg(kRsi)}, {2, reg(kRsi)}});
        return code.call(memory + 8);
    };
    auto at = [&]<typename T>(T, int offset) {
        T value;
        std::memcpy(&value, memory + 8 + offset, sizeof value);
        return value;
    };
    EXPECT_EQ(load("Load64 [v0 + 16]"), at(uint64_t{}, 16));
    EXPECT_EQ(load("Load64 [v0 - 8]"), at(uint64_t{}, -8));
    EXPECT_EQ(load("Load32U [v0 + 4]"), at(uint32_t{}, 4));
    EXPECT_EQ(load("Load32S [v0 + 4]"), u(at(int32_t{}, 4)));
    EXPECT_LT(static_cast<int64_t>(load("Load32S [v0 + 4]")), 0);
    EXPECT_EQ(load("Load8U [v0 + 5]"), at(uint8_t{}, 5));
    EXPECT_EQ(load("LoadIdx64 [v0 + v1*8 + 4]"), at(uint64_t{}, 28));
    EXPECT_EQ(load("LoadIdx64 [v0 + v1*1 - 2]"), at(uint64_t{}, 1));
    EXPECT_EQ(load("LoadIdx64 [v0 + v1*4]"), at(uint64_t{}, 12));
    EXPECT_EQ(load("Lea [v0 + 40]"), reinterpret_cast<uint64_t>(memory + 48));
    EXPECT_EQ(load("Lea [v0]"), reinterpret_cast<uint64_t>(memory + 8));
}

TEST(X64, Stores) {
    struct Case {
        const char* op;
        int offset, size;
        uint64_t value;
    };
    // v1 = 3, v2 = 0x1122334455667788, v3 the same as a double
    const Case cases[] = {
        {"Store64 [v0 + 8], v2", 8, 8, 0x1122334455667788},
        {"Store32 [v0 + 8], v2", 8, 4, 0x55667788},
        {"Store8 [v0 + 9], v2", 9, 1, 0x88},
        {"Store64 [v0 + 8], -2", 8, 8, u(-2)},
        {"Store32 [v0 + 8], -2", 8, 4, u(-2)},
        {"Store32 [v0 + 8], 7", 8, 4, 7},
        {"Store8 [v0 + 8], 255", 8, 1, 255},
        {"Store8 [v0 + 8], -1", 8, 1, 255},
        {"StoreIdx64 [v0 + v1*8 - 8], v2", 16, 8, 0x1122334455667788},
        {"FStore [v0 + 24], v3", 24, 8, 0x1122334455667788},
        {"AddMem64 [v0 + 8], 1", 8, 8, 0x5555555555555556},
        {"AddMem64 [v0 + 8], -1", 8, 8, 0x5555555555555554},
        {"AddMem64 [v0 + 8], 1000", 8, 8, 0x5555555555555555 + 1000},
        {"AddMem64 [v0 + 8], 0x123456789abcdef", 8, 8, 0x5555555555555555 + 0x123456789abcdef},
        {"AddMem32 [v0 + 8], 1", 8, 4, 0x55555556},
        {"AddMem32 [v0 + 8], -100", 8, 4, 0x55555555 - 100},
    };
    for (const Case& c : cases)
        for (int value : {kRsi, kRdi, kR9, kRbx}) {
            Compiled code(
                kHead +
                    "b0: entry 0\n  v0 = LoadFrame\n  v1 = LoadImm 3\n"
                    "  v2 = LoadImm 0x1122334455667788\n  v3 = FLoadImm 0x1122334455667788\n  " +
                    c.op + "\n  Ret v1\n",
                {{2, reg(value)}});
            uint8_t memory[40], expected[40];
            std::memset(memory, 0x55, sizeof memory);
            std::memset(expected, 0x55, sizeof expected);
            std::memcpy(expected + c.offset, &c.value, c.size);
            code.call(nullptr, memory);
            EXPECT_EQ(std::memcmp(memory, expected, sizeof memory), 0) << c.op;
        }
}

TEST(X64, ExitIfMemory) {
    for (Cc cc : kIntConditions)
        for (int64_t a : kValues)
            for (int64_t b : {int64_t{0}, int64_t{5}, int64_t{-7}, int64_t{200}}) {
                const std::string rest = " -> e0\n  Ret v0\nexit e0: guard op 1 resume 2 instr 0\n"
                                         "  slots\n  stack\n  releases\n";
                const std::string head = kHead + "b0: entry 0\n  v0 = LoadTstate\n  v1 = LoadImm " +
                                         (b < 0 ? "0xfffffffffffffff9" : std::to_string(b)) + "\n";
                const std::string imm = std::to_string(b);
                auto leaves = [&](const std::string& op) {
                    Compiled code(head + "  " + op + rest);
                    code({0x1111111111111111, u(a)});
                    return takenExit.taken;
                };
                ASSERT_EQ(leaves("ExitIfMem64" + dot(cc) + "[v0 + 8], v1"), holds(cc, a, b));
                ASSERT_EQ(leaves("ExitIfMem64" + dot(cc) + "[v0 + 8], " + imm), holds(cc, a, b));
                const auto low = static_cast<int32_t>(a);
                const bool want32 = holds(cc, int64_t{low}, b);
                ASSERT_EQ(leaves("ExitIfMem32" + dot(cc) + "[v0 + 8], v1"), want32);
                ASSERT_EQ(leaves("ExitIfMem32" + dot(cc) + "[v0 + 8], " + imm), want32);
                const bool isUnsigned = cc >= Cc::kULt || cc == Cc::kEq || cc == Cc::kNe;
                if (isUnsigned) {
                    ASSERT_EQ(leaves("ExitIfMem8" + dot(cc) + "[v0 + 8], " + imm),
                              holds(cc, a & 0xff, b & 0xff));
                }
            }
}

thread_local uint64_t perThread = 0;

TEST(X64, StackPointerAndThreadLocals) {
    Compiled pointer("function \"t\" slots 0 outgoing 24\nb0: entry 0\n  v0 = LoadStackPointer\n"
                     "  v1 = StackAddr 0\n  v2 = Sub v1, v0\n  Ret v2\n");
    EXPECT_EQ(pointer({}), 8u) << pointer.code().listing;
    const auto offset = reinterpret_cast<intptr_t>(&perThread) -
                        reinterpret_cast<intptr_t>(__builtin_thread_pointer());
    Compiled local(kHead + "b0: entry 0\n  v0 = LoadThreadLocal " + std::to_string(offset) +
                   "\n  Ret v0\n");
    perThread = 0x123456789a;
    EXPECT_EQ(local({}), 0x123456789au) << local.code().listing;
}

TEST(X64, OutgoingArrayArea) {
    // The callee sees an array whose word before the first item may be written.
    auto callee = [](uint64_t* array, uint64_t count) -> uint64_t {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
        array[-1] = 0xdead;
        uint64_t sum = 0;
        for (uint64_t i = 0; i < count; ++i)
            sum = sum * 10 + array[i];
        array[1] = 9;
        return sum;
    };
    const auto address =
        reinterpret_cast<uint64_t>(static_cast<uint64_t (*)(uint64_t*, uint64_t)>(callee));
    for (int spills : {0, 1, 2}) {
        auto fn = parseLir("function \"t\" slots 0 outgoing 24\nb0: entry 0\n  v0 = LoadTstate\n"
                           "  v1 = Load64 [v0]\n  v2 = Load64 [v0 + 8]\n  v3 = LoadImm 7\n"
                           "  StackStore 0, v1\n  StackStore 8, v2\n  StackStore 16, v3\n"
                           "  v4 = StackAddr 0\n  v5 = Call " +
                           std::to_string(address) +
                           ", v4, 3\n  v6 = StackLoad 8\n  v7 = Mul v5, 10\n  v8 = Add v7, v6\n"
                           "  Ret v8\n");
        auto allocation = placeByHand(*fn, cpu::hostTarget());
        allocation.numSpills = spills;
        Compiled code(*fn, allocation);
        EXPECT_EQ(code({4, 5}), 4579u) << code.code().listing;
    }
}

struct ManyArguments {
    uint64_t g[6];
    double f[8];
    uintptr_t alignment;
};
ManyArguments received;

uint64_t takeMany(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, double s,
                  double t, double v, double w, double x, double y, double z, double last) {
    received = {{a, b, c, d, e, f},
                {s, t, v, w, x, y, z, last},
                reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16};
    return 4711;
}

TEST(X64, CallWithManyArguments) {
    // Register arguments in the wrong registers (cycles), one in a spill slot, immediates.
    std::string text = kHead + "b0: entry 0\n  v0 = LoadTstate\n";
    for (int i = 1; i <= 4; ++i)
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
    for (int i = 5; i <= 12; ++i)
        text += "  v" + std::to_string(i) + " = FLoad [v0 + " + std::to_string(8 * i) + "]\n";
    text += "  v13 = Call " + std::to_string(reinterpret_cast<uint64_t>(&takeMany)) +
            ", v1, v2, v3, 0x123456789abcdef0, v4, -5, v5, v6, v7, v8, v9, v10, v11, v12\n"
            "  Ret v13\n";
    auto fn = parseLir(text);
    auto allocation = placeByHand(*fn, cpu::hostTarget(),
                                  {{0, reg(kR14)},
                                   {1, reg(kRsi)},
                                   {2, reg(kRdx)},
                                   {3, reg(kRdi)},
                                   {4, reg(kR9)},
                                   {5, reg(1)},
                                   {6, reg(2)},
                                   {7, reg(0)},
                                   {8, reg(7)},
                                   {9, reg(10)},
                                   {10, reg(3)},
                                   {11, reg(5)},
                                   {12, reg(6)},
                                   {13, reg(kRbx)}});
    // v4 and v12 from memory.
    allocation.numSpills = 2;
    auto& call = allocation.blocks[0].instrs[13];
    call.before = {{lir::RegClass::kInt, reg(kR9), slot(0)},
                   {lir::RegClass::kFloat, reg(6), slot(1)}};
    call.operands[5] = slot(0);
    call.operands[14] = slot(1);
    Compiled code(*fn, allocation);
    std::vector<uint64_t> inputs(13);
    for (int i = 1; i <= 4; ++i)
        inputs[i] = 100 + i;
    for (int i = 5; i <= 12; ++i)
        inputs[i] = bitsOf(i + 0.5);
    EXPECT_EQ(code(inputs), 4711u);
    const uint64_t want[] = {101, 102, 103, 0x123456789abcdef0, 104, u(-5)};
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(received.g[i], want[i]) << i << code.code().listing;
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(received.f[i], i + 5.5) << i;
    EXPECT_EQ(received.alignment, 0u);
}

double addHalf(double x, int64_t n) {
    return x + 0.5 * static_cast<double>(n);
}

TEST(X64, FloatCallAndCallThroughMemory) {
    Compiled fcall(kHead + "b0: entry 0\n  v0 = LoadTstate\n  v1 = FLoad [v0]\n  v2 = FCall " +
                   std::to_string(reinterpret_cast<uint64_t>(&addHalf)) +
                   ", v1, 3\n  v3 = FloatBits v2\n  Ret v3\n");
    EXPECT_EQ(fcall({bitsOf(2.0)}), bitsOf(3.5));
    // The base register is an argument register, and is an argument as well.
    auto callee = [](uint64_t* self, uint64_t n) -> uint64_t { return self[0] + n; };
    uint64_t object[4] = {
        40, 0, 0,
        reinterpret_cast<uint64_t>(static_cast<uint64_t (*)(uint64_t*, uint64_t)>(callee))};
    for (int base : {kRdi, kRsi, kR11, kR14}) {
        Compiled code(kHead +
                          "b0: entry 0\n  v0 = LoadTstate\n  v1 = Load64 [v0]\n"
                          "  v2 = Load64 [v0 + 8]\n  v3 = CallMem [v1 + 24], v1, v2\n  Ret v3\n",
                      {{1, reg(base)}, {2, reg(base == kRdi ? kRsi : kRdi)}, {0, reg(kR8)}});
        EXPECT_EQ(code({reinterpret_cast<uint64_t>(object), 2}), 42u) << code.code().listing;
    }
}

TEST(X64, FarCallsGoThroughNearMemory) {
    // The address of a C function, which may lie anywhere, and a cell next to the code.
    const auto far = reinterpret_cast<uint64_t>(&addHalf);
    static uint64_t asked;
    cpu::RuntimeAddresses runtime;
    runtime.nearCell = [](uint64_t address) {
        asked = address;
        return uint64_t{0x4000'1000};
    };
    auto fn = parseLir(kHead + "b0: entry 0\n  v0 = LoadTstate\n  v1 = FLoad [v0]\n  v2 = FCall " +
                       std::to_string(far) + ", v1, 3\n  v3 = FloatBits v2\n  Ret v3\n");
    const auto code = cpu::x86_64().emit(*fn, regalloc::allocate(*fn, cpu::x86_64()), runtime,
                                         0x4000'0000, nullptr, true);
    EXPECT_EQ(asked, far);
    EXPECT_NE(code.listing.find("call qword ptr [rel 1073745920]"), std::string::npos)
        << code.listing;
    // Not if that is out of reach itself.
    runtime.nearCell = [](uint64_t) { return uint64_t{0x7000'0000'0000}; };
    const auto plain = cpu::x86_64().emit(*fn, regalloc::allocate(*fn, cpu::x86_64()), runtime,
                                          0x4000'0000, nullptr, true);
    EXPECT_NE(plain.listing.find("call rax"), std::string::npos) << plain.listing;
}

// The callee destroys whatever it may.
uint64_t clobberAll(uint64_t a, uint64_t b) {
    asm volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi;"
                 "mov %%rax, %%rdi; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10;"
                 "mov %%rax, %%r11; pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm1;"
                 "movaps %%xmm0, %%xmm2; movaps %%xmm0, %%xmm13; movaps %%xmm0, %%xmm5" ::
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1",
                       "xmm2", "xmm5", "xmm13");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
    return a * 1000 + b;
}

TEST(X64, ColdCallKeepsRegisters) {
    const std::string call = std::to_string(reinterpret_cast<uint64_t>(&clobberAll));
    // v1 is tested; v2 and v3 are arguments (swapped registers); v4, v5 and the float v6 live on.
    for (int result : {kRdx, kRbx, kR8}) {
        Compiled code(kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = Load64 [v0 + 8]
  v3 = Load64 [v0 + 16]
  v4 = Load64 [v0 + 24]
  v5 = Load64 [v0 + 32]
  v6 = FLoad [v0 + 40]
  v7 = ColdCall.eq v1, )" +
                          call + R"(, v2, v3
  v8 = LoadFrame
  Store64 [v8], v2
  Store64 [v8 + 8], v3
  Store64 [v8 + 16], v4
  Store64 [v8 + 24], v5
  FStore [v8 + 32], v6
  Ret v7
)",
                      {{0, reg(kR14)},
                       {1, reg(kRdx)},
                       {2, reg(kRsi)},
                       {3, reg(kRdi)},
                       {4, reg(kR9)},
                       {5, reg(kR11)},
                       {6, reg(13)},
                       {7, reg(result)},
                       {8, reg(kR15)}});
        for (uint64_t tested : {0, 5}) {
            const std::vector<uint64_t> inputs = {tested, 7, 8, 9, 10, bitsOf(1.25)};
            uint64_t out[5] = {};
            EXPECT_EQ(code.call(inputs.data(), out), tested == 0 ? 7008u : tested)
                << code.code().listing;
            EXPECT_EQ(std::vector<uint64_t>(out, out + 5),
                      (std::vector<uint64_t>{7, 8, 9, 10, bitsOf(1.25)}));
        }
    }
}

TEST(X64, ReferenceCounts) {
    uint64_t object[2] = {1, 0};
    const auto address = reinterpret_cast<uint64_t>(object);
    Compiled incref(kLoadTwo + "  Incref v1\n  Ret v2\n");
    Compiled xincref(kLoadTwo + "  XIncref v1\n  Ret v2\n");
    Compiled decref(kLoadTwo + "  Decref v1\n  Ret v2\n");
    Compiled xdecref(kLoadTwo + "  XDecref v1\n  Ret v2\n", {{1, reg(kR9)}, {2, reg(kRdi)}});
    deallocated.clear();
    EXPECT_EQ(incref({address, 3}), 3u);
    EXPECT_EQ(xincref({address, 3}), 3u);
    EXPECT_EQ(object[0], 3u);
    EXPECT_EQ(xincref({0, 3}), 3u);
    EXPECT_EQ(xdecref({0, 3}), 3u);
    EXPECT_EQ(decref({address, 4}), 4u);
    EXPECT_EQ(xdecref({address, 5}), 5u);
    EXPECT_EQ(object[0], 1u);
    EXPECT_TRUE(deallocated.empty());
    EXPECT_EQ(decref({address, 6}), 6u);
    EXPECT_EQ(object[0], 0u);
    object[0] = 1;
    EXPECT_EQ(xdecref({address, 7}), 7u);
    EXPECT_EQ(deallocated, (std::vector<Object*>(2, reinterpret_cast<Object*>(object))));
}

// Every register lives across; the objects lie in the inputs.
TEST(X64, ReleaseShowsTheFrame) {
    uint64_t object[2] = {1, 0};
    const auto address = reinterpret_cast<uint64_t>(object);
    std::string body = "function \"f\" slots 4 outgoing 0\nb0: entry 0\n  v0 = LoadTstate\n"
                       "  v1 = Load64 [v0]\n  v2 = FLoad [v0 + 8]\n";
    std::string sum;
    for (int i = 3; i < 11; ++i) {
        body += "  v" + std::to_string(i) + " = LoadImm " + std::to_string(1 << i) + "\n";
        sum += "  v" + std::to_string(i + 9) + " = Add v" + std::to_string(i == 3 ? 3 : i + 8) +
               ", v" + std::to_string(i == 10 ? 3 : i + 1) + "\n";
    }
    body += "  Release v1 -> e0\n" + sum + "  v20 = FloatBits v2\n  v21 = Add v19, v20\n" +
            "  Ret v21\nexit e0: observed op 0 resume 7 instr 7\n"
            "  slots v4 object, v2 double, const 0x77 int64, null\n  stack\n  releases\n";
    auto fn = parseLir(body);
    Compiled release(*fn, regalloc::allocate(*fn, cpu::hostTarget()));
    deallocated.clear();
    observed.clear();
    object[0] = 2;
    const uint64_t result = release({address, std::bit_cast<uint64_t>(1.5)});
    EXPECT_TRUE(deallocated.empty());
    for (auto& plain : plainClasses) {
        object[0] = 1;
        object[1] = reinterpret_cast<uint64_t>(&plain);
        EXPECT_EQ(release({address, std::bit_cast<uint64_t>(1.5)}), result);
    }
    EXPECT_TRUE(observed.empty());
    EXPECT_EQ(deallocated.size(), 3u);
    object[0] = 1;
    object[1] = 0x1004;
    EXPECT_EQ(release({address, std::bit_cast<uint64_t>(1.5)}), result);
    ASSERT_EQ(observed.size(), 1u);
    EXPECT_EQ(observed[0].dead, address);
    EXPECT_EQ(observed[0].slots,
              (std::vector<uint64_t>{16, std::bit_cast<uint64_t>(1.5), 0x77, 0}));
    EXPECT_FALSE(takenExit.taken);
}

// A frame that shows objects only is shown by stores: more values live across than there are
// registers.
TEST(X64, ReleaseStoresWhatTheFrameShows) {
    uint64_t object[2] = {2, reinterpret_cast<uint64_t>(&plainClasses[0])};
    const auto address = reinterpret_cast<uint64_t>(object);
    std::string body = "function \"f\" slots 6 outgoing 0\nb0: entry 0\n  v0 = LoadTstate\n"
                       "  v1 = Load64 [v0]\n";
    std::string sum = "  v15 = LoadImm 0\n";
    for (int i = 2; i < 15; ++i) {
        body += "  v" + std::to_string(i) + " = LoadImm " + std::to_string(1 << i) + "\n";
        sum += "  v" + std::to_string(i + 14) + " = Add v" + std::to_string(i + 13) + ", v" +
               std::to_string(i) + "\n";
    }
    body += "  Release v1 -> e0\n" + sum +
            "  Ret v28\nexit e0: observed op 0 resume 7 instr 7 address 0x123456789ab\n"
            "  slots v2 object, frame, const 0x77 object, v14 object, null, "
            "const 0x123456789a object\n  stack\n  releases\n";
    auto fn = parseLir(body);
    Compiled release(*fn, regalloc::allocate(*fn, cpu::hostTarget()));
    deallocated.clear();
    observed.clear();
    const std::vector<uint64_t> inputs{address};
    const std::vector<uint64_t> before(8, 5);
    std::vector<uint64_t> frame = before;
    EXPECT_EQ(release.call(inputs.data(), frame.data()), 0x7ffcu);
    EXPECT_EQ(frame, before);
    EXPECT_TRUE(deallocated.empty());
    EXPECT_EQ(release.call(inputs.data(), frame.data()), 0x7ffcu);
    EXPECT_EQ(frame,
              (std::vector<uint64_t>{5, 0x123456789ab, 4, 5, 0x77, 1 << 14, 0, 0x123456789a}));
    EXPECT_EQ(deallocated, (std::vector<Object*>{reinterpret_cast<Object*>(object)}));
    EXPECT_TRUE(observed.empty());
    EXPECT_TRUE(release.code().exits.empty());
}

TEST(X64, ServingMayFail) {
    Compiled serve("function \"f\" slots 1 outgoing 0\nb0: entry 0\n  v0 = LoadTstate\n"
                   "  v1 = Load64 [v0 + 8]\n  ServeIfMem32 [v0] -> e0\n  Ret v1\n"
                   "exit e0: error op 0 resume 7 instr 7\n  slots v1 object\n  stack\n"
                   "  releases\n");
    observed.clear();
    EXPECT_EQ(serve({uint64_t{1} << 32, 33}), 33u); // only the lower half counts
    EXPECT_TRUE(observed.empty());
    EXPECT_EQ(serve({1, 33}), 33u);
    EXPECT_EQ(observed, (std::vector<Observed>{{0, {33}}}));
    EXPECT_FALSE(takenExit.taken);
    observeFails = -1;
    EXPECT_EQ(serve({1, 34}), kResumed);
    observeFails = 0;
    EXPECT_TRUE(takenExit.taken);
    EXPECT_EQ(serve.exitValue(0), 34u);
}

TEST(X64, ExitDeliversMachineState) {
    // All allocatable registers and two spill slots hold values when the exit is taken.
    const int gps[] = {kRdx, kRsi, kRdi, kR8, kR9, kR10, kR11, kRbx, kR14, kR15};
    std::map<int, Place> homes;
    std::string body, stack;
    for (int i = 0; i < 9; ++i) {
        homes[i + 1] = reg(gps[i]);
        body += "  v" + std::to_string(i + 1) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
        stack += "v" + std::to_string(i + 1) + " object, ";
    }
    homes[0] = reg(kR15);
    for (int i = 0; i < 14; ++i) {
        homes[10 + i] = reg(i);
        body += "  v" + std::to_string(10 + i) + " = FLoad [v0 + " + std::to_string(100 + 8 * i) +
                "]\n";
        stack += "v" + std::to_string(10 + i) + " double" + (i < 13 ? ", " : "");
    }
    auto fn =
        parseLir("function \"t\" slots 4 outgoing 8\nb0: entry 6\n  v0 = LoadTstate\n" + body +
                 "  ExitIf.ne v1, 0 -> e0\n  Exit -> e1\n"
                 "exit e0: deopt op 33 resume 40 instr 38\n"
                 "  slots v1 object incref, null, frame, const 0x1234567890 object\n  stack " +
                 stack +
                 "\n  releases v2 object, const 77 object\n"
                 "exit e1: error op 34 resume 42 instr 40\n"
                 "  slots v1 int64, v2 object, const 77 int64, v3 bool\n  stack v10 double\n"
                 "  releases\n");
    auto allocation = placeByHand(*fn, cpu::hostTarget(), homes);
    allocation.numSpills = 3;
    auto& last = allocation.blocks[0].instrs.back();
    last.before = {{lir::RegClass::kInt, reg(kRsi), slot(2)},
                   {lir::RegClass::kFloat, reg(0), slot(0)},
                   {lir::RegClass::kInt, reg(kRdx), reg(kRsi)},
                   {lir::RegClass::kInt, reg(kRdi), slot(1)}};
    last.exitSlots[0] = reg(kRsi);
    last.exitSlots[1] = slot(2);
    last.exitSlots[3] = slot(1);
    last.exitStack[0] = slot(0);
    Compiled code(*fn, allocation);

    std::vector<uint8_t> memory(300);
    auto put = [&](int offset, uint64_t value) { std::memcpy(memory.data() + offset, &value, 8); };
    for (int i = 0; i < 9; ++i)
        put(8 * i, 1000 + i);
    for (int i = 0; i < 14; ++i)
        put(100 + 8 * i, bitsOf(i + 0.25));
    EXPECT_EQ(code.call(memory.data(), &memory, 6), kResumed);
    ASSERT_TRUE(takenExit.taken);
    EXPECT_EQ(takenExit.tstate, reinterpret_cast<ThreadState*>(memory.data()));
    EXPECT_EQ(takenExit.frame, reinterpret_cast<Frame*>(&memory));
    const exits::Record& record = code.record();
    EXPECT_EQ(record.reason, exits::Reason::kDeopt);
    EXPECT_EQ(record.hirOpcode, 33);
    EXPECT_EQ(record.resumeOffset, 40);
    EXPECT_EQ(record.instrOffset, 38);
    EXPECT_EQ(record.stackDepth, 23);
    EXPECT_EQ(record.numReleases, 2u);
    EXPECT_EQ(record.count, 0u);
    const exits::Location* at = &code.code().locations[record.firstLocation];
    EXPECT_TRUE(at[0].incref);
    EXPECT_EQ(at[1].kind, exits::Location::kNull);
    EXPECT_EQ(at[2].kind, exits::Location::kInFrame);
    EXPECT_EQ(code.exitValue(0), 1000u);
    EXPECT_EQ(code.exitValue(3), 0x1234567890u);
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(code.exitValue(4 + i), 1000u + i);
    for (int i = 0; i < 14; ++i) {
        EXPECT_EQ(code.exitValue(13 + i), bitsOf(i + 0.25));
        EXPECT_EQ(at[13 + i].repr, exits::Repr::kDouble);
    }
    EXPECT_EQ(code.exitValue(27), 1001u);
    EXPECT_EQ(code.exitValue(28), 77u);
    EXPECT_EQ(code.code().constants.size(), 2u); // 77 is there once

    put(0, 0);
    code.call(memory.data(), &memory, 6);
    ASSERT_TRUE(takenExit.taken);
    EXPECT_EQ(code.record().reason, exits::Reason::kError);
    EXPECT_EQ(code.exitValue(0), 0u);
    EXPECT_EQ(code.exitValue(1), 1001u);
    EXPECT_EQ(code.exitValue(2), 77u);
    EXPECT_EQ(code.exitValue(3), 1002u);
    EXPECT_EQ(code.exitValue(4), bitsOf(0.25));
}

TEST(X64, EqualExitsShareARecord) {
    Compiled code(kLoadTwo + "  ExitIf.lt v1, 0 -> e0\n  ExitIf.gt v1, 9 -> e0\n  Ret v1\n" +
                  kExit);
    EXPECT_EQ(code.code().exits.size(), 1u);
    code({u(-1), 2});
    EXPECT_TRUE(takenExit.taken);
    code({10, 2});
    EXPECT_TRUE(takenExit.taken);
    EXPECT_EQ(code({5, 2}), 5u);
}

TEST(X64, LoopWithBlockParameters) {
    // Fibonacci: the loop edge exchanges registers.
    Compiled code(kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = LoadImm 0
  v3 = LoadImm 1
  Jump b1(v2, v3, v1)
b1(v4:g, v5:g, v6:g): depth 1
  Branch.gt v6, 0, b2, b3
b2: depth 1
  v7 = Add v4, v5
  v8 = Sub v6, 1
  Jump b1(v5, v7, v8)
b3:
  Ret v4
)");
    EXPECT_EQ(code({10}), 55u) << code.code().listing;
    EXPECT_EQ(code({90}), 2880067194370816120u);
}

TEST(X64, ParallelMovesThroughCyclesAndSpills) {
    using lir::RegClass;
    auto fn = parseLir(kLoadTwo + "  v3 = Shl v1, 8\n  v4 = Or v3, v2\n  Ret v4\n");
    auto allocation = placeByHand(*fn, cpu::hostTarget(),
                                  {{1, reg(kRsi)}, {2, reg(kRdi)}, {3, reg(kR8)}, {4, reg(kR8)}});
    allocation.numSpills = 2;
    auto& instrs = allocation.blocks[0].instrs;
    // Both to memory, exchanged there (v1 to slot 1), back into each other's register, and
    // exchanged.
    instrs[3].before = {{RegClass::kInt, reg(kRsi), slot(1)}, {RegClass::kInt, reg(kRdi), slot(0)}};
    instrs[3].operands[0] = reg(kRsi);
    instrs[4].before = {{RegClass::kInt, slot(0), slot(1)},
                        {RegClass::kInt, slot(1), slot(0)},
                        {RegClass::kInt, reg(kRdi), reg(kRsi)},
                        {RegClass::kInt, reg(kRsi), reg(kRdi)}};
    instrs[5].before = {};
    fn->blocks[0]->instrs[4].operands[1] = lir::Operand::r(2);
    instrs[4].operands[1] = reg(kRsi); // v2 after the exchange
    Compiled code(*fn, allocation);
    EXPECT_EQ(code({0x11, 0x22}), 0x1122u) << code.code().listing;

    // The slots: v2 in slot 1 now.
    instrs[4].operands[1] = reg(kR9);
    instrs[4].before.push_back({RegClass::kInt, slot(0), reg(kR9)}); // as it was before: v2
    Compiled parallel(*fn, allocation);
    EXPECT_EQ(parallel({0x11, 0x22}), 0x1122u) << parallel.code().listing;
}

TEST(X64, CalleeSavedRegistersSurvive) {
    Compiled code(kLoadTwo +
                      "  v3 = Add v1, v2\n  v4 = Add v3, 1\n  ExitIf.eq v4, 0 -> e0\n  Ret v4\n" +
                      kExit,
                  {{1, reg(kRbx)}, {2, reg(kR14)}, {3, reg(kR15)}});
    for (uint64_t second : {uint64_t{2}, u(-2)}) { // with and without the exit
        const uint64_t inputs[] = {1, second};
        uint64_t registers[10] = {11, 12, 13, 14, 15}; // before, after
        const void* entry = code.base() + code.code().entries[0].second;
        const void* base = code.base();
        asm volatile("push %%rbp\n\t"
                     "mov 0(%[r]), %%rbx; mov 8(%[r]), %%r12; mov 16(%[r]), %%r13;"
                     "mov 24(%[r]), %%r14; mov 32(%[r]), %%r15\n\t"
                     "mov %%rsp, %%rbp; push %[r]; and $-16, %%rsp; push %[r]; push %%rbp\n\t"
                     "call *%%rax\n\t"
                     "pop %%rbp; pop %[r]; mov %%rbp, %%rsp; pop %%rbp\n\t"
                     "mov %%rbx, 40(%[r]); mov %%r12, 48(%[r]); mov %%r13, 56(%[r]);"
                     "mov %%r14, 64(%[r]); mov %%r15, 72(%[r])\n\t"
                     : "+a"(base)
                     : [r] "c"(registers), "D"(inputs), "S"(nullptr), "d"(entry)
                     : "rbx", "r12", "r13", "r14", "r15", "r8", "r9", "r10", "r11", "memory", "cc");
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(registers[i + 5], registers[i]) << i;
    }
}

TEST(X64, EntriesAndListing) {
    Compiled code(
        kHead +
        "b0: entry 0\n  v0 = LoadImm 1\n  Ret v0\n"
        "b1: entry 24\n  v1 = LoadImm 2\n  Ret v1\nb2: entry 12\n  v2 = LoadImm 3\n  Ret v2\n");
    EXPECT_EQ(code.call(nullptr, nullptr, 0), 1u);
    EXPECT_EQ(code.call(nullptr, nullptr, 24), 2u);
    EXPECT_EQ(code.call(nullptr, nullptr, 12), 3u);
    ASSERT_EQ(code.code().entries.size(), 3u);
    EXPECT_EQ(code.code().entries[1].first, 12);
    EXPECT_NE(code.code().listing.find("LoadImm 2"), std::string::npos);
    EXPECT_NE(code.code().listing.find("push rbp"), std::string::npos);
}

TEST(X64, FarAndNearCalls) {
    // Emitted for other addresses: a call within 2 GiB takes 5 bytes, else an absolute one is made.
    auto fn = parseLir(kHead + "b0: entry 0\n  v0 = Call 4194304\n  Ret v0\n");
    auto allocation = placeByHand(*fn, cpu::x86_64());
    auto emitAt = [&](uint64_t base) {
        return cpu::x86_64().emit(*fn, allocation, {}, base, nullptr, true);
    };
    const auto nearCode = emitAt(0x40000000), farCode = emitAt(0x7f0000000000);
    EXPECT_EQ(farCode.bytes.size(), nearCode.bytes.size() + 2); // mov eax, imm32; call rax
    const size_t at = nearCode.entries[0].second;
    ASSERT_EQ(nearCode.bytes[at], 0xe8);
    int32_t rel;
    std::memcpy(&rel, &nearCode.bytes[at + 1], 4);
    EXPECT_EQ(0x40000000 + static_cast<int64_t>(at) + 5 + rel, 4194304);
}

} // namespace
} // namespace pyston::test

#endif
