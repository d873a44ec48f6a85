// Lowering: small HIR functions are lowered, verified, and executed on fake objects by an evaluator
// of LIR. The layout is invented, so that nothing depends on the interpreter's.
#include "lower/lower.h"

#include "hir/hir.h"
#include "lir_evaluator.h"
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
namespace {

using lir::ExitOperand;
using runtime::Helper;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr host::Layout makeLayout() {
    host::Layout l{};
    l.refcount = 0;
    l.type = 8;
    l.tpVersionTag = 16;
    l.tpHeapCachedKeys = 24;
    l.varSize = 16;
    l.intDigits = 24;
    l.floatValue = 16;
    l.listItems = 24;
    l.tupleItems = 24;
    l.cellContents = 16;
    l.dictVersionTag = 24;
    l.gcNext = -16;
    l.dictKeys = 32;
    l.keysVersion = 12;
    l.keysLog2IndexBytes = 9;
    l.keysIndices = 32;
    l.unicodeEntrySize = 16;
    l.unicodeEntryValue = 8;
    l.instanceValues = -32;
    l.instanceDict = -24;
    l.valuesFirst = 0;
    l.functionCode = 48;
    l.codeInstructions = 176;
    l.rangeIndex = 16;
    l.rangeStart = 24;
    l.rangeStep = 32;
    l.rangeLength = 40;
    l.listIterIndex = 16;
    l.listIterSequence = 24;
    l.tupleIterIndex = 16;
    l.tupleIterSequence = 24;
    l.frameFunction = 0;
    l.frameGlobals = 8;
    l.frameBuiltins = 16;
    l.frameObject = 40;
    l.framePrevious = 48;
    l.framePrevInstr = 56;
    l.frameStackTop = 64;
    l.frameSlots = 72;
    l.generatorFrameState = -8;
    l.threadCframe = 0;
    l.threadRecursionRemaining = 8;
    l.cframeUseTracing = 0;
    l.cframeCurrentFrame = 8;
    return l;
}

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
Calls calls;
Fake box;

uint64_t newInt(int64_t value) {
    calls.newInt = value;
    return box.address();
}
uint64_t newFloat(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, double value) {
    calls.newDouble = value;
    return box.address();
}
uint64_t threeArgs(uint64_t a, uint64_t b, uint64_t c) {
    calls.args = {a, b, c};
    return calls.result;
}
// T n o *: thread, keyword names, callable, array, count.
uint64_t callWithArray(uint64_t t, uint64_t k, uint64_t f, uint64_t array, int64_t n) {
    calls.args = {t, k, f};
    auto* items = reinterpret_cast<uint64_t*>(array);
    calls.array.assign(items, items + n);
    items[-1] = items[-2] = 0; // may be overwritten
    return calls.result;
}
void dealloc(uint64_t object) {
    calls.args = {object};
}

class LowerTest : public ::testing::Test {
  protected:
    LowerTest() {
        calls = {};
        calls.result = box.address();
        context_.trueObject = true_.address();
        context_.falseObject = false_.address();
        for (size_t i = 1; i < kNumExactClasses; ++i)
            context_.classes[i] = classes_[i].address();
        context_.deallocAddress = reinterpret_cast<uint64_t>(&dealloc);
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
        lir_ = lower(*hir_, context_);
        ASSERT_EQ(lir::verify(*lir_), "") << lir::print(*lir_);
    }
    // A function of two slots (by default unboxed integers) with this body, frame state fs0 in it.
    void compileBody(const std::string& body, const std::string& type0 = "i64",
                     const std::string& type1 = "i64") {
        compile("func \"f\" slots=2 locals=2 stack=4 {\nbb0 (entry 0):\n  v0:" + type0 +
                " = LoadFrameSlot $0\n  v1:" + type1 + " = LoadFrameSlot $1\n" + body +
                "fs0: resume=10 at=12 slots=[v0 v1] stack=[]\n}\n");
    }
    lir::test::Evaluator::Outcome run(int entry = 0) {
        evaluator_ = std::make_unique<lir::test::Evaluator>(
            *lir_, reinterpret_cast<void*>(thread_.address()),
            reinterpret_cast<void*>(frame_.address()));
        return evaluator_->run(entry);
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
    std::array<Fake, kNumExactClasses> classes_;
    std::unique_ptr<hir::Function> hir_;
    std::unique_ptr<lir::Function> lir_;
    std::unique_ptr<lir::test::Evaluator> evaluator_;
};

// --- integers

const std::vector<int64_t> kInteresting = {0,
                                           1,
                                           -1,
                                           2,
                                           -2,
                                           3,
                                           -3,
                                           7,
                                           -7,
                                           10,
                                           -10,
                                           62,
                                           63,
                                           64,
                                           65,
                                           1 << 20,
                                           (int64_t{1} << 31) - 1,
                                           int64_t{1} << 31,
                                           -(int64_t{1} << 31),
                                           int64_t{1} << 60,
                                           std::numeric_limits<int64_t>::max(),
                                           std::numeric_limits<int64_t>::min(),
                                           std::numeric_limits<int64_t>::min() + 1};

int64_t floorDiv(int64_t a, int64_t b) {
    const int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

// The reference: what Python computes, nothing where the operation must leave.
std::optional<int64_t> expected(const std::string& op, int64_t a, int64_t b) {
    __int128 wide = 0;
    if (op == "IntAdd")
        wide = static_cast<__int128>(a) + b;
    else if (op == "IntSub")
        wide = static_cast<__int128>(a) - b;
    else if (op == "IntMul")
        wide = static_cast<__int128>(a) * b;
    else if (op == "IntFloorDiv" || op == "IntMod") {
        if (b == 0 || b == -1)
            return std::nullopt;
        wide = op == "IntMod" ? static_cast<__int128>(a) - static_cast<__int128>(floorDiv(a, b)) * b
                              : floorDiv(a, b);
    } else if (op == "IntShl") {
        if (b < 0 || b > 62)
            return std::nullopt;
        wide = static_cast<__int128>(a) * (__int128{1} << b);
    } else if (op == "IntShr") {
        if (b < 0)
            return std::nullopt;
        wide = a >> (b > 63 ? 63 : b);
    } else if (op == "IntAnd")
        wide = a & b;
    else if (op == "IntOr")
        wide = a | b;
    else
        wide = a ^ b;
    if (wide != static_cast<int64_t>(wide))
        return std::nullopt;
    return static_cast<int64_t>(wide);
}

const std::vector<std::string> kIntOps = {"IntAdd", "IntSub", "IntMul", "IntFloorDiv", "IntMod",
                                          "IntShl", "IntShr", "IntAnd", "IntOr",       "IntXor"};

std::string state(const std::string& op) {
    return op == "IntAnd" || op == "IntOr" || op == "IntXor" ? "" : " [fs0]";
}

TEST_F(LowerTest, IntegerOperations) {
    for (const std::string& op : kIntOps) {
        compileBody("  v2:i64 = " + op + " v0 v1" + state(op) +
                    "\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n");
        for (int64_t a : kInteresting) {
            for (int64_t b : kInteresting)
                EXPECT_EQ(binary(a, b), expected(op, a, b)) << op << " " << a << " " << b;
        }
    }
}

TEST_F(LowerTest, IntegerOperationsWithAConstant) {
    for (const std::string& op : kIntOps) {
        for (int64_t b : kInteresting) {
            compileBody("  v2:i64 = ConstInt #" + std::to_string(b) + "\n  v3:i64 = " + op +
                        " v0 v2" + state(op) + "\n  v4:obj:int = BoxInt v3 [fs0]\n  Return v4\n");
            for (int64_t a : kInteresting)
                EXPECT_EQ(binary(a, 0), expected(op, a, b)) << op << " " << a << " " << b;
            compileBody("  v2:i64 = ConstInt #" + std::to_string(b) + "\n  v3:i64 = " + op +
                        " v2 v0" + state(op) + "\n  v4:obj:int = BoxInt v3 [fs0]\n  Return v4\n");
            for (int64_t a : kInteresting)
                EXPECT_EQ(binary(a, 0), expected(op, b, a)) << op << " " << b << " " << a;
        }
    }
}

TEST_F(LowerTest, UnaryIntegerOperations) {
    compileBody("  v2:i64 = IntNeg v0 [fs0]\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n");
    EXPECT_EQ(binary(5, 0), -5);
    EXPECT_EQ(binary(std::numeric_limits<int64_t>::min(), 0), std::nullopt);
    compileBody("  v2:i64 = IntInvert v0\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n");
    EXPECT_EQ(binary(5, 0), -6);
}

TEST_F(LowerTest, UnboxInt) {
    compileBody("  v2:i64 = UnboxInt v0 [fs0]\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n",
                "obj:int");
    const auto unbox = [&](FakeInt object) {
        return binary(static_cast<int64_t>(object.address()), 0);
    };
    EXPECT_EQ(unbox({0, 12345}), 0); // the digit of zero is not defined
    EXPECT_EQ(unbox({1, 7}), 7);
    EXPECT_EQ(unbox({-1, 7}), -7);
    EXPECT_EQ(unbox({2, 5, 3}), (int64_t{3} << 30) + 5);
    EXPECT_EQ(unbox({-2, 5, 3}), -((int64_t{3} << 30) + 5));
    EXPECT_EQ(unbox({2, (1 << 30) - 1, (1 << 30) - 1}), (int64_t{1} << 60) - 1);
    EXPECT_EQ(unbox({3, 1, 1}), std::nullopt);
    EXPECT_EQ(unbox({-3, 1, 1}), std::nullopt);
    EXPECT_EQ(unbox({std::numeric_limits<int64_t>::max(), 1, 1}), std::nullopt);
}

// --- comparisons: as a value, in a branch, in guards, negated

const std::vector<std::pair<std::string, std::function<bool(double, double)>>> kConditions = {
    {"lt", [](double a, double b) { return a < b; }},
    {"le", [](double a, double b) { return a <= b; }},
    {"eq", [](double a, double b) { return a == b; }},
    {"ne", [](double a, double b) { return a != b; }},
    {"gt", [](double a, double b) { return a > b; }},
    {"ge", [](double a, double b) { return a >= b; }}};

// Bodies that end in BoxInt of 1 if v8 else 0.
std::vector<std::pair<std::string, bool>> usesOfCondition(const std::string& define) {
    const std::string box = "  v20:obj:int = BoxInt v9 [fs0]\n  Return v20\n";
    const std::string branches = " bb1 bb2\nbb1 <- bb0:\n  v9:i64 = ConstInt #1\n" + box +
                                 "bb2 <- bb0:\n  v10:i64 = ConstInt #0\n  v21:obj:int = BoxInt v10 "
                                 "[fs0]\n  Return v21\n";
    return {{define + "  v9:i64 = BoolToInt v8\n" + box, false},
            {define + "  Branch v8" + branches, false},
            {define + "  v11:bool = BoolNot v8\n  Branch v11" + branches, true},
            {define + "  v11:bool = BoolNot v8\n  v9:i64 = BoolToInt v11\n" + box, true},
            {define + "  v11:bool = BoolNot v8\n  v12:bool = BoolNot v11\n  Branch v12" + branches,
             false}};
}

TEST_F(LowerTest, IntCompare) {
    for (const auto& [name, condition] : kConditions) {
        for (const auto& [body, negated] :
             usesOfCondition("  v8:bool = IntCompare v0 v1 " + name + "\n")) {
            compileBody(body);
            for (int64_t a : {-1, 0, 1}) {
                for (int64_t b : {-1, 0, 1}) {
                    EXPECT_EQ(binary(a, b),
                              condition(static_cast<double>(a), static_cast<double>(b)) != negated)
                        << name << a << b << body;
                }
            }
        }
    }
}

TEST_F(LowerTest, IntCompareWithConstantOnTheLeft) {
    for (const auto& [name, condition] : kConditions) {
        compileBody("  v2:i64 = ConstInt #0\n  v8:bool = IntCompare v2 v0 " + name +
                    "\n  v9:i64 = BoolToInt v8\n  v10:obj:int = BoxInt v9 [fs0]\n  Return v10\n");
        for (int64_t a : {-1, 0, 1})
            EXPECT_EQ(binary(a, 0), condition(0, static_cast<double>(a))) << name << a;
    }
}

TEST_F(LowerTest, DoubleCompare) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto& [name, condition] : kConditions) {
        for (const auto& [body, negated] :
             usesOfCondition("  v2:f64 = UnboxDouble v0\n  v3:f64 = UnboxDouble v1\n  v8:bool = "
                             "DoubleCompare v2 v3 " +
                             name + "\n")) {
            compileBody(body, "obj:float", "obj:float");
            for (double a : {-1.0, 0.0, -0.0, 2.5, nan}) {
                for (double b : {-1.0, 0.0, -0.0, 2.5, nan}) {
                    FakeDouble x(a), y(b);
                    EXPECT_EQ(binary(static_cast<int64_t>(x.address()),
                                     static_cast<int64_t>(y.address())),
                              condition(a, b) != negated)
                        << name << a << b << body;
                }
            }
        }
        for (const char* guard : {"GuardTrue", "GuardFalse"}) {
            compileBody("  v2:f64 = UnboxDouble v0\n  v3:f64 = UnboxDouble v1\n  v8:bool = "
                        "DoubleCompare v2 "
                        "v3 " +
                            name + "\n  " + guard + " v8 [fs0]\n  Return v0\n",
                        "obj:float", "obj:float");
            for (double a : {1.0, 2.0, nan}) {
                FakeDouble x(a), y(2.0);
                slot(0, x.address());
                slot(1, y.address());
                EXPECT_EQ(run().exit == nullptr,
                          condition(a, 2.0) == (guard == std::string("GuardTrue")));
            }
        }
    }
}

TEST_F(LowerTest, TruthValues) {
    Fake other;
    for (const auto& [body, negated] : usesOfCondition("  v8:bool = UnboxBool v0\n")) {
        compileBody(body, "obj:bool", "obj");
        EXPECT_EQ(binary(static_cast<int64_t>(true_.address()), 0), !negated);
        EXPECT_EQ(binary(static_cast<int64_t>(false_.address()), 0), negated);
    }
    for (const auto& [body, negated] : usesOfCondition("  v8:bool = ObjectIs v0 v1\n")) {
        compileBody(body, "obj", "obj?");
        EXPECT_EQ(
            binary(static_cast<int64_t>(other.address()), static_cast<int64_t>(other.address())),
            !negated);
        EXPECT_EQ(binary(static_cast<int64_t>(other.address()), 0), negated);
    }
    Fake list(classAddress(hir::ExactClass::kList));
    for (const auto& [body, negated] : usesOfCondition("  v8:bool = IsClass v0 list\n")) {
        compileBody(body, "obj", "obj");
        EXPECT_EQ(binary(static_cast<int64_t>(list.address()), 0), !negated);
        EXPECT_EQ(binary(static_cast<int64_t>(other.address()), 0), negated);
    }
}

TEST_F(LowerTest, BoxBool) {
    compileBody("  v2:bool = IntCompare v0 v1 lt\n  v3:obj:bool = BoxBool v2\n  Return v3\n");
    binary(1, 2);
    slot(0, 1);
    slot(1, 2);
    EXPECT_EQ(run().value, true_.address());
    slot(0, 2);
    EXPECT_EQ(run().value, false_.address());
    EXPECT_THAT(text(), Not(HasSubstr("SetCmp")));
    compileBody("  v2:bool = ConstBool #1\n  v3:obj:bool = BoxBool v2\n  Return v3\n");
    EXPECT_EQ(run().value, true_.address());
}

TEST_F(LowerTest, AComparisonUsedByAFrameStateHasARegister) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:i64 = ConstInt #3
  v2:bool = IntCompare v0 v1 lt
  GuardTrue v2 [fs0]
  v3:obj:int = BoxInt v0 [fs0]
  Return v3
fs0: resume=10 at=12 slots=[v0] stack=[v2]
}
)");
    slot(0, 5);
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->stack[0].repr, exits::Repr::kBool);
    EXPECT_EQ(evaluator_->valueOf(outcome.exit->stack[0]), 0u);
}

