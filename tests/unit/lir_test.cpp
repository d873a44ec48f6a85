#include "lir/lir.h"

#include <gtest/gtest.h>

namespace pyston::lir {
namespace {

constexpr std::string_view kSample = R"(function "sample" slots 2 outgoing 16
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 72]
  v2 = LoadIdx64 [v1 + v0*8 - 16]
  v3 = FLoadImm 0x3ff0000000000000
  v4 = AddExit v1, -5 -> e0
  ExitIf.ult v4, v2 -> e1
  v5 = ColdCall.eq v4, 4096, v1, v3, 7
  Call 0x7ffffffff0, v5, v3
  Store64 [v0 + 8], 1
  Jump b2(v4, v3)
b2(v6:g, v7:f): depth 1
  v8 = FAdd v7, v3
  FBranch.fnlt v8, v7, b3, b4
b3: depth 1
  v9 = Sub v6, 1
  Jump b2(v9, v8)
b4: cold
  Decref v6
  Exit -> e1
exit e0: guard op 12 resume 10 instr 8
  slots v1 object incref, null
  stack const 0x123456789a object, v2 int64
  releases v1 object
exit e1: recursion op 3 resume 4 instr 2
  slots frame, v3 double
  stack
  releases
exit e2: observed op 0 resume 4 instr 4 address 1311768467463
  slots v1 object, null
  stack
  releases
)";

std::unique_ptr<Function> parsed(std::string_view text) {
    std::string error;
    auto fn = parse(text, &error);
    EXPECT_TRUE(fn) << error;
    return fn;
}

std::string replaced(std::string_view from, std::string_view to) {
    std::string text(kSample);
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Lir, TableNamesParse) {
    for (int i = 0; i < kNumOpcodes; ++i) {
        Opcode op{};
        ASSERT_TRUE(parseOpcode(info(static_cast<Opcode>(i)).name, &op));
        EXPECT_EQ(static_cast<int>(op), i);
    }
    Opcode op{};
    EXPECT_FALSE(parseOpcode("NoSuchOperation", &op));
    EXPECT_EQ(info(Opcode::kAddExit).flags, kExit | kCommutes);
    EXPECT_EQ(info(Opcode::kFCall).result, ResultKind::kFloat);
}

TEST(Lir, NegateIsItsOwnInverseForIntegers) {
    for (int i = 0; i <= static_cast<int>(Cc::kUGe); ++i) {
        Cc cc = static_cast<Cc>(i);
        EXPECT_NE(negate(cc), cc);
        EXPECT_EQ(negate(negate(cc)), cc);
    }
}

TEST(Lir, PrintAndParseAreInverse) {
    auto fn = parsed(kSample);
    ASSERT_TRUE(fn);
    EXPECT_EQ(print(*fn), kSample);
    EXPECT_EQ(verify(*fn), "");
    EXPECT_EQ(fn->classes[7], RegClass::kFloat);
    EXPECT_EQ(fn->blocks[1]->preds.size(), 2u);
    EXPECT_EQ(fn->blocks[0]->instrs[1].disp, 72);
    EXPECT_EQ(fn->exits[0].stack[0].bits, 0x123456789a);
}

TEST(Lir, CommentsAndBlankLinesAreSkipped) {
    auto fn = parsed("; a comment\nfunction \"f\" slots 0 outgoing 0\n\nb0: entry 0 ; here\n"
                     "  v0 = LoadImm 1 ; one\n\n  Ret v0\n");
    ASSERT_TRUE(fn);
    EXPECT_EQ(verify(*fn), "");
    EXPECT_EQ(fn->blocks[0]->instrs.size(), 2u);
}

TEST(Lir, ParseErrorsNameTheLine) {
    std::string error;
    EXPECT_FALSE(parse(replaced("v9 = Sub", "v9 = Subb"), &error));
    EXPECT_EQ(error, "line 17: unknown operation 'Subb'");
    EXPECT_FALSE(parse(replaced("Jump b2(v9, v8)", "Jump b7"), &error));
    EXPECT_NE(error.find("b7"), std::string::npos);
    EXPECT_FALSE(parse("nothing", &error));
}

TEST(Lir, VerifyFindsViolations) {
    struct Case {
        std::string_view from, to, message;
    };
    const Case cases[] = {
        {"v9 = Sub v6, 1", "v9 = Sub v6", "too few operands"},
        {"v9 = Sub v6, 1", "v9 = Sub v6, 1, 2", "too many operands"},
        {"v9 = Sub v6, 1", "v9 = Sub v6, v7", "v7 is of the wrong class"},
        {"v9 = Sub v6, 1", "v9 = Sub v6, 0x100000000", "does not fit"},
        {"v9 = Sub v6, 1", "v9 = Sub 1, v6", "an immediate where a register"},
        {"v9 = Sub v6, 1", "v8 = Sub v6, 1", "v8 is defined twice"},
        {"v9 = Sub v6, 1", "v9 = Sub v10, 1", "v10 is never defined"},
        {"v4 = AddExit v1, -5 -> e0", "v4 = AddExit v1, -5", "bad exit"},
        {"v4 = AddExit v1, -5 -> e0", "v4 = AddExit v4, -5 -> e0", "before its definition"},
        {"v1 = Load64 [v0 + 72]", "Load64 [v0 + 72]", "the result is missing"},
        {"ExitIf.ult", "ExitIf.fnlt", "a condition for the other class"},
        {"Jump b2(v9, v8)", "Jump b2(v9)", "wrong number of block arguments"},
        {"Jump b2(v9, v8)", "Jump b2(v8, v9)", "v8 is of the wrong class"},
        {"v8, v7, b3, b4", "v8, v7, b3, b3", "critical edge"},
        {"v8, v7, b3, b4", "v8, v7, b3, b2(v6, v7)", "critical edge"},
        {"  slots frame, v3 double", "  slots frame", "wrong number of slots"},
        {"  slots frame, v3 double", "  slots frame, v3 int64", "v3 is of the wrong class"},
        {"  slots frame, v3 double", "  slots v9 int64, v3 double", "v9"},
        {"b0: entry 0", "b0:", "no entry"},
        {"  Decref v6\n", "  Ret v6\n", "inside of a block"},
        {"b4: cold", "b4: cold entry 4", "critical edge"},
    };
    for (const Case& c : cases) {
        auto fn = parsed(replaced(c.from, c.to));
        ASSERT_TRUE(fn) << c.to;
        EXPECT_NE(verify(*fn).find(c.message), std::string::npos) << c.to << ": " << verify(*fn);
    }
}

TEST(Lir, VerifyChecksDominance) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadImm 1
  Branch.eq v0, 0, b1, b2
b1:
  v1 = LoadImm 2
  Jump b3
b2:
  Jump b3
b3:
  Ret v1
)");
    ASSERT_TRUE(fn);
    EXPECT_NE(verify(*fn).find("does not dominate"), std::string::npos);
    // A second entry to the loop takes away the dominance of the first.
    fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadImm 1
  Jump b1
b2: entry 8
  Jump b1
b1:
  Ret v0
)");
    ASSERT_TRUE(fn);
    EXPECT_NE(verify(*fn).find("does not dominate"), std::string::npos);
}

} // namespace
} // namespace pyston::lir
