// Lowering of numbers, truth values and comparisons.
#include "lower_fixture.h"

namespace pyston::lower {
namespace {

class LowerNumbers : public LowerTest {};
INSTANTIATE_TEST_SUITE_P(Both, LowerNumbers, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Native" : "Evaluated"; });

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

TEST_P(LowerNumbers, IntegerOperations) {
    for (const std::string& op : kIntOps) {
        compileBody("  v2:i64 = " + op + " v0 v1" + state(op) +
                    "\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n");
        for (int64_t a : kInteresting) {
            for (int64_t b : kInteresting)
                EXPECT_EQ(binary(a, b), expected(op, a, b)) << op << " " << a << " " << b;
        }
    }
}

TEST_P(LowerNumbers, IntegerOperationsWithAConstant) {
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

TEST_P(LowerNumbers, UnaryIntegerOperations) {
    compileBody("  v2:i64 = IntNeg v0 [fs0]\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n");
    EXPECT_EQ(binary(5, 0), -5);
    EXPECT_EQ(binary(std::numeric_limits<int64_t>::min(), 0), std::nullopt);
    compileBody("  v2:i64 = IntInvert v0\n  v3:obj:int = BoxInt v2 [fs0]\n  Return v3\n");
    EXPECT_EQ(binary(5, 0), -6);
}

TEST_P(LowerNumbers, UnboxInt) {
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

TEST_P(LowerNumbers, IntCompare) {
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

TEST_P(LowerNumbers, IntCompareWithConstantOnTheLeft) {
    for (const auto& [name, condition] : kConditions) {
        compileBody("  v2:i64 = ConstInt #0\n  v8:bool = IntCompare v2 v0 " + name +
                    "\n  v9:i64 = BoolToInt v8\n  v10:obj:int = BoxInt v9 [fs0]\n  Return v10\n");
        for (int64_t a : {-1, 0, 1})
            EXPECT_EQ(binary(a, 0), condition(0, static_cast<double>(a))) << name << a;
    }
}

TEST_P(LowerNumbers, DoubleCompare) {
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

TEST_P(LowerNumbers, TruthValues) {
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

TEST_P(LowerNumbers, BoxBool) {
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

TEST_P(LowerNumbers, BoxOptional) {
    compileBody("  v2:bool = IntCompare v0 v1 lt\n  v3:i64 = Optional v1 v2\n"
                "  v4:obj?:int = BoxOptional v3 [fs0]\n  v5:obj:int = GuardNotNull v4 [fs0]\n"
                "  Return v5\n");
    slot(0, 1);
    slot(1, 2);
    EXPECT_EQ(run().value, box.address());
    EXPECT_EQ(calls.newInt, 2);
    slot(0, 2);
    EXPECT_NE(run().exit, nullptr);
}

TEST_P(LowerNumbers, AnExitFindsTheFlagOfAnOptionalAmongTheReleases) {
    compile(R"(func "f" slots=2 locals=2 stack=1 {
bb0 (entry 0):
  v0:i64 = LoadFrameSlot $0
  v1:f64 = IntToDouble v0
  v2:i64 = ConstInt #3
  v3:bool = IntCompare v0 v2 lt
  v4:i64 = Optional v0 v3
  v5:f64 = Optional v1 v3
  Deopt [fs0]
fs0: resume=10 at=12 slots=[v4 v5] stack=[v0]
}
)");
    const lir::ExitPoint& exit = lir_->exits.back();
    EXPECT_EQ(exit.slots[0].repr, exits::Repr::kOptionalInt64);
    EXPECT_EQ(exit.slots[1].repr, exits::Repr::kOptionalDouble);
    EXPECT_EQ(exit.stack[0].repr, exits::Repr::kInt64);
    EXPECT_EQ(exit.stack[0].reg, exit.slots[0].reg);
    ASSERT_EQ(exit.releases.size(), 2u);
    for (const lir::ExitOperand& flag : exit.releases) {
        EXPECT_EQ(flag.repr, exits::Repr::kBool);
        EXPECT_EQ(flag.kind, ExitOperand::kReg);
        EXPECT_NE(flag.reg, exit.slots[0].reg);
    }
}

TEST_P(LowerNumbers, AComparisonUsedByAFrameStateHasARegister) {
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
    EXPECT_EQ(outcome.exit->stack[0].bits, 0u);
}

// --- doubles

TEST_P(LowerNumbers, DoubleOperations) {
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

TEST_P(LowerNumbers, SmallIntsAreBoxedInline) {
    std::array<uint64_t, 8 * 4> small{}; // 8 objects of 32 bytes: -3 to 4
    layout_.smallIntsAddress = reinterpret_cast<uint64_t>(small.data());
    layout_.smallIntsBelowZero = 3;
    layout_.smallIntsCount = 8;
    layout_.log2SmallIntBytes = 5;
    for (int64_t value : {-4, -3, 0, 4, 5}) {
        calls.newInt = 99;
        const bool inTable = value >= -3 && value <= 4;
        compileBody("  v2:obj:int = BoxInt v0 [fs0]\n  Return v2\n");
        slot(0, static_cast<uint64_t>(value));
        const auto outcome = run();
        if (!inTable) {
            EXPECT_EQ(calls.newInt, value);
            continue;
        }
        uint64_t* object = &small[static_cast<size_t>(value + 3) * 4];
        EXPECT_EQ(outcome.value, reinterpret_cast<uint64_t>(object));
        EXPECT_EQ(*object, 1u); // one more reference
        EXPECT_EQ(calls.newInt, 99);
    }
    layout_.smallIntsAddress = 0;
}

TEST_P(LowerNumbers, ConstantsOfDoubles) {
    compileBody(
        "  v2:f64 = ConstDouble 2.5\n  v3:f64 = IntToDouble v0\n  v4:f64 = DoubleDiv v3 v2 [fs0]\n"
        "  v5:obj:float = BoxDouble v4 [fs0]\n  Return v5\n");
    binary(5, 0);
    EXPECT_EQ(calls.newDouble, 2.0);
    EXPECT_THAT(text(), Not(HasSubstr("FExitIf")));
}

} // namespace
} // namespace pyston::lower