// --- doubles

TEST_F(LowerTest, DoubleOperations) {
    const auto evaluate = [&](const std::string& op, double a, double b) -> std::optional<double> {
        const bool unary = op == "DoubleNeg" || op == "DoubleAbs" || op == "DoubleSqrt";
        const bool leaves = op == "DoubleDiv" || op == "DoubleSqrt";
        compileBody("  v2:f64 = UnboxDouble v0\n  v3:f64 = UnboxDouble v1\n  v4:f64 = " + op +
                        " v2" + (unary ? "" : " v3") + (leaves ? " [fs0]" : "") +
                        "\n  v5:obj:float = BoxDouble v4 [fs0]\n  Return v5\n",
                    "obj:float", "obj:float");
        FakeDouble x(a), y(b);
        slot(0, x.address());
        slot(1, y.address());
        if (run().exit)
            return std::nullopt;
        return calls.newDouble;
    };
    EXPECT_EQ(evaluate("DoubleAdd", 1.5, 2.0), 3.5);
    EXPECT_EQ(evaluate("DoubleSub", 1.5, 2.0), -0.5);
    EXPECT_EQ(evaluate("DoubleMul", 1.5, 2.0), 3.0);
    EXPECT_EQ(evaluate("DoubleDiv", 1.5, 2.0), 0.75);
    EXPECT_EQ(evaluate("DoubleDiv", 1.5, 0.0), std::nullopt);
    EXPECT_EQ(evaluate("DoubleDiv", 1.5, -0.0), std::nullopt);
    EXPECT_TRUE(std::isnan(*evaluate("DoubleDiv", 1.5, std::numeric_limits<double>::quiet_NaN())));
    EXPECT_EQ(evaluate("DoubleNeg", 1.5, 0), -1.5);
    EXPECT_EQ(evaluate("DoubleAbs", -1.5, 0), 1.5);
    EXPECT_EQ(evaluate("DoubleSqrt", 9.0, 0), 3.0);
    EXPECT_EQ(evaluate("DoubleSqrt", -9.0, 0), std::nullopt);
    EXPECT_TRUE(std::signbit(*evaluate("DoubleSqrt", -0.0, 0)));
}

TEST_F(LowerTest, ConstantsOfDoubles) {
    compileBody(
        "  v2:f64 = ConstDouble 2.5\n  v3:f64 = IntToDouble v0\n  v4:f64 = DoubleDiv v3 v2 [fs0]\n"
        "  v5:obj:float = BoxDouble v4 [fs0]\n  Return v5\n");
    binary(5, 0);
    EXPECT_EQ(calls.newDouble, 2.0);
    EXPECT_THAT(text(), Not(HasSubstr("FExitIf")));
}

// --- guards

TEST_F(LowerTest, GuardsRefineWithoutCopies) {
    compileBody("  v2:obj:list = GuardType v0 list [fs0]\n  Return v2\n", "obj", "obj");
    Fake list(classAddress(hir::ExactClass::kList)), other;
    slot(0, list.address());
    EXPECT_EQ(run().value, list.address());
    EXPECT_THAT(text(), Not(HasSubstr("Move")));
    slot(0, other.address());
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kGuard);
    EXPECT_EQ(outcome.exit->resumeOffset, 10);
    EXPECT_EQ(outcome.exit->instrOffset, 12);
    EXPECT_EQ(outcome.exit->hirOpcode, static_cast<uint8_t>(hir::Opcode::kGuardType));
    ASSERT_EQ(outcome.exit->slots.size(), 2u);
    EXPECT_EQ(evaluator_->valueOf(outcome.exit->slots[0]), other.address());
    EXPECT_TRUE(outcome.exit->slots[0].incref);
}

TEST_F(LowerTest, VersionGuards) {
    Fake type, keys, object(type.address());
    object.at(32) = keys.address();
    type.at(16) = 0xfffffff0; // above 2**31
    type.at(24) = keys.address();
    keys.at(8) = uint64_t{77} << 32;
    object.at(-32) = 1; // inline values
    slot(0, object.address());
    const auto leaves = [&](const std::string& guard) {
        compileBody("  " + guard + " [fs0]\n  Return v0\n", "obj", "obj");
        return run().exit != nullptr;
    };
    EXPECT_FALSE(leaves("v2:obj = GuardTypeVersion v0 version 4294967280"));
    EXPECT_TRUE(leaves("v2:obj = GuardTypeVersion v0 version 4294967281"));
    EXPECT_FALSE(leaves("GuardDictKeysVersion v0 version 77"));
    EXPECT_TRUE(leaves("GuardDictKeysVersion v0 version 78"));
    EXPECT_FALSE(leaves("GuardInstanceKeysVersion v0 version 77"));
    EXPECT_TRUE(leaves("GuardInstanceKeysVersion v0 version 78"));
    object.at(-32) = 0;
    EXPECT_TRUE(leaves("GuardInstanceKeysVersion v0 version 77"));
    EXPECT_FALSE(leaves("GuardNoDict v0 @-1"));
    EXPECT_FALSE(leaves("GuardNoDict v0 @0"));
    EXPECT_TRUE(leaves("GuardNoDict v0 @32"));
    object.at(-24) = 1;
    EXPECT_TRUE(leaves("GuardNoDict v0 @-1"));
}

TEST_F(LowerTest, NullGuards) {
    Fake object;
    compileBody("  v2:obj = GuardNotNull v0 [fs0]\n  GuardNull v1 [fs0]\n  Return v2\n", "obj?",
                "obj?");
    slot(0, object.address());
    slot(1, 0);
    EXPECT_EQ(run().exit, nullptr);
    slot(1, object.address());
    EXPECT_NE(run().exit, nullptr);
    slot(0, 0);
    EXPECT_NE(run().exit, nullptr);
}

TEST_F(LowerTest, GuardCodeChecksClassAndCode) {
    Fake function(classAddress(hir::ExactClass::kFunction)), code, other;
    runtime::CodeData data;
    data.code = reinterpret_cast<Object*>(code.address());
    function.at(48) = code.address();
    std::array<char, 32> hex{};
    std::snprintf(hex.data(), hex.size(), "0x%lx", reinterpret_cast<unsigned long>(&data));
    compileBody("  v2:obj = GuardCode v0 " + std::string(hex.data()) + " [fs0]\n  Return v0\n",
                "obj", "obj");
    slot(0, function.address());
    EXPECT_EQ(run().exit, nullptr);
    function.at(48) = other.address();
    EXPECT_NE(run().exit, nullptr);
    slot(0, other.address());
    EXPECT_NE(run().exit, nullptr);
}

TEST_F(LowerTest, StressExitsLeaveAlthoughTheGuardHolds) {
    int64_t counter = 3;
    context_.stressCounter = reinterpret_cast<uint64_t>(&counter);
    compileBody("  v2:obj = GuardNotNull v0 [fs0]\n  Return v2\n", "obj?", "obj?");
    slot(0, box.address());
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_EQ(run().exit, nullptr);
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kForced);
}

// --- exits

TEST_F(LowerTest, ExitOperandsFollowTheReferences) {
    compile(R"(func "f" slots=5 locals=5 stack=4 {
bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = LoadFrameSlot $1
  v2:i64 = ConstInt #7
  v3:f64 = ConstDouble 1.5
  v4:obj? = ConstNull
  v5:bool = ConstBool #1
  v6:obj:bool = BoxBool v5
  v7:obj = CallRuntime BinaryOp v0 v1 #4 [fs0: move incref incref _ incref | consumed move incref ; releases v1]
  v8:obj:list = GuardType v0 list [fs0: move frame incref _ incref | consumed move incref ; releases v7]
  Return v7
fs0: resume=10 at=12 slots=[v0 v1 v2 _ v4] stack=[v0 v3 v6]
}
)");
    ASSERT_EQ(lir_->exits.size(), 3u); // recursion, error, guard
    const lir::ExitPoint& error = lir_->exits[1];
    EXPECT_EQ(error.reason, exits::Reason::kError);
    EXPECT_EQ(error.slots[0].kind, ExitOperand::kReg);
    EXPECT_FALSE(error.slots[0].incref);
    EXPECT_TRUE(error.slots[1].incref);
    EXPECT_EQ(error.slots[2].kind, ExitOperand::kConst);
    EXPECT_EQ(error.slots[2].repr, exits::Repr::kInt64);
    EXPECT_EQ(error.slots[2].bits, 7);
    EXPECT_FALSE(error.slots[2].incref);
    EXPECT_EQ(error.slots[3].kind, ExitOperand::kNull);
    EXPECT_EQ(error.slots[4].kind, ExitOperand::kNull);
    EXPECT_EQ(error.stack[0].kind, ExitOperand::kNull); // consumed
    EXPECT_EQ(error.stack[1].repr, exits::Repr::kDouble);
    EXPECT_EQ(error.stack[1].bits, std::bit_cast<int64_t>(1.5));
    EXPECT_EQ(error.stack[2].kind, ExitOperand::kConst);
    EXPECT_EQ(error.stack[2].bits, static_cast<int64_t>(true_.address()));
    EXPECT_TRUE(error.stack[2].incref);
    ASSERT_EQ(error.releases.size(), 1u);
    EXPECT_EQ(error.releases[0].reg, error.slots[1].reg);
    const lir::ExitPoint& guard = lir_->exits[2];
    EXPECT_EQ(guard.reason, exits::Reason::kGuard);
    EXPECT_EQ(guard.slots[1].kind, ExitOperand::kInFrame);
    EXPECT_EQ(guard.stack[0].kind, ExitOperand::kReg); // a guard consumes nothing
}

TEST_F(LowerTest, DeoptAndRaise) {
    compileBody("  Deopt [fs0]\n", "obj", "obj");
    EXPECT_EQ(run().exit->reason, exits::Reason::kDeopt);
    compileBody("  Raise [fs0]\n", "obj", "obj");
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);
}

// --- objects

TEST_F(LowerTest, ListAndTupleItems) {
    Fake list, items, tuple;
    list.at(16) = tuple.at(16) = 3;
    list.at(24) = items.address();
    for (int i = 0; i < 3; ++i)
        items.at(8 * i) = tuple.at(24 + 8 * i) = static_cast<uint64_t>(100 + i);
    const auto get = [&](const std::string& body, uint64_t object,
                         int64_t index) -> std::optional<uint64_t> {
        compileBody(body, "obj", "i64");
        slot(0, object);
        slot(1, static_cast<uint64_t>(index));
        const auto outcome = run();
        return outcome.exit ? std::nullopt : std::optional(outcome.value);
    };
    for (int64_t index : {-5, -4, -3, -2, -1, 0, 1, 2, 3, 4}) {
        std::optional<uint64_t> expected;
        if (index >= -3 && index < 3)
            expected = static_cast<uint64_t>(100 + (index < 0 ? index + 3 : index));
        const std::string constant = "  v2:i64 = ConstInt #" + std::to_string(index) + "\n";
        EXPECT_EQ(get("  v3:obj = ListGet v0 v1 [fs0]\n  Return v3\n", list.address(), index),
                  expected);
        EXPECT_EQ(
            get(constant + "  v3:obj = ListGet v0 v2 [fs0]\n  Return v3\n", list.address(), 0),
            expected);
        EXPECT_EQ(get("  v3:obj = TupleGet v0 v1 [fs0]\n  Return v3\n", tuple.address(), index),
                  expected);
        EXPECT_EQ(
            get(constant + "  v3:obj = TupleGet v0 v2 [fs0]\n  Return v3\n", tuple.address(), 0),
            expected);
    }
    EXPECT_EQ(get("  v3:obj = TupleItem v0 #2\n  Return v3\n", tuple.address(), 0), 102u);
    EXPECT_EQ(get("  v3:obj = ListSet v0 v1 v0 [fs0]\n  Return v3\n", list.address(), -1), 102u);
    EXPECT_EQ(items.at(16), list.address());
    EXPECT_EQ(get("  v3:obj = ListSet v0 v1 v0 [fs0]\n  Return v3\n", list.address(), 3),
              std::nullopt);
}

TEST_F(LowerTest, InstanceValues) {
    Fake object, values, value, old;
    slot(0, object.address());
    slot(1, value.address());
    compileBody("  v2:obj = LoadInstanceValue v0 #2 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_NE(run().exit, nullptr); // no inline values
    object.at(-32) = values.address();
    EXPECT_NE(run().exit, nullptr); // not set
    values.at(16) = old.address();
    EXPECT_EQ(run().value, old.address());
    compileBody("  v2:obj? = StoreInstanceValue v0 v1 #2 [fs0]\n  v3:obj = GuardNotNull v2 [fs0]\n "
                " Return v3\n",
                "obj", "obj");
    EXPECT_EQ(run().value, old.address());
    EXPECT_EQ(values.at(16), value.address());
    values.at(16) = 0;
    EXPECT_NE(run().exit, nullptr);
    EXPECT_EQ(values.at(16), 0u);
}

TEST_F(LowerTest, DictEntries) {
    Fake dict, keys, value, old;
    dict.at(32) = keys.address();
    dict.at(-16) = 1;                            // tracked
    keys.at(8) = (uint64_t{9} << 32) | (3 << 8); // 8 bytes of indices
    const int entry = 32 + 8 + 2 * 16 + 8;
    slot(0, dict.address());
    slot(1, value.address());
    compileBody("  v2:obj = LoadDictEntry v0 version 9 #2 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_NE(run().exit, nullptr); // no value
    keys.at(entry) = old.address();
    EXPECT_EQ(run().value, old.address());
    compileBody("  v2:obj = LoadDictEntry v0 version 8 #2 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_NE(run().exit, nullptr);

    compileBody(
        "  v2:obj? = StoreDictEntry v0 v1 version 9 #2 [fs0]\n  v3:obj = Refine v2\n  Return v3\n",
        "obj", "obj");
    EXPECT_EQ(run().value, old.address());
    EXPECT_EQ(keys.at(entry), value.address());
    const uint64_t version = dict.at(24);
    EXPECT_NE(version, 0u);
    run();
    EXPECT_NE(dict.at(24), version); // PEP 509
    dict.at(-16) = 0;
    keys.at(entry) = old.address();
    EXPECT_NE(run().exit, nullptr); // may have to be tracked
    EXPECT_EQ(keys.at(entry), old.address());
}

TEST_F(LowerTest, FieldsAndCells) {
    Fake object, value;
    slot(0, object.address());
    slot(1, value.address());
    object.at(16) = 5;
    compileBody("  v2:obj? = CellSet v0 v1\n  v3:obj = Refine v2\n  Return v3\n", "obj", "obj");
    EXPECT_EQ(run().value, 5u);
    compileBody("  v2:obj? = CellGet v0\n  v3:obj = Refine v2\n  Return v3\n", "obj", "obj");
    EXPECT_EQ(run().value, value.address());
    compileBody(
        "  v2:obj? = ConstNull\n  v3:obj? = CellSet v0 v2\n  v4:obj = Refine v3\n  Return v4\n",
        "obj", "obj");
    EXPECT_EQ(run().value, value.address());
    EXPECT_EQ(object.at(16), 0u);
    object.at(40) = 8;
    compileBody("  v2:i64 = LoadInt64Field v0 @40\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n",
                "obj", "obj");
    run();
    EXPECT_EQ(calls.newInt, 8);
    compileBody("  v2:obj? = StoreField v0 v1 @40\n  v3:obj? = LoadField v0 @40\n  v4:obj = Refine "
                "v3\n  Return v4\n",
                "obj", "obj");
    EXPECT_EQ(run().value, value.address());
}

// --- iteration

constexpr const char* kIterate =
    "  v2:obj? = IterNext v0 [fs0]\n  BranchNull v2 bb1 bb2\nbb1 <- bb0:\n  v3:i64 = "
    "ConstInt #-1\n  v4:obj:int = BoxInt v3 [fs0]\n  Return v4\nbb2 <- bb0:\n  "
    "v5:obj = Refine v2\n  Return v5\n";

TEST_F(LowerTest, RangeIterator) {
    Fake type, iterator(type.address());
    context_.rangeIterator = type.address();
    compileBody(kIterate, "obj", "obj");
    iterator.at(24) = 10;                        // start
    iterator.at(32) = static_cast<uint64_t>(-3); // step
    iterator.at(40) = 2;                         // length
    slot(0, iterator.address());
    run();
    EXPECT_EQ(calls.newInt, 10);
    run();
    EXPECT_EQ(calls.newInt, 7);
    run();
    EXPECT_EQ(calls.newInt, -1); // the end
    EXPECT_EQ(iterator.at(16), 2u);
}

TEST_F(LowerTest, SequenceIterators) {
    Fake listType, tupleType, otherType, list, items, tuple, item;
    context_.listIterator = listType.address();
    context_.tupleIterator = tupleType.address();
    runtime::setAddress(Helper::kIterNext, reinterpret_cast<uint64_t>(&threeArgs));
    calls.result = 0;
    compileBody(kIterate, "obj", "obj");
    list.at(16) = tuple.at(16) = 2;
    list.at(24) = items.address();
    items.at(0) = items.at(8) = tuple.at(24) = tuple.at(32) = item.address();
    int64_t references = 1;
    for (Fake* sequence : {&list, &tuple}) {
        Fake iterator(sequence == &list ? listType.address() : tupleType.address());
        iterator.at(24) = sequence->address();
        slot(0, iterator.address());
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(run().value, item.address());
            EXPECT_EQ(item.references(), ++references);
        }
        EXPECT_TRUE(calls.args.empty());
        run(); // the end is the helper's
        EXPECT_EQ(calls.newInt, -1);
        EXPECT_EQ(calls.args[1], iterator.address());
        calls.args.clear();
        iterator.at(24) = 0; // exhausted before
        run();
        EXPECT_EQ(calls.args[1], iterator.address());
        calls.args.clear();
        calls.newInt = 0;
    }
    Fake other(otherType.address());
    slot(0, other.address());
    calls.result = item.address();
    EXPECT_EQ(run().value, item.address());
    EXPECT_EQ(calls.args[0], thread_.address());
    calls.result = runtime::kErrorSentinel;
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kError);
}

// --- calls

TEST_F(LowerTest, HelperArgumentsAndErrors) {
    Fake a, b;
    slot(0, a.address());
    slot(1, b.address());
    runtime::setAddress(Helper::kBinaryOp, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  v2:obj = CallRuntime BinaryOp v0 v1 #4 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args, ::testing::ElementsAre(4, a.address(), b.address()));
    calls.result = 0;
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);

    runtime::setAddress(Helper::kContains, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  v2:bool = CallRuntime Contains v0 v1 [fs0]\n  v3:i64 = BoolToInt v2\n  "
                "v4:obj:int = BoxInt v3 "
                "[fs0]\n  Return v4\n",
                "obj", "obj");
    calls.result = 1;
    run();
    EXPECT_EQ(calls.newInt, 1);
    calls.result = static_cast<uint64_t>(-1);
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);

    runtime::setAddress(Helper::kStoreGlobal, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  CallRuntime StoreGlobal v0 v1 [fs0]\n  Return v0\n", "obj", "obj");
    calls.result = 0;
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_THAT(calls.args, ::testing::ElementsAre(frame_.address(), a.address(), b.address()));
}

TEST_F(LowerTest, ArgumentArrays) {
    Fake a, b;
    slot(0, a.address());
    slot(1, b.address());
    runtime::setAddress(Helper::kCall, reinterpret_cast<uint64_t>(&callWithArray));
    compileBody("  v2:obj? = ConstNull\n  v3:obj = ConstObject 0x1234567890\n  v4:obj = "
                "CallRuntime Call v2 v0 v1 v3 "
                "[fs0]\n  Return v4\n",
                "obj", "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args, ::testing::ElementsAre(thread_.address(), 0, a.address()));
    EXPECT_THAT(calls.array, ::testing::ElementsAre(b.address(), 0x1234567890));

    runtime::setAddress(Helper::kCallDirect, reinterpret_cast<uint64_t>(&callWithArray));
    compileBody("  v2:obj = CallDirect v0 v1 v1 0x7000 [fs0]\n  Return v2\n", "obj", "obj");
    EXPECT_EQ(run().value, box.address());
    EXPECT_THAT(calls.args, ::testing::ElementsAre(thread_.address(), 0x7000, a.address()));
    EXPECT_THAT(calls.array, ::testing::ElementsAre(b.address(), b.address()));
}

// --- the frame

TEST_F(LowerTest, EntriesCountRecursionAndReturnsGiveItBack) {
    compileBody("  Return v0\n", "obj", "obj");
    slot(0, box.address());
    frame_.at(64) = static_cast<uint64_t>(-1);
    EXPECT_EQ(run().value, box.address());
    EXPECT_EQ(thread_.at(8), 100u);
    EXPECT_EQ(cframe_.at(8), previous_.address());
    EXPECT_EQ(frame_.at(64) & 0xffffffff, 0u);

    thread_.at(8) = 0;
    const auto outcome = run();
    ASSERT_NE(outcome.exit, nullptr);
    EXPECT_EQ(outcome.exit->reason, exits::Reason::kRecursion);
    EXPECT_EQ(outcome.exit->resumeOffset, 0);
    EXPECT_EQ(outcome.exit->slots[0].kind, ExitOperand::kInFrame);
    EXPECT_EQ(outcome.exit->slots.size(), 2u);
    EXPECT_EQ(outcome.exit->stack.size(), 0u);
}

TEST_F(LowerTest, LeaveFrameComesBeforeTheReleases) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:obj = LoadFrameSlot $0
  v1:obj = ConstObject 0x5000
  LeaveFrame
  v2:bool = DecrefToZero v0
  Branch v2 bb1 bb2
bb1 <- bb0 (cold):
  SetPrevInstr #20
  Dealloc v0 [fs0]
  Jump bb2
bb2 <- bb0 bb1:
  Return v1
fs0: resume=10 at=12 slots=[_] stack=[]
}
)");
    Fake local;
    local.at(0) = 2;
    slot(0, local.address());
    EXPECT_EQ(run().value, 0x5000u);
    EXPECT_EQ(thread_.at(8), 100u); // given back once
    EXPECT_EQ(cframe_.at(8), previous_.address());
    EXPECT_EQ(local.references(), 1);
    EXPECT_TRUE(calls.args.empty());
    run();
    EXPECT_EQ(local.references(), 0);
    EXPECT_THAT(calls.args, ::testing::ElementsAre(local.address()));
    EXPECT_EQ(thread_.at(8), 100u);
    EXPECT_THAT(text(), Not(HasSubstr("SetCmp")));
}

TEST_F(LowerTest, FrameMemory) {
    compileBody("  StoreFrameSlot v1 $0\n  SetPrevInstr #30\n  Return v0\n", "obj", "obj");
    Fake code;
    hir_->code = reinterpret_cast<const void*>(code.address());
    lir_ = lower(*hir_, context_);
    slot(0, 5);
    slot(1, 6);
    run();
    EXPECT_EQ(slot(0), 6u);
    EXPECT_EQ(frame_.at(56), code.address() + 176 + 30);
    frame_.at(8) = 123;
    compileBody("  v2:obj = FrameGlobals\n  Return v2\n", "obj", "obj");
    EXPECT_EQ(run().value, 123u);
}

TEST_F(LowerTest, YieldLeavesTheStateInTheFrame) {
    compile(R"(func "f" slots=2 locals=2 stack=3 {
bb0 (entry 8):
  v0:obj = LoadFrameSlot $0
  v1:obj? = LoadFrameSlot $1
  v2:obj = LoadFrameSlot $2
  v3:obj = ConstObject 0x5000
  Yield v2 [fs0]
fs0: resume=10 at=12 slots=[v1 _] stack=[v3 v0]
}
)");
    slot(0, 1000);
    slot(1, 1001);
    slot(2, 1002);
    EXPECT_EQ(run(8).value, 1002u);
    EXPECT_EQ(slot(0), 1001u);
    EXPECT_EQ(slot(1), 0u);
    EXPECT_EQ(slot(2), 0x5000u);
    EXPECT_EQ(slot(3), 1000u);
    EXPECT_EQ(frame_.at(64) & 0xffffffff, 4u);
    EXPECT_EQ(frame_.at(56), 176u + 12u);
    EXPECT_EQ(frame_.at(-8) & 0xff, 0xffu);
    EXPECT_EQ(cframe_.at(8), previous_.address());
    EXPECT_EQ(thread_.at(8), 100u);
    ASSERT_FALSE(lir_->exits.empty());
    EXPECT_EQ(lir_->exits[0].stack.size(), 1u); // the recursion exit knows the entry's stack
}

TEST_F(LowerTest, Checks) {
    runtime::setAddress(Helper::kHandlePending, reinterpret_cast<uint64_t>(&threeArgs));
    compileBody("  CheckEvalBreaker [fs0]\n  Return v0\n", "obj", "obj");
    calls.result = 0;
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_TRUE(calls.args.empty());
    evalBreaker_ = 1;
    EXPECT_EQ(run().exit, nullptr);
    EXPECT_EQ(calls.args[0], thread_.address());
    calls.result = static_cast<uint64_t>(-1);
    EXPECT_EQ(run().exit->reason, exits::Reason::kError);

    compileBody("  CheckTracing [fs0]\n  GuardFrameUnshared [fs0]\n  Return v0\n", "obj", "obj");
    EXPECT_EQ(run().exit, nullptr);
    frame_.at(40) = 1;
    EXPECT_EQ(run().exit->reason, exits::Reason::kGuard);
    cframe_.at(0) = 255;
    EXPECT_EQ(run().exit->reason, exits::Reason::kTracing);
}

TEST_F(LowerTest, References) {
    Fake object;
    compileBody("  Incref v0\n  Incref v0\n  Incref v1\n  Decref v0\n  Decref v1\n  Return v0\n",
                "obj", "obj?");
    slot(0, object.address());
    slot(1, 0);
    run();
    EXPECT_EQ(object.references(), 2);
}

// --- control flow

constexpr const char* kSum = R"(func "sum" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:i64 = ConstInt #0
  Jump bb1
bb1 <- bb0 bb2 (loop):
  v2:i64 = Phi v1 v6
  v3:i64 = Phi v1 v7
  v4:bool = IntCompare v3 v0 lt
  Branch v4 bb2 bb3
bb2 <- bb1:
  v5:i64 = ConstInt #1
  v6:i64 = IntAdd v2 v3 [fs0]
  v7:i64 = IntAdd v3 v5 [fs0]
  Jump bb1
bb3 <- bb1:
  v8:obj:int = BoxInt v2 [fs0]
  Return v8
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)";

TEST_F(LowerTest, Loops) {
    compile(kSum);
    slot(0, 10);
    run();
    EXPECT_EQ(calls.newInt, 45);
    EXPECT_THAT(text(), HasSubstr("depth 1"));
    int inLoop = 0;
    for (const auto& block : lir_->blocks)
        inLoop += block->loopDepth == 1;
    EXPECT_EQ(inLoop, 2);
}

TEST_F(LowerTest, CriticalEdgesAndEdgesToTheSameBlock) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:i64 = ConstInt #10
  v2:i64 = ConstInt #20
  v3:bool = IntCompare v0 v1 lt
  Branch v3 bb1 bb1
bb1 <- bb0 bb0:
  v4:i64 = Phi v1 v2
  v5:bool = IntCompare v0 v2 lt
  Branch v5 bb2 bb3
bb2 <- bb1:
  v6:i64 = IntAdd v4 v4 [fs0]
  Jump bb3
bb3 <- bb1 bb2:
  v7:i64 = Phi v4 v6
  v8:obj:int = BoxInt v7 [fs0]
  Return v8
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)");
    for (const auto& [in, out] : std::map<int64_t, int64_t>{{5, 20}, {15, 40}, {25, 20}}) {
        slot(0, static_cast<uint64_t>(in));
        run();
        EXPECT_EQ(calls.newInt, out);
    }
}

TEST_F(LowerTest, ColdBlocks) {
    compile(R"(func "f" slots=1 locals=1 stack=1 {
bb0 (entry 0):
  v0:obj? = LoadFrameSlot $0
  BranchNull v0 bb1 bb2
bb1 <- bb0:
  Jump bb3
bb2 <- bb0:
  v1:obj = Refine v0
  Return v1
bb3 <- bb1:
  Deopt [fs0]
fs0: resume=4 at=4 slots=[v0] stack=[]
}
)");
    int cold = 0;
    for (const auto& block : lir_->blocks)
        cold += block->cold;
    EXPECT_EQ(cold, 2);
    slot(0, 0);
    EXPECT_NE(run().exit, nullptr);
    slot(0, box.address());
    EXPECT_EQ(run().value, box.address());
}

} // namespace
} // namespace pyston::lower
